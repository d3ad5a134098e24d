"""What changes of a pod while it runs: its resources, and the containers that look into it."""

from typing import Any

import pytest

from orchestrator import Cluster
from orchestrator.api.core.v1 import Pod
from orchestrator.protocol import Invalid
from tests.kubelet.stories import container_of, events_of, pod_with
from tests.manifests import pod

FIRST = {
    "requests": {"cpu": "700m", "memory": "200Mi"},
    "limits": {"cpu": "700m", "memory": "200Mi"},
}


async def _resize(cluster: Cluster, name: str, **resources: Any) -> None:
    body = {"spec": {"containers": [{"name": "c", "resources": resources}]}}
    await cluster.client.patch(
        Pod, name, body, namespace="default", subresource="resize", patch_type="strategic"
    )
    await cluster.clock.sleep(3)


async def test_a_container_gets_more_without_a_restart(cluster: Cluster) -> None:
    await cluster.apply([pod_with("p", {"resources": FIRST})])
    await cluster.clock.sleep(5)
    await _resize(cluster, "p", requests={"cpu": "800m"}, limits={"cpu": "800m"})
    status = await container_of(cluster, "p")
    assert status.resources is not None
    assert status.resources.limits == {"cpu": "800m", "memory": "200Mi"}
    assert status.allocated_resources == {"cpu": "800m", "memory": "200Mi"}
    assert status.restart_count == 0
    assert "ResizeCompleted" in {reason for reason, _ in await events_of(cluster, "p")}
    found = await cluster.client.get(Pod, "p", namespace="default")
    assert found.metadata.generation == 2
    assert found.status is not None
    assert found.status.observed_generation == 2


async def test_a_container_restarts_for_what_it_cannot_get_otherwise(cluster: Cluster) -> None:
    policy = [{"resourceName": "memory", "restartPolicy": "RestartContainer"}]
    await cluster.apply([pod_with("p", {"resources": FIRST, "resizePolicy": policy})])
    await cluster.clock.sleep(5)
    await _resize(cluster, "p", requests={"cpu": "1"}, limits={"cpu": "1"})
    assert (await container_of(cluster, "p")).restart_count == 0
    await _resize(cluster, "p", requests={"memory": "1Gi"}, limits={"memory": "1Gi"})
    assert (await container_of(cluster, "p")).restart_count == 1


async def test_a_node_may_not_have_so_much(cluster: Cluster) -> None:
    """What it never has is infeasible; what others have is waited for."""
    where: Any = {"nodeName": "node-0"}
    await cluster.apply(
        [pod("other", requests={"cpu": "31"}, **where), pod("p", requests={"cpu": "500m"}, **where)]
    )
    await cluster.clock.sleep(5)

    async def pending() -> tuple[str, str] | None:
        found = await cluster.client.get(Pod, "p", namespace="default")
        assert found.status is not None
        told = [c for c in found.status.conditions if c.type == "PodResizePending"]
        return (told[0].reason, told[0].message) if told else None

    await _resize(cluster, "p", requests={"cpu": "33"})
    text = "Node didn't have enough capacity: cpu, requested: 33000, capacity: 32000"
    assert await pending() == ("Infeasible", text)
    await _resize(cluster, "p", requests={"cpu": "2"})
    assert (await pending() or ("", ""))[0] == "Deferred"
    assert (await container_of(cluster, "p")).allocated_resources == {"cpu": "500m"}
    await cluster.client.delete(Pod, "other", namespace="default")
    await cluster.clock.sleep(5)
    assert await pending() is None
    assert (await container_of(cluster, "p")).allocated_resources == {"cpu": "2"}


@pytest.mark.parametrize(
    ("resources", "message"),
    [
        ({"requests": {"cpu": "1"}}, "Pod QOS Class may not change as a result of resizing"),
        ({"requests": {"cpu": None}, "limits": {"cpu": None}}, "resource limits cannot be removed"),
        (
            {"requests": {"ephemeral-storage": "1Gi"}, "limits": {"ephemeral-storage": "1Gi"}},
            "only cpu and memory resources are mutable",
        ),
    ],
)
async def test_what_cannot_be_resized_is_refused(
    cluster: Cluster, resources: dict[str, Any], message: str
) -> None:
    await cluster.apply([pod_with("p", {"resources": FIRST})])
    await cluster.clock.sleep(5)
    with pytest.raises(Invalid, match=message):
        await _resize(cluster, "p", **resources)


async def test_an_ephemeral_container_joins_a_pod_that_runs(cluster: Cluster) -> None:
    """It stays as it was made, is never restarted, and its end is no end of the pod."""
    simulation = {"run-seconds.look": 5}
    await cluster.apply([pod("p", simulation=simulation)])
    await cluster.clock.sleep(5)

    async def put(image: str) -> None:
        body = {"spec": {"ephemeralContainers": [{"name": "look", "image": image}]}}
        await cluster.client.patch(
            Pod,
            "p",
            body,
            namespace="default",
            subresource="ephemeralcontainers",
            patch_type="strategic",
        )
        await cluster.clock.sleep(3)

    await put("busybox")
    found = await cluster.client.get(Pod, "p", namespace="default")
    assert found.status is not None
    (status,) = found.status.ephemeral_container_statuses
    assert status.state is not None
    assert status.state.running is not None
    assert (status.ready, status.started) == (False, None)  # nobody asks
    with pytest.raises(Invalid, match='existing ephemeral containers "look" may not be changed'):
        await put("other")
    await cluster.clock.sleep(10)
    found = await cluster.client.get(Pod, "p", namespace="default")
    assert found.status is not None
    (status,) = found.status.ephemeral_container_statuses
    assert status.state is not None
    assert status.state.terminated is not None
    assert (found.status.phase, status.restart_count) == ("Running", 0)
