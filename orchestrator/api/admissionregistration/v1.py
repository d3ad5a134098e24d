# Generated from Kubernetes' OpenAPI document by `python -m orchestrator.api.generate`.
# ruff: noqa
"""Kubernetes admissionregistration.v1."""

from __future__ import annotations

from collections.abc import Mapping
from types import NoneType
from typing import ClassVar

from msgspec import Struct, field

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


class ApplyConfiguration(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    expression: str | None = None


class AuditAnnotation(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    key: str = field(default_factory=str)
    value_expression: str = field(default_factory=str)


class ExpressionWarning(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    field_ref: str = field(default_factory=str)
    warning: str = field(default_factory=str)


class JSONPatch(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    expression: str | None = None


class MatchCondition(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    name: str = field(default_factory=str)
    expression: str = field(default_factory=str)


class MatchResources(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    namespace_selector: LabelSelector | None = None
    object_selector: LabelSelector | None = None
    resource_rules: tuple[NamedRuleWithOperations, ...] = ()
    exclude_resource_rules: tuple[NamedRuleWithOperations, ...] = ()
    match_policy: str | None = None


class MutatingAdmissionPolicy(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "MutatingAdmissionPolicy"
    api_version: ClassVar[str] = "admissionregistration.k8s.io/v1"
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    spec: MutatingAdmissionPolicySpec | None = field(default_factory=shared(lambda: MutatingAdmissionPolicySpec()))


class MutatingAdmissionPolicyBinding(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "MutatingAdmissionPolicyBinding"
    api_version: ClassVar[str] = "admissionregistration.k8s.io/v1"
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    spec: MutatingAdmissionPolicyBindingSpec | None = field(default_factory=shared(lambda: MutatingAdmissionPolicyBindingSpec()))


class MutatingAdmissionPolicyBindingList(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "MutatingAdmissionPolicyBindingList"
    api_version: ClassVar[str] = "admissionregistration.k8s.io/v1"
    metadata: ListMeta = field(default_factory=ListMeta)
    items: tuple[MutatingAdmissionPolicyBinding, ...] = field(default_factory=required_tuple)


class MutatingAdmissionPolicyBindingSpec(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    policy_name: str | None = None
    param_ref: ParamRef | None = None
    match_resources: MatchResources | None = None


class MutatingAdmissionPolicyList(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "MutatingAdmissionPolicyList"
    api_version: ClassVar[str] = "admissionregistration.k8s.io/v1"
    metadata: ListMeta = field(default_factory=ListMeta)
    items: tuple[MutatingAdmissionPolicy, ...] = field(default_factory=required_tuple)


class MutatingAdmissionPolicySpec(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    param_kind: ParamKind | None = None
    match_constraints: MatchResources | None = None
    variables: tuple[Variable, ...] = ()
    mutations: tuple[Mutation, ...] = ()
    failure_policy: str | None = None
    match_conditions: tuple[MatchCondition, ...] = ()
    reinvocation_policy: str | None = None


class MutatingWebhook(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    name: str = field(default_factory=str)
    client_config: WebhookClientConfig = field(default_factory=shared(lambda: WebhookClientConfig()))
    rules: tuple[RuleWithOperations, ...] = ()
    failure_policy: str | None = None
    match_policy: str | None = None
    namespace_selector: LabelSelector | None = None
    object_selector: LabelSelector | None = None
    side_effects: str | None = field(default_factory=NoneType)
    timeout_seconds: int | None = None
    admission_review_versions: tuple[str, ...] = field(default_factory=required_tuple)
    reinvocation_policy: str | None = None
    match_conditions: tuple[MatchCondition, ...] = ()


class MutatingWebhookConfiguration(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "MutatingWebhookConfiguration"
    api_version: ClassVar[str] = "admissionregistration.k8s.io/v1"
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    webhooks: tuple[MutatingWebhook, ...] = ()


class MutatingWebhookConfigurationList(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "MutatingWebhookConfigurationList"
    api_version: ClassVar[str] = "admissionregistration.k8s.io/v1"
    metadata: ListMeta = field(default_factory=ListMeta)
    items: tuple[MutatingWebhookConfiguration, ...] = field(default_factory=required_tuple)


class Mutation(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    patch_type: str = field(default_factory=str)
    apply_configuration: ApplyConfiguration | None = None
    json_patch: JSONPatch | None = None


class NamedRuleWithOperations(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    resource_names: tuple[str, ...] = ()
    operations: tuple[str, ...] = ()
    api_groups: tuple[str, ...] = ()
    api_versions: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    scope: str | None = None


class ParamKind(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    api_version: str | None = None
    kind: str | None = None


class ParamRef(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    name: str | None = None
    namespace: str | None = None
    selector: LabelSelector | None = None
    parameter_not_found_action: str | None = None


class RuleWithOperations(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    operations: tuple[str, ...] = ()
    api_groups: tuple[str, ...] = ()
    api_versions: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    scope: str | None = None


class ServiceReference(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    namespace: str = field(default_factory=str)
    name: str = field(default_factory=str)
    path: str | None = None
    port: int | None = None


class TypeChecking(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    expression_warnings: tuple[ExpressionWarning, ...] = ()


class ValidatingAdmissionPolicy(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "ValidatingAdmissionPolicy"
    api_version: ClassVar[str] = "admissionregistration.k8s.io/v1"
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    spec: ValidatingAdmissionPolicySpec | None = field(default_factory=shared(lambda: ValidatingAdmissionPolicySpec()))
    status: ValidatingAdmissionPolicyStatus | None = field(default_factory=shared(lambda: ValidatingAdmissionPolicyStatus()))


class ValidatingAdmissionPolicyBinding(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "ValidatingAdmissionPolicyBinding"
    api_version: ClassVar[str] = "admissionregistration.k8s.io/v1"
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    spec: ValidatingAdmissionPolicyBindingSpec = field(default_factory=shared(lambda: ValidatingAdmissionPolicyBindingSpec()))


class ValidatingAdmissionPolicyBindingList(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "ValidatingAdmissionPolicyBindingList"
    api_version: ClassVar[str] = "admissionregistration.k8s.io/v1"
    metadata: ListMeta = field(default_factory=ListMeta)
    items: tuple[ValidatingAdmissionPolicyBinding, ...] = field(default_factory=required_tuple)


class ValidatingAdmissionPolicyBindingSpec(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    policy_name: str | None = None
    param_ref: ParamRef | None = None
    match_resources: MatchResources | None = None
    validation_actions: tuple[str, ...] = ()


class ValidatingAdmissionPolicyList(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "ValidatingAdmissionPolicyList"
    api_version: ClassVar[str] = "admissionregistration.k8s.io/v1"
    metadata: ListMeta = field(default_factory=ListMeta)
    items: tuple[ValidatingAdmissionPolicy, ...] = field(default_factory=required_tuple)


class ValidatingAdmissionPolicySpec(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    param_kind: ParamKind | None = None
    match_constraints: MatchResources | None = None
    validations: tuple[Validation, ...] = ()
    failure_policy: str | None = None
    audit_annotations: tuple[AuditAnnotation, ...] = ()
    match_conditions: tuple[MatchCondition, ...] = ()
    variables: tuple[Variable, ...] = ()


class ValidatingAdmissionPolicyStatus(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    observed_generation: int | None = None
    type_checking: TypeChecking | None = None
    conditions: tuple[Condition, ...] = ()


class ValidatingWebhook(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    name: str = field(default_factory=str)
    client_config: WebhookClientConfig = field(default_factory=shared(lambda: WebhookClientConfig()))
    rules: tuple[RuleWithOperations, ...] = ()
    failure_policy: str | None = None
    match_policy: str | None = None
    namespace_selector: LabelSelector | None = None
    object_selector: LabelSelector | None = None
    side_effects: str | None = field(default_factory=NoneType)
    timeout_seconds: int | None = None
    admission_review_versions: tuple[str, ...] = field(default_factory=required_tuple)
    match_conditions: tuple[MatchCondition, ...] = ()


class ValidatingWebhookConfiguration(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "ValidatingWebhookConfiguration"
    api_version: ClassVar[str] = "admissionregistration.k8s.io/v1"
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    webhooks: tuple[ValidatingWebhook, ...] = ()


class ValidatingWebhookConfigurationList(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "ValidatingWebhookConfigurationList"
    api_version: ClassVar[str] = "admissionregistration.k8s.io/v1"
    metadata: ListMeta = field(default_factory=ListMeta)
    items: tuple[ValidatingWebhookConfiguration, ...] = field(default_factory=required_tuple)


class Validation(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    expression: str = field(default_factory=str)
    message: str | None = None
    reason: str | None = None
    message_expression: str | None = None


class Variable(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    name: str = field(default_factory=str)
    expression: str = field(default_factory=str)


class WebhookClientConfig(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    url: str | None = None
    service: ServiceReference | None = None
    ca_bundle: str | None = None
