"""Makes copies of disks, and gives back those of volumes that are gone: what a CSI driver does for its provisioner."""

from typing import Final

from orchestrator.api.core.v1 import PersistentVolume
from orchestrator.client import Change, Watcher
from orchestrator.kubelet.runtimes.disks import Disks
from orchestrator.machinery.volumes import CLONED_FROM, SIMULATED_DRIVER, storage_of
from orchestrator.protocol import ApiRef, Identity

_IDENTITY: Final = Identity("system:apiserver", ("system:masters",))
_DELETE: Final = "Delete"


class DiskKeeper(Watcher):
    """Removes the disk of each volume that goes and whose reclaim policy is Delete.

    The disk of one that is to be retained stays: another volume with the same handle leads to it. A volume that comes
    and is said to be a copy begins with the files of another.
    """

    def __init__(self, api: ApiRef, disks: Disks) -> None:
        super().__init__(api, _IDENTITY)
        self._disks = disks

    def started(self) -> None:
        """Watch volumes."""
        self._volumes = self.reflect(PersistentVolume, on_change=self._changed)

    def _changed(self, change: Change[PersistentVolume]) -> None:
        spec = change.latest.spec
        if spec is None or spec.csi is None or spec.csi.driver != SIMULATED_DRIVER:
            return
        storage = storage_of(change.latest)
        copied = spec.csi.volume_attributes.get(CLONED_FROM, "")
        # What was there before this began to look was made before any disk was used: a copy of nothing.
        if copied and change.old is None and self._volumes.synced:
            self._disks.copy(copied, storage)
        if change.new is not None or spec.persistent_volume_reclaim_policy != _DELETE:
            return
        if all(storage_of(each) != storage for each in self._volumes.cache.list()):
            self._disks.remove(storage)
