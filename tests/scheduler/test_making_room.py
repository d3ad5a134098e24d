"""Preemption and volumes in a cluster: what is evicted, promised and written before a binding."""

from random import Random
from typing import Any

import pytest

import actors
from orchestrator import Cluster
from orchestrator.api.core.v1 import Event, PersistentVolume, PersistentVolumeClaim, Pod
from orchestrator.scheduler import DEFAULT_PROFILE, GetSchedulerStatistics
from orchestrator.scheduler.cycle import Cycle
from orchestrator.scheduler.nominations import Nominations
from orchestrator.scheduler.refusals import Refusal
from orchestrator.scheduler.snapshot import Snapshot
from tests.scheduler.objects import make_node, make_pod
from tests.scheduler.test_scheduler import _manifest, _scheduled


def _class(name: str, value: int, policy: str = "PreemptLowerPriority") -> dict[str, Any]:
    return {
        "apiVersion": "scheduling.k8s.io/v1",
        "kind": "PriorityClass",
        "metadata": {"name": name},
        "value": value,
        "preemptionPolicy": policy,
    }


@pytest.mark.cluster(nodes=2)
async def test_a_pod_of_higher_priority_takes_the_place_of_a_lower_one(cluster: Cluster) -> None:
    """The victim goes with its grace period, the pod is promised the node, and gets it."""
    await cluster.apply([_class("high", 1000), _class("polite", 1000, "Never")])
    await cluster.apply([_manifest(f"low-{n}", requests={"cpu": "25"}) for n in range(2)])
    await cluster.clock.sleep(5)
    await cluster.apply([_manifest("polite", requests={"cpu": "25"}, priorityClassName="polite")])
    await cluster.apply([_manifest("high", requests={"cpu": "25"}, priorityClassName="high")])
    await cluster.clock.sleep(0.01)
    high = await cluster.client.get(Pod, "high", namespace="default")
    assert high.status is not None
    promised = high.status.nominated_node_name
    assert promised in ("node-0", "node-1")
    polite = await cluster.client.get(Pod, "polite", namespace="default")
    assert _scheduled(polite)[2].endswith("preemption: not eligible due to preemptionPolicy=Never.")
    (victim,) = [
        p
        for p in await cluster.client.list(Pod, namespace="default")
        if p.metadata.deletion_timestamp is not None
    ]
    assert victim.status is not None
    assert ("DisruptionTarget", "PreemptionByScheduler") in [
        (c.type, c.reason) for c in victim.status.conditions
    ]
    events = await cluster.client.list(Event, namespace="default")
    assert [(e.involved_object.name, e.message) for e in events if e.reason == "Preempted"] == [
        (victim.metadata.name, f"Preempted by pod {high.metadata.uid} on node {promised}")
    ]
    await cluster.client.wait(Pod, "high", "condition=Ready", namespace="default", timeout=60)
    high = await cluster.client.get(Pod, "high", namespace="default")
    assert high.spec is not None
    assert high.spec.node_name == promised
    assert high.status is not None
    assert high.status.nominated_node_name == ""  # kept no longer than until the binding
    left = {p.metadata.name for p in await cluster.client.list(Pod, namespace="default")}
    assert victim.metadata.name not in left
    assert len(left) == 3


def test_of_victims_that_have_not_begun_the_one_that_came_first_goes() -> None:
    """As the original's comparison has it, where each counts as begun when it is looked at."""
    snapshot = Snapshot()
    snapshot.put_node(make_node("n", cpu="3"))
    for name in ("first", "second", "third"):
        snapshot.add_pod(name, make_pod(name, cpu="1"), "n")
    cycle = Cycle(DEFAULT_PROFILE, snapshot, Nominations())
    pod = make_pod("p", cpu="1", priority=10)
    refusal = cycle.choose(pod, Random(0))
    assert isinstance(refusal, Refusal)
    room = cycle.make_room(pod, refusal)
    assert room.nomination is not None
    assert [victim.metadata.name for victim in room.nomination.victims] == ["first"]


def _volume(name: str, node: str) -> dict[str, Any]:
    here = {"key": "kubernetes.io/hostname", "operator": "In", "values": [node]}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name},
        "spec": {
            "capacity": {"storage": "1Gi"},
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": "local",
            "local": {"path": "/mnt"},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [here]}]}},
        },
    }


def _with_claim(name: str) -> list[dict[str, Any]]:
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": "local",
            "resources": {"requests": {"storage": "1Gi"}},
        },
    }
    volume = {"name": "v", "persistentVolumeClaim": {"claimName": name}}
    return [claim, _manifest(name, volumes=[volume])]


def test_a_claim_that_waits_for_its_consumer_gets_the_volume_of_the_node() -> None:
    """Each of two pods gets another volume, promised before the pod is bound; a third gets none."""

    async def main() -> None:
        async with Cluster(nodes=3) as cluster:
            await cluster.apply(
                [
                    {
                        "apiVersion": "storage.k8s.io/v1",
                        "kind": "StorageClass",
                        "metadata": {"name": "local"},
                        "provisioner": "kubernetes.io/no-provisioner",
                        "volumeBindingMode": "WaitForFirstConsumer",
                    },
                    _volume("on-1", "node-1"),
                    _volume("on-2", "node-2"),
                ]
            )
            for name in ("on-1", "on-2"):
                await cluster.client.patch(
                    PersistentVolume, name, {"status": {"phase": "Available"}}, subresource="status"
                )
            await cluster.apply(_with_claim("a") + _with_claim("b"))
            await cluster.clock.sleep(3)
            await cluster.apply(_with_claim("c"))
            await cluster.clock.sleep(3)
            pods = {p.metadata.name: p for p in await cluster.client.list(Pod)}
            claims = {c.metadata.name: c for c in await cluster.client.list(PersistentVolumeClaim)}
            nodes = set()
            for volume in await cluster.client.list(PersistentVolume):
                assert volume.spec is not None
                ref = volume.spec.claim_ref
                assert ref is not None
                assert ref.uid == claims[ref.name].metadata.uid
                spec = pods[ref.name].spec
                assert spec is not None
                assert spec.node_name == volume.metadata.name.replace("on", "node")
                nodes.add(spec.node_name)
            assert nodes == {"node-1", "node-2"}
            assert _scheduled(pods["c"])[2].startswith(
                "0/3 nodes are available: 3 node(s) didn't find available persistent volumes to bind."
            )

    actors.run(main)


@pytest.mark.cluster(nodes=2, furnished=True)
async def test_a_pod_is_bound_when_its_claims_are(cluster: Cluster) -> None:
    """Its kubelet never sees a claim without its volume; a claim that nobody provides for keeps the pod waiting."""
    slow = {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": "slow"},
        "provisioner": "example.com/nobody",
        "volumeBindingMode": "WaitForFirstConsumer",
    }
    manifests = [slow]
    for name, class_name in (("quick", "standard"), ("slow", "slow"), ("gone", "slow")):
        claim, manifest = _with_claim(name)
        claim["spec"]["storageClassName"] = class_name
        manifests += [claim, manifest]
    await cluster.apply(manifests)
    await cluster.client.wait(Pod, "quick", "condition=Ready", namespace="default", timeout=10)
    events = await cluster.client.list(Event, namespace="default")
    assert [e for e in events if e.reason == "FailedMount"] == []
    await cluster.client.delete(Pod, "gone", namespace="default")
    await cluster.clock.sleep(5)
    pods = await cluster.client.list(Pod, namespace="default")
    assert {
        p.metadata.name: p.spec and p.spec.node_name for p in pods if p.metadata.name != "quick"
    } == {"slow": ""}
    for name in ("quick", "slow"):
        told = await cluster.client.get(PersistentVolumeClaim, name, namespace="default")
        assert "volume.kubernetes.io/selected-node" in told.metadata.annotations


def test_a_pod_is_tried_anew_when_its_claims_are_not_bound_in_time() -> None:
    """After bindTimeoutSeconds, of which nothing is to be seen before."""
    args = {"name": "VolumeBinding", "args": {"bindTimeoutSeconds": 20}}
    scheduler = {"profiles": [{"pluginConfig": [args]}]}
    slow = {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": "slow"},
        "provisioner": "example.com/nobody",
        "volumeBindingMode": "WaitForFirstConsumer",
    }
    claim, manifest = _with_claim("slow")
    claim["spec"]["storageClassName"] = "slow"

    async def main() -> None:
        async with Cluster(nodes=1, scheduler=scheduler) as cluster:
            await cluster.apply([slow, claim, manifest])
            told = cluster.system.ref("/scheduler")
            await cluster.clock.sleep(15)
            assert (await told.ask(GetSchedulerStatistics())).errors == 0
            await cluster.clock.sleep(10)
            statistics = await told.ask(GetSchedulerStatistics())
            assert (statistics.errors, statistics.attempts) == (1, 2)

    actors.run(main)
