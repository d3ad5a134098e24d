"""VolumeZone: a pod goes where the zones and regions of its volumes' labels are."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from orchestrator.api.core.v1 import PersistentVolume, PersistentVolumeClaim, Pod
from orchestrator.api.storage.v1 import StorageClass
from orchestrator.scheduler import volumes
from orchestrator.scheduler.events import ClusterEvent
from orchestrator.scheduler.framework import Plugin
from orchestrator.scheduler.kernels import FilterKernel, Fixed
from orchestrator.scheduler.snapshot import Bool, Rows, Snapshot

_NEWER: Final[Mapping[str, str]] = {
    "failure-domain.beta.kubernetes.io/zone": "topology.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/region": "topology.kubernetes.io/region",
}
_KEYS: Final = (*_NEWER, *_NEWER.values())
_SEPARATOR: Final = "__"  # between the zones of a volume that is in several


class VolumeZone(Plugin):
    """Filters by the topology labels of bound volumes."""

    name = "VolumeZone"
    by_content = True
    of_volumes = True
    helped_by = frozenset((ClusterEvent.NODE_ADDED, ClusterEvent.NODE_LABELS, ClusterEvent.VOLUMES))
    watches = (PersistentVolumeClaim, PersistentVolume, StorageClass)

    def helps(self, pod: Pod, event: ClusterEvent, old: Any, new: Any, nodes: Snapshot) -> bool:
        """A claim of the pod, a volume that came or is elsewhere now, a class that waits for consumers."""
        if event is not ClusterEvent.VOLUMES:
            return True
        if isinstance(new, PersistentVolumeClaim):
            return volumes.is_mounted_by(pod, new)
        if isinstance(new, PersistentVolume):
            return old is None or _places(old) != _places(new)
        return (
            isinstance(new, StorageClass)
            and old is None
            and new.volume_binding_mode == "WaitForFirstConsumer"
        )

    def filter_kernel(self, pod: Pod, nodes: Snapshot) -> FilterKernel | None:
        """As `FilterRule.filter_kernel`."""
        spec = pod.spec
        if spec is None or not spec.volumes or not volumes.has_claims(spec.volumes):
            return None
        topologies, refusal = _topologies(pod, nodes)
        return _Zones(topologies, refusal, nodes) if topologies or refusal else None


Topology = tuple[str, frozenset[str]]


def _places(volume: PersistentVolume) -> list[Topology]:
    """What labels say of where a volume is; one with a gap between its zones says nothing."""
    labels = volume.metadata.labels
    found = ((key, frozenset(labels[key].split(_SEPARATOR))) for key in _KEYS if key in labels)
    return [(key, zones) for key, zones in found if "" not in zones]


def _topologies(pod: Pod, nodes: Snapshot) -> tuple[tuple[Topology, ...], str]:
    """The labels that a node must have, or why no node will do."""
    found: list[Topology] = []
    for name, own in volumes.claim_names(pod):
        if own:
            continue
        try:
            claim = volumes.claim_of(nodes, pod.metadata.namespace, name)
        except volumes.NoClaim as error:
            return (), str(error)
        volume_name = claim.spec.volume_name if claim.spec is not None else ""
        if not volume_name:
            why = _why_unbound(claim, nodes)
            if why:
                return (), why
            continue
        volume = volumes.volume_of(nodes, volume_name)
        if volume is None:
            return (), f'persistentvolume "{volume_name}" not found'
        found += _places(volume)
    return tuple(found), ""


def _why_unbound(claim: PersistentVolumeClaim, nodes: Snapshot) -> str:
    name = volumes.class_name(claim)
    if not name:
        return "PersistentVolumeClaim had no pv name and storageClass name"
    storage_class = volumes.class_of(nodes, name)
    if storage_class is None:
        return f'storageclass.storage.k8s.io "{name}" not found'
    if storage_class.volume_binding_mode is None:
        return f'VolumeBindingMode not set for StorageClass "{name}"'
    waits = storage_class.volume_binding_mode == "WaitForFirstConsumer"
    return "" if waits else "PersistentVolume had no name"


class _Zones(Fixed):
    reason = "node(s) had no available volume zone"

    def __init__(self, topologies: tuple[Topology, ...], refusal: str, nodes: Snapshot) -> None:
        self._nodes, self._topologies, self.refusal = nodes, topologies, refusal
        self.traits = (topologies, refusal)

    def rows(self, rows: Rows) -> Bool:
        return np.array([self.row(int(row)) for row in rows], np.bool_)

    def row(self, row: int) -> bool:
        labels = self._nodes.labels[row]
        if not any(key in labels for key in _KEYS):
            return True  # the node knows no zones
        return all(
            labels.get(key, labels.get(_NEWER.get(key, ""))) in values
            for key, values in self._topologies
        )
