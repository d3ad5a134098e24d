# Generated from Kubernetes' OpenAPI document by `python -m orchestrator.api.generate`.
# ruff: noqa
"""Kubernetes core.v1.policy."""

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


class LimitRange(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "LimitRange"
    api_version: ClassVar[str] = "v1"
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    spec: LimitRangeSpec | None = field(default_factory=shared(lambda: LimitRangeSpec()))


class LimitRangeItem(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    type: str = field(default_factory=str)
    max: Mapping[str, Quantity] = EMPTY
    min: Mapping[str, Quantity] = EMPTY
    default: Mapping[str, Quantity] = EMPTY
    default_request: Mapping[str, Quantity] = EMPTY
    max_limit_request_ratio: Mapping[str, Quantity] = EMPTY


class LimitRangeList(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "LimitRangeList"
    api_version: ClassVar[str] = "v1"
    metadata: ListMeta = field(default_factory=ListMeta)
    items: tuple[LimitRange, ...] = field(default_factory=required_tuple)


class LimitRangeSpec(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    limits: tuple[LimitRangeItem, ...] = field(default_factory=required_tuple)


class ResourceQuota(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "ResourceQuota"
    api_version: ClassVar[str] = "v1"
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    spec: ResourceQuotaSpec | None = field(default_factory=shared(lambda: ResourceQuotaSpec()))
    status: ResourceQuotaStatus | None = field(default_factory=shared(lambda: ResourceQuotaStatus()))


class ResourceQuotaList(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "ResourceQuotaList"
    api_version: ClassVar[str] = "v1"
    metadata: ListMeta = field(default_factory=ListMeta)
    items: tuple[ResourceQuota, ...] = field(default_factory=required_tuple)


class ResourceQuotaSpec(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    hard: Mapping[str, Quantity] = EMPTY
    scopes: tuple[str, ...] = ()
    scope_selector: ScopeSelector | None = None


class ResourceQuotaStatus(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    hard: Mapping[str, Quantity] = EMPTY
    used: Mapping[str, Quantity] = EMPTY


class ScopeSelector(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    match_expressions: tuple[ScopedResourceSelectorRequirement, ...] = ()


class ScopedResourceSelectorRequirement(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    scope_name: str = field(default_factory=str)
    operator: str = field(default_factory=str)
    values: tuple[str, ...] = ()
