"""In-tree volumes as kube-scheduler sees them: as volumes of the CSI driver that took their plugin's place.

Only what decides where a pod goes is translated: driver, handle, and the zones that a volume is in. Drivers of
Azure files and vSphere are not counted, as in kube-scheduler.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from orchestrator.api.core.v1 import (
    NodeSelector,
    NodeSelectorRequirement,
    NodeSelectorTerm,
    PersistentVolume,
    Volume,
    VolumeNodeAffinity,
)
from orchestrator.api.storage.v1 import CSINode

_MIGRATED: Final = "storage.alpha.kubernetes.io/migrated-plugins"
_ZONE: Final = "topology.kubernetes.io/zone"
_BETA_ZONE: Final = "failure-domain.beta.kubernetes.io/zone"
_REGION: Final = "topology.kubernetes.io/region"
_BETA_REGION: Final = "failure-domain.beta.kubernetes.io/region"
_SEPARATOR: Final = "__"  # between the zones of a volume that is in several
_UNKNOWN: Final = "UNSPECIFIED"
_EBS: Final = "aws://"


class Driver(Struct, frozen=True):
    """The driver in the place of an in-tree plugin. `field` has the volumes of the plugin in a spec.

    `handle` gives the driver's name of a volume by its source and the labels of the PersistentVolume, None where it
    has none; `topology` is the label by which the driver tells zones, "" if it tells none apart.
    """

    plugin: str
    name: str
    field: str
    handle: Callable[[Any, Mapping[str, str]], str | None]
    topology: str = ""


def _ebs(source: Any, _: Mapping[str, str]) -> str | None:
    """A volume's own id, which may stand behind its zone."""
    given: str = source.volume_id
    if not given.startswith(_EBS):
        return given
    own = given.removeprefix(_EBS).partition("/")[2].strip("/")
    return own if own.startswith("vol-") and "/" not in own else None


def _persistent_disk(source: Any, labels: Mapping[str, str]) -> str | None:
    """The path of a disk in its zone, or in the region of its zones."""
    zones = [z for z in (labels.get(_BETA_ZONE) or labels.get(_ZONE, "")).split(_SEPARATOR) if z]
    if len(zones) < 2:
        zone = zones[0] if zones else _UNKNOWN
        return f"projects/{_UNKNOWN}/zones/{zone}/disks/{source.pd_name}"
    parts = [zone.split("-") for zone in zones]
    regions = {"-".join(part[:2]) for part in parts}
    if len(regions) > 1 or any(len(part) != 3 for part in parts):
        return None
    return f"projects/{_UNKNOWN}/regions/{regions.pop()}/disks/{source.pd_name}"


def _azure_disk(source: Any, _: Mapping[str, str]) -> str | None:
    """A managed disk's address; no other kind has a driver."""
    return source.disk_uri if (source.kind or "Managed").lower() == "managed" else None


def _by_id(source: Any, _: Mapping[str, str]) -> str | None:
    return str(source.volume_id)


DRIVERS: Final = (
    Driver(
        "kubernetes.io/aws-ebs",
        "ebs.csi.aws.com",
        "aws_elastic_block_store",
        _ebs,
        "topology.ebs.csi.aws.com/zone",
    ),
    Driver(
        "kubernetes.io/gce-pd",
        "pd.csi.storage.gke.io",
        "gce_persistent_disk",
        _persistent_disk,
        "topology.gke.io/zone",
    ),
    Driver(
        "kubernetes.io/cinder",
        "cinder.csi.openstack.org",
        "cinder",
        _by_id,
        "topology.cinder.csi.openstack.org/zone",
    ),
    Driver("kubernetes.io/azure-disk", "disk.csi.azure.com", "azure_disk", _azure_disk),
    Driver("kubernetes.io/portworx-volume", "pxd.portworx.com", "portworx_volume", _by_id),
)
_BY_PLUGIN: Final = {driver.plugin: driver for driver in DRIVERS}


def driver_of(volume: Any) -> Driver | None:
    """The driver in whose hands an in-tree volume is, by a pod's volume or the spec of a PersistentVolume."""
    if not is_in_tree(volume):
        return None
    return next(d for d in DRIVERS if getattr(volume, d.field) is not None)


def is_in_tree(volume: Any) -> bool:
    """Whether a driver has taken the place of a volume's plugin: asked of all volumes of all pods."""
    return (
        volume.aws_elastic_block_store is not None
        or volume.gce_persistent_disk is not None
        or volume.cinder is not None
        or volume.azure_disk is not None
        or volume.portworx_volume is not None
    )


def is_migratable(volume: Volume) -> bool:
    """Whether any driver has taken the place of a volume's plugin, one whose volumes nobody counts too."""
    return is_in_tree(volume) or volume.azure_file is not None or volume.vsphere_volume is not None


def provisioning(name: str) -> str:
    """The driver that makes the volumes of a provisioner."""
    found = _BY_PLUGIN.get(name)
    return name if found is None else found.name


def attachable(volume: PersistentVolume) -> tuple[str, str] | None:
    """The driver that attaches a volume, and the handle by which it does; None: nobody attaches it."""
    spec = volume.spec
    if spec is None:
        return None
    if spec.csi is not None:
        return spec.csi.driver, spec.csi.volume_handle
    return _attachable(spec, volume.metadata.labels)


def attachable_inline(volume: Volume) -> tuple[str, str] | None:
    """The same of a volume that a pod describes itself."""
    return _attachable(volume, {})


def _attachable(given: Any, labels: Mapping[str, str]) -> tuple[str, str] | None:
    driver = driver_of(given)
    if driver is None:
        return None
    handle = driver.handle(getattr(given, driver.field), labels)
    return None if handle is None else (driver.name, handle)


def plugins_of(node: CSINode) -> list[str]:
    """The plugins in whose place a node has drivers."""
    return node.metadata.annotations.get(_MIGRATED, "").split(",")


def translated(volume: PersistentVolume, node: CSINode | None) -> PersistentVolume:
    """A volume with the zones by its driver's label, where a node has that driver in the plugin's place."""
    spec = volume.spec
    driver = driver_of(spec) if spec is not None else None
    if spec is None or driver is None or not driver.topology or node is None:
        return volume
    if driver.plugin not in plugins_of(node):
        return volume
    required = spec.node_affinity.required if spec.node_affinity is not None else None
    terms = required.node_selector_terms if required is not None else ()
    zone, region = _labels_of(terms, volume.metadata.labels)
    if _values(terms, zone):
        terms = _renamed(terms, zone, driver.topology)
    elif zone in volume.metadata.labels:
        zones = {each.strip() for each in volume.metadata.labels[zone].split(_SEPARATOR)} - {""}
        if zones:
            wanted = NodeSelectorRequirement(
                key=driver.topology, operator="In", values=tuple(sorted(zones))
            )
            terms = tuple(
                replace(term, match_expressions=(*term.match_expressions, wanted))
                for term in terms or (NodeSelectorTerm(),)
            )
    if region == _BETA_REGION:
        terms = _renamed(terms, region, _REGION)
    if not terms:
        return volume
    affinity = VolumeNodeAffinity(required=NodeSelector(node_selector_terms=terms))
    return replace(volume, spec=replace(spec, node_affinity=affinity))


def _labels_of(terms: tuple[NodeSelectorTerm, ...], labels: Mapping[str, str]) -> tuple[str, str]:
    """The labels of zone and region that a volume uses, the newer ones where it uses none."""
    named = {each.key for term in terms for each in term.match_expressions}
    for some in (named, labels):
        if _ZONE in some:
            break
        if _BETA_ZONE in some:
            return _BETA_ZONE, _BETA_REGION
    return _ZONE, _REGION


def _values(terms: tuple[NodeSelectorTerm, ...], key: str) -> set[str]:
    return {
        value
        for term in terms
        for each in term.match_expressions
        if each.key == key
        for value in each.values
    }


def _renamed(
    terms: tuple[NodeSelectorTerm, ...], old: str, new: str
) -> tuple[NodeSelectorTerm, ...]:
    return tuple(
        replace(
            term,
            match_expressions=tuple(
                replace(each, key=new) if each.key == old else each
                for each in term.match_expressions
            ),
        )
        for term in terms
    )
