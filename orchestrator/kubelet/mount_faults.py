"""What keeps a pod's volumes from being mounted, in the words of the kubelet's events.

Volumes that no container uses are not mounted, so nothing is wrong with them.
"""

from collections.abc import Callable, Iterable
from typing import Final, TypeAlias

from orchestrator.api.core.v1 import ConfigMap, KeyToPath, Pod, PodSpec, Secret, Volume
from orchestrator.api.storage.v1 import CSIDriver
from orchestrator.kubelet.claimed import (
    behind_claims,
    behind_volumes,
    claim_sources,
    claims_fault,
    used_volumes,
    volume_behind,
)
from orchestrator.kubelet.material import Found, Source, contents, parts_of, volume_sources
from orchestrator.machinery.volumes import SIMULATED_DRIVER

HostFault: TypeAlias = Callable[[str, str], str]
"""Why the node's path cannot be mounted as this type of a hostPath volume (`LOCAL`: as a local volume); empty: it can."""

LOCAL: Final = "Local"


def needs_mounting(spec: PodSpec) -> bool:
    """Whether any of the volumes may not be there."""
    return bool(volume_sources(spec)) or any(
        v.persistent_volume_claim is not None
        or v.ephemeral is not None
        or v.csi is not None
        or (v.host_path is not None and v.host_path.type)
        for v in spec.volumes
    )


def mount_sources(pod: Pod) -> tuple[Source, ...]:
    """The objects to look up before the pod's volumes are mounted."""
    spec = pod.spec or PodSpec()
    drivers = tuple((CSIDriver, v.csi.driver) for v in spec.volumes if v.csi is not None)
    return (*volume_sources(spec), *claim_sources(pod), *drivers)


def mount_sources_beyond(found: Found, node: str) -> tuple[Source, ...]:
    """The further objects to look up, of what was found."""
    return (*behind_claims(found), *behind_volumes(found, node))


def mount_faults(pod: Pod, found: Found, host_fault: HostFault | None) -> tuple[str, ...]:
    """What keeps volumes from being mounted: an event's text for each."""
    spec = pod.spec or PodSpec()
    claimed = claims_fault(pod, found)
    mounted, devices = used_volumes(spec)
    faults = [claimed] if claimed else []
    for volume in spec.volumes:
        if volume.name in mounted or volume.name in devices:
            fault = _fault(pod, volume, found, host_fault)
            if fault:
                faults.append(fault)
    return tuple(faults)


def _fault(pod: Pod, volume: Volume, found: Found, host_fault: HostFault | None) -> str:
    name = volume.name
    texts = [f for part in parts_of(volume) if (f := _part_fault(*part, found))]
    if texts:
        text = ", ".join(dict.fromkeys(texts))
        text = f"[{text}]" if len(texts) > 1 else text
        return f'MountVolume.SetUp failed for volume "{name}" : {text}'
    if volume.csi is not None and _is_unknown(volume.csi.driver, found):
        return (
            f'MountVolume.SetUp failed for volume "{name}" : kubernetes.io/csi: mounter.SetUpAt failed '
            f"to get CSI client: driver name {volume.csi.driver} not found in the list of "
            "registered CSI drivers"
        )
    return _host_fault(pod, volume, found, host_fault) if host_fault is not None else ""


def _is_unknown(driver: str, found: Found) -> bool:
    """Whether nobody has installed a driver; what is done by one that is, is not looked at."""
    return driver != SIMULATED_DRIVER and found.get((CSIDriver, driver)) is None


def _host_fault(pod: Pod, volume: Volume, found: Found, host_fault: HostFault) -> str:
    name, path, local = volume.name, volume.host_path, None
    behind = volume_behind(pod, volume, found)
    if behind is not None and behind.spec is not None:
        name, path, local = behind.metadata.name, behind.spec.host_path, behind.spec.local
    if path is not None and path.type:
        why = host_fault(path.path, path.type)
        return f'MountVolume.SetUp failed for volume "{name}" : {why}' if why else ""
    if local is not None:
        why = host_fault(local.path, LOCAL)
        return (
            f'MountVolume.NewMounter initialization failed for volume "{name}" : {why}'
            if why
            else ""
        )
    return ""


def _part_fault(source: Source, items: Iterable[KeyToPath], optional: bool, found: Found) -> str:
    kind, name = source
    if found.get(source) is None:
        return "" if optional else f'{kind.__name__.lower()} "{name}" not found'
    keys = contents(found[source])
    missing = [item.key for item in items if item.key not in keys]
    if not missing or optional:
        return ""
    if kind is ConfigMap:
        return f"configmap references non-existent config key: {missing[0]}"
    assert kind is Secret
    return f"references non-existent secret key: {missing[0]}"
