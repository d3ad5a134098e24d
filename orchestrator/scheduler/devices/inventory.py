"""The devices that drivers offer and those that are given away, kept change by change.

An allocation counts from when the scheduler has chosen it: until the claim says it, it is *pending*.
Whoever remembers something of nodes is told which of them see something else now.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Final, TypeVar

from orchestrator.api.resource.v1 import (
    AllocationResult,
    Device,
    DeviceClass,
    ResourceClaim,
    ResourceSlice,
)
from orchestrator.machinery.quantities import nano
from orchestrator.scheduler.devices.extended import names_of
from orchestrator.scheduler.devices.pools import (
    DeviceId,
    Pool,
    PoolId,
    devices_seen,
    gather,
    pool_id,
)
from orchestrator.scheduler.devices.selectors import SelectorError, matches

K = TypeVar("K")

_NOTHING: Final[Mapping[str, int]] = {}


class Inventory:
    """`touch` is called with the name of a node that sees other devices; empty: all do."""

    def __init__(self, touch: Callable[[str], None]) -> None:
        self._touch = touch
        self._by_pool: dict[PoolId, dict[str, ResourceSlice]] = {}
        self._local: dict[str, dict[str, ResourceSlice]] = {}  # by node, then by uid
        self._shared: dict[str, ResourceSlice] = {}
        self._pools: dict[str, tuple[Mapping[str, str], list[Pool]]] = {}
        self._classes: dict[str, DeviceClass] = {}
        self.backed: dict[str, str] = {}  # extended resource -> the class whose devices are meant
        self._chosen: dict[str, dict[int, tuple[Device, bool]]] = {}  # by expression, then device
        self._allocated: dict[str, AllocationResult] = {}  # by the uid of the claim
        self.pending: dict[str, AllocationResult] = {}
        self._dedicated: Counter[DeviceId] = Counter()
        self._shares: Counter[DeviceId] = Counter()
        self._taken: dict[DeviceId, Counter[str]] = {}

    # --- what drivers offer ------------------------------------------------------------------

    def put_slice(self, old: ResourceSlice | None, new: ResourceSlice | None) -> None:
        """A slice came, changed or went."""
        self._chosen.clear()
        for piece, sign in ((old, -1), (new, 1)):
            if piece is not None:
                self._place(piece, sign)

    def _place(self, piece: ResourceSlice, sign: int) -> None:
        uid = piece.metadata.uid
        whole = self._by_pool.setdefault(pool_id(piece), {})
        node = "" if piece.spec.shared_counters else piece.spec.node_name or ""
        some = self._local.setdefault(node, {}) if node else self._shared
        if sign > 0:
            whole[uid] = some[uid] = piece
        else:
            whole.pop(uid, None)
            some.pop(uid, None)
        if node:
            self._pools.pop(node, None)
        else:
            self._pools.clear()
        self._touch(node)
        if not whole:
            del self._by_pool[pool_id(piece)]
        if node and not some:
            del self._local[node]

    def put_class(self, old: DeviceClass | None, new: DeviceClass | None) -> bool:
        """A class came, changed or went: what suits a request may be different everywhere.

        Answers whether it stands for other extended resources.
        """
        if self._by_pool:
            self._touch("")
        if old is not None:
            self._classes.pop(old.metadata.name, None)
        if new is not None:
            self._classes[new.metadata.name] = new
        before, self.backed = self.backed, names_of([*self._classes.values()])
        return before != self.backed

    def pools(self, node: str, labels: Mapping[str, str]) -> list[Pool]:
        """The pools of which a node sees something. Not to be changed."""
        known = self._pools.get(node)
        if known is not None and (known[0] is labels or known[0] == labels):
            return known[1]
        slices = [*self._local.get(node, {}).values(), *self._shared.values()]
        pools = gather(node, labels, slices, self._of_pool) if slices else []
        self._pools[node] = (labels, pools)
        return pools

    def _of_pool(self, key: PoolId) -> Iterable[ResourceSlice]:
        return self._by_pool.get(key, {}).values()

    def is_chosen(self, expression: str, driver: str, device: Device) -> bool:
        """Whether an expression chooses a device of a slice that is here. Raises SelectorError."""
        known = self._chosen.setdefault(expression, {})
        found = known.get(id(device))
        if found is None:
            found = known[id(device)] = (device, matches(expression, driver, device))
        return found[1]

    def totals(self, class_name: str, node: str, labels: Mapping[str, str]) -> tuple[int, int]:
        """How many devices of a class a node sees, and how many of them are used; none where a selector fails.

        As kube-scheduler counts them for scores: slice by slice, whatever pool and generation a slice is of.
        """
        wanted = self._classes.get(class_name)
        count = used = 0
        for piece in (*self._local.get(node, {}).values(), *self._shared.values()):
            for device in devices_seen(piece, node, labels):
                try:
                    suits = wanted is not None and self._suits(wanted, piece.spec.driver, device)
                except SelectorError:
                    return 0, 0
                count += suits
                used += suits and self.is_used(DeviceId(*pool_id(piece), device.name))
        return count, used

    def _suits(self, wanted: DeviceClass, driver: str, device: Device) -> bool:
        return all(
            self.is_chosen(selector.cel.expression, driver, device)
            for selector in wanted.spec.selectors
            if selector.cel is not None
        )

    # --- what is given away --------------------------------------------------------------------

    def put_claim(self, old: ResourceClaim | None, new: ResourceClaim | None) -> None:
        """A claim came, changed or went."""
        if old is not None and (new is None or new.metadata.uid != old.metadata.uid):
            self.pending.pop(old.metadata.uid, None)
            self._count(old.metadata.uid, None)
        if new is None:
            return
        uid = new.metadata.uid
        allocation = new.status.allocation if new.status is not None else None
        if allocation is not None:
            self.pending.pop(uid, None)
        self._count(uid, allocation if allocation is not None else self.pending.get(uid))

    def assume(self, uid: str, allocation: AllocationResult) -> None:
        """A claim is to get what was found for it."""
        self.pending[uid] = allocation
        self._count(uid, allocation)

    def forget(self, uid: str) -> None:
        """It does not get it after all; nothing happens once the claim has it."""
        if self.pending.pop(uid, None) is not None:
            self._count(uid, None)

    def is_dedicated(self, device: DeviceId) -> bool:
        """Whether a claim has the device for itself."""
        return device in self._dedicated

    def taken(self, device: DeviceId) -> Mapping[str, int]:
        """What claims have of the capacity of a device, in nano units."""
        return self._taken.get(device, _NOTHING)

    def is_shared(self, device: DeviceId) -> bool:
        """Whether some claims have capacity of the device."""
        return device in self._taken

    def is_used(self, device: DeviceId) -> bool:
        """Whether anybody has the device, or something of it."""
        return device in self._dedicated or device in self._shares or device in self._taken

    def _count(self, uid: str, allocation: AllocationResult | None) -> None:
        was = self._allocated.pop(uid, None)
        if allocation is not None:
            self._allocated[uid] = allocation
        if was == allocation:
            return
        pools: dict[PoolId, None] = {}
        for each, sign in ((was, -1), (allocation, 1)):
            if each is not None:
                self._add(each, sign, pools)
        for key in pools:
            nodes = {piece.spec.node_name or "" for piece in self._of_pool(key)}
            for node in ("",) if "" in nodes else sorted(nodes):
                self._touch(node)

    def _add(self, allocation: AllocationResult, sign: int, pools: dict[PoolId, None]) -> None:
        for result in allocation.devices.results if allocation.devices is not None else ():
            pools[PoolId(result.driver, result.pool)] = None
            if result.admin_access:
                continue
            device = DeviceId(result.driver, result.pool, result.device)
            if result.share_id is None:
                _count(self._dedicated, device, sign)
                continue
            _count(self._shares, device, sign)
            taken = self._taken.setdefault(device, Counter())
            for name, amount in result.consumed_capacity.items():
                _count(taken, name, sign * nano(amount))
            if not taken:
                del self._taken[device]


def _count(counter: Counter[K], key: K, more: int) -> None:
    """Count, and forget what is at zero."""
    counter[key] += more
    if not counter[key]:
        del counter[key]
