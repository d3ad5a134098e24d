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
    lendable_percent: int | None = None
    nominal_concurrency_shares: int | None = None


class FlowDistinguisherMethod(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    type: str = field(default_factory=str)


class FlowSchema(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "FlowSchema"
    api_version: ClassVar[str] = "flowcontrol.apiserver.k8s.io/v1"
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    spec: FlowSchemaSpec | None = field(default_factory=shared(lambda: FlowSchemaSpec()))
    status: FlowSchemaStatus | None = field(default_factory=shared(lambda: FlowSchemaStatus()))


class FlowSchemaCondition(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    last_transition_time: Time | None = field(default_factory=NoneType)
    message: str | None = None
    reason: str | None = None
    status: str | None = None
    type: str | None = None


class FlowSchemaList(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "FlowSchemaList"
    api_version: ClassVar[str] = "flowcontrol.apiserver.k8s.io/v1"
    items: tuple[FlowSchema, ...] = field(default_factory=required_tuple)
    metadata: ListMeta = field(default_factory=ListMeta)


class FlowSchemaSpec(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    distinguisher_method: FlowDistinguisherMethod | None = None
    matching_precedence: int = field(default_factory=int)
    priority_level_configuration: PriorityLevelConfigurationReference = field(default_factory=shared(lambda: PriorityLevelConfigurationReference()))
    rules: tuple[PolicyRulesWithSubjects, ...] = ()


class FlowSchemaStatus(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    conditions: tuple[FlowSchemaCondition, ...] = ()


class GroupSubject(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    name: str = field(default_factory=str)


class LimitResponse(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    queuing: QueuingConfiguration | None = None
    type: str = field(default_factory=str)


class LimitedPriorityLevelConfiguration(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    borrowing_limit_percent: int | None = None
    lendable_percent: int | None = None
    limit_response: LimitResponse | None = field(default_factory=shared(lambda: LimitResponse()))
    nominal_concurrency_shares: int | None = field(default_factory=NoneType)


class NonResourcePolicyRule(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    non_resource_urls: tuple[str, ...] = field(default_factory=required_tuple, name="nonResourceURLs")
    verbs: tuple[str, ...] = field(default_factory=required_tuple)


class PolicyRulesWithSubjects(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    non_resource_rules: tuple[NonResourcePolicyRule, ...] = ()
    resource_rules: tuple[ResourcePolicyRule, ...] = ()
    subjects: tuple[Subject, ...] = field(default_factory=required_tuple)


class PriorityLevelConfiguration(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "PriorityLevelConfiguration"
    api_version: ClassVar[str] = "flowcontrol.apiserver.k8s.io/v1"
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    spec: PriorityLevelConfigurationSpec | None = field(default_factory=shared(lambda: PriorityLevelConfigurationSpec()))
    status: PriorityLevelConfigurationStatus | None = field(default_factory=shared(lambda: PriorityLevelConfigurationStatus()))


class PriorityLevelConfigurationCondition(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    last_transition_time: Time | None = field(default_factory=NoneType)
    message: str | None = None
    reason: str | None = None
    status: str | None = None
    type: str | None = None


class PriorityLevelConfigurationList(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "PriorityLevelConfigurationList"
    api_version: ClassVar[str] = "flowcontrol.apiserver.k8s.io/v1"
    items: tuple[PriorityLevelConfiguration, ...] = field(default_factory=required_tuple)
    metadata: ListMeta = field(default_factory=ListMeta)


class PriorityLevelConfigurationReference(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    name: str = field(default_factory=str)


class PriorityLevelConfigurationSpec(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    exempt: ExemptPriorityLevelConfiguration | None = None
    limited: LimitedPriorityLevelConfiguration | None = None
    type: str = field(default_factory=str)


class PriorityLevelConfigurationStatus(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    conditions: tuple[PriorityLevelConfigurationCondition, ...] = ()


class QueuingConfiguration(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    hand_size: int = field(default_factory=int)
    queue_length_limit: int = field(default_factory=int)
    queues: int = field(default_factory=int)


class ResourcePolicyRule(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    api_groups: tuple[str, ...] = field(default_factory=required_tuple)
    cluster_scope: bool | None = None
    namespaces: tuple[str, ...] = field(default_factory=required_tuple)
    resources: tuple[str, ...] = field(default_factory=required_tuple)
    verbs: tuple[str, ...] = field(default_factory=required_tuple)


class ServiceAccountSubject(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    name: str = field(default_factory=str)
    namespace: str = field(default_factory=str)


class Subject(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    group: GroupSubject | None = None
    kind: str = field(default_factory=str)
    service_account: ServiceAccountSubject | None = None
    user: UserSubject | None = None


class UserSubject(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    name: str = field(default_factory=str)
