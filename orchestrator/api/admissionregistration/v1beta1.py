# Generated from kubernetes-1.35.json by `python -m orchestrator.api.generate`.
# ruff: noqa
"""Kubernetes admissionregistration.v1beta1."""

from __future__ import annotations

from collections.abc import Mapping
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
)


class ApplyConfiguration(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel'):
    expression: str | None = None


class JSONPatch(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel'):
    expression: str | None = None


class MatchCondition(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel'):
    expression: str = field(default_factory=str)
    name: str = field(default_factory=str)


class MatchResources(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel'):
    exclude_resource_rules: tuple[NamedRuleWithOperations, ...] = ()
    match_policy: str | None = None
    namespace_selector: LabelSelector | None = None
    object_selector: LabelSelector | None = None
    resource_rules: tuple[NamedRuleWithOperations, ...] = ()


class MutatingAdmissionPolicy(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel'):
    kind: ClassVar[str] = "MutatingAdmissionPolicy"
    api_version: ClassVar[str] = "admissionregistration.k8s.io/v1beta1"
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    spec: MutatingAdmissionPolicySpec | None = None


class MutatingAdmissionPolicyBinding(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel'):
    kind: ClassVar[str] = "MutatingAdmissionPolicyBinding"
    api_version: ClassVar[str] = "admissionregistration.k8s.io/v1beta1"
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    spec: MutatingAdmissionPolicyBindingSpec | None = None


class MutatingAdmissionPolicyBindingList(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel'):
    kind: ClassVar[str] = "MutatingAdmissionPolicyBindingList"
    api_version: ClassVar[str] = "admissionregistration.k8s.io/v1beta1"
    items: tuple[MutatingAdmissionPolicyBinding, ...] = field(default_factory=required_tuple)
    metadata: ListMeta = field(default_factory=ListMeta)


class MutatingAdmissionPolicyBindingSpec(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel'):
    match_resources: MatchResources | None = None
    param_ref: ParamRef | None = None
    policy_name: str | None = None


class MutatingAdmissionPolicyList(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel'):
    kind: ClassVar[str] = "MutatingAdmissionPolicyList"
    api_version: ClassVar[str] = "admissionregistration.k8s.io/v1beta1"
    items: tuple[MutatingAdmissionPolicy, ...] = field(default_factory=required_tuple)
    metadata: ListMeta = field(default_factory=ListMeta)


class MutatingAdmissionPolicySpec(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel'):
    failure_policy: str | None = None
    match_conditions: tuple[MatchCondition, ...] = ()
    match_constraints: MatchResources | None = None
    mutations: tuple[Mutation, ...] = ()
    param_kind: ParamKind | None = None
    reinvocation_policy: str | None = None
    variables: tuple[Variable, ...] = ()


class Mutation(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel'):
    apply_configuration: ApplyConfiguration | None = None
    json_patch: JSONPatch | None = None
    patch_type: str = field(default_factory=str)


class NamedRuleWithOperations(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel'):
    api_groups: tuple[str, ...] = ()
    api_versions: tuple[str, ...] = ()
    operations: tuple[str, ...] = ()
    resource_names: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    scope: str | None = None


class ParamKind(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel'):
    api_version: str | None = None
    kind: str | None = None


class ParamRef(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel'):
    name: str | None = None
    namespace: str | None = None
    parameter_not_found_action: str | None = None
    selector: LabelSelector | None = None


class Variable(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel'):
    expression: str = field(default_factory=str)
    name: str = field(default_factory=str)
