"""Hints by the CPUs of zones, and when what slices tell of began to change."""

import pytest

from orchestrator import Cluster
from orchestrator.api.core.v1 import Endpoints, Event, Pod, Service
from orchestrator.api.discovery.v1 import Endpoint, EndpointConditions, EndpointSlice
from orchestrator.cluster.nodes import node_spec
from orchestrator.controllers.topology_hints import (
    NoHints,
    allocations,
    overloaded,
    with_hints,
    zones_of,
)
from tests.manifests import deployment

ZONE = "topology.kubernetes.io/zone"
TRIGGERED_AT = "endpoints.kubernetes.io/last-change-trigger-time"


def _endpoints(**zones: int) -> list[Endpoint]:
    ready = EndpointConditions(ready=True)
    return [
        Endpoint(addresses=(f"{zone}-{n}",), conditions=ready, zone=zone)
        for zone, count in zones.items()
        for n in range(count)
    ]


def _hinted(endpoints: list[Endpoint]) -> list[str]:
    return [each.hints.for_zones[0].name for each in endpoints if each.hints is not None]


def test_a_zone_uses_its_own_endpoints() -> None:
    """Where each has as many as its part of the CPUs."""
    found = with_hints(_endpoints(a=2, b=2), {}, {"a": 0.5, "b": 0.5})
    assert _hinted(found) == ["a", "a", "b", "b"]


def test_a_zone_with_too_few_uses_others() -> None:
    """Of the one that has too many; and what was hinted stays where it can."""
    endpoints = _endpoints(a=4, b=2)
    found = with_hints(endpoints, {}, {"a": 0.5, "b": 0.5})
    assert sorted(_hinted(found)) == ["a"] * 3 + ["b"] * 3
    before = {each.addresses[0]: hint for each, hint in zip(endpoints, _hinted(found), strict=True)}
    assert _hinted(with_hints(endpoints, before, {"a": 0.5, "b": 0.5})) == _hinted(found)


@pytest.mark.parametrize(
    ("count", "ratios", "why"),
    [
        (2, {}, "Insufficient Node information"),
        (
            2,
            {"a": 0.3, "b": 0.3, "c": 0.4},
            "Insufficient number of endpoints (2 endpoints, 3 zones)",
        ),
        (4, {"a": 0.25, "b": 0.75}, ""),
        (2, {"a": 0.01, "b": 0.99}, "Unable to allocate minimum required endpoints"),
    ],
)
def test_there_may_be_too_few(count: int, ratios: dict[str, float], why: str) -> None:
    """Of nodes that say their zone, or of endpoints: the text says so."""
    if not why:
        assert sum(each.minimum for each in allocations(count, ratios).values()) <= count
        return
    with pytest.raises(NoHints, match=why.replace("(", r"\(").replace(")", r"\)")):
        allocations(count, ratios)


@pytest.mark.parametrize(
    ("ratios", "expected"),
    [
        ({"a": 0.5, "b": 0.5}, False),
        ({"a": 0.6, "b": 0.4}, False),
        ({"a": 0.9, "b": 0.1}, True),
        ({"a": 0.5, "c": 0.5}, True),
        ({}, True),
    ],
)
def test_hints_are_fair_while_no_zone_has_to_bear_too_much(
    ratios: dict[str, float], expected: bool
) -> None:
    """By what was hinted at when the zones had other parts of the CPUs; without hints nobody has to."""
    hinted = with_hints(_endpoints(a=3, b=3), {}, {"a": 0.5, "b": 0.5})
    assert zones_of(hinted) == {"a": 3, "b": 3}
    assert overloaded(zones_of(hinted), ratios) is expected
    assert not overloaded({}, ratios)


async def _slice(cluster: Cluster) -> EndpointSlice:
    found = await cluster.client.list(EndpointSlice, namespace="default")
    (mine,) = [each for each in found if each.metadata.name.startswith("web-")]
    return mine


async def test_a_service_that_asks_has_hints() -> None:
    """With events that say so; without the annotation they go."""
    nodes = [node_spec(f"node-{n}", n, labels={ZONE: "ab"[n]}) for n in range(2)]
    async with Cluster(nodes=nodes) as cluster:
        service = {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {
                "name": "web",
                "namespace": "default",
                "annotations": {"service.kubernetes.io/topology-mode": "Auto"},
            },
            "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]},
        }
        await cluster.apply([deployment("web", replicas=4), service])
        await cluster.clock.sleep(30)
        endpoints = (await _slice(cluster)).endpoints
        assert sorted(_hinted(list(endpoints))) == ["a", "a", "b", "b"]
        plain = {"metadata": {"annotations": None}}
        await cluster.client.patch(Service, "web", plain, namespace="default")
        await cluster.clock.sleep(5)
        assert _hinted(list((await _slice(cluster)).endpoints)) == []
        told = {e.message for e in await cluster.client.list(Event) if "TopologyAware" in e.reason}
        assert "Topology Aware Hints has been enabled, addressType: IPv4" in told
        assert "Topology Aware Hints has been disabled, addressType: IPv4" in told


async def test_slices_say_when_their_change_began(cluster: Cluster) -> None:
    """When the pod was ready, or the Service made; Endpoints too."""
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]},
    }
    await cluster.apply([service])
    await cluster.clock.sleep(10)
    await cluster.apply([deployment("web", replicas=1)])
    await cluster.clock.sleep(20)
    (pod,) = await cluster.client.list(Pod, namespace="default")
    assert pod.status is not None
    ready = next(c for c in pod.status.conditions if c.type == "Ready")
    assert (await _slice(cluster)).metadata.annotations[TRIGGERED_AT] == ready.last_transition_time
    endpoints = await cluster.client.get(Endpoints, "web", namespace="default")
    assert endpoints.metadata.annotations[TRIGGERED_AT] == ready.last_transition_time
