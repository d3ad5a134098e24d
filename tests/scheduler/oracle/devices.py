"""DynamicResources: devices of nodes for claims."""

from collections.abc import Mapping, Sequence
from typing import Final

from tests.scheduler.oracle.device_choices import Choice, choices
from tests.scheduler.oracle.device_offers import Offers
from tests.scheduler.oracle.scaling import by_the_highest
from tests.scheduler.oracle.selectors import matches_node
from tests.scheduler.oracle.world import Manifest, Refused, World, namespace_of

_MOST_ALTERNATIVES: Final = 8  # that a request may have
_UNAVAILABLE = Refused(("resourceclaim not available on the node",), hopeless=True)
_NONE_LEFT = Refused(("cannot allocate all claims",), hopeless=True)


def refusal(world: World, pod: Manifest) -> str:
    """Why no node will do: a class that a claim without devices names is not there."""
    for claim in claims_of(world, pod):
        for request in claim["spec"]["devices"]["requests"] if _allocation(claim) is None else ():
            for wanted in request.get("firstAvailable") or [request["exactly"]]:
                found = world.find("DeviceClass", wanted["deviceClassName"])
                if found is None:
                    name = "/".join(
                        [request["name"], *([wanted["name"]] if "name" in wanted else ())]
                    )
                    return (
                        f"request {name}: device class {wanted['deviceClassName']} does not exist"
                    )
    return ""


def devices(world: World, pod: Manifest, node: str) -> Refused | None:
    """There are devices for what has none yet, and what has been allocated can be used on the node."""
    claims = claims_of(world, pod)
    if _allocation_on(world, pod, node) is None:
        return _NONE_LEFT
    usable = all(_is_usable(claim, world.nodes[node]) for claim in claims)
    return None if usable else _UNAVAILABLE


def devices_score(world: World, pod: Manifest, nodes: Sequence[str]) -> Mapping[str, int]:
    """Better where requests get what they would like best."""
    likes = {}
    for node in nodes:
        found = _allocation_on(world, pod, node)
        assert found is not None
        got = {(e.claim, e.request): e.alternative for e in found if e.alternative >= 0}
        likes[node] = sum(_MOST_ALTERNATIVES - place for place in got.values())
    return by_the_highest(likes)


def _allocation_on(world: World, pod: Manifest, node: str) -> Choice | None:
    """The first choice for what has no devices yet."""
    left = [claim for claim in claims_of(world, pod) if _allocation(claim) is None]
    return next(choices(world, left, Offers(world, node)), None)


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
    selector = (allocation or {}).get("nodeSelector")
    return selector is None or matches_node(selector, node)
