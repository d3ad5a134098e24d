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
    aggregation_rule: AggregationRule | None = None
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    rules: tuple[PolicyRule, ...] = field(default_factory=required_tuple)


class ClusterRoleBinding(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "ClusterRoleBinding"
    api_version: ClassVar[str] = "rbac.authorization.k8s.io/v1"
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    role_ref: RoleRef = field(default_factory=shared(lambda: RoleRef()))
    subjects: tuple[Subject, ...] = ()


class ClusterRoleBindingList(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "ClusterRoleBindingList"
    api_version: ClassVar[str] = "rbac.authorization.k8s.io/v1"
    items: tuple[ClusterRoleBinding, ...] = field(default_factory=required_tuple)
    metadata: ListMeta = field(default_factory=ListMeta)


class ClusterRoleList(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "ClusterRoleList"
    api_version: ClassVar[str] = "rbac.authorization.k8s.io/v1"
    items: tuple[ClusterRole, ...] = field(default_factory=required_tuple)
    metadata: ListMeta = field(default_factory=ListMeta)


class PolicyRule(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    api_groups: tuple[str, ...] = ()
    non_resource_urls: tuple[str, ...] = field(default=(), name="nonResourceURLs")
    resource_names: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    verbs: tuple[str, ...] = field(default_factory=required_tuple)


class Role(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "Role"
    api_version: ClassVar[str] = "rbac.authorization.k8s.io/v1"
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    rules: tuple[PolicyRule, ...] = field(default_factory=required_tuple)


class RoleBinding(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "RoleBinding"
    api_version: ClassVar[str] = "rbac.authorization.k8s.io/v1"
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    role_ref: RoleRef = field(default_factory=shared(lambda: RoleRef()))
    subjects: tuple[Subject, ...] = ()


class RoleBindingList(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "RoleBindingList"
    api_version: ClassVar[str] = "rbac.authorization.k8s.io/v1"
    items: tuple[RoleBinding, ...] = field(default_factory=required_tuple)
    metadata: ListMeta = field(default_factory=ListMeta)


class RoleList(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "RoleList"
    api_version: ClassVar[str] = "rbac.authorization.k8s.io/v1"
    items: tuple[Role, ...] = field(default_factory=required_tuple)
    metadata: ListMeta = field(default_factory=ListMeta)


class RoleRef(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    api_group: str = field(default_factory=str)
    kind: str = field(default_factory=str)
    name: str = field(default_factory=str)


class Subject(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    api_group: str = ""
    kind: str = field(default_factory=str)
    name: str = field(default_factory=str)
    namespace: str = ""
