"""Volumes and claims: bound one to one, made on demand, given back."""

from typing import Any

import pytest

from orchestrator import Cluster
from orchestrator.api.core.v1 import Event, PersistentVolume, PersistentVolumeClaim, Pod
from orchestrator.api.storage.v1 import CSINode, VolumeAttachment
from tests.manifests import Manifest

PROVISIONER = "simulation.orchestrator.dev/disk"


def _volume(name: str, size: str = "1Gi", **spec: Any) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name},
        "spec": {
            "capacity": {"storage": size},
            "accessModes": ["ReadWriteOnce"],
            "hostPath": {"path": f"/disks/{name}"},
            "persistentVolumeReclaimPolicy": "Retain",
            "storageClassName": "",
            **spec,
        },
    }


def _claim(name: str = "data", size: str = "1Gi", storage_class: str = "", **spec: Any) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": size}},
            "storageClassName": storage_class,
            **spec,
        },
    }


def _class(**fields: Any) -> Manifest:
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": "disks"},
        "provisioner": PROVISIONER,
        **fields,
    }


def _pod() -> Manifest:
    claim = {"persistentVolumeClaim": {"claimName": "data"}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "user", "namespace": "default"},
        "spec": {
            "volumes": [{"name": "data", **claim}],
            "containers": [{"name": "c", "image": "i"}],
        },
    }


async def _bound_to(cluster: Cluster, name: str = "data") -> tuple[str, str]:
    """The claim's phase and volume."""
    claim = await cluster.client.get(PersistentVolumeClaim, name, namespace="default")
    assert claim.spec is not None
    assert claim.status is not None
    return claim.status.phase, claim.spec.volume_name


async def _phases(cluster: Cluster) -> dict[str, str]:
    volumes = await cluster.client.list(PersistentVolume)
    return {v.metadata.name: v.status.phase if v.status else "" for v in volumes}


async def test_a_claim_gets_the_smallest_volume_that_suits(cluster: Cluster) -> None:
    """Large enough, of its class; the others stay available."""
    sized = [_volume("small", "512Mi"), _volume("large", "8Gi"), _volume("right", "2Gi")]
    await cluster.apply([*sized, _volume("of-a-class", "1Gi", storageClassName="disks")])
    await cluster.apply([_claim()])
    await cluster.clock.sleep(5)
    assert await _bound_to(cluster) == ("Bound", "right")
    assert await _phases(cluster) == {
        "small": "Available",
        "large": "Available",
        "of-a-class": "Available",
        "right": "Bound",
    }
    claim = await cluster.client.get(PersistentVolumeClaim, "data", namespace="default")
    assert claim.status is not None
    assert claim.status.capacity["storage"] == "2Gi"


async def test_a_volume_that_comes_later_is_found(cluster: Cluster) -> None:
    """Until then the claim waits, and says why."""
    await cluster.apply([_claim()])
    await cluster.clock.sleep(5)
    assert await _bound_to(cluster) == ("Pending", "")
    reasons = {event.reason for event in await cluster.client.list(Event, namespace="default")}
    assert "FailedBinding" in reasons
    await cluster.apply([_volume("late")])
    await cluster.clock.sleep(1)
    assert await _bound_to(cluster) == ("Bound", "late")


async def test_a_volume_that_is_kept_for_a_claim_is_its_own(cluster: Cluster) -> None:
    """However large, and no other claim gets it."""
    await cluster.apply([_volume("kept", "9Gi", claimRef={"namespace": "default", "name": "data"})])
    await cluster.apply([_claim("other")])
    await cluster.clock.sleep(5)
    assert await _bound_to(cluster, "other") == ("Pending", "")
    await cluster.apply([_claim()])
    await cluster.clock.sleep(5)
    assert await _bound_to(cluster) == ("Bound", "kept")


async def test_a_kept_volume_is_released_with_its_claim(cluster: Cluster) -> None:
    """With the policy Retain it stays, for nobody."""
    await cluster.apply([_volume("one"), _claim()])
    await cluster.clock.sleep(5)
    await cluster.client.delete(PersistentVolumeClaim, "data", namespace="default")
    await cluster.clock.sleep(5)
    assert await _phases(cluster) == {"one": "Released"}
    await cluster.apply([_claim("next")])
    await cluster.clock.sleep(5)
    assert await _bound_to(cluster, "next") == ("Pending", "")


async def test_a_claim_is_lost_with_its_volume(cluster: Cluster) -> None:
    """It says so in its phase."""
    await cluster.apply([_volume("one"), _claim()])
    await cluster.clock.sleep(5)
    gone = {"metadata": {"finalizers": None}}
    await cluster.client.delete(PersistentVolume, "one")
    await cluster.client.patch(PersistentVolume, "one", gone)
    await cluster.clock.sleep(5)
    assert (await _bound_to(cluster))[0] == "Lost"


@pytest.mark.parametrize("mode", ["Immediate", "WaitForFirstConsumer"])
async def test_a_class_has_volumes_made(cluster: Cluster, mode: str) -> None:
    """At once, or when a pod that uses the claim has its node; with the claim they go."""
    await cluster.apply([_class(volumeBindingMode=mode, allowVolumeExpansion=True)])
    await cluster.apply([_claim(storage_class="disks", size="3Gi")])
    await cluster.clock.sleep(5)
    phase, _ = await _bound_to(cluster)
    assert phase == ("Bound" if mode == "Immediate" else "Pending")
    await cluster.apply([_pod()])
    await cluster.clock.sleep(60)
    phase, name = await _bound_to(cluster)
    assert phase == "Bound"
    assert await _phases(cluster) == {name: "Bound"}
    pod = await cluster.client.get(Pod, "user", namespace="default")
    assert pod.status is not None
    assert pod.status.phase == "Running"
    more = {"spec": {"resources": {"requests": {"storage": "5Gi"}}}}
    await cluster.client.patch(PersistentVolumeClaim, "data", more, namespace="default")
    await cluster.clock.sleep(5)
    claim = await cluster.client.get(PersistentVolumeClaim, "data", namespace="default")
    assert claim.status is not None
    assert claim.status.capacity["storage"] == "5Gi"
    await cluster.client.delete(Pod, "user", namespace="default")
    await cluster.client.delete(PersistentVolumeClaim, "data", namespace="default")
    await cluster.clock.sleep(60)
    assert await _phases(cluster) == {}


async def _attachments(cluster: Cluster) -> dict[str, bool]:
    found = await cluster.client.list(VolumeAttachment)
    return {each.spec.node_name: bool(each.status and each.status.attached) for each in found}


async def test_a_volume_is_attached_where_it_is_used(cluster: Cluster) -> None:
    """Which its pod hears of once; when the pod has gone it is detached."""
    await cluster.apply([_class(), _claim(storage_class="disks"), _pod()])
    await cluster.clock.sleep(60)
    pod = await cluster.client.get(Pod, "user", namespace="default")
    assert pod.spec is not None
    assert await _attachments(cluster) == {pod.spec.node_name: True}
    _, volume = await _bound_to(cluster)
    (event,) = [e for e in await cluster.client.list(Event) if e.reason == "SuccessfulAttachVolume"]
    assert event.message == f'AttachVolume.Attach succeeded for volume "{volume}" '
    assert event.source is not None
    assert event.source.component == "attachdetach-controller"
    nodes = await cluster.client.list(CSINode)
    assert len(nodes) == 3
    assert all(each.spec.drivers[0].name == "simulation.orchestrator.dev.disk" for each in nodes)
    await cluster.client.delete(Pod, "user", namespace="default")
    await cluster.clock.sleep(60)
    assert await _attachments(cluster) == {}


async def test_a_volume_of_one_node_is_not_attached_to_another(cluster: Cluster) -> None:
    """The second pod hears by whom it is used, and gets it when that has gone."""
    await cluster.apply([_class(), _claim(storage_class="disks"), _pod()])
    await cluster.clock.sleep(60)
    pod = await cluster.client.get(Pod, "user", namespace="default")
    assert pod.spec is not None
    first = pod.spec.node_name
    second = next(f"node-{n}" for n in (1, 2, 3) if f"node-{n}" != first)
    other = _pod()
    other["metadata"]["name"] = "other"
    other["spec"]["nodeName"] = second
    await cluster.apply([other])
    await cluster.clock.sleep(5)
    assert await _attachments(cluster) == {first: True}
    _, volume = await _bound_to(cluster)
    (event,) = [e for e in await cluster.client.list(Event) if e.reason == "FailedAttachVolume"]
    assert event.involved_object.name == "other"
    assert event.message == (
        f'Multi-Attach error for volume "{volume}" Volume is already used by pod(s) user'
    )
    await cluster.client.delete(Pod, "user", namespace="default")
    await cluster.clock.sleep(90)
    assert await _attachments(cluster) == {second: True}


async def test_who_will_see_to_a_claim_that_grows_is_said(cluster: Cluster) -> None:
    """Nobody here, where the volume is somebody else's."""
    kept = _claim("others", storage_class="disks")
    await cluster.apply(
        [_class(allowVolumeExpansion=True), _volume("one", storageClassName="disks"), kept]
    )
    await cluster.clock.sleep(5)
    assert await _bound_to(cluster, "others") == ("Bound", "one")
    await cluster.apply([_claim(storage_class="disks")])
    await cluster.clock.sleep(5)
    more = {"spec": {"resources": {"requests": {"storage": "5Gi"}}}}
    for name in ("data", "others"):
        await cluster.client.patch(PersistentVolumeClaim, name, more, namespace="default")
    await cluster.clock.sleep(5)
    told = {
        (e.involved_object.name, e.reason, e.message)
        for e in await cluster.client.list(Event)
        if "esiz" in e.message or "expand" in e.message
    }
    _, volume = await _bound_to(cluster)
    assert told == {
        ("others", "ExternalExpanding", "waiting for an external controller to expand this PVC"),
        ("data", "Resizing", f"External resizer is resizing volume {volume}"),
        ("data", "VolumeResizeSuccessful", "Resize volume succeeded"),
    }
