"""Waiting for the volumes that a pod was promised: whether they are bound, or never will be as things are."""

from collections.abc import Sequence
from typing import Any

from orchestrator.api.core.v1 import PersistentVolume, PersistentVolumeClaim
from orchestrator.scheduler import volumes
from orchestrator.scheduler.errors import PluginError
from orchestrator.scheduler.snapshot import Snapshot

Binding = tuple[PersistentVolume, PersistentVolumeClaim]
_PLUGIN = "VolumeBinding"


class Bindings:
    """What was written for a pod's claims on a node: `bound` to volumes, and told the node where some must be made."""

    def __init__(
        self,
        nodes: Snapshot,
        node: str,
        bound: Sequence[Binding],
        unmade: Sequence[PersistentVolumeClaim],
    ) -> None:
        self._nodes, self._node = nodes, node
        self._bound, self._unmade = bound, unmade
        self._written = 0

    def heard(self, written: Any) -> None:
        """An object was written, and this is what became of it."""
        self._written = max(self._written, int(written.metadata.resource_version))

    def done(self) -> bool:
        """Whether all claims have their volumes, as far as caches know. Raises PluginError: one will not."""
        row = self._nodes.row_of(self._node)
        if row is None:
            raise _failed(f'failed to get node "{self._node}": node "{self._node}" not found')
        for kind, some in ((PersistentVolume, self._bound), (PersistentVolumeClaim, self._unmade)):
            known = self._nodes.objects.get(kind)
            if some and (known is None or known.revision < self._written):
                return False  # what was written has not been heard of yet
        return all(self._is_done(volume, claim, row) for volume, claim in self._bound) and all(
            self._is_made(claim, row) for claim in self._unmade
        )

    def _is_done(self, promised: PersistentVolume, claim: PersistentVolumeClaim, row: int) -> bool:
        name = promised.metadata.name
        volume = volumes.volume_of(self._nodes, name)
        if volume is None:
            words = f'could not find v1.PersistentVolume "{name}"'
            raise _failed(f"failed to check binding: {words}")
        present = self._present(claim, "failed to check binding")
        self._check_reach(volume, row)
        ref = volume.spec.claim_ref if volume.spec is not None else None
        if ref is None or not ref.uid:
            raise _failed(f'ClaimRef got reset for pv "{name}"')
        return volumes.is_bound(present)

    def _is_made(self, claim: PersistentVolumeClaim, row: int) -> bool:
        present = self._present(claim, "failed to check provisioning pvc")
        name, annotations = claim.metadata.name, present.metadata.annotations
        if not annotations:
            raise _failed(f'selectedNode annotation reset for PVC "{name}"')
        if annotations.get(volumes.SELECTED_NODE) != self._node:
            raise _failed(f'provisioning failed for PVC "{name}"')
        wanted = present.spec.volume_name if present.spec is not None else ""
        if wanted:
            volume = volumes.volume_of(self._nodes, wanted)
            if volume is None:
                return False  # it may come
            self._check_reach(volume, row)
        return volumes.is_bound(present)

    def _present(self, claim: PersistentVolumeClaim, failing: str) -> PersistentVolumeClaim:
        namespace, name = claim.metadata.namespace, claim.metadata.name
        try:
            return volumes.claim_of(self._nodes, namespace, name)
        except volumes.NoClaim:
            words = f'could not find v1.PersistentVolumeClaim "{namespace}/{name}"'
            raise _failed(f"{failing}: {words}") from None

    def _check_reach(self, volume: PersistentVolume, row: int) -> None:
        if not volumes.reachable(self._nodes, volume, row):
            name = volume.metadata.name
            raise _failed(
                f'pv "{name}" node affinity doesn\'t match node "{self._node}": no matching '
                "NodeSelectorTerms"
            )


def _failed(words: str) -> PluginError:
    return PluginError(_PLUGIN, f"binding volumes: {words}")
