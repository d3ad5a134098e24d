"""The kinds of `core.volumes`: a row each, which holds all that the server knows of it."""

from typing import Final

from orchestrator.api.core.v1 import PersistentVolume, PersistentVolumeClaim
from orchestrator.apiserver.kinds.core.volumes.claim_validation import PERSISTENT_VOLUME_CLAIM_RULES
from orchestrator.apiserver.kinds.core.volumes.defaults import default_claim, default_volume
from orchestrator.apiserver.kinds.core.volumes.strategy import ClaimStrategy, VolumeStrategy
from orchestrator.apiserver.kinds.core.volumes.tables import CLAIMS, VOLUMES
from orchestrator.apiserver.kinds.core.volumes.validation import PERSISTENT_VOLUME_RULES
from orchestrator.apiserver.kinds.core.volumes.warnings import claim_warnings, volume_warnings
from orchestrator.apiserver.kinds.kind import Kind

KINDS: Final[tuple[Kind, ...]] = (
    Kind(
        PersistentVolume,
        warnings=volume_warnings,
        rules=PERSISTENT_VOLUME_RULES,
        default=default_volume,
        strategy=VolumeStrategy,
        table=VOLUMES,
        answers_deleted=True,
    ),
    Kind(
        PersistentVolumeClaim,
        warnings=claim_warnings,
        rules=PERSISTENT_VOLUME_CLAIM_RULES,
        default=default_claim,
        strategy=ClaimStrategy,
        table=CLAIMS,
        answers_deleted=True,
    ),
)
