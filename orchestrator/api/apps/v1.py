# Generated from Kubernetes' OpenAPI document by `python -m orchestrator.api.generate`.
# ruff: noqa
"""Kubernetes apps.v1."""

from __future__ import annotations

from collections.abc import Mapping
from types import NoneType
from typing import ClassVar

from msgspec import Struct, field

from orchestrator.api.core.v1.pods import (
    PodTemplateSpec,
)
from orchestrator.api.core.v1.volumes import (
    PersistentVolumeClaim,
)
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


class ControllerRevision(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "ControllerRevision"
    api_version: ClassVar[str] = "apps/v1"
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    data: Json = field(default_factory=NoneType)
    revision: int = field(default_factory=int)


class ControllerRevisionList(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "ControllerRevisionList"
    api_version: ClassVar[str] = "apps/v1"
    metadata: ListMeta = field(default_factory=ListMeta)
    items: tuple[ControllerRevision, ...] = field(default_factory=required_tuple)


class DaemonSet(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "DaemonSet"
    api_version: ClassVar[str] = "apps/v1"
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    spec: DaemonSetSpec | None = field(default_factory=shared(lambda: DaemonSetSpec()))
    status: DaemonSetStatus | None = field(default_factory=shared(lambda: DaemonSetStatus()))


class DaemonSetCondition(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    type: str = field(default_factory=str)
    status: str = field(default_factory=str)
    last_transition_time: Time | None = field(default_factory=NoneType)
    reason: str = ""
    message: str = ""


class DaemonSetList(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "DaemonSetList"
    api_version: ClassVar[str] = "apps/v1"
    metadata: ListMeta = field(default_factory=ListMeta)
    items: tuple[DaemonSet, ...] = field(default_factory=required_tuple)


class DaemonSetSpec(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    selector: LabelSelector | None = None
    template: PodTemplateSpec = field(default_factory=shared(lambda: PodTemplateSpec()))
    update_strategy: DaemonSetUpdateStrategy | None = field(default_factory=shared(lambda: DaemonSetUpdateStrategy()))
    min_ready_seconds: int | None = None
    revision_history_limit: int | None = None


class DaemonSetStatus(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    current_number_scheduled: int = field(default_factory=int)
    number_misscheduled: int = field(default_factory=int)
    desired_number_scheduled: int = field(default_factory=int)
    number_ready: int = field(default_factory=int)
    observed_generation: int | None = None
    updated_number_scheduled: int | None = None
    number_available: int | None = None
    number_unavailable: int | None = None
    collision_count: int | None = None
    conditions: tuple[DaemonSetCondition, ...] = ()


class DaemonSetUpdateStrategy(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    type: str = ""
    rolling_update: RollingUpdateDaemonSet | None = None


class Deployment(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "Deployment"
    api_version: ClassVar[str] = "apps/v1"
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    spec: DeploymentSpec | None = field(default_factory=shared(lambda: DeploymentSpec()))
    status: DeploymentStatus | None = field(default_factory=shared(lambda: DeploymentStatus()))


class DeploymentCondition(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    type: str = field(default_factory=str)
    status: str = field(default_factory=str)
    last_update_time: Time | None = field(default_factory=NoneType)
    last_transition_time: Time | None = field(default_factory=NoneType)
    reason: str = ""
    message: str = ""


class DeploymentList(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "DeploymentList"
    api_version: ClassVar[str] = "apps/v1"
    metadata: ListMeta = field(default_factory=ListMeta)
    items: tuple[Deployment, ...] = field(default_factory=required_tuple)


class DeploymentSpec(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    replicas: int | None = None
    selector: LabelSelector | None = None
    template: PodTemplateSpec = field(default_factory=shared(lambda: PodTemplateSpec()))
    strategy: DeploymentStrategy | None = field(default_factory=shared(lambda: DeploymentStrategy()))
    min_ready_seconds: int | None = None
    revision_history_limit: int | None = None
    paused: bool | None = None
    progress_deadline_seconds: int | None = None


class DeploymentStatus(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    observed_generation: int | None = None
    replicas: int | None = None
    updated_replicas: int | None = None
    ready_replicas: int | None = None
    available_replicas: int | None = None
    unavailable_replicas: int | None = None
    terminating_replicas: int | None = None
    conditions: tuple[DeploymentCondition, ...] = ()
    collision_count: int | None = None


class DeploymentStrategy(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    type: str = ""
    rolling_update: RollingUpdateDeployment | None = None


class ReplicaSet(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "ReplicaSet"
    api_version: ClassVar[str] = "apps/v1"
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    spec: ReplicaSetSpec | None = field(default_factory=shared(lambda: ReplicaSetSpec()))
    status: ReplicaSetStatus | None = field(default_factory=shared(lambda: ReplicaSetStatus()))


class ReplicaSetCondition(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    type: str = field(default_factory=str)
    status: str = field(default_factory=str)
    last_transition_time: Time | None = field(default_factory=NoneType)
    reason: str = ""
    message: str = ""


class ReplicaSetList(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "ReplicaSetList"
    api_version: ClassVar[str] = "apps/v1"
    metadata: ListMeta = field(default_factory=ListMeta)
    items: tuple[ReplicaSet, ...] = field(default_factory=required_tuple)


class ReplicaSetSpec(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    replicas: int | None = None
    min_ready_seconds: int | None = None
    selector: LabelSelector | None = None
    template: PodTemplateSpec | None = None


class ReplicaSetStatus(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    replicas: int = field(default_factory=int)
    fully_labeled_replicas: int | None = None
    ready_replicas: int | None = None
    available_replicas: int | None = None
    terminating_replicas: int | None = None
    observed_generation: int | None = None
    conditions: tuple[ReplicaSetCondition, ...] = ()


class RollingUpdateDaemonSet(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    max_unavailable: IntOrString | None = None
    max_surge: IntOrString | None = None


class RollingUpdateDeployment(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    max_unavailable: IntOrString | None = None
    max_surge: IntOrString | None = None


class RollingUpdateStatefulSetStrategy(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    partition: int | None = None
    max_unavailable: IntOrString | None = None


class StatefulSet(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "StatefulSet"
    api_version: ClassVar[str] = "apps/v1"
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    spec: StatefulSetSpec | None = field(default_factory=shared(lambda: StatefulSetSpec()))
    status: StatefulSetStatus | None = field(default_factory=shared(lambda: StatefulSetStatus()))


class StatefulSetCondition(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    type: str = field(default_factory=str)
    status: str = field(default_factory=str)
    last_transition_time: Time | None = field(default_factory=NoneType)
    reason: str = ""
    message: str = ""


class StatefulSetList(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "StatefulSetList"
    api_version: ClassVar[str] = "apps/v1"
    metadata: ListMeta = field(default_factory=ListMeta)
    items: tuple[StatefulSet, ...] = field(default_factory=required_tuple)


class StatefulSetOrdinals(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    start: int = field(default_factory=int)


class StatefulSetPersistentVolumeClaimRetentionPolicy(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    when_deleted: str = ""
    when_scaled: str = ""


class StatefulSetSpec(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    replicas: int | None = None
    selector: LabelSelector | None = None
    template: PodTemplateSpec = field(default_factory=shared(lambda: PodTemplateSpec()))
    volume_claim_templates: tuple[PersistentVolumeClaim, ...] = ()
    service_name: str = field(default_factory=str)
    pod_management_policy: str = ""
    update_strategy: StatefulSetUpdateStrategy | None = field(default_factory=shared(lambda: StatefulSetUpdateStrategy()))
    revision_history_limit: int | None = None
    min_ready_seconds: int | None = None
    persistent_volume_claim_retention_policy: StatefulSetPersistentVolumeClaimRetentionPolicy | None = None
    ordinals: StatefulSetOrdinals | None = None


class StatefulSetStatus(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    observed_generation: int | None = None
    replicas: int = field(default_factory=int)
    ready_replicas: int | None = None
    current_replicas: int | None = None
    updated_replicas: int | None = None
    current_revision: str = ""
    update_revision: str = ""
    collision_count: int | None = None
    conditions: tuple[StatefulSetCondition, ...] = ()
    available_replicas: int = field(default_factory=int)


class StatefulSetUpdateStrategy(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    type: str = ""
    rolling_update: RollingUpdateStatefulSetStrategy | None = None
