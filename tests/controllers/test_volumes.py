"""Volumes and claims: bound one to one, made on demand, given back."""

from typing import Any

import pytest
from msgspec.structs import replace

from orchestrator import Cluster
from orchestrator.api.core.v1 import (
    Event,
    Node,
    PersistentVolume,
    PersistentVolumeClaim,
    Pod,
    PodStatus,
)
from orchestrator.api.storage.v1 import CSINode, StorageClass, VolumeAttachment
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


_ANYWHERE: Manifest = {
    "required": {
        "nodeSelectorTerms": [
            {"matchExpressions": [{"key": "kubernetes.io/os", "operator": "Exists"}]}
        ]
    }
}


def _class(**fields: Any) -> Manifest:
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": "disks"},
        "provisioner": PROVISIONER,
        **fields,
    }


_MOUNT: Manifest = {"name": "data", "mountPath": "/data"}


def _pod() -> Manifest:
    claim = {"persistentVolumeClaim": {"claimName": "data"}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "user", "namespace": "default"},
        "spec": {
            "volumes": [{"name": "data", **claim}],
            "containers": [{"name": "c", "image": "i", "volumeMounts": [_MOUNT]}],
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
    """When its claim is looked at again; until then the claim waits, and says why."""
    await cluster.apply([_claim()])
    await cluster.clock.sleep(5)
    assert await _bound_to(cluster) == ("Pending", "")
    reasons = {event.reason for event in await cluster.client.list(Event, namespace="default")}
    assert "FailedBinding" in reasons
    await cluster.apply([_volume("late")])
    await cluster.clock.sleep(2)
    assert await _bound_to(cluster) == ("Pending", "")
    assert await _phases(cluster) == {"late": "Available"}
    await cluster.clock.sleep(15)
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


_NOTHING_ATTACHED: Manifest = {"status": {"volumesAttached": []}}


async def _told_by(cluster: Cluster, node: str) -> tuple[list[str], list[str]]:
    """Which volumes a node's status says are attached, and in use."""
    found = await cluster.client.get(Node, node)
    assert found.status is not None
    return [e.name for e in found.status.volumes_attached], [*found.status.volumes_in_use]


async def test_a_node_tells_which_volumes_it_has(cluster: Cluster) -> None:
    """Those that are attached to it, and those that its pods use; none when they have gone."""
    await cluster.apply([_class(), _claim(storage_class="disks"), _pod()])
    await cluster.clock.sleep(60)
    pod = await cluster.client.get(Pod, "user", namespace="default")
    assert pod.spec is not None
    node = pod.spec.node_name
    _, volume = await _bound_to(cluster)
    source = (await cluster.client.get(PersistentVolume, volume)).spec
    assert source is not None
    assert source.csi is not None
    name = f"kubernetes.io/csi/{source.csi.driver}^{source.csi.volume_handle}"
    assert await _told_by(cluster, node) == ([name], [name])
    cluster.crash(f"/nodes/{node}/kubelet")
    await cluster.clock.sleep(60)
    assert await _told_by(cluster, node) == ([name], [name])
    await cluster.client.patch(Node, node, _NOTHING_ATTACHED, subresource="status")
    await cluster.clock.sleep(1)
    assert await _told_by(cluster, node) == ([name], [name])
    await cluster.client.delete(Pod, "user", namespace="default")
    await cluster.clock.sleep(60)
    assert await _told_by(cluster, node) == ([], [])


async def test_what_a_node_uses_is_not_detached(cluster: Cluster) -> None:
    """However long ago its pod is gone, while the node is well and says that it is mounted there."""
    await cluster.apply([_class(), _claim(storage_class="disks"), _pod()])
    await cluster.clock.sleep(60)
    pod = await cluster.client.get(Pod, "user", namespace="default")
    assert pod.spec is not None
    node = pod.spec.node_name
    _, [name] = await _told_by(cluster, node)
    await cluster.client.delete(Pod, "user", namespace="default")
    await cluster.clock.sleep(5)
    assert await _told_by(cluster, node) == ([name], [name])
    assert await _attachments(cluster) == {node: True}
    await cluster.clock.sleep(40)
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


@pytest.mark.parametrize(("out_of_service", "seconds"), [(False, 420), (True, 60)])
async def test_what_a_silent_node_has_is_given_away_late(
    cluster: Cluster, out_of_service: bool, seconds: float
) -> None:
    """Nobody knows whether it still writes; an administrator may say that it does not."""
    await cluster.apply([_class(), _claim(storage_class="disks"), _pod()])
    await cluster.clock.sleep(60)
    pod = await cluster.client.get(Pod, "user", namespace="default")
    assert pod.spec is not None
    first = pod.spec.node_name
    await cluster.crash_node(first)
    await cluster.clock.sleep(90)
    if out_of_service:
        taint = {"key": "node.kubernetes.io/out-of-service", "effect": "NoExecute"}
        await cluster.client.patch(Node, first, {"spec": {"taints": [taint]}})
    await cluster.client.delete(Pod, "user", namespace="default", grace_period_seconds=0)
    other = _pod()
    other["metadata"]["name"] = "other"
    await cluster.apply([other])
    await cluster.clock.sleep(30)
    _, volume = await _bound_to(cluster)
    said = (
        f'Multi-Attach error for volume "{volume}" Volume is already exclusively attached to one node '
        "and can't be attached to another"
    )
    if not out_of_service:
        assert ("attachdetach-controller", "FailedAttachVolume", said) in await _told(
            cluster, "other"
        )
        assert await _attachments(cluster) == {first: True}
    await cluster.clock.sleep(seconds)
    found = await cluster.client.get(Pod, "other", namespace="default")
    assert found.status is not None
    assert found.status.phase == "Running"
    assert first not in await _attachments(cluster)


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


async def test_a_volume_of_a_plugin_of_long_ago_grows_by_its_driver(cluster: Cluster) -> None:
    """The claim says whose resizer is to see to it."""
    growing = _class(allowVolumeExpansion=True)
    source: Manifest = {"awsElasticBlockStore": {"volumeID": "vol-1"}}
    disk = _volume("disk", storageClassName="disks", **source)
    del disk["spec"]["hostPath"]
    await cluster.apply([growing, disk, _claim(storage_class="disks")])
    await cluster.clock.sleep(30)
    body = {"spec": {"resources": {"requests": {"storage": "9Gi"}}}}
    await cluster.client.patch(PersistentVolumeClaim, "data", body, namespace="default")
    await cluster.clock.sleep(10)
    claim = await cluster.client.get(PersistentVolumeClaim, "data", namespace="default")
    resizer = "volume.kubernetes.io/storage-resizer"
    assert claim.metadata.annotations[resizer] == "ebs.csi.aws.com"
    message = "CSI migration enabled for kubernetes.io/aws-ebs; waiting for external resizer to expand the pvc"
    assert ("volume_expand", "ExternalExpanding", message) in await _told(cluster, "data")


async def _told(cluster: Cluster, name: str) -> set[tuple[str, str, str]]:
    """The events of an object: who says what."""
    return {
        (e.source.component if e.source else "", e.reason, e.message)
        for e in await cluster.client.list(Event)
        if e.involved_object.name == name
    }


KEEPER = "persistentvolume-controller"


@pytest.mark.parametrize(
    ("volume", "claim", "why"),
    [
        ({"size": "512Mi"}, {}, "requested PV is too small"),
        ({"storageClassName": "other"}, {}, "storageClassName does not match"),
        ({"volumeMode": "Block"}, {}, "incompatible volumeMode"),
        ({}, {"accessModes": ["ReadWriteMany"]}, "incompatible accessMode"),
    ],
)
async def test_a_claim_hears_why_the_volume_that_it_names_is_not_for_it(
    cluster: Cluster, volume: dict[str, Any], claim: dict[str, Any], why: str
) -> None:
    await cluster.apply([_volume("one", **volume), _claim(volumeName="one", **claim)])
    await cluster.clock.sleep(5)
    assert (await _bound_to(cluster))[0] == "Pending"
    said = f'Cannot bind to requested volume "one": {why}'
    assert (KEEPER, "VolumeMismatch", said) in await _told(cluster, "data")


async def test_a_claim_waits_for_a_volume_that_another_has(cluster: Cluster) -> None:
    """It names it; when that is free it gets it."""
    await cluster.apply([_volume("one"), _claim("first", volumeName="one")])
    await cluster.clock.sleep(5)
    await cluster.apply([_claim(volumeName="one")])
    await cluster.clock.sleep(5)
    said = 'volume "one" already bound to a different claim.'
    assert (KEEPER, "FailedBinding", said) in await _told(cluster, "data")
    await cluster.client.delete(PersistentVolumeClaim, "first", namespace="default")
    await cluster.clock.sleep(5)
    assert await _phases(cluster) == {"one": "Released"}
    freed = {"spec": {"claimRef": None}}
    await cluster.client.patch(PersistentVolume, "one", freed)
    await cluster.clock.sleep(20)
    assert await _bound_to(cluster) == ("Bound", "one")


async def test_a_volume_that_can_be_used_in_fewer_ways_comes_first(cluster: Cluster) -> None:
    """However large it is."""
    modes = ["ReadWriteOnce", "ReadOnlyMany"]
    await cluster.apply([_volume("shared", accessModes=modes), _volume("own", "9Gi")])
    await cluster.clock.sleep(5)
    await cluster.apply([_claim()])
    await cluster.clock.sleep(5)
    assert await _bound_to(cluster) == ("Bound", "own")


async def test_a_claim_that_is_bound_for_good_is_bound_again(cluster: Cluster) -> None:
    """If its volume forgot it; one that was given to another claim is not taken from that."""
    await cluster.apply([_volume("one"), _claim()])
    await cluster.clock.sleep(5)
    await cluster.client.patch(PersistentVolume, "one", {"spec": {"claimRef": None}})
    await cluster.clock.sleep(16)
    assert await _bound_to(cluster) == ("Bound", "one")
    volume = await cluster.client.get(PersistentVolume, "one")
    assert volume.spec is not None
    assert volume.spec.claim_ref is not None
    other = {"namespace": "default", "name": "else", "uid": "somebody", "resourceVersion": None}
    await cluster.client.patch(PersistentVolume, "one", {"spec": {"claimRef": other}})
    await cluster.clock.sleep(16)
    assert (await _bound_to(cluster))[0] == "Lost"
    said = "Two claims are bound to the same volume, this one is bound incorrectly"
    assert (KEEPER, "ClaimMisbound", said) in await _told(cluster, "data")


async def test_a_class_that_becomes_the_default_is_that_of_claims_that_wait(
    cluster: Cluster,
) -> None:
    """If they say nothing of a class; one that wants none goes on waiting."""
    free, none = _claim("free"), _claim("none")
    del free["spec"]["storageClassName"]
    await cluster.apply([free, none])
    await cluster.clock.sleep(5)
    await cluster.apply([_class()])
    mark = {"metadata": {"annotations": {"storageclass.kubernetes.io/is-default-class": "true"}}}
    await cluster.client.patch(StorageClass, "disks", mark)
    await cluster.clock.sleep(20)
    assert (await _bound_to(cluster, "free"))[0] == "Bound"
    assert (await _bound_to(cluster, "none"))[0] == "Pending"


async def test_a_claim_that_waits_for_its_pod_names_it(cluster: Cluster) -> None:
    """Once there is one, which cannot be scheduled."""
    await cluster.apply([_class(volumeBindingMode="WaitForFirstConsumer")])
    await cluster.apply([_claim(storage_class="disks")])
    await cluster.clock.sleep(5)
    pod = _pod()
    pod["spec"]["nodeSelector"] = {"no": "where"}
    await cluster.apply([pod])
    await cluster.clock.sleep(20)
    told = await _told(cluster, "data")
    said = "waiting for first consumer to be created before binding"
    assert (KEEPER, "WaitForFirstConsumer", said) in told
    assert (KEEPER, "WaitForPodScheduled", "waiting for pod user to be scheduled") in told


async def test_what_is_told_of_a_volume_that_is_made(cluster: Cluster) -> None:
    """By the controller, who waits for it, and by who makes it."""
    await cluster.apply([_class(), _claim(storage_class="disks")])
    await cluster.clock.sleep(5)
    _, volume = await _bound_to(cluster)
    waits = (
        f"Waiting for a volume to be created either by the external provisioner '{PROVISIONER}' or "
        "manually by the system administrator. If volume creation is delayed, please verify that the "
        "provisioner is running and correctly registered."
    )
    begins = 'External provisioner is provisioning volume for claim "default/data"'
    assert await _told(cluster, "data") == {
        (KEEPER, "ExternalProvisioning", waits),
        (PROVISIONER, "Provisioning", begins),
        (PROVISIONER, "ProvisioningSucceeded", f"Successfully provisioned volume {volume}"),
    }


@pytest.mark.parametrize(
    ("source", "why"),
    [
        (
            {"apiGroup": "snapshot.storage.k8s.io", "kind": "VolumeSnapshot", "name": "s"},
            "error getting handle for DataSource Type VolumeSnapshot by Name s: simulated disks can be "
            "copied from claims alone",
        ),
        (
            {"kind": "PersistentVolumeClaim", "name": "nope"},
            "error getting handle for DataSource Type PersistentVolumeClaim by Name nope: error getting "
            'PVC nope (namespace "default") from api server: persistentvolumeclaims "nope" not found',
        ),
        (
            {"kind": "PersistentVolumeClaim", "name": "large"},
            "error, new PVC request must be greater than or equal in size to the specified PVC data "
            "source, requested 1Gi but source is 2Gi",
        ),
    ],
)
async def test_a_volume_is_not_made_of_what_cannot_be_copied(
    cluster: Cluster, source: dict[str, str], why: str
) -> None:
    """Which its claim hears."""
    await cluster.apply([_class(), _claim("large", "2Gi", storage_class="disks")])
    await cluster.clock.sleep(5)
    await cluster.apply([_claim(storage_class="disks", dataSource=source)])
    await cluster.clock.sleep(20)
    said = f'failed to provision volume with StorageClass "disks": {why}'
    assert (PROVISIONER, "ProvisioningFailed", said) in await _told(cluster, "data")


async def test_the_provisioner_of_host_paths_is_switched_off(cluster: Cluster) -> None:
    """It is chosen, and says so, as long as --enable-hostpath-provisioner is not given."""
    name = "kubernetes.io/host-path"
    await cluster.apply([{**_class(), "provisioner": name}, _claim(storage_class="disks")])
    await cluster.clock.sleep(5)
    claim = await cluster.client.get(PersistentVolumeClaim, "data", namespace="default")
    assert claim.metadata.annotations["volume.kubernetes.io/storage-provisioner"] == name
    said = f'Failed to create provisioner: provisioning in volume plugin "{name}" is disabled'
    told = await _told(cluster, "data")
    assert ("persistentvolume-controller", "ProvisioningFailed", said) in told


@pytest.mark.parametrize(
    ("provisioner", "said"),
    [
        ("kubernetes.io/nfs", "no provisionable volume plugin matched"),
        (
            "kubernetes.io/no-provisioner",
            "no volume plugin matched name: kubernetes.io/no-provisioner",
        ),
    ],
)
async def test_a_class_that_makes_no_volumes_says_so(
    cluster: Cluster, provisioner: str, said: str
) -> None:
    """At its claims: whether there is such a plugin at all, or one that makes none."""
    await cluster.apply([{**_class(), "provisioner": provisioner}, _claim(storage_class="disks")])
    await cluster.clock.sleep(5)
    told = await _told(cluster, "data")
    assert ("persistentvolume-controller", "ProvisioningFailed", said) in told


async def test_a_disk_gets_the_attributes_that_its_claim_asks_for(cluster: Cluster) -> None:
    """From the beginning, and another class's later, once there is one."""

    def attributes(name: str) -> Manifest:
        kind = {"apiVersion": "storage.k8s.io/v1", "kind": "VolumeAttributesClass"}
        driver = PROVISIONER.replace("/", ".")
        return {**kind, "metadata": {"name": name}, "driverName": driver, "parameters": {"a": name}}

    wants = {"volumeAttributesClassName": "silver"}
    await cluster.apply([_class(), attributes("silver"), _claim(storage_class="disks", **wants)])
    await cluster.clock.sleep(5)

    async def has() -> tuple[str | None, str | None, str]:
        claim = await cluster.client.get(PersistentVolumeClaim, "data", namespace="default")
        assert claim.spec is not None
        assert claim.status is not None
        volume = await cluster.client.get(PersistentVolume, claim.spec.volume_name)
        assert volume.spec is not None
        change = claim.status.modify_volume_status
        current = claim.status.current_volume_attributes_class_name
        return volume.spec.volume_attributes_class_name, current, change.status if change else ""

    assert await has() == ("silver", "silver", "")
    gold = {"spec": {"volumeAttributesClassName": "gold"}}
    await cluster.client.patch(PersistentVolumeClaim, "data", gold, namespace="default")
    await cluster.clock.sleep(5)
    assert await has() == ("silver", "silver", "Pending")
    await cluster.apply([attributes("gold")])
    await cluster.clock.sleep(20)
    assert await has() == ("gold", "gold", "")


@pytest.mark.parametrize(
    ("source", "policy", "why"),
    [
        (
            {"hostPath": None, "local": {"path": "/p"}, "nodeAffinity": _ANYWHERE},
            "Recycle",
            "No recycler plugin found for the volume!",
        ),
        (
            {},
            "Delete",
            "host_path deleter only supports /tmp/.+ but received provided /disks/one",
        ),
        (
            {"hostPath": None, "nfs": {"server": "s", "path": "/p"}},
            "Delete",
            'error getting deleter volume plugin for volume "one": no deletable volume plugin matched',
        ),
    ],
)
async def test_a_volume_that_nobody_gives_back_has_failed(
    cluster: Cluster, source: dict[str, Any], policy: str, why: str
) -> None:
    """And says why."""
    spec = {k: v for k, v in source.items() if v is not None}
    volume = _volume("one", persistentVolumeReclaimPolicy=policy, **spec)
    if "hostPath" in source:
        del volume["spec"]["hostPath"]
    await cluster.apply([volume, _claim()])
    await cluster.clock.sleep(5)
    await cluster.client.delete(PersistentVolumeClaim, "data", namespace="default")
    await cluster.clock.sleep(5)
    assert await _phases(cluster) == {"one": "Failed"}
    reason = f"VolumeFailed{policy}"
    assert (KEEPER, reason, why) in await _told(cluster, "one")


async def test_a_recycled_volume_is_emptied_and_bound_again(cluster: Cluster) -> None:
    """A pod empties it once nobody uses it; what the last claim wrote is not the next one's to see."""
    for node in await cluster.client.list(Node):  # its files are those of one host
        if node.metadata.name != "node-1":
            await cluster.client.patch(Node, node.metadata.name, {"spec": {"unschedulable": True}})
    volume = _volume("one", persistentVolumeReclaimPolicy="Recycle")
    await cluster.apply([volume, _claim()])
    user = _user("writes", "echo mine > /data/file; sleep 1000")
    await cluster.apply([user])
    await cluster.client.wait(Pod, "writes", "condition=Ready")
    await cluster.client.delete(Pod, "writes")
    await cluster.client.delete(PersistentVolumeClaim, "data")
    await cluster.client.wait(PersistentVolume, "one", "jsonpath={.status.phase}=Available")
    told = await _told(cluster, "one")
    assert (KEEPER, "VolumeRecycled", "Volume recycled") in told
    await cluster.client.wait(Pod, "recycler-for-one", "delete")
    await cluster.apply([_claim(), _user("reads", "ls -A /data | wc -l > /dev/termination-log")])
    ended = await cluster.client.wait(Pod, "reads", "jsonpath={.status.phase}=Succeeded")
    assert ended is not None
    assert ended.status is not None
    state = ended.status.container_statuses[0].state
    assert state is not None
    assert state.terminated is not None
    assert state.terminated.message.strip() == "0"


def _user(name: str, script: str) -> Manifest:
    container = {
        "name": "c",
        "image": "busybox:1",
        "command": ["sh", "-c", script],
        "volumeMounts": [{"name": "v", "mountPath": "/data"}],
    }
    volume = {"name": "v", "persistentVolumeClaim": {"claimName": "data"}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {
            "containers": [container],
            "volumes": [volume],
            "restartPolicy": "Never",
            "nodeName": "node-1",
        },
    }


async def test_a_volume_that_cannot_be_emptied_has_failed(cluster: Cluster) -> None:
    """With the reason; it is tried again, and then free."""
    await cluster.apply([_volume("one", persistentVolumeReclaimPolicy="Recycle"), _claim()])
    await cluster.client.wait(PersistentVolume, "one", "jsonpath={.status.phase}=Bound")
    for node in await cluster.client.list(Node):
        await cluster.client.patch(Node, node.metadata.name, {"spec": {"unschedulable": True}})
    await cluster.client.delete(PersistentVolumeClaim, "data")
    await cluster.clock.sleep(5)
    pod = await cluster.client.get(Pod, "recycler-for-one")
    failed = replace(pod.status or PodStatus(), phase="Failed", message="no room")
    await cluster.client.update_status(replace(pod, status=failed))
    await cluster.client.wait(PersistentVolume, "one", "jsonpath={.status.phase}=Failed")
    why = "Recycle failed: failed to recycle volume: no room"
    assert (KEEPER, "VolumeFailedRecycle", why) in await _told(cluster, "one")
    for node in await cluster.client.list(Node):
        await cluster.client.patch(Node, node.metadata.name, {"spec": {"unschedulable": False}})
    await cluster.client.wait(PersistentVolume, "one", "jsonpath={.status.phase}=Available")


async def test_a_volume_whose_claim_got_another_is_free_again(cluster: Cluster) -> None:
    """What the controller bound it lets go, and what a user kept for the claim stays so."""
    await cluster.apply([_volume("one"), _claim()])
    await cluster.clock.sleep(5)
    claim = await cluster.client.get(PersistentVolumeClaim, "data", namespace="default")
    reference = {"namespace": "default", "name": "data", "uid": claim.metadata.uid}
    taken = _volume("taken", claimRef=reference)
    taken["metadata"]["annotations"] = {"pv.kubernetes.io/bound-by-controller": "yes"}
    await cluster.apply([taken, _volume("kept", claimRef=reference)])
    await cluster.clock.sleep(5)
    assert await _phases(cluster) == {"one": "Bound", "taken": "Available", "kept": "Available"}
    found = {v.metadata.name: v.spec for v in await cluster.client.list(PersistentVolume)}
    assert found["taken"] is not None
    assert found["taken"].claim_ref is None
    assert found["kept"] is not None
    assert found["kept"].claim_ref is not None
    assert found["kept"].claim_ref.uid == ""
