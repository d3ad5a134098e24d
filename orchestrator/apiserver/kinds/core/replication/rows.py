"""The kinds of `core.replication`: a row each, which holds all that the server knows of it."""

from typing import Final

from orchestrator.api.core.v1 import ReplicationController
from orchestrator.apiserver.kinds.apps.warnings import controller_warnings
from orchestrator.apiserver.kinds.core.replication.defaults import default_replication_controller
from orchestrator.apiserver.kinds.core.replication.tables import CONTROLLERS
from orchestrator.apiserver.kinds.core.replication.validation import REPLICATION_CONTROLLER_RULES
from orchestrator.apiserver.kinds.kind import Kind
from orchestrator.apiserver.kinds.strategy import Traits

KINDS: Final[tuple[Kind, ...]] = (
    Kind(
        ReplicationController,
        warnings=controller_warnings,
        rules=REPLICATION_CONTROLLER_RULES,
        default=default_replication_controller,
        traits=Traits(generation=True, propagation="Orphan"),
        table=CONTROLLERS,
    ),
)
