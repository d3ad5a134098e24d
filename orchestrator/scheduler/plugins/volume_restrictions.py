"""VolumeRestrictions: disks that one node, and claims that one pod, can use at a time."""

from typing import Any, Final

import numpy as np

from orchestrator.api.core.v1 import PersistentVolumeClaim, Pod, Volume
from orchestrator.scheduler import volumes
from orchestrator.scheduler.events import ClusterEvent
from orchestrator.scheduler.framework import Plugin
from orchestrator.scheduler.kernels import FilterKernel
from orchestrator.scheduler.snapshot import Bool, Rows, Snapshot

_NO_DISK: Final = "node(s) had no available disk"
_IN_USE: Final = (
    "node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already "
    "in-use by another pod"
)


class VolumeRestrictions(Plugin):
    """Filters by exclusive disks in pods' specs, and by claims with ReadWriteOncePod."""

    name = "VolumeRestrictions"
    by_content = True
    of_volumes = True
    helped_by = frozenset((ClusterEvent.NODE_ADDED, ClusterEvent.POD_REMOVED, ClusterEvent.VOLUMES))
    watches = (PersistentVolumeClaim,)

    def helps(self, pod: Pod, event: ClusterEvent, old: Any, new: Any, nodes: Snapshot) -> bool:
        """A pod that went with a disk or a claim that this one wants, a claim of its own that came."""
        if event is ClusterEvent.POD_REMOVED:
            return old.metadata.namespace == pod.metadata.namespace and _shares(pod, old)
        if event is ClusterEvent.VOLUMES:
            return (
                isinstance(new, PersistentVolumeClaim)
                and old is None
                and volumes.is_mounted_by(pod, new)
            )
        return True

    def filter_kernel(self, pod: Pod, nodes: Snapshot) -> FilterKernel | None:
        """As `FilterRule.filter_kernel`."""
        spec = pod.spec
        if spec is None or not spec.volumes:
            return None
        disks = tuple(volume for volume in spec.volumes if _is_exclusive(volume))
        if not disks and not volumes.has_claims(spec.volumes):
            return None
        kernel = _Restrictions(pod, disks, nodes)
        return kernel if kernel.restricts else None


class _Restrictions(FilterKernel):
    spanning = True  # a claim is in use wherever its pod is

    def __init__(self, pod: Pod, disks: tuple[Volume, ...], nodes: Snapshot) -> None:
        self._nodes, self._disks = nodes, disks
        namespace = pod.metadata.namespace
        self._exclusive: tuple[str, ...] = ()
        try:
            self._exclusive = tuple(
                f"{namespace}/{name}"
                for name, own in volumes.claim_names(pod)
                if not own and _is_for_one_pod(volumes.claim_of(nodes, namespace, name))
            )
        except volumes.NoClaim as error:
            self.refusal = str(error)
        self.traits = (disks, self._exclusive, self.refusal)

    @property
    def restricts(self) -> bool:
        """Whether it may refuse any row."""
        return bool(self._disks or self._exclusive or self.refusal)

    def _in_use(self) -> bool:
        """Whether other pods have claims of this one, by the count that kube-scheduler keeps.

        A claim in use counts once. A pod that is supposed to have come or gone counts by its claims' names, and
        kube-scheduler does not ask for its namespace. Where nothing was in use it does not count at all.
        """
        nodes = self._nodes
        count = sum(claim in nodes.claims.in_use for claim in self._exclusive)
        if not count and not self._disks:
            return False
        if nodes.claims.supposed:
            count += sum(
                nodes.claims.supposed[claim.partition("/")[2]] for claim in self._exclusive
            )
        return count > 0

    def rows(self, rows: Rows) -> Bool:
        if self._in_use():
            return np.zeros(len(rows), np.bool_)
        if not self._disks:
            return np.ones(len(rows), np.bool_)
        return np.array([self._has_disks(int(row)) for row in rows], np.bool_)

    def _has_disks(self, row: int) -> bool:
        return not any(
            _conflict(disk, other)
            for pod in self._nodes.pods_on(row)
            if pod.spec is not None
            for other in pod.spec.volumes
            for disk in self._disks
        )

    def reasons(self, row: int) -> tuple[str, ...]:
        return (_IN_USE,) if self._has_disks(row) else (_NO_DISK,)


def _shares(pod: Pod, other: Pod) -> bool:
    """Whether two pods want a disk that one of them can have, or name one claim."""
    own = pod.spec.volumes if pod.spec is not None else ()
    its = other.spec.volumes if other.spec is not None else ()
    claims = {v.persistent_volume_claim.claim_name for v in own if v.persistent_volume_claim}
    return any(
        each.persistent_volume_claim.claim_name in claims
        if each.persistent_volume_claim
        else any(_conflict(disk, each) for disk in own)
        for each in its
    )


def _is_exclusive(volume: Volume) -> bool:
    return any(
        source is not None
        for source in (
            volume.gce_persistent_disk,
            volume.aws_elastic_block_store,
            volume.rbd,
            volume.iscsi,
        )
    )


def _is_for_one_pod(claim: PersistentVolumeClaim) -> bool:
    return claim.spec is not None and "ReadWriteOncePod" in claim.spec.access_modes


def _conflict(one: Volume, other: Volume) -> bool:
    """Whether two volumes are one disk that not both pods can have."""
    if one.gce_persistent_disk is not None and other.gce_persistent_disk is not None:
        disk, its = one.gce_persistent_disk, other.gce_persistent_disk
        return disk.pd_name == its.pd_name and not (disk.read_only and its.read_only)
    if one.aws_elastic_block_store is not None and other.aws_elastic_block_store is not None:
        return one.aws_elastic_block_store.volume_id == other.aws_elastic_block_store.volume_id
    if one.iscsi is not None and other.iscsi is not None:
        return one.iscsi.iqn == other.iscsi.iqn and not (
            one.iscsi.read_only and other.iscsi.read_only
        )
    if one.rbd is not None and other.rbd is not None:
        mine, its_image = one.rbd, other.rbd
        return (
            bool(set(mine.monitors) & set(its_image.monitors))
            and (mine.pool, mine.image) == (its_image.pool, its_image.image)
            and not (mine.read_only and its_image.read_only)
        )
    return False
