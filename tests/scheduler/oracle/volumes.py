"""VolumeBinding: volumes that a node can reach, or that can be made for it."""

from fractions import Fraction

from tests.scheduler.oracle.claims import (
    NO_PROVISIONER,
    NoClaim,
    belongs,
    claim_of,
    class_name,
    class_of,
    names,
    waits,
)
from tests.scheduler.oracle.quantities import parsed
from tests.scheduler.oracle.selectors import matches, matches_node
from tests.scheduler.oracle.world import Manifest, Refused, World, labels_of, name_of

_ELSEWHERE = "node(s) didn't match PersistentVolume's node affinity"
_NOTHING = "node(s) didn't find available persistent volumes to bind"
_NO_SPACE = "node(s) did not have enough free storage"
_GONE = "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)"
_SELECTED = "volume.kubernetes.io/selected-node"


def refusal(world: World, pod: Manifest) -> str:
    """Why no node will do; empty: it is for the nodes to say."""
    found = []
    try:
        for name, own in names(pod):
            found.append(_checked(world, pod, name, own))
    except NoClaim as error:
        return str(error)
    bound_first = (
        each for each in found if not _is_bound(each) and (_volume(each) or not waits(world, each))
    )
    return "pod has unbound immediate PersistentVolumeClaims" if any(bound_first) else ""


def _checked(world: World, pod: Manifest, name: str, own: bool) -> Manifest:
    try:
        claim = claim_of(world, pod, name)
    except NoClaim:
        if not own:
            raise
        words = "waiting for ephemeral volume controller to create the persistentvolumeclaim"
        raise NoClaim(f'{words} "{name}"') from None
    if (claim.get("status") or {}).get("phase") == "Lost":
        words = f'persistentvolumeclaim "{name}" bound to non-existent persistentvolume'
        raise NoClaim(f'{words} "{_volume(claim)}"')
    if claim["metadata"].get("deletionTimestamp"):
        raise NoClaim(f'persistentvolumeclaim "{name}" is being deleted')
    if own and not belongs(claim, pod):
        words = f"PVC {'/'.join(name_of(claim))} was not created for pod {'/'.join(name_of(pod))}"
        raise NoClaim(f"{words} (pod is not owner)")
    return claim


def binding(world: World, pod: Manifest, node: str) -> Refused | None:
    """What is bound must be in reach; for what is not, there is a volume, or one can be made."""
    claims = [claim_of(world, pod, name) for name, _ in names(pod)]
    bound = _of_bound(world, [each for each in claims if _is_bound(each)], node)
    waiting = _of_waiting(world, [each for each in claims if not _is_bound(each)], node)
    found = {bound, waiting}
    reasons = tuple(each for each in (_ELSEWHERE, _NOTHING, _NO_SPACE, _GONE) if each in found)
    return Refused(reasons, hopeless=True) if reasons else None


def _of_bound(world: World, claims: list[Manifest], node: str) -> str:
    for claim in claims:
        volume = world.find("PersistentVolume", _volume(claim))
        if volume is None:
            return _GONE
        if not _reaches(world, volume, node):
            return _ELSEWHERE
    return ""


def _of_waiting(world: World, claims: list[Manifest], node: str) -> str:
    """The smallest claims choose first, each the smallest volume that will do."""
    selected = [each for each in claims if _selected(each) is not None]
    if any(_selected(each) != node for each in selected):
        return _NOTHING
    taken: list[Manifest] = []
    unmade = []
    for claim in sorted(claims, key=_size):
        if claim in selected:
            continue
        volume = _volume_for(world, claim, node, taken)
        if volume is None:
            unmade.append(claim)
        else:
            taken.append(volume)
    for claim in (*selected, *unmade):
        why = _why_not_made(world, claim, node)
        if why:
            return why
    return ""


def _volume_for(world: World, claim: Manifest, node: str, taken: list[Manifest]) -> Manifest | None:
    best: Manifest | None = None
    for volume in world.all_of("PersistentVolume"):
        spec, wanted = volume["spec"], claim["spec"]
        ref = spec.get("claimRef")
        reserved = ref is not None and (ref.get("namespace", ""), ref["name"]) == name_of(claim)
        reserved = reserved and ref.get("uid") in (None, "", claim["metadata"].get("uid"))
        size = parsed(spec["capacity"]["storage"])
        if (
            volume in taken
            or (spec.get("storageClassName") or "") != class_name(claim)
            or (ref is not None and not reserved)
            or size < _size(claim)
            or spec.get("volumeMode", "Filesystem") != wanted.get("volumeMode", "Filesystem")
            or volume["metadata"].get("deletionTimestamp")
        ):
            continue
        if reserved:
            return volume if _reaches(world, volume, node) else None
        if (
            (volume.get("status") or {}).get("phase") != "Available"
            or ("selector" in wanted and not matches(wanted["selector"], labels_of(volume)))
            or not set(wanted["accessModes"]) <= set(spec["accessModes"])
            or not _reaches(world, volume, node)
        ):
            continue
        if best is None or size < parsed(best["spec"]["capacity"]["storage"]):
            best = volume
    return best


def _why_not_made(world: World, claim: Manifest, node: str) -> str:
    storage_class = class_of(world, claim)
    if storage_class is None or storage_class["provisioner"] == NO_PROVISIONER:
        return _NOTHING
    topologies, labels = storage_class.get("allowedTopologies"), world.labels(node)
    if topologies and not any(
        term["matchLabelExpressions"]
        and all(labels.get(each["key"]) in each["values"] for each in term["matchLabelExpressions"])
        for term in topologies
    ):
        return _NOTHING
    driver = world.find("CSIDriver", storage_class["provisioner"])
    if driver is None or not driver["spec"].get("storageCapacity"):
        return ""
    for capacity in world.all_of("CSIStorageCapacity"):
        limit = capacity.get("maximumVolumeSize", capacity.get("capacity"))
        if (
            capacity["storageClassName"] == class_name(claim)
            and limit is not None
            and parsed(limit) >= _size(claim)
            and matches(capacity.get("nodeTopology"), labels)
        ):
            return ""
    return _NO_SPACE


def _reaches(world: World, volume: Manifest, node: str) -> bool:
    required = (volume["spec"].get("nodeAffinity") or {}).get("required")
    if required is None:
        return True
    # A volume's terms are about labels alone.
    labelled = {"metadata": {"name": "", "labels": world.labels(node)}}
    return matches_node(required, labelled)


def _is_bound(claim: Manifest) -> bool:
    annotations = claim["metadata"].get("annotations") or {}
    return bool(_volume(claim)) and "pv.kubernetes.io/bind-completed" in annotations


def _volume(claim: Manifest) -> str:
    return str(claim["spec"].get("volumeName") or "")


def _selected(claim: Manifest) -> str | None:
    found: str | None = (claim["metadata"].get("annotations") or {}).get(_SELECTED)
    return found


def _size(claim: Manifest) -> Fraction:
    return parsed(claim["spec"]["resources"]["requests"]["storage"])
