"""Pods whose resources change while they run."""

import pytest

from orchestrator import Cluster
from orchestrator.api.core.v1 import Pod
from tests.scheduler.test_scheduler import _manifest, _pod, _scheduled


@pytest.mark.cluster(nodes=1)
async def test_a_pod_that_shrinks_makes_room_for_one_that_waits(cluster: Cluster) -> None:
    """The resize is an event for pods that had too little room, and what is counted follows it."""
    await cluster.apply([_manifest("large", requests={"cpu": "30"})])
    await cluster.client.wait(Pod, "large", "condition=Ready", namespace="default", timeout=60)
    await cluster.apply([_manifest("waiting", requests={"cpu": "20"})])
    await cluster.clock.sleep(15)
    assert _scheduled(await _pod(cluster, "waiting"))[0] == "False"
    smaller = {"spec": {"containers": [{"name": "c", "resources": {"requests": {"cpu": "10"}}}]}}
    await cluster.client.patch(
        Pod, "large", smaller, namespace="default", patch_type="strategic", subresource="resize"
    )
    await cluster.client.wait(Pod, "waiting", "condition=Ready", namespace="default", timeout=30)
    await cluster.apply([_manifest("more", requests={"cpu": "3"})])
    await cluster.clock.sleep(2)
    assert _scheduled(await _pod(cluster, "more"))[0] == "False"  # 30 of 32 are taken
