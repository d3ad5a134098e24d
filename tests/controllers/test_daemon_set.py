"""DaemonSets: a pod on each node that fits, rolled out node by node."""

from typing import Any

from msgspec.structs import replace

from orchestrator import Cluster
from orchestrator.api.apps.v1 import ControllerRevision, DaemonSet, DaemonSetStatus
from orchestrator.api.core.v1 import Node, Pod
from tests.manifests import Manifest


def _set(image: str = "img:1", pod: dict[str, Any] | None = None, **spec: Any) -> Manifest:
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": "ds", "namespace": "default"},
        "spec": {
            "selector": {"matchLabels": {"app": "ds"}},
            "template": {
                "metadata": {"labels": {"app": "ds"}},
                "spec": {
                    "terminationGracePeriodSeconds": 1,
                    "containers": [{"name": "c", "image": image}],
                    **(pod or {}),
                },
            },
            **spec,
        },
    }


async def _pods(cluster: Cluster) -> dict[str, list[str]]:
    """The images by node."""
    found: dict[str, list[str]] = {}
    for pod in await cluster.client.list(Pod, namespace="default"):
        if pod.spec is not None:
            image = pod.spec.containers[0].image or ""
            found.setdefault(pod.spec.node_name, []).append(image)
    return {node: sorted(images) for node, images in found.items()}


async def _nodes(cluster: Cluster) -> list[str]:
    return sorted(node.metadata.name for node in await cluster.client.list(Node))


async def _status(cluster: Cluster) -> DaemonSetStatus:
    found = await cluster.client.get(DaemonSet, "ds", namespace="default")
    assert found.status is not None
    return found.status


async def test_each_node_has_one_pod(cluster: Cluster) -> None:
    """Cordoned ones, too; and a pod that is lost comes back."""
    nodes = await _nodes(cluster)
    await cluster.client.patch(Node, nodes[0], {"spec": {"unschedulable": True}})
    await cluster.apply([_set()])
    await cluster.clock.sleep(20)
    assert await _pods(cluster) == {node: ["img:1"] for node in nodes}
    victim = (await cluster.client.list(Pod, namespace="default"))[0]
    await cluster.client.delete(Pod, victim.metadata.name, namespace="default")
    await cluster.clock.sleep(20)
    assert await _pods(cluster) == {node: ["img:1"] for node in nodes}
    status = await _status(cluster)
    assert (status.desired_number_scheduled, status.number_available) == (3, 3)
    assert status.number_unavailable is None


async def test_labels_and_taints_decide_where(cluster: Cluster) -> None:
    """A node that gets the label gets the pod, and loses it with the label; a NoSchedule taint lets it stay."""
    one, two, _ = await _nodes(cluster)
    await cluster.apply([_set(pod={"nodeSelector": {"disk": "ssd"}})])
    await cluster.clock.sleep(10)
    assert await _pods(cluster) == {}
    for node in (one, two):
        await cluster.client.patch(Node, node, {"metadata": {"labels": {"disk": "ssd"}}})
    await cluster.clock.sleep(20)
    assert sorted(await _pods(cluster)) == [one, two]
    taint = {"key": "k", "value": "v", "effect": "NoSchedule"}
    await cluster.client.patch(Node, one, {"spec": {"taints": [taint]}})
    await cluster.client.patch(Node, two, {"metadata": {"labels": {"disk": None}}})
    await cluster.clock.sleep(20)
    assert sorted(await _pods(cluster)) == [one]
    status = await _status(cluster)
    assert (status.desired_number_scheduled, status.number_misscheduled) == (0, 1)


async def test_a_roll_out_goes_node_by_node(cluster: Cluster) -> None:
    """At most `maxUnavailable` (1) lack an available pod; when it is over all are new."""
    await cluster.apply([_set(minReadySeconds=30)])
    await cluster.clock.sleep(60)
    await cluster.apply([_set("img:2", minReadySeconds=30)])
    await cluster.clock.sleep(15)
    images = sorted(image for each in (await _pods(cluster)).values() for image in each)
    assert images == ["img:1", "img:1", "img:2"]
    assert (await _status(cluster)).updated_number_scheduled == 1
    await cluster.clock.sleep(180)
    assert set(map(tuple, (await _pods(cluster)).values())) == {("img:2",)}
    revisions = await cluster.client.list(ControllerRevision, namespace="default")
    assert sorted(r.revision for r in revisions) == [1, 2]


async def test_a_surge_puts_the_new_pod_beside_the_old(cluster: Cluster) -> None:
    """The old one goes when the new one is available: no node is ever without."""
    how = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    await cluster.apply([_set(minReadySeconds=30, updateStrategy=how)])
    await cluster.clock.sleep(60)
    await cluster.apply([_set("img:2", minReadySeconds=30, updateStrategy=how)])
    await cluster.clock.sleep(15)
    assert sorted(map(len, (await _pods(cluster)).values())) == [1, 1, 2]
    assert (await _status(cluster)).number_unavailable is None
    await cluster.clock.sleep(180)
    assert set(map(tuple, (await _pods(cluster)).values())) == {("img:2",)}


async def test_on_delete_waits_for_the_user(cluster: Cluster) -> None:
    """A node's pod is new once somebody has deleted the old one."""
    how = {"type": "OnDelete"}
    await cluster.apply([_set(updateStrategy=how)])
    await cluster.clock.sleep(20)
    await cluster.apply([_set("img:2", updateStrategy=how)])
    await cluster.clock.sleep(60)
    assert set(map(tuple, (await _pods(cluster)).values())) == {("img:1",)}
    victim = (await cluster.client.list(Pod, namespace="default"))[0]
    await cluster.client.delete(Pod, victim.metadata.name, namespace="default")
    await cluster.clock.sleep(20)
    images = sorted(image for each in (await _pods(cluster)).values() for image in each)
    assert images == ["img:1", "img:1", "img:2"]


async def test_a_revision_that_is_deleted_comes_back(cluster: Cluster) -> None:
    """At once: the controller watches the revisions that it owns."""
    await cluster.apply([_set()])
    await cluster.clock.sleep(20)
    (revision,) = await cluster.client.list(ControllerRevision, namespace="default")
    name = revision.metadata.name
    await cluster.client.delete(ControllerRevision, name, namespace="default")
    await cluster.clock.sleep(2)
    (again,) = await cluster.client.list(ControllerRevision, namespace="default")
    assert again.metadata.name == name
    assert again.metadata.uid != revision.metadata.uid


async def test_an_ended_pod_that_is_held_is_replaced(cluster: Cluster) -> None:
    """Failed and being deleted, it keeps its node's place no more, whoever holds it."""
    await cluster.apply([_set()])
    await cluster.clock.sleep(20)
    victim = (await cluster.client.list(Pod, namespace="default"))[0]
    name, node = victim.metadata.name, victim.spec.node_name if victim.spec is not None else ""
    hold = {"metadata": {"finalizers": ["example.com/hold"]}}
    await cluster.client.patch(Pod, name, hold, namespace="default")
    assert victim.status is not None
    failed = replace(victim.status, phase="Failed")
    held = await cluster.client.get(Pod, name, namespace="default")
    await cluster.client.update_status(replace(held, status=failed))
    await cluster.clock.sleep(20)
    assert (await _pods(cluster))[node] == ["img:1", "img:1"]
    nodes = await _nodes(cluster)
    assert (await _status(cluster)).number_ready == len(nodes)


async def test_a_taint_that_lets_pods_stay_changes_no_count_yet(cluster: Cluster) -> None:
    """What the set would count otherwise it counts when it has something to do."""
    nodes = await _nodes(cluster)
    await cluster.apply([_set()])
    await cluster.clock.sleep(20)
    taint = {"key": "k", "effect": "NoSchedule"}
    await cluster.client.patch(Node, nodes[0], {"spec": {"taints": [taint]}})
    await cluster.clock.sleep(20)
    status = await _status(cluster)
    assert (status.desired_number_scheduled, status.number_misscheduled) == (len(nodes), 0)
    body = {"metadata": {"labels": {"team": "a"}}}
    await cluster.client.patch(DaemonSet, "ds", body, namespace="default")
    await cluster.clock.sleep(20)
    status = await _status(cluster)
    assert (status.desired_number_scheduled, status.number_misscheduled) == (len(nodes) - 1, 1)
    await cluster.client.patch(Node, nodes[0], {"spec": {"taints": None}})
    await cluster.clock.sleep(20)
    status = await _status(cluster)
    assert (status.desired_number_scheduled, status.number_misscheduled) == (len(nodes), 0)


async def test_pods_of_the_same_number_are_not_replaced(cluster: Cluster) -> None:
    """A set that is made anew begins with the first template, as the orphans that it adopts did."""
    nodes = await _nodes(cluster)
    await cluster.apply([_set()])
    await cluster.clock.sleep(20)
    await cluster.client.delete(DaemonSet, "ds", namespace="default", propagation_policy="Orphan")
    await cluster.clock.sleep(5)
    await cluster.apply([_set("img:2")])
    await cluster.clock.sleep(30)
    assert await _pods(cluster) == {node: ["img:1"] for node in nodes}
    assert (await _status(cluster)).updated_number_scheduled == 3
    await cluster.apply([_set("img:3")])
    await cluster.clock.sleep(60)
    assert await _pods(cluster) == {node: ["img:3"] for node in nodes}
