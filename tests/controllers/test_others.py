"""Namespaces, service accounts, endpoints, nodes, and what clears up after all of them."""

from typing import Any

import pytest

from orchestrator import Cluster
from orchestrator.api.apps.v1 import Deployment, ReplicaSet
from orchestrator.api.core.v1 import (
    ConfigMap,
    Endpoints,
    Namespace,
    Node,
    Pod,
    Service,
    ServiceAccount,
)
from orchestrator.api.discovery.v1 import EndpointSlice
from orchestrator.protocol import NotFound
from tests.manifests import deployment, pod, service


async def _namespace(cluster: Cluster, name: str) -> None:
    await cluster.apply([{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}])


# --- namespaces ----------------------------------------------------------------------------


async def test_a_namespace_goes_when_all_that_is_in_it_has_gone(cluster: Cluster) -> None:
    """Pods get their time to stop."""
    await _namespace(cluster, "doomed")
    manifests = [deployment(simulation={"stop-seconds": 8}), service()]
    for manifest in manifests:
        manifest["metadata"]["namespace"] = "doomed"
    await cluster.apply(manifests)
    await cluster.clock.sleep(20)
    await cluster.client.delete(Namespace, "doomed")
    await cluster.clock.sleep(4)
    going = await cluster.client.get(Namespace, "doomed")
    assert going.status is not None
    assert going.status.phase == "Terminating"
    await cluster.clock.sleep(60)
    with pytest.raises(NotFound):
        await cluster.client.get(Namespace, "doomed")
    for kind in (Pod, Deployment, Service, ConfigMap, ServiceAccount):
        assert not await cluster.client.list(kind, namespace="doomed")


async def test_every_namespace_has_an_account_and_the_authority(cluster: Cluster) -> None:
    """And gets them again when they are deleted."""
    await _namespace(cluster, "new")
    await cluster.clock.sleep(5)
    await cluster.client.delete(ServiceAccount, "default", namespace="new")
    await cluster.client.delete(ConfigMap, "kube-root-ca.crt", namespace="new")
    await cluster.clock.sleep(5)
    await cluster.client.get(ServiceAccount, "default", namespace="new")
    await cluster.client.get(ConfigMap, "kube-root-ca.crt", namespace="new")


# --- endpoints -----------------------------------------------------------------------------


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


# --- nodes ---------------------------------------------------------------------------------


def _taints(node: Node) -> set[tuple[str, str]]:
    return {(t.key, t.effect) for t in (node.spec.taints if node.spec is not None else ())}


def _ready(node: Node) -> str:
    assert node.status is not None
    return next(c.status for c in node.status.conditions if c.type == "Ready")


async def test_a_node_that_is_silent_is_marked_tainted_and_emptied(cluster: Cluster) -> None:
    """After 40 s, and its pods after 300 s more; it comes back as if nothing had been."""
    await cluster.apply([deployment(replicas=12)])
    await cluster.clock.sleep(20)
    await cluster.crash_node("node-1")
    await cluster.clock.sleep(30)
    assert _ready(await cluster.client.get(Node, "node-1")) == "True"
    await cluster.clock.sleep(30)
    node = await cluster.client.get(Node, "node-1")
    assert _ready(node) == "Unknown"
    assert ("node.kubernetes.io/unreachable", "NoExecute") in _taints(node)
    on_it = [
        p
        for p in await cluster.client.list(Pod, namespace="default")
        if p.spec is not None and p.spec.node_name == "node-1"
    ]
    assert on_it
    assert all(p.metadata.deletion_timestamp is None for p in on_it)
    await cluster.clock.sleep(310)
    for gone in on_it:
        there = await cluster.client.get(Pod, gone.metadata.name, namespace="default")
        assert there.metadata.deletion_timestamp is not None
    await cluster.restart_node("node-1")
    await cluster.clock.sleep(60)
    node = await cluster.client.get(Node, "node-1")
    assert (_ready(node), _taints(node)) == ("True", set())
    assert len(await cluster.client.list(Pod, namespace="default")) == 12


async def test_a_taint_evicts_those_that_do_not_tolerate_it(cluster: Cluster) -> None:
    """At once, or after the time that they tolerate it for."""
    key = {"key": "a", "operator": "Exists", "effect": "NoExecute"}
    await cluster.apply(
        [
            pod("plain", nodeName="node-0"),
            pod("for-ever", nodeName="node-0", tolerations=[key]),
            pod("a-while", nodeName="node-0", tolerations=[{**key, "tolerationSeconds": 60}]),
        ]
    )
    await cluster.clock.sleep(10)
    taint = {"key": "a", "effect": "NoExecute"}
    await cluster.client.patch(Node, "node-0", {"spec": {"taints": [taint]}})

    async def names() -> set[str]:
        return {p.metadata.name for p in await cluster.client.list(Pod, namespace="default")}

    await cluster.clock.sleep(40)
    assert await names() == {"for-ever", "a-while"}
    await cluster.clock.sleep(60)
    assert await names() == {"for-ever"}


async def test_pods_of_nodes_that_are_gone_go_too(cluster: Cluster) -> None:
    """Nobody else could end them."""
    await cluster.apply([pod("lost", nodeName="node-2")])
    await cluster.clock.sleep(10)
    await cluster.remove_node("node-2")
    await cluster.clock.sleep(120)
    with pytest.raises(NotFound):
        await cluster.client.get(Pod, "lost", namespace="default")


# --- garbage -------------------------------------------------------------------------------


async def _counts(cluster: Cluster) -> tuple[int, int]:
    sets = await cluster.client.list(ReplicaSet, namespace="default")
    pods = await cluster.client.list(Pod, namespace="default")
    return len(sets), len(pods)


@pytest.mark.parametrize("policy", ["Background", "Foreground"])
async def test_dependents_go_with_their_owner(cluster: Cluster, policy: Any) -> None:
    """Before it or after it, as asked."""
    await cluster.apply([deployment(simulation={"stop-seconds": 5})])
    await cluster.clock.sleep(20)
    await cluster.client.delete(Deployment, "web", namespace="default", propagation_policy=policy)
    await cluster.clock.sleep(2)
    if policy == "Foreground":
        owner = await cluster.client.get(Deployment, "web", namespace="default")
        assert owner.metadata.finalizers == ("foregroundDeletion",)
    else:
        with pytest.raises(NotFound):
            await cluster.client.get(Deployment, "web", namespace="default")
    await cluster.clock.sleep(60)
    assert await _counts(cluster) == (0, 0)


async def test_orphans_stay(cluster: Cluster) -> None:
    """If that was asked; and are adopted by who comes next."""
    await cluster.apply([deployment()])
    await cluster.clock.sleep(20)
    (before,) = await cluster.client.list(ReplicaSet, namespace="default")
    await cluster.client.delete(Deployment, "web", namespace="default", propagation_policy="Orphan")
    await cluster.clock.sleep(60)
    (orphan,) = await cluster.client.list(ReplicaSet, namespace="default")
    assert orphan.metadata.owner_references == ()
    assert await _counts(cluster) == (1, 3)
    await cluster.apply([deployment()])
    await cluster.clock.sleep(60)
    (after,) = await cluster.client.list(ReplicaSet, namespace="default")
    assert after.metadata.uid == before.metadata.uid
    assert len(after.metadata.owner_references) == 1


async def test_an_owner_that_never_was_takes_its_dependents_along(cluster: Cluster) -> None:
    """The collector asks the server before it believes so."""
    manifest = pod("dependent")
    manifest["metadata"]["ownerReferences"] = [
        {"apiVersion": "v1", "kind": "ConfigMap", "name": "absent", "uid": "no-such-uid"}
    ]
    await cluster.apply([manifest])
    await cluster.clock.sleep(60)
    with pytest.raises(NotFound):
        await cluster.client.get(Pod, "dependent", namespace="default")
