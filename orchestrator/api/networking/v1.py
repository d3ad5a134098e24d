# Generated from Kubernetes' OpenAPI document by `python -m orchestrator.api.generate`.
# ruff: noqa
"""Kubernetes networking.v1."""

from __future__ import annotations

from collections.abc import Mapping
from types import NoneType
from typing import ClassVar

from msgspec import Struct, field

from orchestrator.api.core.v1.volumes import (
    TypedLocalObjectReference,
)
from orchestrator.api.meta.v1 import (
    Condition,
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


class HTTPIngressPath(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    path: str = ""
    path_type: str = field(default_factory=str)
    backend: IngressBackend = field(default_factory=shared(lambda: IngressBackend()))


class HTTPIngressRuleValue(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    paths: tuple[HTTPIngressPath, ...] = field(default_factory=required_tuple)


class IPAddress(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "IPAddress"
    api_version: ClassVar[str] = "networking.k8s.io/v1"
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    spec: IPAddressSpec = field(default_factory=shared(lambda: IPAddressSpec()))


class IPAddressList(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "IPAddressList"
    api_version: ClassVar[str] = "networking.k8s.io/v1"
    metadata: ListMeta = field(default_factory=ListMeta)
    items: tuple[IPAddress, ...] = field(default_factory=required_tuple)


class IPAddressSpec(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    parent_ref: ParentReference | None = None


class IPBlock(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    cidr: str = field(default_factory=str)
    except_: tuple[str, ...] = ()


class Ingress(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "Ingress"
    api_version: ClassVar[str] = "networking.k8s.io/v1"
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    spec: IngressSpec | None = field(default_factory=shared(lambda: IngressSpec()))
    status: IngressStatus | None = field(default_factory=shared(lambda: IngressStatus()))


class IngressBackend(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    service: IngressServiceBackend | None = None
    resource: TypedLocalObjectReference | None = None


class IngressClass(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "IngressClass"
    api_version: ClassVar[str] = "networking.k8s.io/v1"
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    spec: IngressClassSpec | None = field(default_factory=shared(lambda: IngressClassSpec()))


class IngressClassList(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "IngressClassList"
    api_version: ClassVar[str] = "networking.k8s.io/v1"
    metadata: ListMeta = field(default_factory=ListMeta)
    items: tuple[IngressClass, ...] = field(default_factory=required_tuple)


class IngressClassParametersReference(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    api_group: str | None = None
    kind: str = field(default_factory=str)
    name: str = field(default_factory=str)
    scope: str | None = field(default_factory=NoneType)
    namespace: str | None = None


class IngressClassSpec(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    controller: str = ""
    parameters: IngressClassParametersReference | None = None


class IngressList(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "IngressList"
    api_version: ClassVar[str] = "networking.k8s.io/v1"
    metadata: ListMeta = field(default_factory=ListMeta)
    items: tuple[Ingress, ...] = field(default_factory=required_tuple)


class IngressLoadBalancerIngress(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    ip: str = ""
    hostname: str = ""
    ports: tuple[IngressPortStatus, ...] = ()


class IngressLoadBalancerStatus(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    ingress: tuple[IngressLoadBalancerIngress, ...] = ()


class IngressPortStatus(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    port: int = field(default_factory=int)
    protocol: str = field(default_factory=str)
    error: str = ""


class IngressRule(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    host: str = ""
    http: HTTPIngressRuleValue | None = None


class IngressServiceBackend(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    name: str = field(default_factory=str)
    port: ServiceBackendPort | None = field(default_factory=shared(lambda: ServiceBackendPort()))


class IngressSpec(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    ingress_class_name: str | None = None
    default_backend: IngressBackend | None = None
    tls: tuple[IngressTLS, ...] = ()
    rules: tuple[IngressRule, ...] = ()


class IngressStatus(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    load_balancer: IngressLoadBalancerStatus | None = field(default_factory=shared(lambda: IngressLoadBalancerStatus()))


class IngressTLS(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    hosts: tuple[str, ...] = ()
    secret_name: str = ""


class NetworkPolicy(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "NetworkPolicy"
    api_version: ClassVar[str] = "networking.k8s.io/v1"
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    spec: NetworkPolicySpec | None = field(default_factory=shared(lambda: NetworkPolicySpec()))


class NetworkPolicyEgressRule(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    ports: tuple[NetworkPolicyPort, ...] = ()
    to: tuple[NetworkPolicyPeer, ...] = ()


class NetworkPolicyIngressRule(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    ports: tuple[NetworkPolicyPort, ...] = ()
    from_: tuple[NetworkPolicyPeer, ...] = ()


class NetworkPolicyList(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "NetworkPolicyList"
    api_version: ClassVar[str] = "networking.k8s.io/v1"
    metadata: ListMeta = field(default_factory=ListMeta)
    items: tuple[NetworkPolicy, ...] = field(default_factory=required_tuple)


class NetworkPolicyPeer(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    pod_selector: LabelSelector | None = None
    namespace_selector: LabelSelector | None = None
    ip_block: IPBlock | None = None


class NetworkPolicyPort(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    protocol: str | None = None
    port: IntOrString | None = None
    end_port: int | None = None


class NetworkPolicySpec(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    pod_selector: LabelSelector | None = field(default_factory=shared(lambda: LabelSelector()))
    ingress: tuple[NetworkPolicyIngressRule, ...] = ()
    egress: tuple[NetworkPolicyEgressRule, ...] = ()
    policy_types: tuple[str, ...] = ()


class ParentReference(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    group: str = ""
    resource: str = ""
    namespace: str = ""
    name: str = ""


class ServiceBackendPort(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    name: str = ""
    number: int | None = None


class ServiceCIDR(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "ServiceCIDR"
    api_version: ClassVar[str] = "networking.k8s.io/v1"
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    spec: ServiceCIDRSpec | None = field(default_factory=shared(lambda: ServiceCIDRSpec()))
    status: ServiceCIDRStatus | None = field(default_factory=shared(lambda: ServiceCIDRStatus()))


class ServiceCIDRList(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "ServiceCIDRList"
    api_version: ClassVar[str] = "networking.k8s.io/v1"
    metadata: ListMeta = field(default_factory=ListMeta)
    items: tuple[ServiceCIDR, ...] = field(default_factory=required_tuple)


class ServiceCIDRSpec(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    cidrs: tuple[str, ...] = ()


class ServiceCIDRStatus(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    conditions: tuple[Condition, ...] = ()
