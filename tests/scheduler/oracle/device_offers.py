"""What a node has of devices, and which of them can be given away together."""

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

from tests.scheduler.oracle.device_amounts import Amounts
from tests.scheduler.oracle.quantities import parsed
from tests.scheduler.oracle.world import Manifest, World


class Name(NamedTuple):
    """A device by its pool and name."""

    pool: str
    device: str


class Given(NamedTuple):
    """A device that a claim has for a request, an alternative of it if it is one of some (below 0: it is exact).

    `amounts` is what it takes of the device's capacity.
    """

    claim: str
    request: str
    alternative: int
    name: Name
    amounts: Amounts


class Offers:
    """The devices that a node sees, and what claims have of all devices."""

    def __init__(self, world: World, node: str) -> None:
        slices = [each["spec"] for each in world.all_of("ResourceSlice")]
        of_the_node = [each for each in slices if each.get("nodeName") == node]
        self.devices = {
            Name(each["pool"]["name"], device["name"]): device
            for each in of_the_node
            for device in each.get("devices") or ()
        }
        self._counters = {
            (each["pool"]["name"], one["name"], name): parsed(counter["value"])
            for each in of_the_node
            for one in each.get("sharedCounters") or ()
            for name, counter in one["counters"].items()
        }
        self.taken = [
            Given(claim["metadata"]["name"], result["request"], -1, name, _consumed(result))
            for claim in world.all_of("ResourceClaim")
            for result in results_of(claim)
            if (name := Name(result["pool"], result["device"])) in self.devices
        ]

    def can_have(self, given: Sequence[Given]) -> bool:
        """Whether all that is given can be had beside what others have."""
        everything = [*self.taken, *given]
        return self._counters_suffice(given) and all(
            self._has_room(name, everything) for name in {each.name for each in given}
        )

    def has_room(self, given: Given) -> bool:
        """Whether there is room for one beside what others have, whoever else would want some."""
        return self._has_room(given.name, (*self.taken, given))

    def _has_room(self, name: Name, given: Iterable[Given]) -> bool:
        """A device is one claim's for one request, unless it may be had by several: its capacity is enough for them."""
        device = self.devices[name]
        users = [each for each in given if each.name == name]
        if not device.get("allowMultipleAllocations") and len(users) > 1:
            return False
        return all(
            sum(each.amounts.get(capacity, Fraction(0)) for each in users) <= parsed(has["value"])
            for capacity, has in (device.get("capacity") or {}).items()
        )

    def _counters_suffice(self, given: Iterable[Given]) -> bool:
        """Devices that are parts of one use together no more than there is of it."""
        pools = {
            each.name.pool for each in given if self.devices[each.name].get("consumesCounters")
        }
        used = dict.fromkeys(self._counters, Fraction(0))
        for name in {each.name for each in (*self.taken, *given)}:
            for key, amount in self._uses(name):
                used[key] += amount
        return all(used[key] <= amount for key, amount in self._counters.items() if key[0] in pools)

    def _uses(self, name: Name) -> Iterator[tuple[tuple[str, str, str], Fraction]]:
        for each in self.devices[name].get("consumesCounters") or ():
            for counter, has in each["counters"].items():
                yield (name.pool, each["counterSet"], counter), parsed(has["value"])


def results_of(claim: Manifest) -> Sequence[Manifest]:
    """What an allocated claim has."""
    allocation = (claim.get("status") or {}).get("allocation") or {"devices": {"results": ()}}
    found: Sequence[Manifest] = allocation["devices"]["results"]
    return found


def _consumed(result: Manifest) -> Amounts:
    return {name: parsed(text) for name, text in (result.get("consumedCapacity") or {}).items()}
