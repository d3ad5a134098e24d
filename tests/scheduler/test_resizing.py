"""Pods whose resources change while they run."""

import pytest
from msgspec.structs import replace

from orchestrator import Cluster
from orchestrator.api.core.v1 import ContainerStatus, Pod, PodStatus, ResourceRequirements
from orchestrator.scheduler.changes import says_nothing
from tests.scheduler.objects import make_pod
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


def _running(asks: str, has: str, phase: str = "Running", ready: bool = False) -> Pod:
    """A pod on a node whose container asks for some CPU, and has some."""
    pod = make_pod("p", requests={"cpu": asks}, nodeName="n")
    status = ContainerStatus(
        name="c", ready=ready, resources=ResourceRequirements(requests={"cpu": has})
    )
    return replace(pod, status=PodStatus(phase=phase, container_statuses=(status,)))


@pytest.mark.parametrize(
    ("old", "new", "waits"),
    [
        (_running("1", "1"), _running("1", "1", ready=True), True),
        (_running("1", "2"), _running("1", "1"), False),  # a resize has ended
        (_running("1", "1"), _running("1", "2"), False),
        (_running("1", "1"), _running("1", "1", "Succeeded"), False),
    ],
)
def test_the_scheduler_need_not_hear_of_a_pod_that_goes_on_running(
    old: Pod, new: Pod, waits: bool
) -> None:
    """But of one that is resized, as the last resize has ended, and of one that has ended."""
    assert says_nothing(old, replace(new, spec=old.spec)) is waits
