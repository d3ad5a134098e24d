"""The kinds of `discovery`: a row each, which holds all that the server knows of it."""

from typing import Final

from orchestrator.api.discovery.v1 import EndpointSlice
from orchestrator.apiserver.kinds.discovery.defaults import default_endpoint_slice
from orchestrator.apiserver.kinds.discovery.strategy import EndpointSliceStrategy, without_topology
from orchestrator.apiserver.kinds.discovery.tables import SLICES
from orchestrator.apiserver.kinds.discovery.validation import ENDPOINT_SLICE_RULES
from orchestrator.apiserver.kinds.discovery.warnings import slice_warnings
from orchestrator.apiserver.kinds.kind import Kind
from orchestrator.apiserver.kinds.strategy import OBSERVED

KINDS: Final[tuple[Kind, ...]] = (
    Kind(
        EndpointSlice,
        warnings=slice_warnings,
        rules=ENDPOINT_SLICE_RULES,
        default=default_endpoint_slice,
        stored=without_topology,
        strategy=EndpointSliceStrategy,
        traits=OBSERVED,
        table=SLICES,
    ),
)
