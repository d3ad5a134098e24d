"""What a node has of devices, and which of them can be given away together."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

from tests.scheduler.oracle.device_amounts import Amounts
from tests.scheduler.oracle.quantities import parsed
from tests.scheduler.oracle.selectors import matches_node
from tests.scheduler.oracle.world import Manifest, World


class Name(NamedTuple):
    """A device by its pool and name."""

    pool: str
    device: str


class Given(NamedTuple):
    """A device that a claim has for a request, an alternative of it if it is one of some (below 0: it is exact).

    `amounts` is what it takes of the device's capacity; `admin`: it may have it beside whoever has it.
    """

    claim: str
    request: str
    alternative: int
    name: Name
    amounts: Amounts
    admin: bool = False


class Offers:
    """The devices that a node sees, in the order in which they are tried, and what claims have of all devices."""

    def __init__(self, world: World, node: str) -> None:
        slices = sorted(_of_whole_pools(world.all_of("ResourceSlice")), key=_order)
        self._all = {
            Name(each["spec"]["pool"]["name"], device["name"]): device
            for each in slices
            for device in each["spec"].get("devices") or ()
        }
        self.devices = {
            Name(each["spec"]["pool"]["name"], device["name"]): device
            for each in slices
            for device in each["spec"].get("devices") or ()
            if _sees(
                world.nodes[node],
                device if each["spec"].get("perDeviceNodeSelection") else each["spec"],
            )
        }
        self._counters = {
            (each["spec"]["pool"]["name"], one["name"], name): parsed(counter["value"])
            for each in slices
            for one in each["spec"].get("sharedCounters") or ()
            for name, counter in one["counters"].items()
        }
        self.taken = [
            Given(claim["metadata"]["name"], result["request"], -1, name, _consumed(result))
            for claim in world.all_of("ResourceClaim")
            for result in results_of(claim)
            if (name := Name(result["pool"], result["device"])) in self._all
            and not result.get("adminAccess")
        ]

    def can_have(self, given: Sequence[Given]) -> bool:
        """Whether all that is given can be had beside what others have, one after another."""
        return self._counters_suffice(given) and all(
            self._is_free(each, given[:place]) for place, each in enumerate(given)
        )

    def has_room(self, given: Given) -> bool:
        """Whether a device has enough left for one beside what others have, whoever else would want some."""
        return self._has_room(given, self.taken)

    def _is_free(self, wanted: Given, before: Sequence[Given]) -> bool:
        """A device is one claim's for one request, unless it may be had by several or an administrator looks in."""
        if self.devices[wanted.name].get("allowMultipleAllocations"):
            return self._has_room(wanted, (*self.taken, *before))
        if wanted.admin:
            return all((each.name, each.claim) != (wanted.name, wanted.claim) for each in before)
        return all(each.name != wanted.name for each in (*self.taken, *before))

    def _has_room(self, wanted: Given, others: Iterable[Given]) -> bool:
        users = [wanted, *(each for each in others if each.name == wanted.name)]
        return all(
            sum(each.amounts.get(capacity, Fraction(0)) for each in users) <= parsed(has["value"])
            for capacity, has in (self.devices[wanted.name].get("capacity") or {}).items()
        )

    def _counters_suffice(self, given: Sequence[Given]) -> bool:
        """Devices that are parts of one use together no more than there is of it.

        One that several may have uses it once; an administrator's device counts beside its owner's.
        """
        pools = {each.name.pool for each in given if self._all[each.name].get("consumesCounters")}
        using = list(dict.fromkeys(each.name for each in self.taken))
        for each in given:
            if each.name not in using or not self._all[each.name].get("allowMultipleAllocations"):
                using.append(each.name)
        used = dict.fromkeys(self._counters, Fraction(0))
        for name in using:
            for key, amount in self._uses(name):
                used[key] += amount
        return all(used[key] <= amount for key, amount in self._counters.items() if key[0] in pools)

    def _uses(self, name: Name) -> Iterator[tuple[tuple[str, str, str], Fraction]]:
        for each in self._all[name].get("consumesCounters") or ():
            for counter, has in each["counters"].items():
                yield (name.pool, each["counterSet"], counter), parsed(has["value"])


def _of_whole_pools(slices: Sequence[Manifest]) -> Iterator[Manifest]:
    """A pool of which slices are missing is not given away."""
    pieces = Counter(each["spec"]["pool"]["name"] for each in slices)
    for each in slices:
        pool = each["spec"]["pool"]
        if pieces[pool["name"]] == pool["resourceSliceCount"]:
            yield each


def _order(piece: Manifest) -> tuple[str, str]:
    return piece["spec"]["pool"]["name"], piece["metadata"]["name"]


def _sees(node: Manifest, given: Manifest) -> bool:
    """Whether a slice, or a device that says so itself, is for a node."""
    if "nodeName" in given:
        return bool(given["nodeName"] == node["metadata"]["name"])
    return bool(given.get("allNodes")) or (
        "nodeSelector" in given and matches_node(given["nodeSelector"], node)
    )


def results_of(claim: Manifest) -> Sequence[Manifest]:
    """What an allocated claim has."""
    allocation = (claim.get("status") or {}).get("allocation") or {"devices": {"results": ()}}
    found: Sequence[Manifest] = allocation["devices"]["results"]
    return found


def _consumed(result: Manifest) -> Amounts:
    return {name: parsed(text) for name, text in (result.get("consumedCapacity") or {}).items()}
