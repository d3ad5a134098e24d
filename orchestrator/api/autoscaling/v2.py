# Generated from Kubernetes' OpenAPI document by `python -m orchestrator.api.generate`.
# ruff: noqa
"""Kubernetes autoscaling.v2."""

from __future__ import annotations

from collections.abc import Mapping
from types import NoneType
from typing import ClassVar

from msgspec import Struct, field

from orchestrator.api.meta.v1 import (
    LabelSelector,
    ListMeta,
    ObjectMeta,
)
from orchestrator.api.scalars import (
    EMPTY as EMPTY,
    IntOrString as IntOrString,
    Json as Json,
    MicroTime as MicroTime,
    Quantity as Quantity,
    Time as Time,
    required_mapping as required_mapping,
    required_tuple as required_tuple,
    shared as shared,
)


class ContainerResourceMetricSource(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    name: str = field(default_factory=str)
    target: MetricTarget = field(default_factory=shared(lambda: MetricTarget()))
    container: str = field(default_factory=str)


class ContainerResourceMetricStatus(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    name: str = field(default_factory=str)
    current: MetricValueStatus = field(default_factory=shared(lambda: MetricValueStatus()))
    container: str = field(default_factory=str)


class CrossVersionObjectReference(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: str = field(default_factory=str)
    name: str = field(default_factory=str)
    api_version: str = ""


class ExternalMetricSource(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    metric: MetricIdentifier = field(default_factory=shared(lambda: MetricIdentifier()))
    target: MetricTarget = field(default_factory=shared(lambda: MetricTarget()))


class ExternalMetricStatus(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    metric: MetricIdentifier = field(default_factory=shared(lambda: MetricIdentifier()))
    current: MetricValueStatus = field(default_factory=shared(lambda: MetricValueStatus()))


class HPAScalingPolicy(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    type: str = field(default_factory=str)
    value: int = field(default_factory=int)
    period_seconds: int = field(default_factory=int)


class HPAScalingRules(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    stabilization_window_seconds: int | None = None
    select_policy: str | None = None
    policies: tuple[HPAScalingPolicy, ...] = ()
    tolerance: Quantity | None = None


class HorizontalPodAutoscaler(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "HorizontalPodAutoscaler"
    api_version: ClassVar[str] = "autoscaling/v2"
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    spec: HorizontalPodAutoscalerSpec = field(default_factory=shared(lambda: HorizontalPodAutoscalerSpec()))
    status: HorizontalPodAutoscalerStatus | None = field(default_factory=shared(lambda: HorizontalPodAutoscalerStatus()))


class HorizontalPodAutoscalerBehavior(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    scale_up: HPAScalingRules | None = None
    scale_down: HPAScalingRules | None = None


class HorizontalPodAutoscalerCondition(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    type: str = field(default_factory=str)
    status: str = field(default_factory=str)
    last_transition_time: Time | None = field(default_factory=NoneType)
    reason: str = ""
    message: str = ""


class HorizontalPodAutoscalerList(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "HorizontalPodAutoscalerList"
    api_version: ClassVar[str] = "autoscaling/v2"
    metadata: ListMeta = field(default_factory=ListMeta)
    items: tuple[HorizontalPodAutoscaler, ...] = field(default_factory=required_tuple)


class HorizontalPodAutoscalerSpec(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    scale_target_ref: CrossVersionObjectReference = field(default_factory=shared(lambda: CrossVersionObjectReference()))
    min_replicas: int | None = None
    max_replicas: int = field(default_factory=int)
    metrics: tuple[MetricSpec, ...] = ()
    behavior: HorizontalPodAutoscalerBehavior | None = None


class HorizontalPodAutoscalerStatus(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    observed_generation: int | None = None
    last_scale_time: Time | None = None
    current_replicas: int | None = None
    desired_replicas: int = field(default_factory=int)
    current_metrics: tuple[MetricStatus, ...] = field(default_factory=required_tuple)
    conditions: tuple[HorizontalPodAutoscalerCondition, ...] = ()


class MetricIdentifier(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    name: str = field(default_factory=str)
    selector: LabelSelector | None = None


class MetricSpec(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    type: str = field(default_factory=str)
    object: ObjectMetricSource | None = None
    pods: PodsMetricSource | None = None
    resource: ResourceMetricSource | None = None
    container_resource: ContainerResourceMetricSource | None = None
    external: ExternalMetricSource | None = None


class MetricStatus(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    type: str = field(default_factory=str)
    object: ObjectMetricStatus | None = None
    pods: PodsMetricStatus | None = None
    resource: ResourceMetricStatus | None = None
    container_resource: ContainerResourceMetricStatus | None = None
    external: ExternalMetricStatus | None = None


class MetricTarget(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    type: str = field(default_factory=str)
    value: Quantity | None = None
    average_value: Quantity | None = None
    average_utilization: int | None = None


class MetricValueStatus(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    value: Quantity | None = None
    average_value: Quantity | None = None
    average_utilization: int | None = None


class ObjectMetricSource(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    described_object: CrossVersionObjectReference = field(default_factory=shared(lambda: CrossVersionObjectReference()))
    target: MetricTarget = field(default_factory=shared(lambda: MetricTarget()))
    metric: MetricIdentifier = field(default_factory=shared(lambda: MetricIdentifier()))


class ObjectMetricStatus(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    metric: MetricIdentifier = field(default_factory=shared(lambda: MetricIdentifier()))
    current: MetricValueStatus = field(default_factory=shared(lambda: MetricValueStatus()))
    described_object: CrossVersionObjectReference = field(default_factory=shared(lambda: CrossVersionObjectReference()))


class PodsMetricSource(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    metric: MetricIdentifier = field(default_factory=shared(lambda: MetricIdentifier()))
    target: MetricTarget = field(default_factory=shared(lambda: MetricTarget()))


class PodsMetricStatus(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    metric: MetricIdentifier = field(default_factory=shared(lambda: MetricIdentifier()))
    current: MetricValueStatus = field(default_factory=shared(lambda: MetricValueStatus()))


class ResourceMetricSource(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    name: str = field(default_factory=str)
    target: MetricTarget = field(default_factory=shared(lambda: MetricTarget()))


class ResourceMetricStatus(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    name: str = field(default_factory=str)
    current: MetricValueStatus = field(default_factory=shared(lambda: MetricValueStatus()))
