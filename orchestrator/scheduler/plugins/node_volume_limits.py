"""NodeVolumeLimits: a CSI driver can attach so many volumes to a node, as its CSINode says."""

from collections import Counter
from typing import Any, Final

import numpy as np

from orchestrator.api.core.v1 import PersistentVolume, PersistentVolumeClaim, Pod, Volume
from orchestrator.api.storage.v1 import CSINode, StorageClass, VolumeAttachment
from orchestrator.scheduler import migration, volumes
from orchestrator.scheduler.events import ClusterEvent
from orchestrator.scheduler.framework import Plugin
from orchestrator.scheduler.kernels import FilterKernel
from orchestrator.scheduler.snapshot import Bool, Int64, Rows, Snapshot

_EXCEEDED: Final = "node(s) exceed max volume count"
_ANY_NUMBER: Final = 1 << 62
_BY_NODE: Final = "the node that it is attached to"

Attachable = tuple[str, str]
"""(driver, volume handle)"""


class NodeVolumeLimits(Plugin):
    """Filters out nodes that would have more volumes of a driver than its limit."""

    name = "NodeVolumeLimits"
    by_content = True
    of_volumes = True
    helped_by = frozenset((ClusterEvent.POD_REMOVED, ClusterEvent.VOLUMES))
    watches = (PersistentVolumeClaim, PersistentVolume, StorageClass, CSINode, VolumeAttachment)

    def helps(self, pod: Pod, event: ClusterEvent, old: Any, new: Any, nodes: Snapshot) -> bool:
        """A pod that went with volumes, a claim of the pod that came, more room at a driver, a volume detached."""
        if event is ClusterEvent.POD_REMOVED:
            return old.spec is not None and any(map(_may_have_been_attached, old.spec.volumes))
        if isinstance(new, PersistentVolumeClaim):
            return old is None and volumes.is_named_by(pod, new)
        if isinstance(new, CSINode):
            return old is None or _has_more_room(old, new)
        if isinstance(old, VolumeAttachment) and new is None:
            return pod.spec is not None and any(
                volume.persistent_volume_claim is not None or _is_of(volume, old.spec.attacher)
                for volume in pod.spec.volumes
            )
        return False

    def filter_kernel(self, pod: Pod, nodes: Snapshot) -> FilterKernel | None:
        """As `FilterRule.filter_kernel`."""
        spec = pod.spec
        if spec is None or not spec.volumes:
            return None
        if not (volumes.has_claims(spec.volumes) or any(map(migration.is_in_tree, spec.volumes))):
            return None
        wanted = frozenset(_attachables(pod, nodes))
        return _Limits(wanted, nodes) if wanted else None


def _has_more_room(old: CSINode, new: CSINode) -> bool:
    before = _limits(old)
    return any(limit > before.get(driver, 0) for driver, limit in _limits(new).items())


def _attachables(pod: Pod, nodes: Snapshot) -> set[Attachable]:
    """The volumes that a driver attaches for a pod; a claim that is not there attaches nothing."""
    found = {
        attachable
        for volume in (pod.spec.volumes if pod.spec is not None else ())
        if migration.is_in_tree(volume)
        and (attachable := migration.attachable_inline(volume)) is not None
    }
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
    if volume is not None:
        return migration.attachable(volume)
    storage_class = volumes.class_of(nodes, volumes.class_name(claim))
    if storage_class is None or not storage_class.provisioner:
        return None
    metadata = claim.metadata
    # A volume that is still to be made is one by itself.
    driver = migration.provisioning(storage_class.provisioner)
    return driver, f"unmade/{metadata.namespace}/{metadata.name}"


class _Limits(FilterKernel):
    """Spanning, since each pod has volumes of its own: what else is known of rows is shared with other pods."""

    spanning = True

    def __init__(self, wanted: frozenset[Attachable], nodes: Snapshot) -> None:
        self._nodes, self._wanted = nodes, wanted
        self._drivers = {driver for driver, _ in wanted}
        self.traits = (wanted, nodes.facts)

    def rows(self, rows: Rows) -> Bool:
        """Rows where no driver can have reached its limit, whatever is whose, need no look one by one."""
        nodes = self._nodes
        most = nodes.claims.by_row[rows] + _attachments(nodes)[rows] + len(self._wanted)
        answers = np.ones(len(rows), np.bool_)
        for driver in self._drivers:
            answers &= most <= _limits_of(driver, nodes)[rows]
        for place in np.flatnonzero(~answers):
            answers[place] = self.row(int(rows[place]))
        return answers

    def row(self, row: int) -> bool:
        nodes = self._nodes
        csi = volumes.csi_node(nodes, nodes.names[row])
        limits = _limits(csi) if csi is not None else {}
        if not limits:
            return True
        attached = set().union(*(_attachables(pod, nodes) for pod in nodes.pods_on(row)))
        more = Counter(driver for driver, _ in self._wanted - attached)
        there = Counter(driver for driver, _ in attached | _attached_to(nodes.names[row], nodes))
        return all(there[d] + count <= limits[d] for d, count in more.items() if d in limits)

    def reasons(self, row: int) -> tuple[str, ...]:
        return (_EXCEEDED,)


def _may_have_been_attached(volume: Volume) -> bool:
    return volumes.has_claims((volume,)) or migration.is_migratable(volume)


def _is_of(volume: Volume, driver: str) -> bool:
    """Whether a volume that a pod describes itself is in a driver's hands."""
    found = migration.driver_of(volume)
    return found is not None and found.name == driver


def _limits(node: CSINode) -> dict[str, int]:
    """What drivers can attach to a node; a driver that says nothing attaches any number."""
    return {
        driver.name: driver.allocatable.count
        for driver in node.spec.drivers
        if driver.allocatable is not None and driver.allocatable.count is not None
    }


def _limits_of(driver: str, nodes: Snapshot) -> Int64:
    """By row how many volumes a driver can attach."""

    def compute() -> Int64:
        column = np.full(nodes.valid.size, _ANY_NUMBER, np.int64)
        found = nodes.objects.get(CSINode)
        for each in found.list() if found is not None else ():
            row = nodes.row_of(each.metadata.name)
            if row is not None:
                column[row] = _limits(each).get(driver, _ANY_NUMBER)
        return column

    return nodes.derived((CSINode, driver), compute)


def _attachments(nodes: Snapshot) -> Int64:
    """By row how many VolumeAttachments there are."""

    def compute() -> Int64:
        column = np.zeros(nodes.valid.size, np.int64)
        found = nodes.objects.get(VolumeAttachment)
        for each in found.list() if found is not None else ():
            row = nodes.row_of(each.spec.node_name)
            if row is not None:
                column[row] += 1
        return column

    return nodes.derived(VolumeAttachment, compute)


def _attached_to(node: str, nodes: Snapshot) -> set[Attachable]:
    """What VolumeAttachments say of a node."""
    found = nodes.objects.get(VolumeAttachment)
    attached: set[Attachable] = set()
    if found is None:
        return attached
    found.add_index(_BY_NODE, _node_of)
    for each in found.by_index(_BY_NODE, node):
        name = each.spec.source.persistent_volume_name
        volume = volumes.volume_of(nodes, name) if name else None
        source = volume.spec.csi if volume is not None and volume.spec is not None else None
        if source is not None:
            attached.add((each.spec.attacher, source.volume_handle))
    return attached


def _node_of(attachment: VolumeAttachment) -> tuple[str, ...]:
    return (attachment.spec.node_name,)
