# Generated from Kubernetes' OpenAPI document by `python -m orchestrator.api.generate`.
# ruff: noqa
"""Kubernetes policy.v1."""

from __future__ import annotations

from collections.abc import Mapping
from types import NoneType
from typing import ClassVar

from msgspec import Struct, field

from orchestrator.api.meta.v1 import (
    Condition,
    DeleteOptions,
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


class Eviction(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "Eviction"
    api_version: ClassVar[str] = "policy/v1"
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    delete_options: DeleteOptions | None = None


class PodDisruptionBudget(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "PodDisruptionBudget"
    api_version: ClassVar[str] = "policy/v1"
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    spec: PodDisruptionBudgetSpec | None = field(default_factory=shared(lambda: PodDisruptionBudgetSpec()))
    status: PodDisruptionBudgetStatus | None = field(default_factory=shared(lambda: PodDisruptionBudgetStatus()))


class PodDisruptionBudgetList(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "PodDisruptionBudgetList"
    api_version: ClassVar[str] = "policy/v1"
    metadata: ListMeta = field(default_factory=ListMeta)
    items: tuple[PodDisruptionBudget, ...] = field(default_factory=required_tuple)


class PodDisruptionBudgetSpec(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    min_available: IntOrString | None = None
    selector: LabelSelector | None = None
    max_unavailable: IntOrString | None = None
    unhealthy_pod_eviction_policy: str | None = None


class PodDisruptionBudgetStatus(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    observed_generation: int | None = None
    disrupted_pods: Mapping[str, Time] = EMPTY
    disruptions_allowed: int = field(default_factory=int)
    current_healthy: int = field(default_factory=int)
    desired_healthy: int = field(default_factory=int)
    expected_pods: int = field(default_factory=int)
    conditions: tuple[Condition, ...] = ()
