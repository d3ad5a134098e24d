"""Proxies in a cluster: where would this connection go?"""

from collections import Counter
from typing import Any

import pytest

from orchestrator import Cluster
from orchestrator.api.apps.v1 import Deployment
from orchestrator.api.core.v1 import Node, Pod, Service
from orchestrator.proxy import NoEndpoints, NoRoute
from tests.manifests import deployment, service

SETTLED = 10  # seconds until endpoints and proxies have followed


async def _up(cluster: Cluster, replicas: int = 4, **spec: Any) -> Service:
    await cluster.apply([deployment(replicas=replicas), service(**spec)])
    await cluster.client.wait(
        Deployment, "web", "condition=Available", namespace="default", timeout=60
    )
    await cluster.clock.sleep(SETTLED)
    return await cluster.client.get(Service, "web", namespace="default")


def _ip(found: Service) -> str:
    assert found.spec is not None
    return found.spec.cluster_ip or ""


async def test_a_cluster_ip_leads_to_every_pod_in_turn(cluster: Cluster) -> None:
    ip = _ip(await _up(cluster))
    pods = await cluster.client.list(Pod, namespace="default")
    counts: Counter[str] = Counter()
    for number in range(20):
        reached = await cluster.connect("node-1", ip, 80, client_ip=f"10.9.9.{number}")
        assert reached.port == 8080
        counts[reached.pod] += 1
    assert counts == {f"default/{p.metadata.name}": 5 for p in pods}


async def test_affinity_keeps_a_client_at_its_pod(cluster: Cluster) -> None:
    ip = _ip(await _up(cluster, sessionAffinity="ClientIP"))
    reached = {
        (await cluster.connect("node-0", ip, 80, client_ip="10.9.9.9")).pod for _ in range(5)
    }
    assert len(reached) == 1


async def test_a_node_port_answers_on_every_node(cluster: Cluster) -> None:
    found = await _up(cluster, type="NodePort")
    assert found.spec is not None
    port = found.spec.ports[0].node_port
    assert port is not None
    for node in await cluster.client.list(Node):
        assert node.status is not None
        address = next(a.address for a in node.status.addresses if a.type == "InternalIP")
        reached = await cluster.connect(node.metadata.name, address, port, client_ip="1.2.3.4")
        assert reached.service == "default/web"


async def test_local_traffic_stays_on_the_node(cluster: Cluster) -> None:
    ip = _ip(await _up(cluster, replicas=15, internalTrafficPolicy="Local"))
    for number in range(3):
        reached = await cluster.connect(f"node-{number}", ip, 80, client_ip="1.2.3.4")
        assert reached.node == f"node-{number}"


async def test_what_no_service_has_is_no_route_and_a_service_without_pods_rejects(
    cluster: Cluster,
) -> None:
    await cluster.apply([service()])
    await cluster.clock.sleep(SETTLED)
    found = await cluster.client.get(Service, "web", namespace="default")
    with pytest.raises(NoEndpoints, match="default/web has no ready endpoints"):
        await cluster.connect("node-0", _ip(found), 80, client_ip="1.2.3.4")
    with pytest.raises(NoRoute):
        await cluster.connect("node-0", _ip(found), 81, client_ip="1.2.3.4")


async def test_a_pod_that_is_not_ready_gets_no_connections(cluster: Cluster) -> None:
    simulation = {"ready-seconds": 100}
    await cluster.apply([deployment(replicas=2, simulation=simulation), service()])
    await cluster.clock.sleep(50)
    found = await cluster.client.get(Service, "web", namespace="default")
    with pytest.raises(NoEndpoints):
        await cluster.connect("node-0", _ip(found), 80, client_ip="1.2.3.4")
    await cluster.clock.sleep(60)
    reached = await cluster.connect("node-0", _ip(found), 80, client_ip="1.2.3.4")
    assert reached.service == "default/web"


async def test_a_proxy_that_crashes_knows_everything_again(cluster: Cluster) -> None:
    ip = _ip(await _up(cluster))
    cluster.crash("/nodes/node-2/proxy")
    await cluster.clock.sleep(SETTLED)
    assert (await cluster.connect("node-2", ip, 80, client_ip="1.2.3.4")).service == "default/web"
