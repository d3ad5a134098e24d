"""Pods' ephemeral volumes have claims of their own."""

from orchestrator import Cluster
from orchestrator.api.core.v1 import Event, PersistentVolumeClaim, Pod, ResourceQuota
from tests.manifests import Manifest

_SPEC: Manifest = {
    "accessModes": ["ReadWriteOnce"],
    "storageClassName": "",
    "resources": {"requests": {"storage": "1Gi"}},
}


def _pod() -> Manifest:
    template = {"metadata": {"labels": {"of": "scratch"}}, "spec": _SPEC}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p"},
        "spec": {
            "containers": [{"name": "c", "image": "img:1"}],
            "volumes": [{"name": "scratch", "ephemeral": {"volumeClaimTemplate": template}}],
        },
    }


async def test_a_claim_is_made_and_goes_with_the_pod(cluster: Cluster) -> None:
    """By the template; and made again when somebody deletes it."""
    await cluster.client.create(_pod())
    await cluster.clock.sleep(1)
    claim = await cluster.client.get(PersistentVolumeClaim, "p-scratch")
    assert claim.metadata.labels == {"of": "scratch"}
    (owner,) = claim.metadata.owner_references
    assert (owner.kind, owner.name, owner.controller, owner.block_owner_deletion) == (
        "Pod",
        "p",
        True,
        True,
    )
    await cluster.client.delete(PersistentVolumeClaim, "p-scratch")
    await cluster.clock.sleep(1)
    again = await cluster.client.get(PersistentVolumeClaim, "p-scratch")
    assert again.metadata.uid != claim.metadata.uid
    await cluster.client.delete(Pod, "p")
    await cluster.client.wait(PersistentVolumeClaim, "p-scratch", "delete")


async def test_anothers_claim_is_not_taken(cluster: Cluster) -> None:
    """An event says why the pod waits, until the name is free."""
    await cluster.client.create(
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": "p-scratch"},
            "spec": _SPEC,
        }
    )
    await cluster.client.create(_pod())
    await cluster.clock.sleep(1)
    (event,) = [
        e
        for e in await cluster.client.list(Event)
        if e.reason == "FailedBinding" and e.involved_object.kind == "Pod"
    ]
    assert event.message == (
        "ephemeral volume scratch: PVC default/p-scratch was not created for pod default/p (pod is not owner)"
    )
    assert event.source is not None
    assert event.source.component == "ephemeral_volume"
    await cluster.client.delete(PersistentVolumeClaim, "p-scratch")
    await cluster.clock.sleep(10)
    claim = await cluster.client.get(PersistentVolumeClaim, "p-scratch")
    assert claim.metadata.owner_references[0].name == "p"


async def test_an_event_says_why_a_claim_cannot_be_made(cluster: Cluster) -> None:
    """A quota that has no room for it, say; the claim is made once there is room."""
    quota = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "none"},
        "spec": {"hard": {"persistentvolumeclaims": "0"}},
    }
    await cluster.client.create(quota)
    await cluster.clock.sleep(1)
    await cluster.client.create(_pod())
    await cluster.clock.sleep(1)
    events = await cluster.client.list(Event)
    told = {e.message for e in events if e.reason == "FailedBinding"}
    assert told == {
        'ephemeral volume scratch: create PVC p-scratch: persistentvolumeclaims "p-scratch" is forbidden: '
        "exceeded quota: none, requested: persistentvolumeclaims=1, used: persistentvolumeclaims=0, "
        "limited: persistentvolumeclaims=0"
    }
    await cluster.client.delete(ResourceQuota, "none")
    await cluster.client.wait(
        PersistentVolumeClaim, "p-scratch", "jsonpath={.status.phase}=Pending"
    )
