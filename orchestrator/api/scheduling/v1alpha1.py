# Generated from kubernetes-1.35.json by `python -m orchestrator.api.generate`.
# ruff: noqa
"""Kubernetes scheduling.v1alpha1."""

from __future__ import annotations

from collections.abc import Mapping
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
)


class BasicSchedulingPolicy(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel'):
    pass


class GangSchedulingPolicy(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel'):
    min_count: int = field(default_factory=int)


class PodGroup(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel'):
    name: str = field(default_factory=str)
    policy: PodGroupPolicy = field(default_factory=lambda: PodGroupPolicy())


class PodGroupPolicy(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel'):
    basic: BasicSchedulingPolicy | None = None
    gang: GangSchedulingPolicy | None = None


class TypedLocalObjectReference(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel'):
    api_group: str = ""
    kind: str = field(default_factory=str)
    name: str = field(default_factory=str)


class Workload(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel'):
    kind: ClassVar[str] = "Workload"
    api_version: ClassVar[str] = "scheduling.k8s.io/v1alpha1"
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    spec: WorkloadSpec = field(default_factory=lambda: WorkloadSpec())


class WorkloadList(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel'):
    kind: ClassVar[str] = "WorkloadList"
    api_version: ClassVar[str] = "scheduling.k8s.io/v1alpha1"
    items: tuple[Workload, ...] = field(default_factory=required_tuple)
    metadata: ListMeta = field(default_factory=ListMeta)


class WorkloadSpec(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel'):
    controller_ref: TypedLocalObjectReference | None = None
    pod_groups: tuple[PodGroup, ...] = field(default_factory=required_tuple)
