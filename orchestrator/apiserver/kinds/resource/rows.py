"""The kinds of `resource`: a row each, which holds all that the server knows of it."""

from typing import Final

from orchestrator.api.resource.v1 import (
    DeviceClass,
    ResourceClaim,
    ResourceClaimTemplate,
    ResourceSlice,
)
from orchestrator.apiserver.kinds.kind import Kind
from orchestrator.apiserver.kinds.resets import STATUS_ALONE
from orchestrator.apiserver.kinds.resource.claim_validation import (
    CLAIM_RULES,
    CLAIM_TEMPLATE_RULES,
    CLASS_RULES,
)
from orchestrator.apiserver.kinds.resource.defaults import default_claim, default_claim_template
from orchestrator.apiserver.kinds.resource.slice_validation import SLICE_RULES
from orchestrator.apiserver.kinds.resource.strategy import SliceStrategy, slice_to_store
from orchestrator.apiserver.kinds.resource.tables import CLAIMS, PLAIN, SLICES
from orchestrator.apiserver.kinds.resource.warnings import slice_warnings
from orchestrator.apiserver.kinds.strategy import OBSERVED

KINDS: Final[tuple[Kind, ...]] = (
    Kind(
        DeviceClass,
        rules=CLASS_RULES,
        traits=OBSERVED,
        table=PLAIN,
        answers_deleted=True,
    ),
    Kind(
        ResourceClaim,
        rules=CLAIM_RULES,
        default=default_claim,
        table=CLAIMS,
        answers_deleted=True,
        resets=STATUS_ALONE,
    ),
    Kind(
        ResourceClaimTemplate,
        rules=CLAIM_TEMPLATE_RULES,
        default=default_claim_template,
        table=PLAIN,
        answers_deleted=True,
    ),
    Kind(
        ResourceSlice,
        strategy=SliceStrategy,
        warnings=slice_warnings,
        rules=SLICE_RULES,
        stored=slice_to_store,
        traits=OBSERVED,
        table=SLICES,
        answers_deleted=True,
    ),
)
