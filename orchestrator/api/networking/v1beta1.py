# Generated from kubernetes-1.35.json by `python -m orchestrator.api.generate`.
# ruff: noqa
"""Kubernetes networking.v1beta1."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from msgspec import Struct, field

from orchestrator.api.meta.v1 import (
    Condition,
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


class IPAddress(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel'):
    kind: ClassVar[str] = "IPAddress"
    api_version: ClassVar[str] = "networking.k8s.io/v1beta1"
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    spec: IPAddressSpec | None = None


class IPAddressList(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel'):
    kind: ClassVar[str] = "IPAddressList"
    api_version: ClassVar[str] = "networking.k8s.io/v1beta1"
    items: tuple[IPAddress, ...] = field(default_factory=required_tuple)
    metadata: ListMeta = field(default_factory=ListMeta)


class IPAddressSpec(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel'):
    parent_ref: ParentReference = field(default_factory=lambda: ParentReference())


class ParentReference(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel'):
    group: str = ""
    name: str = field(default_factory=str)
    namespace: str = ""
    resource: str = field(default_factory=str)


class ServiceCIDR(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel'):
    kind: ClassVar[str] = "ServiceCIDR"
    api_version: ClassVar[str] = "networking.k8s.io/v1beta1"
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    spec: ServiceCIDRSpec | None = None
    status: ServiceCIDRStatus | None = None


class ServiceCIDRList(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel'):
    kind: ClassVar[str] = "ServiceCIDRList"
    api_version: ClassVar[str] = "networking.k8s.io/v1beta1"
    items: tuple[ServiceCIDR, ...] = field(default_factory=required_tuple)
    metadata: ListMeta = field(default_factory=ListMeta)


class ServiceCIDRSpec(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel'):
    cidrs: tuple[str, ...] = ()


class ServiceCIDRStatus(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel'):
    conditions: tuple[Condition, ...] = ()
