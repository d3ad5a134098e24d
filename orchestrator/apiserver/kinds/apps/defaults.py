"""What Kubernetes fills in of the kinds of `apps`."""

from typing import Any, Final

from orchestrator.api.apps.v1 import (
    DaemonSet,
    DaemonSetSpec,
    DaemonSetUpdateStrategy,
    Deployment,
    DeploymentSpec,
    DeploymentStrategy,
    ReplicaSet,
    ReplicaSetSpec,
    RollingUpdateDaemonSet,
    RollingUpdateDeployment,
    RollingUpdateStatefulSetStrategy,
    StatefulSet,
    StatefulSetPersistentVolumeClaimRetentionPolicy,
    StatefulSetSpec,
    StatefulSetUpdateStrategy,
)
from orchestrator.apiserver.defaults.change import each, fill, fill_zero, put
from orchestrator.apiserver.kinds.core.pods.defaults import default_template
from orchestrator.apiserver.kinds.core.volumes.defaults import default_claim

_HISTORY: Final = 10


_PROGRESS_SECONDS: Final = 600


def default_deployment(deployment: Deployment) -> Deployment:
    """One pod, replaced a quarter at a time."""
    spec = fill(
        deployment.spec or DeploymentSpec(),
        replicas=1,
        revision_history_limit=_HISTORY,
        progress_deadline_seconds=_PROGRESS_SECONDS,
    )
    strategy = fill_zero(spec.strategy or DeploymentStrategy(), type="RollingUpdate")
    if strategy.type == "RollingUpdate":
        rolling = strategy.rolling_update or RollingUpdateDeployment()
        rolling = fill(rolling, max_unavailable="25%", max_surge="25%")
        strategy = put(strategy, rolling_update=rolling)
    spec = put(spec, strategy=strategy, template=default_template(spec.template))
    return put(deployment, spec=spec)


def default_replica_set(replica_set: ReplicaSet) -> ReplicaSet:
    """One pod; its own labels are those of its pods."""
    spec = fill(replica_set.spec or ReplicaSetSpec(), replicas=1)
    spec = put(spec, template=default_template(spec.template))
    return put(replica_set, spec=spec)


def default_daemon_set(daemon_set: DaemonSet) -> DaemonSet:
    """Pods are replaced one node after the other."""
    spec = fill(daemon_set.spec or DaemonSetSpec(), revision_history_limit=_HISTORY)
    strategy = fill_zero(spec.update_strategy or DaemonSetUpdateStrategy(), type="RollingUpdate")
    if strategy.type == "RollingUpdate":
        rolling = strategy.rolling_update or RollingUpdateDaemonSet()
        rolling = fill(rolling, max_unavailable=1, max_surge=0)
        strategy = put(strategy, rolling_update=rolling)
    spec = put(spec, update_strategy=strategy, template=default_template(spec.template))
    return put(daemon_set, spec=spec)


def default_stateful_set(stateful_set: StatefulSet) -> StatefulSet:
    """One pod after the other, claims kept."""
    spec = fill(
        stateful_set.spec or StatefulSetSpec(),
        replicas=1,
        revision_history_limit=_HISTORY,
    )
    spec = fill_zero(spec, pod_management_policy="OrderedReady")
    retention = (
        spec.persistent_volume_claim_retention_policy
        or StatefulSetPersistentVolumeClaimRetentionPolicy()
    )
    spec = put(
        spec,
        update_strategy=_default_stateful_strategy(spec.update_strategy),
        persistent_volume_claim_retention_policy=fill_zero(
            retention, when_deleted="Retain", when_scaled="Retain"
        ),
        template=default_template(spec.template),
        volume_claim_templates=each(spec.volume_claim_templates, default_claim),
    )
    return put(stateful_set, spec=spec)


def _default_stateful_strategy(strategy: StatefulSetUpdateStrategy | None) -> Any:
    strategy = strategy or StatefulSetUpdateStrategy()
    if not strategy.type:
        rolling = strategy.rolling_update or RollingUpdateStatefulSetStrategy()
        strategy = put(strategy, type="RollingUpdate", rolling_update=rolling)
    if strategy.type == "RollingUpdate" and strategy.rolling_update is not None:
        rolling = fill(strategy.rolling_update, partition=0)
        strategy = put(strategy, rolling_update=rolling)
    return strategy
