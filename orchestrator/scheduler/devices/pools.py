"""What a node sees of the pools of devices that drivers publish, slice by slice."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from msgspec import Struct

from orchestrator.api.core.v1 import NodeSelector
from orchestrator.api.resource.v1 import CounterSet, Device, ResourceSlice
from orchestrator.machinery import node_affinity


class PoolId(NamedTuple):
    """A pool is a driver's."""

    driver: str
    pool: str

    def __str__(self) -> str:
        return f"{self.driver}/{self.pool}"


class DeviceId(NamedTuple):
    """A device of a pool."""

    driver: str
    pool: str
    device: str

    def __str__(self) -> str:
        return f"{self.driver}/{self.pool}/{self.device}"


class Pool(Struct, frozen=True):
    """A pool as a node sees it. `invalid` is why it is not to be believed; empty: it is.

    `slices` have devices for the node, `elsewhere` are the others, which may use the same counters.
    """

    id: PoolId
    incomplete: bool = False
    invalid: str = ""
    slices: tuple[ResourceSlice, ...] = ()
    elsewhere: tuple[ResourceSlice, ...] = ()
    counters: Mapping[str, CounterSet] = {}

    def has_binding_conditions(self) -> bool:
        """Whether a device is to be prepared before its pod is bound: such pools come last."""
        return any(d.binding_conditions for s in self.slices for d in s.spec.devices)


def pool_id(piece: ResourceSlice) -> PoolId:
    """The pool of a slice."""
    return PoolId(piece.spec.driver, piece.spec.pool.name)


def sees(
    name: str,
    labels: Mapping[str, str],
    node_name: str | None,
    all_nodes: bool | None,
    selector: NodeSelector | None,
) -> bool:
    """Whether a slice or a device with these words about nodes is for a node."""
    if node_name:
        return name == node_name
    if all_nodes:
        return True
    return selector is not None and node_affinity.matcher(selector)(labels, name)


def device_seen(device: Device, name: str, labels: Mapping[str, str]) -> bool:
    """Whether a device that says itself for which nodes it is, is for a node."""
    return sees(name, labels, device.node_name, device.all_nodes, device.node_selector)


def devices_seen(piece: ResourceSlice, name: str, labels: Mapping[str, str]) -> Sequence[Device]:
    """The devices of a slice that are for a node."""
    spec = piece.spec
    if spec.per_device_node_selection:
        return [device for device in spec.devices if device_seen(device, name, labels)]
    seen = sees(name, labels, spec.node_name, spec.all_nodes, spec.node_selector)
    return spec.devices if seen else ()


def gather(
    name: str,
    labels: Mapping[str, str],
    slices: Iterable[ResourceSlice],
    of_pool: Callable[[PoolId], Iterable[ResourceSlice]],
) -> list[Pool]:
    """The pools of which a node sees something, in the order in which they are searched.

    `slices` are those that may be for the node, `of_pool` answers all slices of a pool.
    """
    seen: dict[PoolId, list[ResourceSlice]] = {}
    for piece in slices:
        if _is_relevant(piece, name, labels):
            _add(seen.setdefault(pool_id(piece), []), piece)
    found = [pool for key in sorted(seen) if (pool := _pool(key, seen[key], of_pool)) is not None]
    return sorted(found, key=Pool.has_binding_conditions)  # keeps the order otherwise


def _is_relevant(piece: ResourceSlice, name: str, labels: Mapping[str, str]) -> bool:
    spec = piece.spec
    if spec.shared_counters:
        return True
    if spec.node_name or spec.all_nodes or spec.node_selector is not None:
        return sees(name, labels, spec.node_name, spec.all_nodes, spec.node_selector)
    if spec.per_device_node_selection:
        return any(device_seen(device, name, labels) for device in spec.devices)
    return False


def _add(pieces: list[ResourceSlice], piece: ResourceSlice) -> None:
    """Slices of an older generation than the newest seen do not count."""
    generation = piece.spec.pool.generation
    if pieces and generation < pieces[0].spec.pool.generation:
        return
    if pieces and generation > pieces[0].spec.pool.generation:
        pieces.clear()
    pieces.append(piece)


def _pool(
    key: PoolId,
    seen: Sequence[ResourceSlice],
    of_pool: Callable[[PoolId], Iterable[ResourceSlice]],
) -> Pool | None:
    """None for a pool of which a newer generation is elsewhere."""
    wanted = seen[0].spec.pool
    if len(seen) == wanted.resource_slice_count:
        return _built(key, seen, ())
    everything = list(of_pool(key))
    if any(each.spec.pool.generation > wanted.generation for each in everything):
        return None
    present = [each for each in everything if each.spec.pool.generation == wanted.generation]
    if len(present) != wanted.resource_slice_count:
        return Pool(key, incomplete=True)
    names = {each.metadata.name for each in seen}
    return _built(key, seen, tuple(e for e in present if e.metadata.name not in names))


def _built(
    key: PoolId, seen: Sequence[ResourceSlice], elsewhere: tuple[ResourceSlice, ...]
) -> Pool:
    ordered = sorted(seen, key=lambda each: each.metadata.name)
    slices = tuple(each for each in ordered if not each.spec.shared_counters)
    sets = [one for each in ordered for one in each.spec.shared_counters]
    counters = {one.name: one for one in sets}
    invalid = (
        _duplicate("device name", [d.name for each in slices for d in each.spec.devices])
        or _duplicate("counter set name", [one.name for one in sets])
        or _unknown_counter(counters, [*ordered, *elsewhere])
    )
    if invalid:
        return Pool(key, invalid=invalid)
    return Pool(key, slices=slices, elsewhere=elsewhere, counters=counters)


def _duplicate(what: str, names: Sequence[str]) -> str:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return f"duplicate {what} {name}"
        seen.add(name)
    return ""


def _unknown_counter(counters: Mapping[str, CounterSet], slices: Iterable[ResourceSlice]) -> str:
    for piece in slices:
        for device in piece.spec.devices:
            for consumption in device.consumes_counters:
                known = counters.get(consumption.counter_set)
                if known is None:
                    return f"counter set {consumption.counter_set} not found"
                for name in consumption.counters:
                    if name not in known.counters:
                        return f"counter {name} not found in counter set {known.name}"
    return ""
