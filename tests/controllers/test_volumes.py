"""Volumes and claims: bound one to one, made on demand, given back."""

from typing import Any

import pytest

from orchestrator import Cluster
from orchestrator.api.core.v1 import Event, PersistentVolume, PersistentVolumeClaim, Pod
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
