"""Owners and their dependents."""

from typing import Any

import pytest

from orchestrator import Cluster
from orchestrator.api.apps.v1 import Deployment, ReplicaSet
from orchestrator.api.core.v1 import Pod
from orchestrator.protocol import NotFound
from tests.manifests import deployment, pod


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
