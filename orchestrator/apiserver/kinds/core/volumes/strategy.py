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
        return replace(new, status=PersistentVolumeStatus(phase="Pending"))


class ClaimStrategy(Strategy):
    """What is special about claims."""

    def prepare_for_create(
        self, new: PersistentVolumeClaim, env: Environment
    ) -> PersistentVolumeClaim:
        """Not bound to any volume yet."""
        return replace(new, status=PersistentVolumeClaimStatus(phase="Pending"))
