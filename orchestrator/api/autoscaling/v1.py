# Generated from Kubernetes' OpenAPI document by `python -m orchestrator.api.generate`.
# ruff: noqa
"""Kubernetes autoscaling.v1."""

from __future__ import annotations

from collections.abc import Mapping
from types import NoneType
from typing import ClassVar

from msgspec import Struct, field

from orchestrator.api.meta.v1 import (
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


class CrossVersionObjectReference(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: str = field(default_factory=str)
    name: str = field(default_factory=str)
    api_version: str = ""


class HorizontalPodAutoscaler(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "HorizontalPodAutoscaler"
    api_version: ClassVar[str] = "autoscaling/v1"
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    spec: HorizontalPodAutoscalerSpec = field(default_factory=shared(lambda: HorizontalPodAutoscalerSpec()))
    status: HorizontalPodAutoscalerStatus | None = field(default_factory=shared(lambda: HorizontalPodAutoscalerStatus()))


class HorizontalPodAutoscalerList(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "HorizontalPodAutoscalerList"
    api_version: ClassVar[str] = "autoscaling/v1"
    metadata: ListMeta = field(default_factory=ListMeta)
    items: tuple[HorizontalPodAutoscaler, ...] = field(default_factory=required_tuple)


class HorizontalPodAutoscalerSpec(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    scale_target_ref: CrossVersionObjectReference = field(default_factory=shared(lambda: CrossVersionObjectReference()))
    min_replicas: int | None = None
    max_replicas: int = field(default_factory=int)
    target_cpu_utilization_percentage: int | None = field(default=None, name="targetCPUUtilizationPercentage")


class HorizontalPodAutoscalerStatus(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    observed_generation: int | None = None
    last_scale_time: Time | None = None
    current_replicas: int = field(default_factory=int)
    desired_replicas: int = field(default_factory=int)
    current_cpu_utilization_percentage: int | None = field(default=None, name="currentCPUUtilizationPercentage")


class Scale(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "Scale"
    api_version: ClassVar[str] = "autoscaling/v1"
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    spec: ScaleSpec | None = field(default_factory=shared(lambda: ScaleSpec()))
    status: ScaleStatus | None = field(default_factory=shared(lambda: ScaleStatus()))


class ScaleSpec(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    replicas: int | None = None


class ScaleStatus(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    replicas: int = field(default_factory=int)
    selector: str = ""
