"""In-tree volumes count, and are somewhere, as those of the drivers in their plugins' place."""

from random import Random
from typing import Any

import pytest

from orchestrator.api import codec
from orchestrator.api.core.v1 import PersistentVolume, PersistentVolumeClaim, Pod, Volume
from orchestrator.api.storage.v1 import CSINode, StorageClass, VolumeAttachment
from orchestrator.scheduler import DEFAULT_PROFILE, migration, volumes
from orchestrator.scheduler.placement import Placement
from orchestrator.scheduler.refusals import Refusal
from orchestrator.scheduler.snapshot import Snapshot
from tests.scheduler.objects import make_node, make_pod, some

ZONE = "topology.kubernetes.io/zone"
BETA_ZONE = "failure-domain.beta.kubernetes.io/zone"
EBS = {"awsElasticBlockStore": {"volumeID": "vol-1"}}
GCE = {"gcePersistentDisk": {"pdName": "d"}}
AZURE = {"azureDisk": {"diskName": "d", "diskURI": "/d", "kind": "Managed"}}


def volume(
    source: dict[str, Any], labels: dict[str, str] | None = None, *terms: dict[str, Any]
) -> PersistentVolume:
    affinity = {"nodeAffinity": {"required": {"nodeSelectorTerms": [*terms]}}} if terms else {}
    metadata = {"name": "pv", "labels": labels or {}}
    return codec.from_dict({"metadata": metadata, "spec": {**source, **affinity}}, PersistentVolume)


def csi_node(name: str, *plugins: str, **limits: int) -> CSINode:
    drivers = [
        {"name": driver.name, "nodeID": "i", "allocatable": {"count": limits[driver.field]}}
        for driver in migration.DRIVERS
        if driver.field in limits
    ]
    annotations = {"storage.alpha.kubernetes.io/migrated-plugins": ",".join(plugins)}
    metadata = {"name": name, "annotations": annotations}
    return codec.from_dict({"metadata": metadata, "spec": {"drivers": drivers}}, CSINode)


def claim(name: str = "data") -> PersistentVolumeClaim:
    bound = {"pv.kubernetes.io/bind-completed": "yes"}
    metadata = {"name": name, "namespace": "default", "uid": name, "annotations": bound}
    return codec.from_dict(
        {"metadata": metadata, "spec": {"volumeName": "pv"}}, PersistentVolumeClaim
    )


def decided(nodes: dict[str, dict[str, str]], pod: Pod, *objects: Any, there: Pod | None) -> str:
    """The node for a pod, or why there is none; another pod is on the first node."""
    snapshot = Snapshot()
    for kind in (PersistentVolumeClaim, PersistentVolume, CSINode, StorageClass, VolumeAttachment):
        snapshot.objects[kind] = some(kind, *(o for o in objects if isinstance(o, kind)))
    for name, labels in nodes.items():
        snapshot.put_node(make_node(name, labels=labels))
    if there is not None:
        snapshot.add_pod(there.metadata.uid, there, next(iter(nodes)))
    choice = Placement(DEFAULT_PROFILE, snapshot).choose(pod, Random(0))
    return choice.message if isinstance(choice, Refusal) else choice


@pytest.mark.parametrize(
    ("source", "labels", "found"),
    [
        (EBS, {}, ("ebs.csi.aws.com", "vol-1")),
        ({"awsElasticBlockStore": {"volumeID": "aws://eu-1a/vol-2"}}, {}, "vol-2"),
        ({"awsElasticBlockStore": {"volumeID": "aws://eu-1a/disk"}}, {}, None),
        (GCE, {}, "projects/UNSPECIFIED/zones/UNSPECIFIED/disks/d"),
        (GCE, {ZONE: "eu-w1-a"}, "projects/UNSPECIFIED/zones/eu-w1-a/disks/d"),
        (GCE, {BETA_ZONE: "eu-w1-a__eu-w1-b"}, "projects/UNSPECIFIED/regions/eu-w1/disks/d"),
        (GCE, {ZONE: "eu-w1-a__us-e1-b"}, None),
        (AZURE, {}, ("disk.csi.azure.com", "/d")),
        ({"azureDisk": {"diskName": "d", "diskURI": "/d", "kind": "Shared"}}, {}, None),
        ({"cinder": {"volumeID": "c"}}, {}, ("cinder.csi.openstack.org", "c")),
        ({"hostPath": {"path": "/x"}}, {}, None),
    ],
)
def test_a_volume_has_the_handle_of_its_plugins_driver(
    source: dict[str, Any], labels: dict[str, str], found: tuple[str, str] | str | None
) -> None:
    """As kube-scheduler's translation gives it; some have none, and are not counted."""
    got = migration.attachable(volume(source, labels))
    assert (got[1] if got and isinstance(found, str) else got) == found


@pytest.mark.parametrize("by_claim", [True, False])
def test_in_tree_volumes_count_to_the_limit_of_their_driver(*, by_claim: bool) -> None:
    """Whether a claim has them or a pod describes them itself; the very same volume counts once."""
    named = {"persistentVolumeClaim": {"claimName": "data"}} if by_claim else EBS
    wants = make_pod("wants", volumes=[{"name": "v", **named}])
    other = {"awsElasticBlockStore": {"volumeID": "vol-7"}}
    limit = csi_node("n0", aws_elastic_block_store=1)
    objects = (claim(), volume(EBS), limit)
    there = make_pod("there", volumes=[{"name": "v", **other}])
    assert decided({"n0": {}}, wants, *objects, there=there) == (
        "0/1 nodes are available: 1 node(s) exceed max volume count."
    )
    assert decided({"n0": {}}, wants, *objects, there=None) == "n0"
    if by_claim:
        same = make_pod("same", volumes=[{"name": "v", **named}])
        assert decided({"n0": {}}, wants, *objects, there=same) == "n0"


@pytest.mark.parametrize(
    ("labels", "terms", "allowed"),
    [
        ({ZONE: "a__b"}, [], {"plain", "driver-a"}),
        ({}, [{"key": ZONE, "operator": "In", "values": ["a"]}], {"plain", "driver-a"}),
        ({BETA_ZONE: "c"}, [], {"plain"}),
        ({}, [], {"plain", "driver-a", "driver-c"}),
    ],
)
def test_a_volumes_zones_are_looked_for_by_the_drivers_label_where_it_is(
    labels: dict[str, str], terms: list[dict[str, Any]], allowed: set[str]
) -> None:
    """On nodes whose CSINode says that the driver is in the plugin's place; elsewhere the volume is as it is."""
    given = volume(EBS, labels, *({"matchExpressions": [term]} for term in terms))
    driver_label = "topology.ebs.csi.aws.com/zone"
    nodes = {
        "plain": {ZONE: "a", BETA_ZONE: "c", driver_label: "x"},
        "driver-a": {ZONE: "z", driver_label: "a"},
        "driver-c": {ZONE: "z", driver_label: "d"},
    }
    migrated = [csi_node(name, "kubernetes.io/aws-ebs") for name in ("driver-a", "driver-c")]
    snapshot = Snapshot()
    snapshot.objects[CSINode] = some(CSINode, *migrated)
    for name, has in nodes.items():
        snapshot.put_node(make_node(name, labels=has))
    rows = {name: snapshot.row_of(name) for name in nodes}
    found = {
        name
        for name, row in rows.items()
        if row is not None and volumes.reachable(snapshot, given, row)
    }
    assert found == allowed


def test_other_volumes_have_no_driver() -> None:
    """A pod's own volumes of kinds that no driver took over."""
    secret = codec.from_dict({"name": "v", "secret": {"secretName": "s"}}, Volume)
    assert migration.attachable_inline(secret) is None
    assert migration.provisioning("example.com/mine") == "example.com/mine"
    assert migration.provisioning("kubernetes.io/gce-pd") == "pd.csi.storage.gke.io"
