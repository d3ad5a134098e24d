"""NodeVolumeLimits: how many volumes a driver attaches to a node."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from tests.scheduler.oracle.claims import NoClaim, claim_of, class_of, names
from tests.scheduler.oracle.world import Manifest, Refused, World, name_of

_IN_TREE: Final = {
    "kubernetes.io/aws-ebs": ("ebs.csi.aws.com", "awsElasticBlockStore", "volumeID"),
    "kubernetes.io/gce-pd": ("pd.csi.storage.gke.io", "gcePersistentDisk", "pdName"),
    "kubernetes.io/azure-disk": ("disk.csi.azure.com", "azureDisk", "diskURI"),
    "kubernetes.io/cinder": ("cinder.csi.openstack.org", "cinder", "volumeID"),
}
"""By plugins that were part of Kubernetes: the driver in its place, and where a volume's handle stands."""


def limits(world: World, pod: Manifest, node: str) -> Refused | None:
    """Volumes that are there already are not attached again."""
    csi = world.find("CSINode", node)
    most = {
        driver["name"]: driver["allocatable"]["count"]
        for driver in (csi or {"spec": {"drivers": ()}})["spec"]["drivers"]
        if "count" in driver.get("allocatable", {})
    }
    attached = {each for other in world.pods_on(node) for each in _attachables(world, other)}
    more = Counter(driver for driver, _ in _attachables(world, pod) - attached)
    there = Counter(driver for driver, _ in attached | _by_attachments(world, node))
    if all(there[driver] + more[driver] <= most[driver] for driver in more if driver in most):
        return None
    return Refused(("node(s) exceed max volume count",))


def _attachables(world: World, pod: Manifest) -> set[tuple[str, str]]:
    """Driver and handle of a pod's volumes; those that are still to be made are each one by itself."""
    found: set[tuple[str, str]] = set()
    for each in pod["spec"].get("volumes") or ():
        found.update(_in_tree(each))
    for name, _ in names(pod):
        try:
            claim = claim_of(world, pod, name)
        except NoClaim:
            continue
        volume = world.find("PersistentVolume", claim["spec"].get("volumeName") or "")
        if volume is None:
            storage_class = class_of(world, claim)
            if storage_class is not None:
                provisioner = storage_class["provisioner"]
                driver = _IN_TREE.get(provisioner, (provisioner,))[0]
                found.add((driver, "/".join(name_of(claim))))
        elif "csi" in volume["spec"]:
            source = volume["spec"]["csi"]
            found.add((source["driver"], source["volumeHandle"]))
        else:
            found.update(_in_tree(volume["spec"]))
    return found


def _in_tree(spec: Manifest) -> Iterator[tuple[str, str]]:
    for driver, field, key in _IN_TREE.values():
        if field in spec:
            yield driver, spec[field][key]


def _by_attachments(world: World, node: str) -> set[tuple[str, str]]:
    found = set()
    for each in world.all_of("VolumeAttachment"):
        name = each["spec"]["source"].get("persistentVolumeName") or ""
        volume = world.find("PersistentVolume", name)
        if each["spec"]["nodeName"] == node and volume is not None and "csi" in volume["spec"]:
            found.add((each["spec"]["attacher"], volume["spec"]["csi"]["volumeHandle"]))
    return found
