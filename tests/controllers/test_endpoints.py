"""Endpoints and EndpointSlices: who stands behind a Service."""

from typing import Any

import pytest
from msgspec.structs import replace

from orchestrator import Cluster
from orchestrator.api.core.v1 import Endpoints, Pod, Service
from orchestrator.api.discovery.v1 import EndpointSlice
from orchestrator.cluster.nodes import node_spec
from orchestrator.controllers.manager import ControllerStatistics
from orchestrator.controllers.topology_hints import ZONE
from orchestrator.protocol import NotFound
from tests.manifests import deployment, service


def _addresses(endpoints: Endpoints) -> list[str]:
    return sorted(a.ip for subset in endpoints.subsets for a in subset.addresses)


async def _slices(cluster: Cluster) -> list[Any]:
    found = await cluster.client.list(
        EndpointSlice, namespace="default", label_selector="kubernetes.io/service-name=web"
    )
    return [e for s in found for e in s.endpoints]


async def test_endpoints_are_the_ready_pods_of_a_service(cluster: Cluster) -> None:
    """In both forms."""
    await cluster.apply([deployment(replicas=3), service()])
    await cluster.clock.sleep(20)
    pods = await cluster.client.list(Pod, namespace="default")
    ips = sorted(p.status.pod_ip or "" for p in pods if p.status)
    endpoints = await cluster.client.get(Endpoints, "web", namespace="default")
    assert _addresses(endpoints) == ips
    assert sorted(e.addresses[0] for e in await _slices(cluster)) == ips
    assert endpoints.subsets[0].ports[0].port == 8080


async def test_pods_that_are_not_ready_are_told_apart(cluster: Cluster) -> None:
    """They are there, and get nothing."""
    await cluster.apply([deployment(replicas=2, simulation={"ready-seconds": 100}), service()])
    await cluster.clock.sleep(20)
    endpoints = await cluster.client.get(Endpoints, "web", namespace="default")
    assert _addresses(endpoints) == []
    assert len(endpoints.subsets[0].not_ready_addresses) == 2
    assert [e.conditions.ready for e in await _slices(cluster)] == [False, False]


async def test_a_pod_without_the_named_port_of_a_headless_service_is_not_told_of(
    cluster: Cluster,
) -> None:
    """Only a headless service that asks for no port at all has addresses without ports."""
    headless: dict[str, Any] = {"selector": {"app": "web"}, "clusterIP": "None"}
    named = service("named", **headless, ports=[{"port": 80, "targetPort": "nowhere"}])
    await cluster.apply(
        [deployment(replicas=2), named, service("bare", **headless, ports=[])],
    )
    await cluster.clock.sleep(20)
    endpoints = await cluster.client.get(Endpoints, "named", namespace="default")
    assert endpoints.subsets == ()
    endpoints = await cluster.client.get(Endpoints, "bare", namespace="default")
    assert [(len(each.addresses), each.ports) for each in endpoints.subsets] == [(2, ())]


async def test_a_slice_holds_a_hundred(cluster: Cluster) -> None:
    """More pods, more slices."""
    await cluster.apply([deployment(replicas=230), service()])
    await cluster.clock.sleep(60)
    found = await cluster.client.list(
        EndpointSlice, namespace="default", label_selector="kubernetes.io/service-name=web"
    )
    assert sum(len(s.endpoints) for s in found) == 230
    assert max(len(s.endpoints) for s in found) <= 100


async def test_endpoints_go_with_their_service(cluster: Cluster) -> None:
    """Both forms."""
    await cluster.apply([deployment(), service()])
    await cluster.clock.sleep(20)
    await cluster.client.delete(Service, "web", namespace="default")
    await cluster.clock.sleep(10)
    assert await _slices(cluster) == []
    with pytest.raises(NotFound):
        await cluster.client.get(Endpoints, "web", namespace="default")


async def test_what_others_do_to_endpoints_is_undone(cluster: Cluster) -> None:
    """A changed slice is mended after a while, deleted ones and deleted Endpoints come back."""
    await cluster.apply([deployment(replicas=3), service()])
    await cluster.clock.sleep(20)
    (found,) = await cluster.client.list(EndpointSlice, namespace="default")
    emptied = await cluster.client.update(replace(found, endpoints=()))
    await cluster.clock.sleep(5)
    assert len(await _slices(cluster)) == 3
    await cluster.client.delete(EndpointSlice, emptied.metadata.name, namespace="default")
    await cluster.client.delete(Endpoints, "web", namespace="default")
    await cluster.clock.sleep(5)
    assert len(await _slices(cluster)) == 3
    endpoints = await cluster.client.get(Endpoints, "web", namespace="default")
    assert len(_addresses(endpoints)) == 3


async def test_a_write_of_the_controllers_own_is_no_news(cluster: Cluster) -> None:
    """A service is looked at when it comes and when its pods have changed, and then no more."""
    await cluster.apply([service()])
    await cluster.clock.sleep(20)
    before = await _reconciles(cluster)
    await cluster.apply([deployment(replicas=3)])
    await cluster.clock.sleep(60)
    after = await _reconciles(cluster)
    assert len(await _slices(cluster)) == 3
    assert {name: after[name] - before[name] for name in after} == {
        "endpointslice": 2,
        "endpoint": 2,
    }


async def _reconciles(cluster: Cluster) -> dict[str, int]:
    statistics = await cluster.system.ref("/controllers").ask(ControllerStatistics())
    return {name: statistics[name].reconciles for name in ("endpointslice", "endpoint")}


async def test_what_is_published_unready_does_not_serve(cluster: Cluster) -> None:
    """`publishNotReadyAddresses` makes ready, and `serving` still tells what is."""
    await cluster.apply(
        [
            deployment(replicas=1, simulation={"ready-seconds": 100}),
            service(publishNotReadyAddresses=True),
        ]
    )
    await cluster.clock.sleep(20)
    (endpoint,) = await _slices(cluster)
    assert (endpoint.conditions.ready, endpoint.conditions.serving) == (True, False)


async def test_a_service_s_labels_reach_an_empty_slice(cluster: Cluster) -> None:
    """As they reach one with endpoints."""
    await cluster.apply([service()])
    await cluster.clock.sleep(5)
    await cluster.client.patch(Service, "web", {"metadata": {"labels": {"tier": "front"}}})
    await cluster.clock.sleep(5)
    (found,) = await cluster.client.list(EndpointSlice, namespace="default", label_selector="tier")
    assert found.endpoints == ()
    assert found.metadata.labels["tier"] == "front"


async def test_a_label_that_a_service_loses_its_slices_lose(cluster: Cluster) -> None:
    """What they have beside is their controller's own."""
    labelled = service()
    labelled["metadata"]["labels"] = {"tier": "front", "team": "a"}
    await cluster.apply([deployment(replicas=1), labelled])
    await cluster.clock.sleep(10)
    body = {"metadata": {"labels": {"tier": None}}}
    await cluster.client.patch(Service, "web", body, namespace="default")
    await cluster.clock.sleep(10)
    selector = "kubernetes.io/service-name=web"
    (slice_,) = await cluster.client.list(
        EndpointSlice, namespace="default", label_selector=selector
    )
    assert slice_.metadata.labels == {
        "team": "a",
        "kubernetes.io/service-name": "web",
        "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
    }


@pytest.mark.cluster(nodes=[node_spec(f"node-{n}", n, labels={ZONE: "ab"[n]}) for n in range(2)])
@pytest.mark.parametrize(
    ("distribution", "nodes"), [("PreferSameZone", False), ("PreferSameNode", True)]
)
async def test_traffic_that_shall_stay_near_gets_hints(
    cluster: Cluster, distribution: str, nodes: bool
) -> None:
    """The zone of each ready endpoint, and its node; they go when the wish does."""
    await cluster.apply([deployment(replicas=2), service(trafficDistribution=distribution)])
    await cluster.clock.sleep(10)
    for endpoint in await _slices(cluster):
        assert [each.name for each in endpoint.hints.for_zones] == [endpoint.zone]
        assert [each.name for each in endpoint.hints.for_nodes] == [endpoint.node_name] * nodes
    body = {"spec": {"trafficDistribution": None}}
    await cluster.client.patch(Service, "web", body, namespace="default")
    await cluster.clock.sleep(10)
    assert [endpoint.hints for endpoint in await _slices(cluster)] == [None, None]
