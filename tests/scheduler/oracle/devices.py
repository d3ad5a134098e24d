"""DynamicResources: devices of nodes for claims. Of the kinds of requests there are exact ones alone, for a number of
devices or for all, with selectors, and constraints that the devices of a claim have one value of an attribute.
"""

from collections.abc import Callable, Iterator
from itertools import combinations
from typing import Final, NamedTuple

from tests.scheduler.oracle.quantities import parsed
from tests.scheduler.oracle.selectors import matches_node
from tests.scheduler.oracle.world import Manifest, Refused, World, namespace_of

DRIVER: Final = "gpu.example.com"
SELECTORS: Final[dict[str, Callable[[Manifest], bool]]] = {
    f"device.driver == '{DRIVER}'": lambda device: True,
    f"device.attributes['{DRIVER}'].model == 'A'": lambda device: (
        device["attributes"]["model"]["string"] == "A"
    ),
    f"device.capacity['{DRIVER}'].memory.compareTo(quantity('8Gi')) >= 0": lambda device: (
        parsed(device["capacity"]["memory"]["value"]) >= parsed("8Gi")
    ),
}
"""What the expressions say that worlds have."""

_UNAVAILABLE = Refused(("resourceclaim not available on the node",), hopeless=True)
_NONE_LEFT = Refused(("cannot allocate all claims",), hopeless=True)


class Chosen(NamedTuple):
    """A device by its pool and name."""

    pool: str
    name: str


def devices(world: World, pod: Manifest, node: str) -> Refused | None:
    """There are devices for what has none yet, and what has been allocated can be used on the node."""
    claims = claims_of(world, pod)
    left = [claim for claim in claims if _allocation(claim) is None]
    taken = {
        Chosen(result["pool"], result["device"])
        for claim in world.all_of("ResourceClaim")
        for result in (_allocation(claim) or {"devices": {"results": ()}})["devices"]["results"]
    }
    if not _can_allocate(world, left, node, frozenset(taken)):
        return _NONE_LEFT
    usable = all(_is_usable(claim, world.nodes[node]) for claim in claims)
    return None if usable else _UNAVAILABLE


def after_refusal(world: World, pod: Manifest, refused: dict[str, Refused]) -> str:
    """What is done about claims that keep a pod from all nodes: one that nobody needs is freed."""
    claims = claims_of(world, pod)
    if not claims:
        return "no new claims to deallocate"
    unused = [
        claim
        for claim in claims
        if not (claim.get("status") or {}).get("reservedFor")
        and any(
            status is _UNAVAILABLE and not _is_usable(claim, world.nodes[node])
            for node, status in refused.items()
        )
    ]
    return "deallocation of ResourceClaim completed" if unused else "still not schedulable"


def claims_of(world: World, pod: Manifest) -> list[Manifest]:
    """The claims of a pod."""
    named = (each["resourceClaimName"] for each in pod["spec"].get("resourceClaims") or ())
    found = (world.find("ResourceClaim", name, namespace_of(pod)) for name in named)
    return [claim for claim in found if claim is not None]


def _allocation(claim: Manifest) -> Manifest | None:
    found: Manifest | None = (claim.get("status") or {}).get("allocation")
    return found


def _is_usable(claim: Manifest, node: Manifest) -> bool:
    allocation = _allocation(claim)
    return allocation is None or matches_node(allocation["nodeSelector"], node)


def _can_allocate(
    world: World, claims: list[Manifest], node: str, taken: frozenset[Chosen]
) -> bool:
    """Whether there is a choice for all claims: every one is tried."""
    if not claims:
        return True
    return any(
        _can_allocate(world, claims[1:], node, taken | chosen)
        for chosen in _choices(world, claims[0], node, taken)
    )


def _choices(
    world: World, claim: Manifest, node: str, taken: frozenset[Chosen]
) -> Iterator[frozenset[Chosen]]:
    spec = claim["spec"]["devices"]
    for chosen in _of_requests(world, spec["requests"], node, taken):
        there = [each for key, each in _on(world, node).items() if key in chosen]
        if all(
            len({str(each["attributes"].get(_short(c["matchAttribute"]))) for each in there}) == 1
            for c in spec.get("constraints") or ()
        ):
            yield chosen


def _of_requests(
    world: World, requests: list[Manifest], node: str, taken: frozenset[Chosen]
) -> Iterator[frozenset[Chosen]]:
    if not requests:
        yield frozenset()
        return
    wanted = requests[0]["exactly"]
    suiting = [key for key, device in _on(world, node).items() if _suits(world, wanted, device)]
    if wanted.get("allocationMode") == "All":
        sets = [tuple(suiting)] if suiting else []
    else:
        sets = list(combinations(suiting, wanted.get("count", 1)))
    for some in sets:
        if taken.isdisjoint(some):
            for rest in _of_requests(world, requests[1:], node, taken | set(some)):
                yield rest | set(some)


def _suits(world: World, wanted: Manifest, device: Manifest) -> bool:
    device_class = world.find("DeviceClass", wanted["deviceClassName"])
    assert device_class is not None
    selectors = [*(device_class["spec"].get("selectors") or ()), *(wanted.get("selectors") or ())]
    return all(SELECTORS[each["cel"]["expression"]](device) for each in selectors)


def _on(world: World, node: str) -> dict[Chosen, Manifest]:
    return {
        Chosen(piece["spec"]["pool"]["name"], device["name"]): device
        for piece in world.all_of("ResourceSlice")
        if piece["spec"].get("nodeName") == node
        for device in piece["spec"]["devices"]
    }


def _short(attribute: str) -> str:
    return attribute.removeprefix(f"{DRIVER}/")
