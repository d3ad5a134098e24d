"""The nodes as columns: what the scheduler knows of them, kept up to date change by change.

A node is a row; rows of nodes that went are used again. Amounts are int64 columns, one for each
resource that any node offers or any pod asks for. Whoever remembers something about rows reads in
`touched_since` which ones have changed since.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, Protocol, TypeAlias, TypeVar

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from numpy.typing import NDArray

from orchestrator.api.core.v1 import ContainerImage, Node, Pod, Taint
from orchestrator.machinery.host_ports import HostPort, host_ports
from orchestrator.machinery.resizing import placed_needs
from orchestrator.machinery.resources import Needs, node_offers, pod_needs
from orchestrator.scheduler.amounts import amount_of, amounts, by_resource, wanted
from orchestrator.scheduler.claim_uses import ClaimUses
from orchestrator.scheduler.devices.inventory import Inventory
from orchestrator.scheduler.domains import Domains
from orchestrator.scheduler.nominations import priority_of
from orchestrator.scheduler.populations import Population, Populations, Query

T = TypeVar("T")
Int64: TypeAlias = NDArray[np.int64]
Bool: TypeAlias = NDArray[np.bool_]
Rows: TypeAlias = NDArray[np.intp]

CPU, MEMORY, EPHEMERAL, PODS = range(4)
RESOURCES: Final = ("cpu", "memory", "ephemeral-storage", "pods")
_FIRST_ROWS: Final = 64
_LOG_LENGTH: Final = 65_536
_FEW_CHANGES: Final = 64  # worth telling one by one however few nodes there are
_NO_FEATURES: Final[frozenset[str]] = frozenset()


class Objects(Protocol):
    """The objects of one kind; a `client.Cache` is such."""

    @property
    def revision(self) -> int:
        """The newest one that has been heard of."""
        ...

    def get(self, namespace: str, name: str) -> Any | None:
        """One object."""
        ...

    def list(self, namespace: str | None = None) -> Iterator[Any]:
        """All objects of a namespace, or of all."""
        ...

    def add_index(self, name: str, function: Callable[[Any], Iterable[str]]) -> None:
        """Find objects by what a function answers of them; an index of that name is kept."""
        ...

    def by_index(self, index: str, value: str) -> Iterable[Any]:
        """The objects of which the index's function answered a value."""
        ...


class Image(Struct):
    """An image and the rows that have it; its bytes are as the first node said that had it."""

    size: int
    rows: set[int]


class _Placed(Struct, frozen=True, gc=False):
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
        self.features: list[frozenset[str]] = [_NO_FEATURES] * _FIRST_ROWS
        self.ports: dict[int, dict[HostPort, int]] = {}
        self._rows: dict[str, int] = {}
        self._free: list[int] = list(range(_FIRST_ROWS - 1, -1, -1))
        self._placed: dict[str, _Placed] = {}
        self._priorities: dict[int, int] = {}  # of the pods placed: how many have each
        self._on_row: dict[int, dict[str, None]] = {}  # the uids of the pods placed there
        self._homeless: dict[str, dict[str, Pod]] = {}  # pods of nodes that are not here (yet)
        self._log: list[int] = []
        self._log_start = 0
        self._told = 0  # the latest version of which somebody has asked what was touched until then
        self._touched_at = [0] * _FIRST_ROWS
        self._all_touched_at = 0
        self.populations = Populations(_FIRST_ROWS)
        self._domains = Domains(self.labels)
        self.images: dict[str, Image] = {}
        self._images_of: dict[int, tuple[str, ...]] = {}
        # Caches of other kinds, for plugins that look at them (`Plugin.watches`).
        self.objects: dict[type, Objects] = {}
        self.missed: set[tuple[type, str, str]] = set()  # owners that kernels looked for in vain
        self.claims = ClaimUses(_FIRST_ROWS)
        # What follows from objects and nodes alone: by what it is, with what it is true of.
        self._derived: dict[Hashable, tuple[tuple[int, int], Any]] = {}
        self.assumed_volumes: dict[str, str] = {}  # volume -> uid of the claim that will get it
        self.devices = Inventory(self._touch_node)
        # The clock and the source of names of whoever keeps the snapshot.
        self.now: Callable[[], float] = float
        self.new_uid: Callable[[], str] = str
        self.nodes_version = 0  # grows with every change of a node itself
        self._facts = 0

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def version(self) -> int:
        """Grows with every change of any row."""
        return self._log_start + len(self._log)

    @property
    def facts(self) -> int:
        """Grows with what kernels are made from, apart from rows: objects, terms, known images."""
        return self._facts + self.populations.terms_changed

    def learned(self) -> None:
        """Something has changed that kernels are made from."""
        self._facts += 1

    def derived(self, what: Hashable, compute: Callable[[], T]) -> T:
        """Something that follows from objects and nodes, not from pods: worked out once until one changes."""
        known, state = self._derived.get(what), (self._facts, self.nodes_version)
        if known is None or known[0] != state:
            known = self._derived[what] = state, compute()
        answer: T = known[1]
        return answer

    def touched_since(self, version: int) -> list[int] | None:
        """The rows that have changed since; None: too many changes ago to be worth telling."""
        log, known = self._log, version - self._log_start
        self._told = self.version
        if known < 0 or len(log) - known > max(len(self._rows), _FEW_CHANGES):
            return None
        return list(dict.fromkeys(log[known:]))

    def touched_at(self, row: int) -> int:
        """The version of the snapshot since which a row is as it is."""
        return max(self._touched_at[row], self._all_touched_at)

    @contextmanager
    def aside(self, row: int) -> Iterator[None]:
        """What changes on a row inside the block is undone at its end: nobody has to look at the row again.

        Who undoes it puts the same pods back; here they get their order back.
        """
        version, touched_at = self.version, self._touched_at[row]
        claims, pods = self.claims, dict(self._on_row.get(row, {}))
        supposed, before, claims.supposing = claims.supposed.copy(), claims.supposing, True
        try:
            yield
        finally:
            self._on_row[row], claims.supposed, claims.supposing = pods, supposed, before
            if self._told <= version and version >= self._log_start:
                del self._log[version - self._log_start :]
                self._touched_at[row] = touched_at

    @property
    def supposes(self) -> bool:
        """Whether rows are as if pods had come or gone, inside of `aside`."""
        return self.claims.supposing

    def all_rows(self) -> Rows:
        """The rows that hold a node."""
        return np.flatnonzero(self.valid)

    def row_of(self, node_name: str) -> int | None:
        """The row of a node, or None."""
        return self._rows.get(node_name)

    def rows_of(self, node_names: Iterable[str]) -> Rows:
        """The rows of nodes that are there, ascending."""
        rows = (self._rows.get(name) for name in node_names)
        return np.array(sorted(row for row in rows if row is not None), np.intp)

    def rows_as_they_came(self) -> Iterable[int]:
        """The rows that hold a node, the one that is there longest first."""
        return self._rows.values()

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
        declared = node.status.declared_features if node.status is not None else ()
        self.features[row] = frozenset(declared) if declared else _NO_FEATURES
        self.nodes_version += 1
        self._domains.put(row)
        self._put_images(row, node.status.images if node.status is not None else ())
        self.allocatable[:, row] = 0
        for resource, amount in amounts(offers):
            column = self.column(resource)  # first: it may put larger arrays in their place
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
            pod = self._placed.pop(uid).pod
            self._count_priority(pod, -1)
            self.claims.add(pod, row, -1)
            self._homeless.setdefault(name, {})[uid] = pod
            self.populations.add(pod, row, -1)
        self.valid[row] = False
        self.nodes_version += 1
        self._put_images(row, ())
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
        needs, ports = placed_needs(pod), host_ports(pod)
        self._placed[uid] = _Placed(pod, row, needs, ports)
        self._on_row.setdefault(row, {})[uid] = None
        self._count_priority(pod, 1)
        self._count(row, needs, 1)
        self.claims.add(pod, row, 1)
        self.populations.add(pod, row, 1)
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
        self._count_priority(placed.pod, -1)
        self._count(placed.row, placed.needs, -1)
        self.claims.add(placed.pod, placed.row, -1)
        self.populations.add(placed.pod, placed.row, -1)
        for port in placed.ports:
            taken = self.ports[placed.row]
            taken[port] -= 1
            if not taken[port]:
                del taken[port]
        self._touch(placed.row)
        return True

    def update_pod(self, uid: str, pod: Pod, node_name: str) -> bool:
        """A placed pod has other labels or resources, or is being deleted.

        Answers whether it needs less of something than before.
        """
        placed = self._placed.get(uid)
        if placed is None:
            if uid in self._homeless.get(node_name, {}):
                self._homeless[node_name][uid] = pod
            return False
        needs, before = placed_needs(pod), placed.needs
        if needs != before:
            self._count(placed.row, before, -1)
            self._count(placed.row, needs, 1)
        self.populations.add(placed.pod, placed.row, -1)
        self._count_priority(placed.pod, -1)
        self._placed[uid] = replace(placed, pod=pod, needs=needs)
        self._count_priority(pod, 1)
        self.populations.add(pod, placed.row, 1)
        self._touch(placed.row)
        return needs != before and any(
            amount > amount_of(needs, name) for name, amount in amounts(before)
        )

    def any_below(self, priority: int) -> bool:
        """Whether some pod that is placed has a lower priority."""
        return any(each < priority for each in self._priorities)

    @property
    def pod_count(self) -> int:
        """How many pods are counted on nodes."""
        return len(self._placed)

    def holds(self, uid: str) -> bool:
        """Whether a pod is counted on a node."""
        return uid in self._placed

    def placed_pod(self, uid: str) -> Pod | None:
        """A pod that is counted on a node, as it was last told."""
        placed = self._placed.get(uid)
        return placed.pod if placed is not None else None

    def pods_on(self, row: int) -> list[Pod]:
        """The pods of a row, in the order in which they came."""
        return [self._placed[uid].pod for uid in self._on_row.get(row, ())]

    def counted_for(self, pod: Pod, columns: Iterable[int]) -> list[int]:
        """How much of some columns is counted for a pod that is placed."""
        placed = self._placed.get(pod.metadata.uid)
        needs = {} if placed is None else by_resource(placed.needs)
        names = list(self.resources)
        return [needs.get(names[column], 0) for column in columns]

    def current(self, pod: Pod) -> Pod:
        """A counted pod as the watch last told it: with its status."""
        pods = self.objects.get(Pod)
        if pods is None:
            return pod
        found = pods.get(pod.metadata.namespace, pod.metadata.name)
        return found if found is not None and found.metadata.uid == pod.metadata.uid else pod

    def population(self, query: Query) -> Population:
        """How many pods of a query each row holds; follows them from now on. Not to be changed."""
        return self.populations.of(query)

    # --- topology --------------------------------------------------------------------------

    def domains(self, key: str) -> Int64:
        """For each row the number of its value of a label, -1 without one. Not to be changed."""
        return self._domains.of(key, self._rows.values(), self.valid.size)

    def has_domains_of_one(self, key: str) -> bool:
        """Whether no two nodes have the same value of a label, as with names of hosts."""

        def compute() -> bool:
            domains = self.domains(key)[self.valid]
            domains = domains[domains >= 0]
            return len(np.unique(domains)) == len(domains)

        return self.derived(("domains of one", key), compute)

    def domain_count(self, key: str) -> int:
        """How many numbers `domains` has given."""
        self.domains(key)
        return self._domains.count(key)

    def _put_images(self, row: int, images: Sequence[ContainerImage]) -> None:
        before = self._images_of.pop(row, ())
        if not images and not before:
            return
        known = len(self.images)
        for name in before:
            self.images[name].rows.discard(row)
            if not self.images[name].rows:
                del self.images[name]
        for image in images:
            for name in image.names:
                self.images.setdefault(name, Image(image.size_bytes or 0, set())).rows.add(row)
        self._images_of[row] = tuple({name for image in images for name in image.names})
        if len(self.images) != known or before:
            self.learned()

    def backed_by_devices(self, pod: Pod) -> dict[str, int]:
        """The extended resources that a pod asks for and that a class of devices stands for, with amounts."""
        backed = self.devices.backed
        if not backed:
            return {}
        return {
            n: amount for n, amount in pod_needs(pod).extended.items() if amount and n in backed
        }

    def uses_devices(self, pod: Pod) -> bool:
        """Whether a pod has claims of devices, or may need one."""
        spec = pod.spec
        if spec is None:
            return False
        return bool(spec.resource_claims or (self.devices.backed and self.backed_by_devices(pod)))

    def needs_of(self, pod: Pod) -> list[tuple[int, int]]:
        """(column, amount) of what a pod asks for, a place among the pods included."""
        return [(self.column(resource), amount) for resource, amount in wanted(pod_needs(pod))]

    def _count_priority(self, pod: Pod, sign: int) -> None:
        priority = priority_of(pod)
        count = self._priorities.get(priority, 0) + sign
        if count:
            self._priorities[priority] = count
        else:
            del self._priorities[priority]

    def _count(self, row: int, needs: Needs, sign: int) -> None:
        requested = self.requested
        requested[CPU, row] += sign * needs.milli_cpu
        requested[MEMORY, row] += sign * needs.memory_bytes
        if needs.ephemeral_storage_bytes:
            requested[EPHEMERAL, row] += sign * needs.ephemeral_storage_bytes
        requested[PODS, row] += sign
        self.scoring[0, row] += sign * needs.placed_milli_cpu
        self.scoring[1, row] += sign * needs.placed_memory_bytes
        for resource, amount in needs.extended.items():
            column = self.column(resource)
            self.requested[column, row] += sign * amount

    def column(self, resource: str) -> int:
        """The column of a resource."""
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
        self._touched_at[row] = self._log_start + len(log)
        if len(log) > _LOG_LENGTH:
            half = _LOG_LENGTH // 2
            del log[:half]
            self._log_start += half

    def _touch_node(self, name: str) -> None:
        """A node, or with an empty name each of them, is to be looked at again."""
        if not name:
            self._log_start += len(self._log) + 1
            self._log.clear()
            self._all_touched_at = self._log_start
        elif (row := self._rows.get(name)) is not None:
            self._touch(row)

    def _grow(self) -> None:
        size = self.valid.size
        self.claims.grow(size)
        for name in ("valid", "unschedulable", "tainted"):
            setattr(self, name, np.concatenate([getattr(self, name), np.zeros(size, np.bool_)]))
        self._domains.grow(size)
        self.populations.grow(2 * size)
        for name in ("allocatable", "requested", "scoring"):
            column: Int64 = getattr(self, name)
            setattr(self, name, np.concatenate([column, np.zeros_like(column)], axis=1))
        self.names += [""] * size
        self._touched_at += [0] * size
        self.labels += [{}] * size
        self.taints += [()] * size
        self.features += [_NO_FEATURES] * size
        self._free = list(range(2 * size - 1, size - 1, -1))
