"""NodeVolumeLimits: how many volumes a driver attaches to a node."""

from collections import Counter

from tests.scheduler.oracle.claims import NoClaim, claim_of, class_of, names
from tests.scheduler.oracle.world import Manifest, Refused, World, name_of


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
    found = set()
    for name, _ in names(pod):
        try:
            claim = claim_of(world, pod, name)
        except NoClaim:
            continue
        volume = world.find("PersistentVolume", claim["spec"].get("volumeName") or "")
        if volume is None:
            storage_class = class_of(world, claim)
            if storage_class is not None:
                found.add((storage_class["provisioner"], "/".join(name_of(claim))))
        elif "csi" in volume["spec"]:
            source = volume["spec"]["csi"]
            found.add((source["driver"], source["volumeHandle"]))
    return found


def _by_attachments(world: World, node: str) -> set[tuple[str, str]]:
    found = set()
    for each in world.all_of("VolumeAttachment"):
        name = each["spec"]["source"].get("persistentVolumeName") or ""
        volume = world.find("PersistentVolume", name)
        if each["spec"]["nodeName"] == node and volume is not None and "csi" in volume["spec"]:
            found.add((each["spec"]["attacher"], volume["spec"]["csi"]["volumeHandle"]))
    return found
