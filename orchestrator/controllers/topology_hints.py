"""Hints of EndpointSlices for Services with `service.kubernetes.io/topology-mode: Auto`.

Each zone is to use as large a part of the endpoints as it has of the nodes' CPUs: mostly those in the zone, and
some of others where it has too few. Follows the original's topology cache; where that takes zones in the order of a
Go map, the order here is by name.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from orchestrator.api.core.v1 import Node, Service
from orchestrator.api.discovery.v1 import Endpoint, EndpointHints, ForZone
from orchestrator.machinery.conditions import is_true
from orchestrator.machinery.quantities import milli

MODE: Final = "service.kubernetes.io/topology-mode"
_DEPRECATED: Final = "service.kubernetes.io/topology-aware-hints"
ZONE: Final = "topology.kubernetes.io/zone"
_EXCLUDED: Final = (
    "node-role.kubernetes.io/control-plane",
    "node-role.kubernetes.io/master",
)
# How much more than its part an endpoint may have to bear.
_OVERLOAD: Final = 0.2
ENABLED: Final = "Topology Aware Hints has been enabled"
DISABLED: Final = "Topology Aware Hints has been disabled"
_FEW_FACTS: Final = (
    "Insufficient Node information: allocatable CPU or zone not specified on one or more nodes"
)
_FEW_ENDPOINTS: Final = "Insufficient number of endpoints"
_UNEVEN: Final = "Unable to allocate minimum required endpoints to each zone without exceeding overload threshold"
_NO_ZONE: Final = "One or more endpoints do not have a zone specified"


class NoHints(Exception):
    """There can be no hints; the text says why, in the original's words."""


class Allocation(Struct, frozen=True):
    """How many endpoints a zone shall have: at least, at most, and ideally."""

    minimum: int
    maximum: int
    desired: float


def wants_hints(service: Service) -> bool:
    """Whether the Service asks for them."""
    annotations = service.metadata.annotations
    return annotations.get(_DEPRECATED, annotations.get(MODE, "")) in ("Auto", "auto")


def cpu_ratios(nodes: Iterable[Node]) -> Mapping[str, float]:
    """The part of the CPUs that each zone has; nothing where a node does not say its zone or CPUs, and for
    fewer than two zones.
    """
    found: dict[str, int] = {}
    for node in nodes:
        status, labels = node.status, node.metadata.labels
        if status is None or any(label in labels for label in _EXCLUDED):
            continue
        if not is_true(status.conditions, "Ready"):
            continue
        zone, cpus = labels.get(ZONE, ""), milli(status.allocatable.get("cpu", 0))
        if not zone or not cpus:
            return {}
        found[zone] = found.get(zone, 0) + cpus
    total = sum(found.values())
    return {zone: found[zone] / total for zone in sorted(found)} if len(found) > 1 else {}


def allocations(count: int, ratios: Mapping[str, float]) -> Mapping[str, Allocation]:
    """How many of the endpoints each zone shall have. Raises NoHints."""
    if not ratios:
        raise NoHints(_FEW_FACTS)
    numbers = f"({count} endpoints, {len(ratios)} zones)"
    if len(ratios) > count:
        raise NoHints(f"{_FEW_ENDPOINTS} {numbers}")
    desired = {zone: ratio * count for zone, ratio in ratios.items()}
    least = {zone: math.ceil(each * (1 / (1 + _OVERLOAD))) for zone, each in desired.items()}
    spare = count - sum(least.values())
    if spare < 0:
        raise NoHints(f"{_UNEVEN} {numbers}")
    return {
        zone: Allocation(least[zone], least[zone] + spare, max(desired[zone], least[zone]))
        for zone in ratios
    }


def overloaded(has: Mapping[str, int], ratios: Mapping[str, float]) -> bool:
    """Whether a zone's endpoints have to bear too much: `has` says how many are hinted at for each zone."""
    total = sum(has.values())
    return bool(has) and (
        not ratios
        or any(
            has.get(zone, -1) < math.ceil(total * ratio * (1 / (1 + _OVERLOAD)))
            for zone, ratio in ratios.items()
        )
    )


def zones_of(endpoints: Iterable[Endpoint]) -> Mapping[str, int]:
    """How many of the endpoints are hinted at for each zone."""
    hinted = (each.hints.for_zones for each in endpoints if each.hints is not None)
    return Counter(zone.name for zones in hinted for zone in zones)


def with_hints(
    endpoints: Sequence[Endpoint], before: Mapping[str, str], ratios: Mapping[str, float]
) -> list[Endpoint]:
    """The endpoints with a zone for each that is ready. Raises NoHints.

    `before`: the zones that were hinted, by address. They stay as they are while no zone has too many.
    """
    ready = [each for each in endpoints if _is_ready(each)]
    wanted = allocations(len(ready), ratios)
    has = dict.fromkeys(wanted, 0)
    zones: dict[str, str] = {}
    new = []
    for each in ready:
        zone = before.get(each.addresses[0], "")
        if zone in wanted and has[zone] < wanted[zone].maximum:
            zones[each.addresses[0]] = zone
            has[zone] += 1
        else:
            new.append(each)
    for each in new:
        if not each.zone:
            raise NoHints(_NO_ZONE)
        zones[each.addresses[0]] = each.zone
        has[each.zone] = has.get(each.zone, 0) + 1
    giving, receiving = _exchange(wanted, has)
    for each in new:
        assert each.zone is not None
        if giving.get(each.zone, 0) > 0 and receiving:
            giving[each.zone] -= 1
            zones[each.addresses[0]] = receiving.pop(0)
    return [_hinted(each, zones.get(each.addresses[0])) for each in endpoints]


def _exchange(
    wanted: Mapping[str, Allocation], has: Mapping[str, int]
) -> tuple[dict[str, int], list[str]]:
    """How many endpoints zones give away, and who gets each."""
    over = {zone: has[zone] - each.desired for zone, each in wanted.items()}
    surplus = {zone: number for zone, number in over.items() if number > 0}
    lack = {zone: -number for zone, number in over.items() if number < 0}
    giving: dict[str, int] = {}
    receiving: list[str] = []
    while surplus and lack:
        giver, taker = max(surplus, key=surplus.__getitem__), max(lack, key=lack.__getitem__)
        gives, takes = surplus[giver], lack[taker]
        if (gives < 1.0 and takes < 1.0) or gives < 0.5 or takes < 0.5:
            break
        giving[giver] = giving.get(giver, 0) + 1
        receiving.append(taker)
        surplus[giver] -= 1
        lack[taker] -= 1
    return giving, receiving


def _is_ready(endpoint: Endpoint) -> bool:
    return endpoint.conditions is not None and bool(endpoint.conditions.ready)


def _hinted(endpoint: Endpoint, zone: str | None) -> Endpoint:
    return (
        endpoint
        if zone is None
        else replace(endpoint, hints=EndpointHints(for_zones=(ForZone(name=zone),)))
    )
