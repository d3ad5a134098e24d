"""Persistent volumes and claims: they begin Pending."""

from msgspec.structs import replace

from orchestrator.api.core.v1 import (
    PersistentVolume,
    PersistentVolumeClaim,
    PersistentVolumeClaimStatus,
    PersistentVolumeStatus,
)
from orchestrator.apiserver.environment import Environment
from orchestrator.apiserver.kinds.strategy import Strategy


class VolumeStrategy(Strategy):
    """What is special about persistent volumes."""

    def prepare_for_create(self, new: PersistentVolume, env: Environment) -> PersistentVolume:
        """Not bound to any claim yet."""
        status = PersistentVolumeStatus(phase="Pending", last_phase_transition_time=env.time())
        return replace(new, status=status)

    def prepare_for_status_update(
        self, new: PersistentVolume, old: PersistentVolume, env: Environment
    ) -> PersistentVolume:
        """A change of the phase is dated, unless its writer says when it was."""
        status, before = (
            new.status or PersistentVolumeStatus(),
            old.status or PersistentVolumeStatus(),
        )
        since, known = status.last_phase_transition_time, before.last_phase_transition_time
        if status.phase == before.phase:
            dated = since or known
        else:
            dated = since if since and since != known else env.time()
        new = replace(new, status=replace(status, last_phase_transition_time=dated))
        return super().prepare_for_status_update(new, old, env)  # type: ignore[no-any-return]


class ClaimStrategy(Strategy):
    """What is special about claims."""

    def prepare_for_create(
        self, new: PersistentVolumeClaim, env: Environment
    ) -> PersistentVolumeClaim:
        """Not bound to any volume yet."""
        return replace(new, status=PersistentVolumeClaimStatus(phase="Pending"))
