"""Nodes, and the leases by which they and the leaders of components show that they live."""

from collections.abc import Mapping
from typing import Any, Final

from orchestrator.api.coordination.v1 import Lease, LeaseSpec
from orchestrator.api.core.v1 import Node, NodeSpec, NodeStatus, NodeSystemInfo
from orchestrator.apiserver.http.tables.printer import (
    AGE,
    NAME,
    NONE,
    UNKNOWN,
    Printer,
    Row,
    age,
    column,
    wide,
)
from orchestrator.machinery.conditions import find

_ROLE_PREFIX: Final = "node-role.kubernetes.io/"
_ROLE: Final = "kubernetes.io/role"


def _node_cells(node: Node, now: float) -> Row:
    status = node.status or NodeStatus()
    info = status.node_info or NodeSystemInfo()
    return (
        node.metadata.name,
        _status(node, status),
        _roles(node.metadata.labels),
        age(node, now),
        info.kubelet_version,
        _address(status, "InternalIP"),
        _address(status, "ExternalIP"),
        info.os_image or UNKNOWN,
        info.kernel_version or UNKNOWN,
        info.container_runtime_version or UNKNOWN,
    )


def _status(node: Node, status: NodeStatus) -> str:
    ready = find(status.conditions, "Ready")
    word = "Unknown"
    if ready is not None:
        word = "Ready" if ready.status == "True" else "NotReady"
    spec = node.spec or NodeSpec()
    return f"{word},SchedulingDisabled" if spec.unschedulable else word


def _roles(labels: Mapping[str, str]) -> str:
    roles = {key.removeprefix(_ROLE_PREFIX) for key in labels if key.startswith(_ROLE_PREFIX)}
    roles.add(labels.get(_ROLE, ""))
    roles.discard("")
    return ",".join(sorted(roles)) or NONE


def _address(status: NodeStatus, type_: str) -> str:
    return next((a.address for a in status.addresses if a.type == type_), NONE)


_NODES: Final = Printer(
    columns=(
        NAME,
        column("Status", "Whether the node is ready and takes pods."),
        column("Roles", "What the node is labelled to be for."),
        AGE,
        column("Version", "The version of the node's kubelet."),
        wide("Internal-IP", "The node's address inside of the cluster."),
        wide("External-IP", "The node's address as seen from outside."),
        wide("OS-Image", "The node's operating system."),
        wide("Kernel-Version", "The node's kernel."),
        wide("Container-Runtime", "What runs the node's containers."),
    ),
    cells=_node_cells,
)


def _lease_cells(lease: Lease, now: float) -> Row:
    holder = (lease.spec or LeaseSpec()).holder_identity or ""
    return lease.metadata.name, holder, age(lease, now)


_LEASES: Final = Printer(
    columns=(NAME, column("Holder", "Who holds the lease."), AGE), cells=_lease_cells
)

TABLES: Final[Mapping[type[Any], Printer[Any]]] = {Node: _NODES, Lease: _LEASES}
