# Generated from Kubernetes' OpenAPI document by `python -m orchestrator.api.generate`.
# ruff: noqa
"""Kubernetes flowcontrol.v1."""

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


class ExemptPriorityLevelConfiguration(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    nominal_concurrency_shares: int | None = None
    lendable_percent: int | None = None


class FlowDistinguisherMethod(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    type: str = field(default_factory=str)


class FlowSchema(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "FlowSchema"
    api_version: ClassVar[str] = "flowcontrol.apiserver.k8s.io/v1"
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    spec: FlowSchemaSpec | None = field(default_factory=shared(lambda: FlowSchemaSpec()))
    status: FlowSchemaStatus | None = field(default_factory=shared(lambda: FlowSchemaStatus()))


class FlowSchemaCondition(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    type: str | None = None
    status: str | None = None
    last_transition_time: Time | None = field(default_factory=NoneType)
    reason: str | None = None
    message: str | None = None


class FlowSchemaList(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "FlowSchemaList"
    api_version: ClassVar[str] = "flowcontrol.apiserver.k8s.io/v1"
    metadata: ListMeta = field(default_factory=ListMeta)
    items: tuple[FlowSchema, ...] = field(default_factory=required_tuple)


class FlowSchemaSpec(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    priority_level_configuration: PriorityLevelConfigurationReference = field(default_factory=shared(lambda: PriorityLevelConfigurationReference()))
    matching_precedence: int = field(default_factory=int)
    distinguisher_method: FlowDistinguisherMethod | None = None
    rules: tuple[PolicyRulesWithSubjects, ...] = ()


class FlowSchemaStatus(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    conditions: tuple[FlowSchemaCondition, ...] = ()


class GroupSubject(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    name: str = field(default_factory=str)


class LimitResponse(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    type: str = field(default_factory=str)
    queuing: QueuingConfiguration | None = None


class LimitedPriorityLevelConfiguration(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    nominal_concurrency_shares: int | None = field(default_factory=NoneType)
    limit_response: LimitResponse | None = field(default_factory=shared(lambda: LimitResponse()))
    lendable_percent: int | None = None
    borrowing_limit_percent: int | None = None


class NonResourcePolicyRule(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    verbs: tuple[str, ...] = field(default_factory=required_tuple)
    non_resource_urls: tuple[str, ...] = field(default_factory=required_tuple, name="nonResourceURLs")


class PolicyRulesWithSubjects(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    subjects: tuple[Subject, ...] = field(default_factory=required_tuple)
    resource_rules: tuple[ResourcePolicyRule, ...] = ()
    non_resource_rules: tuple[NonResourcePolicyRule, ...] = ()


class PriorityLevelConfiguration(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "PriorityLevelConfiguration"
    api_version: ClassVar[str] = "flowcontrol.apiserver.k8s.io/v1"
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    spec: PriorityLevelConfigurationSpec | None = field(default_factory=shared(lambda: PriorityLevelConfigurationSpec()))
    status: PriorityLevelConfigurationStatus | None = field(default_factory=shared(lambda: PriorityLevelConfigurationStatus()))


class PriorityLevelConfigurationCondition(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    type: str | None = None
    status: str | None = None
    last_transition_time: Time | None = field(default_factory=NoneType)
    reason: str | None = None
    message: str | None = None


class PriorityLevelConfigurationList(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "PriorityLevelConfigurationList"
    api_version: ClassVar[str] = "flowcontrol.apiserver.k8s.io/v1"
    metadata: ListMeta = field(default_factory=ListMeta)
    items: tuple[PriorityLevelConfiguration, ...] = field(default_factory=required_tuple)


class PriorityLevelConfigurationReference(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    name: str = field(default_factory=str)


class PriorityLevelConfigurationSpec(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    type: str = field(default_factory=str)
    limited: LimitedPriorityLevelConfiguration | None = None
    exempt: ExemptPriorityLevelConfiguration | None = None


class PriorityLevelConfigurationStatus(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    conditions: tuple[PriorityLevelConfigurationCondition, ...] = ()


class QueuingConfiguration(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    queues: int = field(default_factory=int)
    hand_size: int = field(default_factory=int)
    queue_length_limit: int = field(default_factory=int)


class ResourcePolicyRule(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    verbs: tuple[str, ...] = field(default_factory=required_tuple)
    api_groups: tuple[str, ...] = field(default_factory=required_tuple)
    resources: tuple[str, ...] = field(default_factory=required_tuple)
    cluster_scope: bool | None = None
    namespaces: tuple[str, ...] = field(default_factory=required_tuple)


class ServiceAccountSubject(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    namespace: str = field(default_factory=str)
    name: str = field(default_factory=str)


class Subject(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: str = field(default_factory=str)
    user: UserSubject | None = None
    group: GroupSubject | None = None
    service_account: ServiceAccountSubject | None = None


class UserSubject(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    name: str = field(default_factory=str)
