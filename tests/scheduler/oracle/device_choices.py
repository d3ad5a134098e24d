"""What claims can get on a node: all choices of devices, those first that are preferred.

That is the order of claims, of their requests, of the alternatives of a request, and of the devices of a pool.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from typing import Final

from tests.scheduler.oracle.device_amounts import amounts
from tests.scheduler.oracle.device_offers import Given, Offers
from tests.scheduler.oracle.quantities import parsed
from tests.scheduler.oracle.world import Manifest, World

DRIVER: Final = "gpu.example.com"
SELECTORS: Final[dict[str, Callable[[Manifest], bool]]] = {
    f"device.driver == '{DRIVER}'": lambda device: True,
    f"device.attributes['{DRIVER}'].model == 'A'": lambda device: (
        device["attributes"]["model"]["string"] == "A"
    ),
    f"device.attributes['{DRIVER}'].model == 'B'": lambda device: (
        device["attributes"]["model"]["string"] == "B"
    ),
    "device.allowMultipleAllocations": lambda device: bool(device.get("allowMultipleAllocations")),
    "!device.allowMultipleAllocations": lambda device: not device.get("allowMultipleAllocations"),
    f"device.capacity['{DRIVER}'].memory.compareTo(quantity('8Gi')) >= 0": lambda device: (
        parsed(device["capacity"]["memory"]["value"]) >= parsed("8Gi")
    ),
}
"""What the expressions say that worlds have."""

Choice = tuple[Given, ...]


def choices(
    world: World, claims: Sequence[Manifest], offers: Offers, before: Choice = ()
) -> Iterator[Choice]:
    """Those for all claims, behind a choice for the claims before them."""
    if not claims:
        yield before
        return
    for found in _of_requests(world, claims[0], 0, offers, before):
        yield from choices(world, claims[1:], offers, found)


def _of_requests(
    world: World, claim: Manifest, number: int, offers: Offers, before: Choice
) -> Iterator[Choice]:
    requests = claim["spec"]["devices"]["requests"]
    if number == len(requests):
        yield before
        return
    for some in _of_request(world, claim, requests[number], offers):
        chosen = (*before, *some)
        if offers.can_have(chosen) and _meets_constraints(claim, chosen, offers):
            yield from _of_requests(world, claim, number + 1, offers, chosen)


def _of_request(
    world: World, claim: Manifest, request: Manifest, offers: Offers
) -> Iterator[Choice]:
    """What would do for one request alone; devices with taints that it does not tolerate are not given away."""
    exact = request.get("exactly")
    for place, wanted in enumerate(request.get("firstAvailable") or [exact]):
        suiting = [
            Given(
                claim["metadata"]["name"],
                request["name"] if exact else f"{request['name']}/{wanted['name']}",
                -1 if exact else place,
                name,
                taken,
                bool(wanted.get("adminAccess")),
            )
            for name, device in offers.devices.items()
            if _suits(world, wanted, device) and (taken := amounts(device, wanted)) is not None
        ]
        for some in _sets(wanted, suiting, offers):
            if all(_is_tolerated(wanted, offers.devices[each.name]) for each in some):
                yield some


def _sets(wanted: Manifest, suiting: Sequence[Given], offers: Offers) -> Iterator[Choice]:
    if wanted.get("allocationMode") != "All":
        yield from combinations(suiting, wanted.get("count", 1))
        return
    # Of devices that several may have, those count that others have left enough of.
    everything = tuple(
        each
        for each in suiting
        if not offers.devices[each.name].get("allowMultipleAllocations") or offers.has_room(each)
    )
    if everything:
        yield everything


def _suits(world: World, wanted: Manifest, device: Manifest) -> bool:
    device_class = world.find("DeviceClass", wanted["deviceClassName"])
    assert device_class is not None
    selectors = [*(device_class["spec"].get("selectors") or ()), *(wanted.get("selectors") or ())]
    return all(SELECTORS[each["cel"]["expression"]](device) for each in selectors)


def _is_tolerated(wanted: Manifest, device: Manifest) -> bool:
    return all(
        any(_tolerates(each, taint) for each in wanted.get("tolerations") or ())
        for taint in device.get("taints") or ()
        if taint["effect"] in ("NoSchedule", "NoExecute")
    )


def _tolerates(toleration: Manifest, taint: Manifest) -> bool:
    if toleration.get("effect") not in (None, taint["effect"]):
        return False
    if toleration.get("key") not in (None, taint["key"]):
        return False
    if toleration.get("operator") == "Exists":
        return True
    return bool(toleration.get("value", "") == taint.get("value", ""))


def _meets_constraints(claim: Manifest, chosen: Choice, offers: Offers) -> bool:
    """The devices of some requests, or of all, have one value of an attribute, or each another."""
    there = [each for each in chosen if each.claim == claim["metadata"]["name"]]
    return all(
        _meets(
            constraint,
            [offers.devices[each.name] for each in there if concerns(constraint, each.request)],
        )
        for constraint in claim["spec"]["devices"].get("constraints") or ()
    )


def concerns(constraint: Manifest, request: str) -> bool:
    """Whether a constraint is about a request; about an alternative if it names that or the request."""
    named = constraint.get("requests")
    return not named or request in named or request.partition("/")[0] in named


def _meets(constraint: Manifest, devices: Sequence[Manifest]) -> bool:
    attribute = constraint.get("matchAttribute") or constraint["distinctAttribute"]
    values = [_value(device, attribute) for device in devices]
    different = len(set(values))
    return None not in values and (
        different <= 1 if "matchAttribute" in constraint else different == len(values)
    )


def _value(device: Manifest, attribute: str) -> str | None:
    """A name in the driver's domain may stand without it."""
    attributes = device.get("attributes") or {}
    found = attributes.get(attribute) or attributes.get(attribute.removeprefix(f"{DRIVER}/"))
    return None if found is None else str(found)
