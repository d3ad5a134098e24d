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
