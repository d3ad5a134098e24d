"""Claims and volumes go when they are free, and not before."""

from typing import Any

import pytest

from orchestrator import Cluster
from orchestrator.api.core.v1 import PersistentVolume, PersistentVolumeClaim, Pod
from orchestrator.api.storage.v1 import VolumeAttributesClass
from orchestrator.protocol import NotFound
from tests.manifests import SIMULATION, Manifest, pod

CLAIM: Manifest = {
    "apiVersion": "v1",
    "kind": "PersistentVolumeClaim",
    "metadata": {"name": "data", "namespace": "default"},
    "spec": {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "1Gi"}},
    },
}
VOLUME: Manifest = {
    "apiVersion": "v1",
    "kind": "PersistentVolume",
    "metadata": {"name": "disk"},
    "spec": {
        "accessModes": ["ReadWriteOnce"],
        "capacity": {"storage": "1Gi"},
        "hostPath": {"path": "/data"},
    },
}
CLASS: Manifest = {
    "apiVersion": "storage.k8s.io/v1",
    "kind": "VolumeAttributesClass",
    "metadata": {"name": "quick"},
    "driverName": "disks.example.com",
    "parameters": {"iops": "1000"},
}


async def test_a_claim_stays_as_long_as_a_pod_uses_it(cluster: Cluster) -> None:
    """And goes with the last one."""
    user = pod("user")
    user["spec"]["volumes"] = [{"name": "d", "persistentVolumeClaim": {"claimName": "data"}}]
    await cluster.apply([VOLUME, CLAIM, user])
    await cluster.client.wait(Pod, "user", "condition=Ready", namespace="default", timeout=30)
    await cluster.client.delete(PersistentVolumeClaim, "data", namespace="default")
    await cluster.clock.sleep(60)
    held = await cluster.client.get(PersistentVolumeClaim, "data", namespace="default")
    assert held.metadata.finalizers == ("kubernetes.io/pvc-protection",)
    await cluster.client.delete(Pod, "user", namespace="default")
    await cluster.clock.sleep(40)
    with pytest.raises(NotFound):
        await cluster.client.get(PersistentVolumeClaim, "data", namespace="default")


async def test_a_pod_that_has_ended_keeps_its_claim(cluster: Cluster) -> None:
    """Until it is deleted, as one that has no node does not."""
    user, waits = pod("user", restartPolicy="Never"), pod("waits", nodeSelector={"no": "where"})
    user["metadata"]["annotations"] = {f"{SIMULATION}run-seconds": "1"}
    for each in (user, waits):
        each["spec"]["volumes"] = [{"name": "d", "persistentVolumeClaim": {"claimName": "data"}}]
    await cluster.apply([VOLUME, CLAIM, user, waits])
    await cluster.clock.sleep(20)
    ended = await cluster.client.get(Pod, "user", namespace="default")
    assert ended.status is not None
    assert ended.status.phase == "Succeeded"
    await cluster.client.delete(PersistentVolumeClaim, "data", namespace="default")
    await cluster.clock.sleep(60)
    assert await cluster.client.list(PersistentVolumeClaim)
    await cluster.client.delete(Pod, "user", namespace="default")
    await cluster.clock.sleep(5)
    assert not await cluster.client.list(PersistentVolumeClaim)


async def test_a_lost_finalizer_comes_back(cluster: Cluster) -> None:
    """Of a claim, a volume and a class."""
    await cluster.apply([CLAIM, VOLUME, CLASS])
    bare = {"metadata": {"finalizers": None}}
    kinds: dict[type[Any], str] = {
        PersistentVolumeClaim: "data",
        PersistentVolume: "disk",
        VolumeAttributesClass: "quick",
    }
    for kind, name in kinds.items():
        namespace = "default" if kind is PersistentVolumeClaim else ""
        await cluster.client.patch(kind, name, bare, namespace=namespace)
        await cluster.clock.sleep(5)
        found = await cluster.client.get(kind, name, namespace=namespace)
        assert len(found.metadata.finalizers) == 1


async def test_what_nobody_uses_goes_at_once(cluster: Cluster) -> None:
    """A claim, and a volume."""
    await cluster.apply([CLAIM, VOLUME])
    await cluster.client.delete(PersistentVolumeClaim, "data", namespace="default")
    await cluster.client.delete(PersistentVolume, "disk")
    await cluster.clock.sleep(5)
    assert not await cluster.client.list(PersistentVolumeClaim)
    assert not await cluster.client.list(PersistentVolume)


async def test_a_class_stays_as_long_as_a_claim_names_it(cluster: Cluster) -> None:
    """And goes with the last one."""
    claim = {**CLAIM, "spec": {**CLAIM["spec"], "volumeAttributesClassName": "quick"}}
    await cluster.apply([CLASS, claim])
    await cluster.client.delete(VolumeAttributesClass, "quick")
    await cluster.clock.sleep(60)
    held = await cluster.client.get(VolumeAttributesClass, "quick")
    assert held.metadata.finalizers == ("kubernetes.io/vac-protection",)
    await cluster.client.delete(PersistentVolumeClaim, "data", namespace="default")
    await cluster.clock.sleep(40)
    with pytest.raises(NotFound):
        await cluster.client.get(VolumeAttributesClass, "quick")
