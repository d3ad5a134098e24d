"""A kubelet never gives two pods one address, whatever restarts."""

from orchestrator import Cluster
from orchestrator.api.core.v1 import Pod
from orchestrator.pytest_plugin import cluster_fixture
from tests.manifests import pod

cluster = cluster_fixture(nodes=1)


async def _addresses(cluster: Cluster) -> list[str]:
    pods = await cluster.client.list(Pod, namespace="default")
    return [p.status.pod_ip for p in pods if p.status is not None and p.status.pod_ip]


async def test_a_kubelet_that_restarts_knows_its_addresses(cluster: Cluster) -> None:
    """New pods that wait for it, and are listed before the old ones, get others; what is gone is free."""
    await cluster.apply([pod(f"old-{i}") for i in range(8)])
    await cluster.clock.sleep(10)
    before = await _addresses(cluster)
    cluster.crash("/nodes/node-0/kubelet")
    await cluster.apply([pod(f"a-{i}") for i in range(8)])
    await cluster.client.delete(Pod, "old-3", namespace="default")
    await cluster.clock.sleep(60)
    after = await _addresses(cluster)
    assert len(after) == len(set(after)) == 15
    assert len(set(before) & set(after)) == 7


async def test_a_node_that_was_rebooted_gives_no_address_twice(cluster: Cluster) -> None:
    """It knows of its pods' addresses only what their statuses say."""
    await cluster.apply([pod(f"old-{i}") for i in range(8)])
    await cluster.clock.sleep(10)
    before = await _addresses(cluster)
    await cluster.crash_node("node-0")
    await cluster.apply([pod(f"a-{i}") for i in range(8)])
    await cluster.clock.sleep(1)
    await cluster.restart_node("node-0")
    await cluster.clock.sleep(30)
    after = await _addresses(cluster)
    assert len(after) == len(set(after)) == 16
    assert set(before) <= set(after)
