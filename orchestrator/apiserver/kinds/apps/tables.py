"""What keeps pods: deployments, replica sets, stateful sets, daemon sets."""

from typing import Final

from orchestrator.api.apps.v1 import (
    ControllerRevision,
    DaemonSet,
    DaemonSetSpec,
    DaemonSetStatus,
    Deployment,
    DeploymentSpec,
    DeploymentStatus,
    ReplicaSet,
    ReplicaSetSpec,
    ReplicaSetStatus,
    StatefulSet,
    StatefulSetSpec,
    StatefulSetStatus,
)
from orchestrator.apiserver.printing import (
    NONE,
    Printer,
    Row,
    age,
    containers_and_images,
)
from orchestrator.machinery.labels import format_labels, format_struct
from orchestrator.machinery.owners import controller_of


def _deployment_cells(obj: Deployment, now: float) -> Row:
    spec, status = obj.spec or DeploymentSpec(), obj.status or DeploymentStatus()
    names, images = containers_and_images(spec.template.spec)
    return (
        obj.metadata.name,
        f"{status.ready_replicas or 0}/{spec.replicas or 0}",
        status.updated_replicas or 0,
        status.available_replicas or 0,
        age(obj, now),
        names,
        images,
        format_struct(spec.selector),
    )


DEPLOYMENTS: Final = Printer(
    cells=_deployment_cells,
)


def _replica_set_cells(obj: ReplicaSet, now: float) -> Row:
    spec, status = obj.spec or ReplicaSetSpec(), obj.status or ReplicaSetStatus()
    names, images = containers_and_images(spec.template.spec if spec.template else None)
    return (
        obj.metadata.name,
        spec.replicas or 0,
        status.replicas,
        status.ready_replicas or 0,
        age(obj, now),
        names,
        images,
        format_struct(spec.selector),
    )


REPLICA_SETS: Final = Printer(
    cells=_replica_set_cells,
)


def _stateful_set_cells(obj: StatefulSet, now: float) -> Row:
    spec, status = obj.spec or StatefulSetSpec(), obj.status or StatefulSetStatus()
    names, images = containers_and_images(spec.template.spec)
    ready = f"{status.ready_replicas or 0}/{spec.replicas or 0}"
    return obj.metadata.name, ready, age(obj, now), names, images


STATEFUL_SETS: Final = Printer(
    cells=_stateful_set_cells,
)


def _daemon_set_cells(obj: DaemonSet, now: float) -> Row:
    spec, status = obj.spec or DaemonSetSpec(), obj.status or DaemonSetStatus()
    pod = spec.template.spec
    names, images = containers_and_images(pod)
    return (
        obj.metadata.name,
        status.desired_number_scheduled,
        status.current_number_scheduled,
        status.number_ready,
        status.updated_number_scheduled or 0,
        status.number_available or 0,
        format_labels(pod.node_selector) if pod is not None else NONE,
        age(obj, now),
        names,
        images,
        format_struct(spec.selector),
    )


DAEMON_SETS: Final = Printer(
    cells=_daemon_set_cells,
)


def _revision_cells(obj: ControllerRevision, now: float) -> Row:
    owner = controller_of(obj)
    name = NONE
    if owner is not None:
        group, slash, _ = owner.api_version.partition("/")
        kind = f"{owner.kind}.{group}" if slash else owner.kind
        name = f"{kind.lower()}/{owner.name}"
    return obj.metadata.name, name, obj.revision, age(obj, now)


REVISIONS: Final = Printer(
    cells=_revision_cells,
)
