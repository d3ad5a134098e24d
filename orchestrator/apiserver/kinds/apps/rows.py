"""The kinds of `apps`: a row each, which holds all that the server knows of it."""

from typing import Final

from orchestrator.api.apps.v1 import (
    ControllerRevision,
    DaemonSet,
    Deployment,
    ReplicaSet,
    StatefulSet,
)
from orchestrator.apiserver.kinds.apps.defaults import (
    default_daemon_set,
    default_deployment,
    default_replica_set,
    default_stateful_set,
)
from orchestrator.apiserver.kinds.apps.gated import with_max_unavailable
from orchestrator.apiserver.kinds.apps.stateful_set_validation import STATEFUL_SET_RULES
from orchestrator.apiserver.kinds.apps.strategy import (
    DaemonSetStrategy,
    DeploymentStrategy,
    StatefulSetStrategy,
    without_count,
)
from orchestrator.apiserver.kinds.apps.tables import (
    DAEMON_SETS,
    DEPLOYMENTS,
    REPLICA_SETS,
    REVISIONS,
    STATEFUL_SETS,
)
from orchestrator.apiserver.kinds.apps.validation import (
    CONTROLLER_REVISION_RULES,
    DAEMON_SET_RULES,
    DEPLOYMENT_RULES,
    REPLICA_SET_RULES,
)
from orchestrator.apiserver.kinds.apps.warnings import (
    daemon_set_warnings,
    keeper_warnings,
    stateful_set_warnings,
)
from orchestrator.apiserver.kinds.kind import Kind
from orchestrator.apiserver.kinds.resets import SPEC
from orchestrator.apiserver.kinds.strategy import OBSERVED

KINDS: Final[tuple[Kind, ...]] = (
    Kind(ControllerRevision, rules=CONTROLLER_REVISION_RULES, table=REVISIONS),
    Kind(
        DaemonSet,
        warnings=daemon_set_warnings,
        rules=DAEMON_SET_RULES,
        default=default_daemon_set,
        strategy=DaemonSetStrategy,
        traits=OBSERVED,
        table=DAEMON_SETS,
        metadata_inside=without_count,
    ),
    Kind(
        Deployment,
        warnings=keeper_warnings,
        rules=DEPLOYMENT_RULES,
        default=default_deployment,
        strategy=DeploymentStrategy,
        traits=OBSERVED,
        table=DEPLOYMENTS,
        resets={"status": {**SPEC, "f:metadata": {"f:labels": {}}}},
    ),
    Kind(
        ReplicaSet,
        warnings=keeper_warnings,
        rules=REPLICA_SET_RULES,
        default=default_replica_set,
        traits=OBSERVED,
        table=REPLICA_SETS,
    ),
    Kind(
        StatefulSet,
        warnings=stateful_set_warnings,
        rules=STATEFUL_SET_RULES,
        default=default_stateful_set,
        strategy=StatefulSetStrategy,
        gates={"MaxUnavailableStatefulSet": with_max_unavailable},
        traits=OBSERVED,
        table=STATEFUL_SETS,
    ),
)
