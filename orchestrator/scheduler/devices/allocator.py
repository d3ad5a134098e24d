"""The search for the devices that claims ask for, on one node: kube-scheduler's, choice by choice.

Claims, their requests and the devices of a request are tried in order, each device behind the one before it;
what leads nowhere is taken back. The first that is found is the answer, so that it is the original's.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from msgspec import Struct

from orchestrator.api.resource.v1 import Device, DeviceClass, ResourceClaim, ResourceSlice
from orchestrator.api.scalars import Quantity
from orchestrator.machinery.quantities import nano
from orchestrator.machinery.resource_claims import tolerates
from orchestrator.scheduler.devices.capacities import all_consumed, fits
from orchestrator.scheduler.devices.constraints import Constraint, constraint_of
from orchestrator.scheduler.devices.errors import AllocationFault, InvalidPools, TooManyDevices
from orchestrator.scheduler.devices.inventory import Inventory
from orchestrator.scheduler.devices.pools import DeviceId, Pool, PoolId, device_seen
from orchestrator.scheduler.devices.requests import (
    MOST_DEVICES,
    Request,
    alternatives,
    requests_of,
)
from orchestrator.scheduler.devices.selectors import SelectorError

ClassOf = Callable[[str], DeviceClass | None]
_NOTHING: Final[Mapping[str, int]] = {}
_EFFECTS: Final = ("NoExecute", "NoSchedule")


class Offer(Struct, frozen=True):
    """A device where it stands."""

    id: DeviceId
    device: Device
    slice: ResourceSlice
    pool: Pool


class Found(Struct, frozen=True):
    """A device for a request; `consumed` is what the claim takes of its capacity, None: it is the claim's alone."""

    request: Request
    offer: Offer
    consumed: Mapping[str, Quantity] | None = None


class Allocation(Struct, frozen=True):
    """The devices for one claim, and which alternative each of its requests got."""

    claim: ResourceClaim
    devices: tuple[Found, ...]
    chosen: tuple[Request, ...]


class _Place(NamedTuple):
    """Where the search stands: a device of a request of a claim."""

    claim: int
    request: int = 0
    alternative: int = -1  # -1: not chosen yet
    device: int = 0


class _Wanted(Struct):
    """A request, or an alternative, of the search."""

    request: Request
    device_class: DeviceClass
    count: int = 0
    all: tuple[Offer, ...] = ()


class Allocator:
    """One search. Raises AllocationFault where a claim, a class or a constraint is wrong."""

    def __init__(
        self,
        inventory: Inventory,
        class_of: ClassOf,
        node: str,
        labels: Mapping[str, str],
        claims: Sequence[ResourceClaim],
    ) -> None:
        self._inventory, self._class_of = inventory, class_of
        self._node, self._labels = node, labels
        self._claims = claims
        self._pools = inventory.pools(node, labels)
        self._suits: dict[tuple[DeviceId, int, int, int], bool] = {}
        self._available: dict[PoolId, dict[tuple[str, str], int]] = {}
        self._using: dict[PoolId, Counter[tuple[str, str]]] = {}
        self._taking: dict[DeviceId, Counter[str]] = {}
        self._devices: dict[DeviceId, set[int]] = {}  # given away in this search, to which claims
        self._found: list[list[Found]] = [[] for _ in claims]
        self._chosen: dict[tuple[int, int], int] = {}
        self._wanted = [self._wanted_by(number, claim) for number, claim in enumerate(claims)]
        self._constraints = [self._constraints_of(claim) for claim in claims]

    def search(self) -> list[Allocation] | None:
        """What each claim gets; None: there is not enough. Raises InvalidPools, too."""
        try:
            done = self._next(_Place(0), (0, 0, 0))
        except TooManyDevices:
            done = False
        if not done:
            if any(pool.invalid for pool in self._pools):
                raise InvalidPools("invalid resource pools were encountered")
            return None
        return [
            Allocation(
                claim,
                tuple(self._found[number]),
                tuple(
                    some[max(self._chosen.get((number, place), 0), 0)].request
                    for place, some in enumerate(self._wanted[number])
                ),
            )
            for number, claim in enumerate(self._claims)
        ]

    # --- what is asked ---------------------------------------------------------------------------

    def _wanted_by(self, number: int, claim: ResourceClaim) -> list[list[_Wanted]]:
        requests = requests_of(claim)
        wanted = [
            [
                self._looked_up(claim, number, place, which, each)
                for which, each in enumerate(alternatives(request))
            ]
            for place, request in enumerate(requests)
        ]
        least = sum(min((each.count for each in some), default=0) for some in wanted)
        if least > MOST_DEVICES:
            raise AllocationFault(
                f"claim {_name(claim)}: number of requested devices {least} exceeds the claim limit "
                f"of {MOST_DEVICES}"
            )
        return wanted

    def _looked_up(
        self, claim: ResourceClaim, number: int, place: int, which: int, request: Request
    ) -> _Wanted:
        said = f"claim {_name(claim)}, request {request.name}"
        for index, selector in enumerate(request.selectors):
            if selector.cel is None:
                raise AllocationFault(
                    f"{said}, selector #{index}: CEL expression empty (unsupported selector type?)"
                )
        if not request.class_name:
            raise AllocationFault(f"{said}: missing device class name (unsupported request type?)")
        device_class = self._class_of(request.class_name)
        if device_class is None:
            raise AllocationFault(
                f"{said}: could not retrieve device class {request.class_name}: "
                f'deviceclass.resource.k8s.io "{request.class_name}" not found'
            )
        wanted = _Wanted(request, device_class, request.count)
        if request.all:
            wanted.all = tuple(self._everything(said, (number, place, which), wanted))
            wanted.count = len(wanted.all)
        return wanted

    def _everything(self, said: str, key: tuple[int, int, int], wanted: _Wanted) -> Sequence[Offer]:
        """All devices that suit a request that asks for all."""
        found = []
        for pool in self._pools:
            for is_so, state in ((pool.incomplete, "being updated"), (pool.invalid, "invalid")):
                if is_so:
                    raise AllocationFault(
                        f"{said}: asks for all devices, but resource pool {pool.id} is currently "
                        f"{state}"
                    )
            for piece in pool.slices:
                for device in piece.spec.devices:
                    offer = Offer(DeviceId(*pool.id, device.name), device, piece, pool)
                    if self._is_suitable(key, wanted, offer) and self._has_room(wanted, offer):
                        found.append(offer)
        return found

    def _constraints_of(self, claim: ResourceClaim) -> list[Constraint]:
        constraints = claim.spec.devices.constraints if claim.spec.devices is not None else ()
        found = []
        for index, each in enumerate(constraints):
            constraint = constraint_of(each)
            if constraint is None:
                raise AllocationFault(
                    f"claim {_name(claim)}, constraint #{index}: empty constraint (unsupported "
                    "constraint type?)"
                )
            found.append(constraint)
        return found

    # --- the search ------------------------------------------------------------------------------

    def _next(self, at: _Place, start: tuple[int, int, int]) -> bool:
        """Find the devices from a place on; `start` is the pool, slice and device to begin with."""
        if at.claim >= len(self._claims):
            return True
        requests = self._wanted[at.claim]
        if at.request >= len(requests):
            try:
                return self._next(_Place(at.claim + 1), (0, 0, 0))
            except TooManyDevices:
                return False  # of the next claim: no choice in this one helps
        if at.alternative < 0:
            return self._choose(at)
        wanted = requests[at.request][at.alternative]
        if wanted.request.all and not wanted.all:
            return False
        if at.device >= wanted.count:
            return self._next(_Place(at.claim, at.request + 1), (0, 0, 0))
        if len(self._found[at.claim]) + wanted.count - at.device > MOST_DEVICES:
            raise TooManyDevices
        if wanted.request.all:
            return self._with(at, wanted, wanted.all[at.device], (0, 0, 0), must=True)
        return self._any(at, wanted, start)

    def _choose(self, at: _Place) -> bool:
        """Try the alternatives of a request in their order."""
        some = self._wanted[at.claim][at.request]
        exceeded = True
        for which in range(len(some)):
            try:
                done = self._next(at._replace(alternative=which), (0, 0, 0))
            except TooManyDevices:
                if len(some) == 1:
                    raise
                continue
            exceeded = False
            if done:
                self._chosen[at.claim, at.request] = which
                return True
        if exceeded:
            raise TooManyDevices
        return False

    def _any(self, at: _Place, wanted: _Wanted, start: tuple[int, int, int]) -> bool:
        """Try the devices behind `start` in their order."""
        key = (at.claim, at.request, at.alternative)
        for p in range(start[0], len(self._pools)):
            pool = self._pools[p]
            if pool.incomplete or pool.invalid:
                continue
            for s in range(start[1] if p == start[0] else 0, len(pool.slices)):
                piece = pool.slices[s]
                first = start[2] if (p, s) == start[:2] else 0
                for d in range(first, len(piece.spec.devices)):
                    device = piece.spec.devices[d]
                    offer = Offer(DeviceId(*pool.id, device.name), device, piece, pool)
                    if self._is_taken(at, wanted, offer):
                        continue
                    if not self._is_suitable(key, wanted, offer):
                        continue
                    if not self._has_room(wanted, offer):
                        continue
                    if self._with(at, wanted, offer, (p, s, d + 1), must=False):
                        return True
        return False

    def _with(
        self, at: _Place, wanted: _Wanted, offer: Offer, start: tuple[int, int, int], *, must: bool
    ) -> bool:
        """Take a device and find the rest; otherwise give it back."""
        give_back = self._take(at, wanted, offer, must=must)
        if give_back is None:
            return False
        try:
            if self._next(at._replace(device=at.device + 1), start):
                return True
        except TooManyDevices:
            give_back()
            raise
        give_back()
        return False

    def _is_taken(self, at: _Place, wanted: _Wanted, offer: Offer) -> bool:
        if wanted.request.admin:  # it sees devices that others have; each once in a claim
            return at.claim in self._devices.get(offer.id, ())
        return self._inventory.is_dedicated(offer.id) or bool(self._devices.get(offer.id))

    def _is_suitable(self, key: tuple[int, int, int], wanted: _Wanted, offer: Offer) -> bool:
        """Whether the class and the request choose a device, and the node sees it."""
        known = self._suits.get((offer.id, *key))
        if known is None:
            known = self._suits[offer.id, *key] = self._suits_request(key[0], wanted, offer)
        return known

    def _suits_request(self, claim: int, wanted: _Wanted, offer: Offer) -> bool:
        device_class = wanted.device_class
        of_class = f"class {device_class.metadata.name}"
        of_claim = f"claim {_name(self._claims[claim])}"
        for where, selectors in (
            (of_class, device_class.spec.selectors),
            (of_claim, wanted.request.selectors),
        ):
            for index, selector in enumerate(selectors):
                text = selector.cel.expression if selector.cel is not None else ""
                try:
                    if not self._inventory.is_chosen(text, offer.id.driver, offer.device):
                        return False
                except SelectorError as error:
                    raise AllocationFault(f"{where}: selector #{index}: {error}") from None
        if offer.slice.spec.per_device_node_selection:
            return device_seen(offer.device, self._node, self._labels)
        return True

    def _has_room(self, wanted: _Wanted, offer: Offer) -> bool:
        return fits(
            offer.device,
            wanted.request.capacity,
            self._inventory.taken(offer.id),
            self._taking.get(offer.id, _NOTHING),
        )

    def _take(
        self, at: _Place, wanted: _Wanted, offer: Offer, *, must: bool
    ) -> Callable[[], None] | None:
        """Give a device to a request; answers how to take it back. None: it cannot have it."""
        request, device = wanted.request, offer.device
        shared = bool(device.allow_multiple_allocations)
        if request.admin:
            if not shared and at.claim in self._devices.get(offer.id, ()):
                return None
        elif self._is_taken(at, wanted, offer):
            return None
        in_use = self._inventory.is_shared(offer.id) or offer.id in self._taking
        if device.consumes_counters and not (shared and in_use) and not self._use_counters(offer):
            return None
        if any(
            t.effect in _EFFECTS and not tolerates(request.tolerations, t) for t in device.taints
        ):
            return None
        base, sub = request.base_and_sub
        constraints = self._constraints[at.claim]
        for index, constraint in enumerate(constraints):
            if constraint.add(base, sub, offer.id.driver, device):
                continue
            if must:
                raise AllocationFault(
                    f"claim {_name(self._claims[at.claim])}, request {request.name}: cannot add "
                    f"device {offer.id} because a claim constraint would not be satisfied"
                )
            for earlier in constraints[:index]:
                earlier.remove(base, sub)
            return None
        if must and not self._has_room(wanted, offer):
            # Of all devices of a request, one of which earlier requests got too much by now. What the constraints
            # count stays, as kube-scheduler leaves it.
            return None
        consumed = self._consume(wanted, offer) if shared else None
        if not shared:
            self._devices.setdefault(offer.id, set()).add(at.claim)
        found = self._found[at.claim]
        found.append(Found(request, offer, consumed))

        def give_back() -> None:
            for constraint in constraints:
                constraint.remove(base, sub)
            if consumed is not None:
                self._release(offer.id, consumed)
            else:
                self._devices[offer.id].discard(at.claim)
                self._count_counters(offer, -1)
            found.pop()

        return give_back

    def _consume(self, wanted: _Wanted, offer: Offer) -> dict[str, Quantity]:
        consumed = all_consumed(offer.device, wanted.request.capacity)
        taking = self._taking.setdefault(offer.id, Counter())
        for name, amount in consumed.items():
            taking[name] += nano(amount)
        return consumed

    def _release(self, device: DeviceId, consumed: Mapping[str, Quantity]) -> None:
        taking = self._taking[device]
        for name, amount in consumed.items():
            taking[name] -= nano(amount)
        if not any(taking.values()):
            del self._taking[device]

    # --- counters that devices of a pool share -----------------------------------------------------

    def _use_counters(self, offer: Offer) -> bool:
        """Count what a device uses, unless the pool has not enough left."""
        self._count_counters(offer, 1)
        using = self._using[offer.pool.id]
        if all(amount >= using[key] for key, amount in self._counters_left(offer.pool).items()):
            return True
        self._count_counters(offer, -1)
        return False

    def _count_counters(self, offer: Offer, sign: int) -> None:
        if offer.device.consumes_counters:
            using = self._using.setdefault(offer.pool.id, Counter())
            for key, amount in _counters_of(offer.device):
                using[key] += sign * amount

    def _counters_left(self, pool: Pool) -> dict[tuple[str, str], int]:
        """What others have left of the counters of a pool."""
        left = self._available.get(pool.id)
        if left is None:
            left = self._available[pool.id] = {
                (counters.name, name): nano(counter.value)
                for counters in pool.counters.values()
                for name, counter in counters.counters.items()
            }
            for piece in (*pool.slices, *pool.elsewhere):
                for device in piece.spec.devices:
                    if device.consumes_counters and self._inventory.is_used(
                        DeviceId(*pool.id, device.name)
                    ):
                        for key, amount in _counters_of(device):
                            if key in left:
                                left[key] -= amount
        return left


def _counters_of(device: Device) -> list[tuple[tuple[str, str], int]]:
    return [
        ((each.counter_set, name), nano(counter.value))
        for each in device.consumes_counters
        for name, counter in each.counters.items()
    ]


def _name(claim: ResourceClaim) -> str:
    return f"{claim.metadata.namespace}/{claim.metadata.name}"
