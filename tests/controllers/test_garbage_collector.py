"""Owners and their dependents."""

from typing import Any

import pytest

from orchestrator import Cluster
from orchestrator.api.apiextensions.v1 import CustomResourceDefinition
from orchestrator.api.apps.v1 import Deployment, ReplicaSet
from orchestrator.api.batch.v1 import Job
from orchestrator.api.core.v1 import ConfigMap, Event, Pod
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.api.rbac.v1 import ClusterRole
from orchestrator.client import owned_by
from orchestrator.protocol import NotFound
from tests.manifests import SIMULATION, deployment, pod
from tests.widgets import WIDGETS, definition, widget


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


async def test_a_circle_of_owners_that_block_goes(cluster: Cluster) -> None:
    """Each waits for the next; who closes the circle blocks no longer."""
    names = ("a", "b", "c")
    made = {
        name: await cluster.client.create(ConfigMap(metadata=ObjectMeta(name=name)))
        for name in names
    }
    for owner, owned in (("a", "b"), ("b", "c"), ("c", "a")):
        reference = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "name": owner,
            "uid": made[owner].metadata.uid,
            "blockOwnerDeletion": True,
        }
        body = {"metadata": {"ownerReferences": [reference]}}
        await cluster.client.patch(ConfigMap, owned, body, namespace="default")
    await cluster.clock.sleep(5)
    await cluster.client.delete(
        ConfigMap, "a", namespace="default", propagation_policy="Foreground"
    )
    await cluster.clock.sleep(30)
    left = await cluster.client.list(ConfigMap, namespace="default")
    assert not {each.metadata.name for each in left} & set(names)


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


async def test_an_owner_in_a_namespace_that_cannot_be_known_collects_nothing(
    cluster: Cluster,
) -> None:
    """A cluster-scoped object that names one stays, with all its references, and people are told."""
    owners = [
        {"apiVersion": "v1", "kind": "ConfigMap", "name": "nowhere", "uid": "u-1"},
        {"apiVersion": "v1", "kind": "Node", "name": "gone", "uid": "u-2"},
    ]
    metadata = {"name": "precious", "ownerReferences": owners}
    await cluster.apply(
        [
            {
                "apiVersion": "rbac.authorization.k8s.io/v1",
                "kind": "ClusterRole",
                "metadata": metadata,
                "rules": [],
            }
        ]
    )
    await cluster.clock.sleep(60)
    precious = await cluster.client.get(ClusterRole, "precious")
    assert precious.metadata.deletion_timestamp is None
    assert len(precious.metadata.owner_references) == 2
    events = await cluster.client.list(Event)
    assert "OwnerRefInvalidNamespace" in {e.reason for e in events}


@pytest.mark.parametrize("after_seconds", [0.5, 1.5, 5.0, 40.0])
async def test_a_job_s_orphans_run_on(cluster: Cluster, after_seconds: float) -> None:
    """All of them, whenever it is deleted; without owner, and without the finalizer that nobody takes."""
    await cluster.apply(
        [
            {
                "apiVersion": "batch/v1",
                "kind": "Job",
                "metadata": {"name": "orph", "namespace": "default"},
                "spec": {
                    "parallelism": 5,
                    "completions": 5,
                    "template": {
                        "metadata": {"annotations": {SIMULATION + "run-seconds": "600"}},
                        "spec": {
                            "restartPolicy": "Never",
                            "containers": [{"name": "c", "image": "i"}],
                        },
                    },
                },
            }
        ]
    )
    await cluster.clock.sleep(after_seconds)
    await cluster.client.delete(Job, "orph", propagation_policy="Orphan")
    await cluster.clock.sleep(60)
    with pytest.raises(NotFound):
        await cluster.client.get(Job, "orph")
    pods = await cluster.client.list(Pod, namespace="default")
    assert len(pods) == 5
    assert {p.metadata.deletion_timestamp for p in pods} == {None}
    assert {p.metadata.owner_references for p in pods} == {()}
    assert {p.metadata.finalizers for p in pods} == {()}


async def test_children_of_custom_resources_go_with_them(cluster: Cluster) -> None:
    """Of a kind whose definition came, went and came again while the collector ran."""
    for _ in range(2):
        await cluster.apply([definition()])
        await cluster.clock.sleep(2)
        await cluster.apply([widget("one")])
        owner: Any = await cluster.client.get(WIDGETS, "one")
        child = owned_by(ConfigMap(metadata=ObjectMeta(name="child")), owner)
        await cluster.client.create(child)
        await cluster.clock.sleep(60)
        await cluster.client.get(ConfigMap, "child")
        await cluster.client.delete(WIDGETS, "one")
        await cluster.client.wait(ConfigMap, "child", "delete", timeout=60)
        await cluster.client.delete(CustomResourceDefinition, "widgets.example.test")
        await cluster.clock.sleep(60)
