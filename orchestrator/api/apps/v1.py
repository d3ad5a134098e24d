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
    data: Json = field(default_factory=NoneType)
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    revision: int = field(default_factory=int)


class ControllerRevisionList(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "ControllerRevisionList"
    api_version: ClassVar[str] = "apps/v1"
    items: tuple[ControllerRevision, ...] = field(default_factory=required_tuple)
    metadata: ListMeta = field(default_factory=ListMeta)


class DaemonSet(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "DaemonSet"
    api_version: ClassVar[str] = "apps/v1"
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    spec: DaemonSetSpec | None = field(default_factory=shared(lambda: DaemonSetSpec()))
    status: DaemonSetStatus | None = field(default_factory=shared(lambda: DaemonSetStatus()))


class DaemonSetCondition(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    last_transition_time: Time | None = field(default_factory=NoneType)
    message: str = ""
    reason: str = ""
    status: str = field(default_factory=str)
    type: str = field(default_factory=str)


class DaemonSetList(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "DaemonSetList"
    api_version: ClassVar[str] = "apps/v1"
    items: tuple[DaemonSet, ...] = field(default_factory=required_tuple)
    metadata: ListMeta = field(default_factory=ListMeta)


class DaemonSetSpec(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    min_ready_seconds: int | None = None
    revision_history_limit: int | None = None
    selector: LabelSelector | None = None
    template: PodTemplateSpec = field(default_factory=shared(lambda: PodTemplateSpec()))
    update_strategy: DaemonSetUpdateStrategy | None = field(default_factory=shared(lambda: DaemonSetUpdateStrategy()))


class DaemonSetStatus(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    collision_count: int | None = None
    conditions: tuple[DaemonSetCondition, ...] = ()
    current_number_scheduled: int = field(default_factory=int)
    desired_number_scheduled: int = field(default_factory=int)
    number_available: int | None = None
    number_misscheduled: int = field(default_factory=int)
    number_ready: int = field(default_factory=int)
    number_unavailable: int | None = None
    observed_generation: int | None = None
    updated_number_scheduled: int | None = None


class DaemonSetUpdateStrategy(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    rolling_update: RollingUpdateDaemonSet | None = None
    type: str = ""


class Deployment(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "Deployment"
    api_version: ClassVar[str] = "apps/v1"
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    spec: DeploymentSpec | None = field(default_factory=shared(lambda: DeploymentSpec()))
    status: DeploymentStatus | None = field(default_factory=shared(lambda: DeploymentStatus()))


class DeploymentCondition(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    last_transition_time: Time | None = field(default_factory=NoneType)
    last_update_time: Time | None = field(default_factory=NoneType)
    message: str = ""
    reason: str = ""
    status: str = field(default_factory=str)
    type: str = field(default_factory=str)


class DeploymentList(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "DeploymentList"
    api_version: ClassVar[str] = "apps/v1"
    items: tuple[Deployment, ...] = field(default_factory=required_tuple)
    metadata: ListMeta = field(default_factory=ListMeta)


class DeploymentSpec(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    min_ready_seconds: int | None = None
    paused: bool | None = None
    progress_deadline_seconds: int | None = None
    replicas: int | None = None
    revision_history_limit: int | None = None
    selector: LabelSelector | None = None
    strategy: DeploymentStrategy | None = field(default_factory=shared(lambda: DeploymentStrategy()))
    template: PodTemplateSpec = field(default_factory=shared(lambda: PodTemplateSpec()))


class DeploymentStatus(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    available_replicas: int | None = None
    collision_count: int | None = None
    conditions: tuple[DeploymentCondition, ...] = ()
    observed_generation: int | None = None
    ready_replicas: int | None = None
    replicas: int | None = None
    terminating_replicas: int | None = None
    unavailable_replicas: int | None = None
    updated_replicas: int | None = None


class DeploymentStrategy(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    rolling_update: RollingUpdateDeployment | None = None
    type: str = ""


class ReplicaSet(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "ReplicaSet"
    api_version: ClassVar[str] = "apps/v1"
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    spec: ReplicaSetSpec | None = field(default_factory=shared(lambda: ReplicaSetSpec()))
    status: ReplicaSetStatus | None = field(default_factory=shared(lambda: ReplicaSetStatus()))


class ReplicaSetCondition(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    last_transition_time: Time | None = field(default_factory=NoneType)
    message: str = ""
    reason: str = ""
    status: str = field(default_factory=str)
    type: str = field(default_factory=str)


class ReplicaSetList(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "ReplicaSetList"
    api_version: ClassVar[str] = "apps/v1"
    items: tuple[ReplicaSet, ...] = field(default_factory=required_tuple)
    metadata: ListMeta = field(default_factory=ListMeta)


class ReplicaSetSpec(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    min_ready_seconds: int | None = None
    replicas: int | None = None
    selector: LabelSelector | None = None
    template: PodTemplateSpec | None = None


class ReplicaSetStatus(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    available_replicas: int | None = None
    conditions: tuple[ReplicaSetCondition, ...] = ()
    fully_labeled_replicas: int | None = None
    observed_generation: int | None = None
    ready_replicas: int | None = None
    replicas: int = field(default_factory=int)
    terminating_replicas: int | None = None


class RollingUpdateDaemonSet(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    max_surge: IntOrString | None = None
    max_unavailable: IntOrString | None = None


class RollingUpdateDeployment(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    max_surge: IntOrString | None = None
    max_unavailable: IntOrString | None = None


class RollingUpdateStatefulSetStrategy(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    max_unavailable: IntOrString | None = None
    partition: int | None = None


class StatefulSet(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "StatefulSet"
    api_version: ClassVar[str] = "apps/v1"
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    spec: StatefulSetSpec | None = field(default_factory=shared(lambda: StatefulSetSpec()))
    status: StatefulSetStatus | None = field(default_factory=shared(lambda: StatefulSetStatus()))


class StatefulSetCondition(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    last_transition_time: Time | None = field(default_factory=NoneType)
    message: str = ""
    reason: str = ""
    status: str = field(default_factory=str)
    type: str = field(default_factory=str)


class StatefulSetList(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "StatefulSetList"
    api_version: ClassVar[str] = "apps/v1"
    items: tuple[StatefulSet, ...] = field(default_factory=required_tuple)
    metadata: ListMeta = field(default_factory=ListMeta)


class StatefulSetOrdinals(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    start: int = field(default_factory=int)


class StatefulSetPersistentVolumeClaimRetentionPolicy(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    when_deleted: str = ""
    when_scaled: str = ""


class StatefulSetSpec(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    min_ready_seconds: int | None = None
    ordinals: StatefulSetOrdinals | None = None
    persistent_volume_claim_retention_policy: StatefulSetPersistentVolumeClaimRetentionPolicy | None = None
    pod_management_policy: str = ""
    replicas: int | None = None
    revision_history_limit: int | None = None
    selector: LabelSelector | None = None
    service_name: str = field(default_factory=str)
    template: PodTemplateSpec = field(default_factory=shared(lambda: PodTemplateSpec()))
    update_strategy: StatefulSetUpdateStrategy | None = field(default_factory=shared(lambda: StatefulSetUpdateStrategy()))
    volume_claim_templates: tuple[PersistentVolumeClaim, ...] = ()


class StatefulSetStatus(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    available_replicas: int = field(default_factory=int)
    collision_count: int | None = None
    conditions: tuple[StatefulSetCondition, ...] = ()
    current_replicas: int | None = None
    current_revision: str = ""
    observed_generation: int | None = None
    ready_replicas: int | None = None
    replicas: int = field(default_factory=int)
    update_revision: str = ""
    updated_replicas: int | None = None


class StatefulSetUpdateStrategy(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    rolling_update: RollingUpdateStatefulSetStrategy | None = None
    type: str = ""
