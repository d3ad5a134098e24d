"""What `kubectl get` shows of the kinds of `nodes`."""

from collections.abc import Mapping
from typing import Final

from orchestrator.api.core.v1 import Node, NodeSpec, NodeStatus, NodeSystemInfo
from orchestrator.apiserver.printing import (
    NONE,
    UNKNOWN,
    Printer,
    Row,
    age,
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
        f"{info.kernel_version or UNKNOWN}{f' ({info.architecture})' if info.architecture else ''}",
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


NODES: Final = Printer(
    cells=_node_cells,
)
