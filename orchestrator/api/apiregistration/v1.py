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
    last_transition_time: Time | None = field(default_factory=NoneType)
    message: str | None = None
    reason: str | None = None
    status: str = field(default_factory=str)
    type: str = field(default_factory=str)


class APIServiceList(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "APIServiceList"
    api_version: ClassVar[str] = "apiregistration.k8s.io/v1"
    items: tuple[APIService, ...] = field(default_factory=required_tuple)
    metadata: ListMeta = field(default_factory=ListMeta)


class APIServiceSpec(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    ca_bundle: str | None = None
    group: str | None = None
    group_priority_minimum: int = field(default_factory=int)
    insecure_skip_tls_verify: bool | None = field(default=None, name="insecureSkipTLSVerify")
    service: ServiceReference | None = None
    version: str | None = None
    version_priority: int = field(default_factory=int)


class APIServiceStatus(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    conditions: tuple[APIServiceCondition, ...] = ()


class ServiceReference(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    name: str | None = None
    namespace: str | None = None
    port: int | None = None
