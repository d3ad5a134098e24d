# Generated from Kubernetes' OpenAPI document by `python -m orchestrator.api.generate`.
# ruff: noqa
"""Kubernetes apiregistration.v1."""

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


class APIService(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "APIService"
    api_version: ClassVar[str] = "apiregistration.k8s.io/v1"
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    spec: APIServiceSpec | None = field(default_factory=shared(lambda: APIServiceSpec()))
    status: APIServiceStatus | None = field(default_factory=shared(lambda: APIServiceStatus()))


class APIServiceCondition(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    type: str = field(default_factory=str)
    status: str = field(default_factory=str)
    last_transition_time: Time | None = field(default_factory=NoneType)
    reason: str | None = None
    message: str | None = None


class APIServiceList(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "APIServiceList"
    api_version: ClassVar[str] = "apiregistration.k8s.io/v1"
    metadata: ListMeta = field(default_factory=ListMeta)
    items: tuple[APIService, ...] = field(default_factory=required_tuple)


class APIServiceSpec(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    service: ServiceReference | None = None
    group: str | None = None
    version: str | None = None
    insecure_skip_tls_verify: bool | None = field(default=None, name="insecureSkipTLSVerify")
    ca_bundle: str | None = None
    group_priority_minimum: int = field(default_factory=int)
    version_priority: int = field(default_factory=int)


class APIServiceStatus(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    conditions: tuple[APIServiceCondition, ...] = ()


class ServiceReference(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    namespace: str | None = None
    name: str | None = None
    port: int | None = None
