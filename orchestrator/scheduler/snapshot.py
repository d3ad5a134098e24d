"""The nodes as columns: what the scheduler knows of them, kept up to date change by change.

A node is a row; rows of nodes that went are used again. Amounts are int64 columns, one for each
resource that any node offers or any pod asks for. Whoever remembers something about rows reads in
`touched_since` which ones have changed since.
"""

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from orchestrator.api.core.v1 import Node, Pod, Taint
from orchestrator.machinery.resources import Needs, node_offers, pod_needs

Int64: TypeAlias = NDArray[np.int64]
Bool: TypeAlias = NDArray[np.bool_]
Rows: TypeAlias = NDArray[np.intp]

CPU, MEMORY, EPHEMERAL, PODS = range(4)
RESOURCES: Final = ("cpu", "memory", "ephemeral-storage", "pods")
_FIRST_ROWS: Final = 64
_LOG_LENGTH: Final = 65_536

HostPort: TypeAlias = tuple[str, str, int]  # protocol, IP, port


class _Placed(Struct, frozen=True):
    """A pod on a row and what was counted for it."""

    pod: Pod
    row: int
    needs: Needs
    ports: tuple[HostPort, ...]


class Snapshot:
    """Columns over the rows of nodes; invalid rows have `valid` False."""

    def __init__(self) -> None:
        self.resources: dict[str, int] = {name: i for i, name in enumerate(RESOURCES)}
        self.valid: Bool = np.zeros(_FIRST_ROWS, np.bool_)
        self.unschedulable: Bool = np.zeros(_FIRST_ROWS, np.bool_)
        self.tainted: Bool = np.zeros(_FIRST_ROWS, np.bool_)  # whether there are any `taints`
        self.allocatable: Int64 = np.zeros((len(RESOURCES), _FIRST_ROWS), np.int64)
        self.requested: Int64 = np.zeros((len(RESOURCES), _FIRST_ROWS), np.int64)
        # CPU and memory with a little for containers that ask for none: for scores only.
        self.scoring: Int64 = np.zeros((2, _FIRST_ROWS), np.int64)
        self.names: list[str] = [""] * _FIRST_ROWS
        self.labels: list[Mapping[str, str]] = [{}] * _FIRST_ROWS
        self.taints: list[tuple[Taint, ...]] = [()] * _FIRST_ROWS
        self.ports: dict[int, dict[HostPort, int]] = {}
        self._rows: dict[str, int] = {}
        self._free: list[int] = list(range(_FIRST_ROWS - 1, -1, -1))
        self._placed: dict[str, _Placed] = {}
        self._on_row: dict[int, dict[str, None]] = {}  # the uids of the pods placed there
        self._homeless: dict[str, dict[str, Pod]] = {}  # pods of nodes that are not here (yet)
        self._log: list[int] = []
        self._log_start = 0

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def version(self) -> int:
        """Grows with every change of any row."""
        return self._log_start + len(self._log)

    def touched_since(self, version: int) -> list[int] | None:
        """The rows that have changed since; None: too many changes ago to be worth telling."""
        log, known = self._log, version - self._log_start
        if known < 0 or len(log) - known > len(self._rows):
            return None
        return list(dict.fromkeys(log[known:]))

    def all_rows(self) -> Rows:
        """The rows that hold a node."""
        return np.flatnonzero(self.valid)

    def row_of(self, node_name: str) -> int | None:
        """The row of a node, or None."""
        return self._rows.get(node_name)

    # --- nodes -----------------------------------------------------------------------------

    def put_node(self, node: Node) -> None:
        """A node, new or changed. Raises QuantityError."""
        name = node.metadata.name
        offers = node_offers(node.status.allocatable if node.status is not None else {})
        row = self._rows.get(name)
        new = row is None
        if row is None:
            if not self._free:
                self._grow()
            row = self._rows[name] = self._free.pop()
        self.valid[row] = True
        self.unschedulable[row] = bool(node.spec is not None and node.spec.unschedulable)
        self.names[row] = name
        self.labels[row] = node.metadata.labels
        self.taints[row] = node.spec.taints if node.spec is not None else ()
        self.tainted[row] = bool(self.taints[row])
        self.allocatable[:, row] = 0
        for resource, amount in _amounts(offers):
            column = self._column(resource)  # first: it may put larger arrays in their place
            self.allocatable[column, row] = amount
        self._touch(row)
        if new:
            for uid, pod in self._homeless.pop(name, {}).items():
                self.add_pod(uid, pod, name)

    def remove_node(self, name: str) -> None:
        """A node went; its pods are kept for the case that it comes back."""
        row = self._rows.pop(name, None)
        if row is None:
            return
        for uid in self._on_row.pop(row, ()):
            self._homeless.setdefault(name, {})[uid] = self._placed.pop(uid).pod
        self.valid[row] = False
        self.requested[:, row] = 0
        self.scoring[:, row] = 0
        self.ports.pop(row, None)
        self._free.append(row)
        self._touch(row)

    # --- pods ------------------------------------------------------------------------------

    def add_pod(self, uid: str, pod: Pod, node_name: str) -> None:
        """Count a pod on a node; one that is counted already is left as it is."""
        if uid in self._placed:
            return
        row = self._rows.get(node_name)
        if row is None:
            self._homeless.setdefault(node_name, {})[uid] = pod
            return
        needs, ports = pod_needs(pod), host_ports(pod)
        self._placed[uid] = _Placed(pod, row, needs, ports)
        self._on_row.setdefault(row, {})[uid] = None
        self._count(row, needs, 1)
        for port in ports:
            taken = self.ports.setdefault(row, {})
            taken[port] = taken.get(port, 0) + 1
        self._touch(row)

    def remove_pod(self, uid: str, node_name: str) -> bool:
        """Take a pod off its node; answers whether it was counted."""
        placed = self._placed.pop(uid, None)
        if placed is None:
            waiting = self._homeless.get(node_name, {})
            waiting.pop(uid, None)
            if not waiting:
                self._homeless.pop(node_name, None)
            return False
        del self._on_row[placed.row][uid]
        self._count(placed.row, placed.needs, -1)
        for port in placed.ports:
            taken = self.ports[placed.row]
            taken[port] -= 1
            if not taken[port]:
                del taken[port]
        self._touch(placed.row)
        return True

    def needs_of(self, pod: Pod) -> list[tuple[int, int]]:
        """(column, amount) of what a pod asks for, a place among the pods included."""
        return [(self._column(resource), amount) for resource, amount in _wanted(pod_needs(pod))]

    def _count(self, row: int, needs: Needs, sign: int) -> None:
        requested = self.requested
        requested[CPU, row] += sign * needs.milli_cpu
        requested[MEMORY, row] += sign * needs.memory_bytes
        requested[EPHEMERAL, row] += sign * needs.ephemeral_storage_bytes
        requested[PODS, row] += sign
        self.scoring[0, row] += sign * needs.scoring_milli_cpu
        self.scoring[1, row] += sign * needs.scoring_memory_bytes
        for resource, amount in needs.extended.items():
            column = self._column(resource)
            self.requested[column, row] += sign * amount

    def _column(self, resource: str) -> int:
        column = self.resources.get(resource)
        if column is None:
            column = self.resources[resource] = len(self.resources)
            more = np.zeros((1, self.valid.size), np.int64)
            self.allocatable = np.concatenate([self.allocatable, more])
            self.requested = np.concatenate([self.requested, more.copy()])
        return column

    def _touch(self, row: int) -> None:
        log = self._log
        log.append(row)
        if len(log) > _LOG_LENGTH:
            half = _LOG_LENGTH // 2
            del log[:half]
            self._log_start += half

    def _grow(self) -> None:
        size = self.valid.size
        for name in ("valid", "unschedulable", "tainted"):
            setattr(self, name, np.concatenate([getattr(self, name), np.zeros(size, np.bool_)]))
        for name in ("allocatable", "requested", "scoring"):
            column: Int64 = getattr(self, name)
            setattr(self, name, np.concatenate([column, np.zeros_like(column)], axis=1))
        self.names += [""] * size
        self.labels += [{}] * size
        self.taints += [()] * size
        self._free = list(range(2 * size - 1, size - 1, -1))


def _amounts(needs: Needs) -> list[tuple[str, int]]:
    return [
        ("cpu", needs.milli_cpu),
        ("memory", needs.memory_bytes),
        ("ephemeral-storage", needs.ephemeral_storage_bytes),
        *needs.extended.items(),
    ]


def _wanted(needs: Needs) -> list[tuple[str, int]]:
    return [("pods", 1), *((name, amount) for name, amount in _amounts(needs) if amount)]


def host_ports(pod: Pod) -> tuple[HostPort, ...]:
    """The host ports that a pod's containers take."""
    if pod.spec is None:
        return ()
    return tuple(
        (port.protocol or "TCP", port.host_ip or "0.0.0.0", port.host_port)
        for container in (*pod.spec.containers, *pod.spec.init_containers)
        if container.ports and (container in pod.spec.containers or container.restart_policy)
        for port in container.ports
        if port.host_port
    )


def ports_conflict(taken: Mapping[HostPort, Any], wanted: tuple[HostPort, ...]) -> bool:
    """Whether one of the ports is taken; 0.0.0.0 conflicts with every address."""
    for protocol, ip, port in wanted:
        for other_protocol, other_ip, other_port in taken:
            if (protocol, port) == (other_protocol, other_port) and (
                ip == other_ip or "0.0.0.0" in (ip, other_ip)
            ):
                return True
    return False
