"""NodeVolumeLimits: a CSI driver can attach so many volumes to a node, as its CSINode says."""

from collections import Counter
from typing import Any, Final

import numpy as np

from orchestrator.api.core.v1 import PersistentVolume, PersistentVolumeClaim, Pod
from orchestrator.api.storage.v1 import CSINode, StorageClass, VolumeAttachment
from orchestrator.scheduler import volumes
from orchestrator.scheduler.events import ClusterEvent
from orchestrator.scheduler.framework import FilterKernel, Plugin
from orchestrator.scheduler.snapshot import Bool, Rows, Snapshot

_EXCEEDED: Final = "node(s) exceed max volume count"

Attachable = tuple[str, str]
"""(driver, volume handle)"""


class NodeVolumeLimits(Plugin):
    """Filters out nodes that would have more volumes of a driver than its limit."""

    name = "NodeVolumeLimits"
    by_content = True
    helped_by = frozenset((ClusterEvent.NODE_ADDED, ClusterEvent.POD_REMOVED, ClusterEvent.VOLUMES))
    watches = (PersistentVolumeClaim, PersistentVolume, StorageClass, CSINode, VolumeAttachment)

    def helps(self, pod: Pod, event: ClusterEvent, old: Any, new: Any, nodes: Snapshot) -> bool:
        """A pod that went with volumes, a claim of the pod that came, more room at a driver, a volume detached."""
        if event is ClusterEvent.POD_REMOVED:
            return old.spec is not None and volumes.has_claims(old.spec.volumes)
        if isinstance(new, PersistentVolumeClaim):
            return old is None and volumes.is_named_by(pod, new)
        if isinstance(new, CSINode):
            return old is None or _has_more_room(old, new)
        if isinstance(old, VolumeAttachment) and new is None:
            return pod.spec is not None and volumes.has_claims(pod.spec.volumes)
        return event is not ClusterEvent.VOLUMES

    def filter_kernel(self, pod: Pod, nodes: Snapshot) -> FilterKernel | None:
        spec = pod.spec
        if spec is None or not spec.volumes or not volumes.has_claims(spec.volumes):
            return None
        wanted = frozenset(_attachables(pod, nodes))
        return _Limits(wanted, nodes) if wanted else None


def _has_more_room(old: CSINode, new: CSINode) -> bool:
    before = _limits(old)
    return any(limit > before.get(driver, 0) for driver, limit in _limits(new).items())


def _limits(node: CSINode) -> dict[str, int]:
    return {
        driver.name: (driver.allocatable.count or 0) if driver.allocatable is not None else 0
        for driver in node.spec.drivers
    }


def _attachables(pod: Pod, nodes: Snapshot) -> set[Attachable]:
    """The volumes that a driver attaches for a pod; a claim that is not there attaches nothing."""
    found = set()
    for name, _ in volumes.claim_names(pod):
        try:
            claim = volumes.claim_of(nodes, pod.metadata.namespace, name)
        except volumes.NoClaim:
            continue
        attachable = _attachable(claim, nodes)
        if attachable is not None:
            found.add(attachable)
    return found


def _attachable(claim: PersistentVolumeClaim, nodes: Snapshot) -> Attachable | None:
    name = claim.spec.volume_name if claim.spec is not None else ""
    volume = volumes.volume_of(nodes, name) if name else None
    if volume is not None and volume.spec is not None:
        source = volume.spec.csi
        return (source.driver, source.volume_handle) if source is not None else None
    storage_class = volumes.class_of(nodes, volumes.class_name(claim))
    if storage_class is None or not storage_class.provisioner:
        return None
    metadata = claim.metadata
    # A volume that is still to be made is one by itself.
    return storage_class.provisioner, f"unmade/{metadata.namespace}/{metadata.name}"


class _Limits(FilterKernel):
    def __init__(self, wanted: frozenset[Attachable], nodes: Snapshot) -> None:
        self._nodes, self._wanted = nodes, wanted
        self.traits = (wanted, nodes.facts)

    def rows(self, rows: Rows) -> Bool:
        return np.array([self.row(int(row)) for row in rows], np.bool_)

    def row(self, row: int) -> bool:
        nodes = self._nodes
        csi = volumes.csi_node(nodes, nodes.names[row])
        if csi is None:
            return True
        limits = {
            driver.name: driver.allocatable.count
            for driver in csi.spec.drivers
            if driver.allocatable is not None and driver.allocatable.count is not None
        }
        if not limits:
            return True
        attached = set().union(*(_attachables(pod, nodes) for pod in nodes.pods_on(row)))
        more = Counter(driver for driver, _ in self._wanted - attached)
        there = Counter(driver for driver, _ in attached | self._attached_to(nodes.names[row]))
        return all(there[d] + count <= limits[d] for d, count in more.items() if d in limits)

    def _attached_to(self, node: str) -> set[Attachable]:
        """What VolumeAttachments say."""
        found = self._nodes.objects.get(VolumeAttachment)
        attached = set()
        for each in found.list() if found is not None else ():
            name = each.spec.source.persistent_volume_name
            volume = volumes.volume_of(self._nodes, name) if name else None
            source = volume.spec.csi if volume is not None and volume.spec is not None else None
            if each.spec.node_name == node and source is not None:
                attached.add((each.spec.attacher, source.volume_handle))
        return attached

    def reasons(self, row: int) -> tuple[str, ...]:
        return (_EXCEEDED,)
