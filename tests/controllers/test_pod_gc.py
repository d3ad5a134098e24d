"""Pods that nobody else would end."""

import pytest

from orchestrator import Cluster
from orchestrator.api.core.v1 import Pod
from orchestrator.protocol import NotFound
from tests.manifests import pod


async def test_pods_of_nodes_that_are_gone_go_too(cluster: Cluster) -> None:
    """Nobody else could end them."""
    await cluster.apply([pod("lost", nodeName="node-2")])
    await cluster.clock.sleep(10)
    await cluster.remove_node("node-2")
    await cluster.clock.sleep(120)
    with pytest.raises(NotFound):
        await cluster.client.get(Pod, "lost", namespace="default")


async def test_a_pod_whose_node_is_gone_says_so_of_its_generation(cluster: Cluster) -> None:
    """While a finalizer holds it."""
    held = pod("held", nodeName="nowhere")
    held["metadata"]["finalizers"] = ["example.com/hold"]
    await cluster.apply([held])
    await cluster.clock.sleep(120)
    found = await cluster.client.get(Pod, "held", namespace="default")
    assert found.status is not None
    assert found.status.phase == "Failed"
    (condition,) = found.status.conditions
    assert (condition.reason, condition.observed_generation) == ("DeletionByPodGC", 1)
