"""Kubernetes scheduling.v1alpha2: kinds that are served only where a feature gate says so.

They are written by hand: the OpenAPI document that the other kinds are generated from is that of a
server as it comes, which has none of these. `RESOURCES` are registered in the scheme of a cluster that
has them; the scheme `DEFAULT` knows nothing of them.
"""

from __future__ import annotations

from typing import ClassVar, Final

from msgspec import Struct, field

from orchestrator.api.meta.v1 import Condition, ListMeta, ObjectMeta
from orchestrator.api.scalars import required_tuple
from orchestrator.api.scheme import Resource, Subresource

GROUP: Final = "scheduling.k8s.io"
VERSION: Final = "v1alpha2"
_VERBS: Final = (
    "create",
    "delete",
    "deletecollection",
    "get",
    "list",
    "patch",
    "update",
    "watch",
)


class TypedLocalObjectReference(
    Struct,
    frozen=True,
    gc=False,
    kw_only=True,
    omit_defaults=True,
    rename="camel",
    repr_omit_defaults=True,
):
    api_group: str = ""
    kind: str = field(default_factory=str)
    name: str = field(default_factory=str)


class BasicSchedulingPolicy(
    Struct,
    frozen=True,
    gc=False,
    kw_only=True,
    omit_defaults=True,
    rename="camel",
    repr_omit_defaults=True,
):
    """Pods are scheduled one by one, though in one cycle."""


class GangSchedulingPolicy(
    Struct,
    frozen=True,
    gc=False,
    kw_only=True,
    omit_defaults=True,
    rename="camel",
    repr_omit_defaults=True,
):
    min_count: int = field(default_factory=int)


class PodGroupSchedulingPolicy(
    Struct,
    frozen=True,
    gc=False,
    kw_only=True,
    omit_defaults=True,
    rename="camel",
    repr_omit_defaults=True,
):
    """Exactly one of them is set."""

    basic: BasicSchedulingPolicy | None = None
    gang: GangSchedulingPolicy | None = None


class TopologyConstraint(
    Struct,
    frozen=True,
    gc=False,
    kw_only=True,
    omit_defaults=True,
    rename="camel",
    repr_omit_defaults=True,
):
    key: str = field(default_factory=str)


class PodGroupSchedulingConstraints(
    Struct,
    frozen=True,
    gc=False,
    kw_only=True,
    omit_defaults=True,
    rename="camel",
    repr_omit_defaults=True,
):
    topology: tuple[TopologyConstraint, ...] = ()


class PodGroupResourceClaim(
    Struct,
    frozen=True,
    gc=False,
    kw_only=True,
    omit_defaults=True,
    rename="camel",
    repr_omit_defaults=True,
):
    name: str = field(default_factory=str)
    resource_claim_name: str | None = None
    resource_claim_template_name: str | None = None


class PodGroupTemplate(
    Struct,
    frozen=True,
    gc=False,
    kw_only=True,
    omit_defaults=True,
    rename="camel",
    repr_omit_defaults=True,
):
    name: str = field(default_factory=str)
    scheduling_policy: PodGroupSchedulingPolicy = field(default_factory=PodGroupSchedulingPolicy)
    scheduling_constraints: PodGroupSchedulingConstraints | None = None
    resource_claims: tuple[PodGroupResourceClaim, ...] = ()
    disruption_mode: str | None = None
    priority_class_name: str = ""
    priority: int | None = None


class WorkloadSpec(
    Struct,
    frozen=True,
    gc=False,
    kw_only=True,
    omit_defaults=True,
    rename="camel",
    repr_omit_defaults=True,
):
    controller_ref: TypedLocalObjectReference | None = None
    pod_group_templates: tuple[PodGroupTemplate, ...] = field(default_factory=required_tuple)


class Workload(
    Struct,
    frozen=True,
    gc=False,
    kw_only=True,
    omit_defaults=True,
    rename="camel",
    repr_omit_defaults=True,
):
    kind: ClassVar[str] = "Workload"
    api_version: ClassVar[str] = f"{GROUP}/{VERSION}"
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    spec: WorkloadSpec = field(default_factory=WorkloadSpec)


class WorkloadList(
    Struct,
    frozen=True,
    gc=False,
    kw_only=True,
    omit_defaults=True,
    rename="camel",
    repr_omit_defaults=True,
):
    kind: ClassVar[str] = "WorkloadList"
    api_version: ClassVar[str] = f"{GROUP}/{VERSION}"
    items: tuple[Workload, ...] = field(default_factory=required_tuple)
    metadata: ListMeta = field(default_factory=ListMeta)


class WorkloadPodGroupTemplateReference(
    Struct,
    frozen=True,
    gc=False,
    kw_only=True,
    omit_defaults=True,
    rename="camel",
    repr_omit_defaults=True,
):
    workload_name: str = field(default_factory=str)
    pod_group_template_name: str = field(default_factory=str)


class PodGroupTemplateReference(
    Struct,
    frozen=True,
    gc=False,
    kw_only=True,
    omit_defaults=True,
    rename="camel",
    repr_omit_defaults=True,
):
    workload: WorkloadPodGroupTemplateReference | None = None


class PodGroupSpec(
    Struct,
    frozen=True,
    gc=False,
    kw_only=True,
    omit_defaults=True,
    rename="camel",
    repr_omit_defaults=True,
):
    pod_group_template_ref: PodGroupTemplateReference | None = None
    scheduling_policy: PodGroupSchedulingPolicy = field(default_factory=PodGroupSchedulingPolicy)
    scheduling_constraints: PodGroupSchedulingConstraints | None = None
    resource_claims: tuple[PodGroupResourceClaim, ...] = ()
    disruption_mode: str | None = None
    priority_class_name: str = ""
    priority: int | None = None


class PodGroupResourceClaimStatus(
    Struct,
    frozen=True,
    gc=False,
    kw_only=True,
    omit_defaults=True,
    rename="camel",
    repr_omit_defaults=True,
):
    name: str = field(default_factory=str)
    resource_claim_name: str | None = None


class PodGroupStatus(
    Struct,
    frozen=True,
    gc=False,
    kw_only=True,
    omit_defaults=True,
    rename="camel",
    repr_omit_defaults=True,
):
    conditions: tuple[Condition, ...] = ()
    resource_claim_statuses: tuple[PodGroupResourceClaimStatus, ...] = ()


class PodGroup(
    Struct,
    frozen=True,
    gc=False,
    kw_only=True,
    omit_defaults=True,
    rename="camel",
    repr_omit_defaults=True,
):
    kind: ClassVar[str] = "PodGroup"
    api_version: ClassVar[str] = f"{GROUP}/{VERSION}"
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    spec: PodGroupSpec = field(default_factory=PodGroupSpec)
    status: PodGroupStatus | None = None


class PodGroupList(
    Struct,
    frozen=True,
    gc=False,
    kw_only=True,
    omit_defaults=True,
    rename="camel",
    repr_omit_defaults=True,
):
    kind: ClassVar[str] = "PodGroupList"
    api_version: ClassVar[str] = f"{GROUP}/{VERSION}"
    items: tuple[PodGroup, ...] = field(default_factory=required_tuple)
    metadata: ListMeta = field(default_factory=ListMeta)


def _resource(plural: str, kind: str, *subresources: Subresource) -> Resource:
    return Resource(
        GROUP,
        VERSION,
        plural,
        kind,
        namespaced=True,
        verbs=_VERBS,
        subresources=subresources,
        module=__name__,
        type_name=kind,
    )


WORKLOADS: Final = _resource("workloads", "Workload")
POD_GROUPS: Final = _resource(
    "podgroups",
    "PodGroup",
    Subresource("status", GROUP, VERSION, "PodGroup", ("get", "patch", "update")),
)
RESOURCES: Final = (POD_GROUPS, WORKLOADS)
PROTECTION: Final = "scheduling.k8s.io/podgroup-protection"
"""The finalizer of a group that its pods may need."""
