"""Claims in pods: what is behind them is mounted, and what keeps it from being mounted is said."""

from typing import Any

import pytest

from orchestrator import Cluster
from orchestrator.api.core.v1 import (
    PersistentVolume,
    PersistentVolumeClaim,
    Pod,
)
from orchestrator.api.storage.v1 import VolumeAttachment
from tests.kubelet.stories import container_of, events_of, pod_with, waiting_of
from tests.manifests import Manifest

DRIVER = "simulation.orchestrator.dev.disk"
ADDS = "test -e /data/f && cat /data/f > /dev/termination-log; echo -n x >> /data/f"


def _class(**fields: Any) -> Manifest:
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": "disks"},
        "provisioner": "simulation.orchestrator.dev/disk",
        **fields,
    }


def _claim(name: str = "data", **spec: Any) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
            "storageClassName": "disks",
            **spec,
        },
    }


def _volume(name: str, **spec: Any) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "capacity": {"storage": "1Gi"},
            "storageClassName": "disks",
            **spec,
        },
    }


def _user(name: str, claim: str = "data", **options: Any) -> Manifest:
    """A pod that adds a letter to a file of its claim, and tells what was there before."""
    container = {
        "image": "busybox",
        "command": ["sh", "-c", ADDS],
        "volumeMounts": [{"name": "v", "mountPath": "/data"}],
    }
    volumes = [{"name": "v", "persistentVolumeClaim": {"claimName": claim}}]
    return pod_with(name, container, volumes=volumes, restartPolicy="Never", **options)


async def _told(cluster: Cluster, name: str) -> str:
    """What a pod that has ended had found."""
    state = (await container_of(cluster, name)).state
    assert state is not None
    assert state.terminated is not None, state
    return state.terminated.message


async def _use(cluster: Cluster, name: str, **options: Any) -> str:
    """What a new pod finds in the claim; it is deleted afterwards."""
    await cluster.apply([_user(name, **options)])
    await cluster.clock.sleep(30)
    told = await _told(cluster, name)
    await cluster.client.delete(Pod, name, namespace="default")
    await cluster.clock.sleep(60)
    return told


async def test_what_is_written_to_a_claim_is_there_for_the_next_pod(cluster: Cluster) -> None:
    """On whichever node that is; another claim of that name begins empty."""
    await cluster.apply([_class(), _claim()])
    found = [await _use(cluster, f"user-{n}", nodeName=f"node-{n}") for n in range(3)]
    assert found == ["", "x", "xx"]
    await cluster.client.delete(PersistentVolumeClaim, "data", namespace="default")
    await cluster.clock.sleep(10)
    assert not await cluster.client.list(PersistentVolume)
    await cluster.apply([_claim()])
    assert await _use(cluster, "last") == ""


async def test_what_is_retained_is_found_by_another_volume_of_the_same_disk(
    cluster: Cluster,
) -> None:
    """Which a user writes who knows the disk's handle."""
    await cluster.apply([_class(reclaimPolicy="Retain"), _claim()])
    assert await _use(cluster, "first") == ""
    (volume,) = await cluster.client.list(PersistentVolume)
    assert volume.spec is not None
    assert volume.spec.csi is not None
    await cluster.client.delete(PersistentVolumeClaim, "data", namespace="default")
    await cluster.client.delete(PersistentVolume, volume.metadata.name)
    await cluster.clock.sleep(10)
    handle = {"driver": DRIVER, "volumeHandle": volume.spec.csi.volume_handle}
    await cluster.apply([_volume("again", csi=handle), _claim("other", volumeName="again")])
    assert await _use(cluster, "second", claim="other") == "x"


async def test_a_copy_of_a_claim_begins_with_its_files(cluster: Cluster) -> None:
    """As they were; what is written to one afterwards is not in the other."""
    await cluster.apply([_class(), _claim()])
    assert await _use(cluster, "first") == ""
    source = {"kind": "PersistentVolumeClaim", "name": "data"}
    await cluster.apply([_claim("copy", dataSource=source)])
    await cluster.clock.sleep(5)
    found = [
        await _use(cluster, f"user-{n}", claim=claim)
        for n, claim in enumerate(("data", "copy", "copy", "data"))
    ]
    assert found == ["x", "x", "xx", "xx"]


async def test_a_claim_to_a_path_of_the_node_is_that_path(cluster: Cluster) -> None:
    """As a volume of hostPath or local says."""
    for name, source in (("host", "hostPath"), ("local", "local")):
        place: dict[str, Any] = {source: {"path": "/mnt/disk"}}
        if source == "local":
            terms = [{"matchExpressions": [{"key": "kubernetes.io/os", "operator": "Exists"}]}]
            place["nodeAffinity"] = {"required": {"nodeSelectorTerms": terms}}
        await cluster.apply([_class(), _volume(name, **place), _claim(name, volumeName=name)])
    found = [await _use(cluster, n, claim=n, nodeName="node-1") for n in ("host", "local")]
    assert found == ["", "x"]


@pytest.mark.parametrize(
    ("claim", "why"),
    [
        (None, 'failed to fetch PVC from API server: persistentvolumeclaims "data" not found'),
        (_claim(), "PVC is not bound"),
    ],
)
async def test_a_pod_waits_for_its_claim(
    cluster: Cluster, claim: Manifest | None, why: str
) -> None:
    """Where the scheduler was not asked."""
    await cluster.apply([*([claim] if claim else []), _user("user", nodeName="node-0")])
    await cluster.clock.sleep(5)
    assert await waiting_of(cluster, "user") == ("ContainerCreating", "")
    message = (
        "Unable to attach or mount volumes: unmounted volumes=[v], unattached volumes=[], "
        f"failed to process volumes=[v]: error processing PVC default/data: {why}"
    )
    assert ("FailedMount", message) in await events_of(cluster, "user")


async def test_a_block_device_is_no_directory(cluster: Cluster) -> None:
    await cluster.apply([_class(), _claim(volumeMode="Block"), _user("user")])
    await cluster.clock.sleep(30)
    message = (
        "Unable to attach or mount volumes: unmounted volumes=[v], unattached volumes=[], failed to "
        "process volumes=[v]: volume v has volumeMode Block, but is specified in volumeMounts"
    )
    assert ("FailedMount", message) in await events_of(cluster, "user")


async def test_a_claim_may_be_a_block_device(cluster: Cluster) -> None:
    """Which keeps what a pod writes to it for the next."""
    await cluster.apply([_class(), _claim(volumeMode="Block")])
    script = "cat /dev/xvda > /dev/termination-log; printf x >> /dev/xvda"
    container = {
        "image": "busybox",
        "command": ["sh", "-c", script],
        "volumeDevices": [{"name": "v", "devicePath": "/dev/xvda"}],
    }
    volumes = [{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}]
    found = []
    for name in ("first", "second"):
        await cluster.apply([pod_with(name, container, volumes=volumes, restartPolicy="Never")])
        await cluster.clock.sleep(30)
        found.append(await _told(cluster, name))
    assert found == ["", "x"]


async def test_a_pod_waits_until_its_volume_is_attached(cluster: Cluster) -> None:
    """By the driver's own attacher; after two minutes it hears that it waits."""
    csi = {"driver": "disks.example.com", "volumeHandle": "one"}
    await cluster.apply([_class(), _volume("one", csi=csi), _claim(volumeName="one")])
    await cluster.apply([_user("user")])
    await cluster.clock.sleep(100)
    assert await waiting_of(cluster, "user") == ("ContainerCreating", "")
    faults = [text for reason, text in await events_of(cluster, "user") if reason == "FailedMount"]
    assert faults == []
    await cluster.clock.sleep(60)
    message = (
        "Unable to attach or mount volumes: unmounted volumes=[v], unattached volumes=[v], "
        "failed to process volumes=[]: context deadline exceeded"
    )
    assert ("FailedMount", message) in await events_of(cluster, "user")
    (attachment,) = await cluster.client.list(VolumeAttachment)
    attached = {"status": {"attached": True}}
    await cluster.client.patch(
        VolumeAttachment, attachment.metadata.name, attached, subresource="status"
    )
    await cluster.clock.sleep(10)
    assert await _told(cluster, "user") == ""


async def test_a_driver_that_nobody_has_installed_mounts_nothing(cluster: Cluster) -> None:
    """Which its pod hears, until there is a CSIDriver."""
    volumes = [{"name": "v", "csi": {"driver": "secrets.example.com"}}]
    mounts = {"volumeMounts": [{"name": "v", "mountPath": "/v"}]}
    await cluster.apply([pod_with("user", mounts, volumes=volumes)])
    await cluster.clock.sleep(5)
    message = (
        'MountVolume.SetUp failed for volume "v" : kubernetes.io/csi: mounter.SetUpAt failed to get '
        "CSI client: driver name secrets.example.com not found in the list of registered CSI drivers"
    )
    assert ("FailedMount", message) in await events_of(cluster, "user")
    driver = {"apiVersion": "storage.k8s.io/v1", "kind": "CSIDriver"}
    spec = {"volumeLifecycleModes": ["Ephemeral"]}
    await cluster.apply([{**driver, "metadata": {"name": "secrets.example.com"}, "spec": spec}])
    await cluster.clock.sleep(30)
    assert (await container_of(cluster, "user")).ready


async def test_a_volume_belongs_to_the_group_of_its_pod(cluster: Cluster) -> None:
    """As a simulated container sees it; a path of the host does not."""
    script = "echo x > /data/f; ls -la /data > /dev/termination-log; ls -ld /memory/sub /host >> /dev/termination-log"
    container = {
        "image": "busybox",
        "command": ["sh", "-c", script],
        "volumeMounts": [
            {"name": "v", "mountPath": "/data"},
            {"name": "memory", "mountPath": "/memory/sub", "subPath": "sub"},
            {"name": "host", "mountPath": "/host"},
        ],
    }
    volumes = [
        {"name": "v", "persistentVolumeClaim": {"claimName": "data"}},
        {"name": "memory", "emptyDir": {"medium": "Memory"}},
        {"name": "host", "hostPath": {"path": "/mnt/disk"}},
    ]
    context = {"runAsUser": 1000, "fsGroup": 2000}
    user = pod_with(
        "user", container, volumes=volumes, restartPolicy="Never", securityContext=context
    )
    await cluster.apply([_class(), _claim(), user])
    await cluster.clock.sleep(30)
    lines = [line.split() for line in (await _told(cluster, "user")).splitlines()]
    assert [(words[0], words[2], words[3], words[-1]) for words in lines] == [
        ("drwxrwsrwx", "root", "2000", "."),
        ("drwxr-xr-x", "root", "root", ".."),
        ("-rw-r--r--", "1000", "2000", "f"),
        ("drwxrwsrwt", "root", "2000", "/memory/sub"),
        ("drwxr-xr-x", "root", "root", "/host"),
    ]
