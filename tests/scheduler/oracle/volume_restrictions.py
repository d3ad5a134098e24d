"""VolumeRestrictions: disks and claims that are one pod's alone."""

from tests.scheduler.oracle.claims import NoClaim, claim_of, names
from tests.scheduler.oracle.world import Manifest, Refused, World, namespace_of

_DISK = "node(s) had no available disk"
_CLAIM = (
    "node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode "
    "already in-use by another pod"
)
_DISKS = ("gcePersistentDisk", "awsElasticBlockStore", "iscsi", "rbd")


def refusal(world: World, pod: Manifest) -> str:
    """Why no node will do."""
    try:
        _exclusive(world, pod)
    except NoClaim as error:
        return str(error)
    return ""


def skips(world: World, pod: Manifest) -> bool:
    """Whether nothing is to be filtered, as it is seen before any node is looked at."""
    disks = any(kind in v for v in pod["spec"].get("volumes") or () for kind in _DISKS)
    return not disks and not _in_use(world, pod)


def restrictions(world: World, pod: Manifest, node: str) -> Refused | None:
    """Disks by node, claims wherever they are used."""
    for volume in pod["spec"].get("volumes") or ():
        for other in world.pods_on(node):
            if any(_conflict(volume, its) for its in other["spec"].get("volumes") or ()):
                return Refused((_DISK,))
    return Refused((_CLAIM,)) if _in_use(world, pod) else None


def _in_use(world: World, pod: Manifest) -> bool:
    """Whether others have claims that are the pod's alone, as kube-scheduler counts.

    A claim in use counts once. Of pods that are but supposed to come or to go each of its names counts, whatever the
    namespace.
    """
    exclusive, real = _exclusive(world, pod), world.real or world
    used = {
        name
        for each in real.placed
        if namespace_of(each.pod) == namespace_of(pod)
        for name, _ in names(each.pod, ephemeral=False)
    }
    count = len(exclusive & used)
    for placed, sign in ((world.placed, 1), (real.placed, -1)):
        for each in placed:
            for name, _ in names(each.pod, ephemeral=False):
                count += sign * (name in exclusive)
    return count > 0


def _exclusive(world: World, pod: Manifest) -> set[str]:
    return {
        name
        for name, _ in names(pod, ephemeral=False)
        if "ReadWriteOncePod" in claim_of(world, pod, name)["spec"]["accessModes"]
    }


def _conflict(one: Manifest, other: Manifest) -> bool:
    kind = next((kind for kind in _DISKS if kind in one and kind in other), None)
    if kind is None:
        return False
    mine, its = one[kind], other[kind]
    if kind == "awsElasticBlockStore":
        return bool(mine["volumeID"] == its["volumeID"])
    if mine.get("readOnly") and its.get("readOnly"):
        return False
    if kind == "rbd":
        same = [mine[k] == its[k] for k in ("image", "pool")]
        return all(same) and bool(set(mine["monitors"]) & set(its["monitors"]))
    key = "pdName" if kind == "gcePersistentDisk" else "iqn"
    return bool(mine[key] == its[key])
