# Generated from Kubernetes' OpenAPI document by `python -m orchestrator.api.generate`.
# ruff: noqa
"""Kubernetes rbac.v1."""

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


class AggregationRule(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    cluster_role_selectors: tuple[LabelSelector, ...] = ()


class ClusterRole(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "ClusterRole"
    api_version: ClassVar[str] = "rbac.authorization.k8s.io/v1"
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    rules: tuple[PolicyRule, ...] = field(default_factory=required_tuple)
    aggregation_rule: AggregationRule | None = None


class ClusterRoleBinding(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "ClusterRoleBinding"
    api_version: ClassVar[str] = "rbac.authorization.k8s.io/v1"
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    subjects: tuple[Subject, ...] = ()
    role_ref: RoleRef = field(default_factory=shared(lambda: RoleRef()))


class ClusterRoleBindingList(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "ClusterRoleBindingList"
    api_version: ClassVar[str] = "rbac.authorization.k8s.io/v1"
    metadata: ListMeta = field(default_factory=ListMeta)
    items: tuple[ClusterRoleBinding, ...] = field(default_factory=required_tuple)


class ClusterRoleList(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "ClusterRoleList"
    api_version: ClassVar[str] = "rbac.authorization.k8s.io/v1"
    metadata: ListMeta = field(default_factory=ListMeta)
    items: tuple[ClusterRole, ...] = field(default_factory=required_tuple)


class PolicyRule(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    verbs: tuple[str, ...] = field(default_factory=required_tuple)
    api_groups: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    resource_names: tuple[str, ...] = ()
    non_resource_urls: tuple[str, ...] = field(default=(), name="nonResourceURLs")


class Role(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "Role"
    api_version: ClassVar[str] = "rbac.authorization.k8s.io/v1"
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    rules: tuple[PolicyRule, ...] = field(default_factory=required_tuple)


class RoleBinding(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "RoleBinding"
    api_version: ClassVar[str] = "rbac.authorization.k8s.io/v1"
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    subjects: tuple[Subject, ...] = ()
    role_ref: RoleRef = field(default_factory=shared(lambda: RoleRef()))


class RoleBindingList(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "RoleBindingList"
    api_version: ClassVar[str] = "rbac.authorization.k8s.io/v1"
    metadata: ListMeta = field(default_factory=ListMeta)
    items: tuple[RoleBinding, ...] = field(default_factory=required_tuple)


class RoleList(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "RoleList"
    api_version: ClassVar[str] = "rbac.authorization.k8s.io/v1"
    metadata: ListMeta = field(default_factory=ListMeta)
    items: tuple[Role, ...] = field(default_factory=required_tuple)


class RoleRef(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    api_group: str = field(default_factory=str)
    kind: str = field(default_factory=str)
    name: str = field(default_factory=str)


class Subject(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: str = field(default_factory=str)
    api_group: str = ""
    name: str = field(default_factory=str)
    namespace: str = ""
