"""Why a pod is where it is, read off a cluster."""

from typing import Any

import msgspec
import pytest

from orchestrator import Cluster
from orchestrator.api.apps.v1 import Deployment
from orchestrator.api.core.v1 import Node, Pod
from orchestrator.cluster.errors import UnknownScheduler
from orchestrator.cluster.explaining import explain_pod
from orchestrator.protocol import NotFound
from orchestrator.scheduler import configuration_of
from orchestrator.scheduler.on_request import EXPLAIN, EXPLANATION
from tests.manifests import deployment


def _pod(name: str, **spec: Any) -> dict[str, Any]:
    requests = {"cpu": spec.pop("cpu", "1")}
    container = {"name": "c", "image": "i", "resources": {"requests": requests}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {"containers": [container], **spec},
    }


async def test_a_placed_pod_is_where_the_explanation_would_put_it(cluster: Cluster) -> None:
    """The totals are those of the decision: each pod of a spread Deployment is on one of the best nodes."""
    await cluster.apply([deployment(replicas=1)])
    await cluster.client.wait(Deployment, "web", "condition=Available")
    pods = await cluster.client.list(Pod)
    found = await explain_pod(cluster.client, pods[0].metadata.name)
    assert found.node in found.best
    assert {"NodeResourcesFit", "TaintToleration"} <= set(found.plugins)
    for each in found.nodes:
        assert each.total == sum(each.scores.values())


async def test_each_node_says_which_plugin_refuses_it(cluster: Cluster) -> None:
    """In kube-scheduler's words, of the first plugin that does."""
    nodes = [each.metadata.name for each in await cluster.client.list(Node)]
    taint = {"spec": {"taints": [{"key": "k", "value": "v", "effect": "NoSchedule"}]}}
    await cluster.client.patch(Node, nodes[0], taint)
    await cluster.apply([_pod("big", cpu="1000")])
    found = await explain_pod(cluster.client, "big")
    assert found.node == ""
    assert found.best == ()
    reasons = {each.node: (each.refused_by, each.reasons) for each in found.nodes}
    assert reasons[nodes[0]][0] == "TaintToleration"
    assert reasons[nodes[1]] == ("NodeResourcesFit", ("Insufficient cpu",))


async def test_a_pod_that_asks_for_it_tells_by_itself(cluster: Cluster) -> None:
    """An annotation says what plugins said of each node when it was decided; it is renewed as they say other things."""
    nodes = [each.metadata.name for each in await cluster.client.list(Node)]
    taint = {"spec": {"taints": [{"key": "k", "value": "v", "effect": "NoSchedule"}]}}
    await cluster.client.patch(Node, nodes[0], taint)
    for name, cpu in (("big", "1000"), ("small", "1"), ("silent", "1")):
        pod = _pod(name, cpu=cpu)
        if name != "silent":
            pod["metadata"]["annotations"] = {EXPLAIN: "true"}
        await cluster.apply([pod])
        await cluster.clock.sleep(1)
    small, found = await _explained(cluster, "small")
    assert small.spec is not None
    best = found["nodes"][0]
    assert [best["node"], nodes[0]] == [small.spec.node_name, found["refused"][0]["nodes"][0]]
    assert best["total"] == sum(best["scores"].values())
    assert found["feasible"] == len(nodes) - 1
    _, found = await _explained(cluster, "big")
    assert (found["nodes"], found["feasible"]) == ([], 0)
    assert [(each["plugin"], each["reasons"], each["count"]) for each in found["refused"]] == [
        ("TaintToleration", ["node(s) had untolerated taint(s)"], 1),
        ("NodeResourcesFit", ["Insufficient cpu"], len(nodes) - 1),
    ]
    silent = await cluster.client.get(Pod, "silent")
    assert EXPLANATION not in silent.metadata.annotations
    await cluster.client.patch(Node, nodes[0], {"spec": {"taints": None}})
    await cluster.clock.sleep(400)
    _, found = await _explained(cluster, "big")
    assert [each["plugin"] for each in found["refused"]] == ["NodeResourcesFit"]


async def _explained(cluster: Cluster, name: str) -> tuple[Pod, dict[str, Any]]:
    pod = await cluster.client.get(Pod, name)
    return pod, msgspec.json.decode(pod.metadata.annotations[EXPLANATION])


async def test_a_pod_of_another_scheduler_needs_its_configuration(cluster: Cluster) -> None:
    """Its profile is found by its name."""
    await cluster.apply([_pod("other", schedulerName="packer")])
    with pytest.raises(UnknownScheduler, match=r'"packer".*there is "default-scheduler"'):
        await explain_pod(cluster.client, "other")
    packer = configuration_of({"profiles": [{"schedulerName": "packer"}]})
    assert (await explain_pod(cluster.client, "other", packer)).best


async def test_a_pod_that_is_not_there_is_not_found(cluster: Cluster) -> None:
    """In the API server's words."""
    with pytest.raises(NotFound, match='pods "absent" not found'):
        await explain_pod(cluster.client, "absent")
