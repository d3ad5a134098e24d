"""Gives back the storage of volumes that are gone: what a CSI driver's provisioner does when one is deleted."""

from typing import Final

from orchestrator.api.core.v1 import PersistentVolume
from orchestrator.client import Change, Watcher
from orchestrator.kubelet.runtimes.disks import Disks
from orchestrator.machinery.volumes import SIMULATED_DRIVER, storage_of
from orchestrator.protocol import ApiRef, Identity

_IDENTITY: Final = Identity("system:apiserver", ("system:masters",))
_DELETE: Final = "Delete"


class DiskKeeper(Watcher):
    """Removes the disk of each volume that goes and whose reclaim policy is Delete.

    The disk of one that is to be retained stays: another volume with the same handle leads to it.
    """

    def __init__(self, api: ApiRef, disks: Disks) -> None:
        super().__init__(api, _IDENTITY)
        self._disks = disks

    def started(self) -> None:
        """Watch volumes."""
        self._volumes = self.reflect(PersistentVolume, on_change=self._changed)

    def _changed(self, change: Change[PersistentVolume]) -> None:
        spec = change.latest.spec
        if change.new is not None or spec is None or spec.csi is None:
            return
        if spec.csi.driver != SIMULATED_DRIVER or spec.persistent_volume_reclaim_policy != _DELETE:
            return
        storage = storage_of(change.latest)
        if all(storage_of(each) != storage for each in self._volumes.cache.list()):
            self._disks.remove(storage)
