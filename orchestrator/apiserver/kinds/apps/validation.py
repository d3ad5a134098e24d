"""What Kubernetes refuses of Deployments, ReplicaSets, DaemonSets and ControllerRevisions."""

from collections.abc import Mapping
from typing import Final

from orchestrator.api.apps.v1 import (
    ControllerRevision,
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
)
from orchestrator.api.core.v1 import (
    PodTemplateSpec,
)
from orchestrator.api.meta.v1 import LabelSelector
from orchestrator.apiserver.kinds.core.pods.spec_validation import template_errors
from orchestrator.apiserver.validation.field import (
    Errors,
    forbidden,
    immutable,
    invalid,
    nonnegative,
    not_supported,
    required,
)
from orchestrator.apiserver.validation.golang import as_go
from orchestrator.apiserver.validation.rules import CHANGE_AND_WHOLE, Rules
from orchestrator.apiserver.validation.selectors import (
    label_selector_errors,
    selects,
)
from orchestrator.apiserver.validation.workloads import (
    _AVAILABLE,
    _OBSERVED,
    _OF_READY,
    _OF_REPLICAS,
    _READY,
    _REPLICAS,
    amount,
    at_most_all_errors,
    at_most_errors,
    collision_errors,
    empty_selector_errors,
    forever_errors,
    int_or_percent_errors,
    mismatch_errors,
    replica_status_errors,
    selector_change_errors,
    selector_errors,
    status_count_errors,
    template_labels,
)

_DEPLOYMENT_STRATEGIES: Final = ("Recreate", "RollingUpdate")


_DAEMON_STRATEGIES: Final = ("RollingUpdate", "OnDelete")


_UPDATED: Final = ("updated_replicas", "updatedReplicas")


_UNAVAILABLE: Final = ("unavailable_replicas", "unavailableReplicas")


_TERMINATING: Final = ("terminating_replicas", "terminatingReplicas")


_COLLISIONS: Final = ("collision_count", "collisionCount")


def _deployment_errors(deployment: Deployment) -> Errors:
    spec = deployment.spec or DeploymentSpec()
    yield from nonnegative("spec.replicas", spec.replicas)
    yield from selector_errors("spec.selector", spec.selector, "deployment")
    yield from _replica_template_errors(spec.selector, spec.template)
    yield from _deployment_strategy_errors("spec.strategy", spec.strategy)
    yield from nonnegative("spec.minReadySeconds", spec.min_ready_seconds)
    yield from nonnegative("spec.revisionHistoryLimit", spec.revision_history_limit)
    deadline = spec.progress_deadline_seconds
    yield from nonnegative("spec.progressDeadlineSeconds", deadline)
    if deadline is not None and deadline <= (spec.min_ready_seconds or 0):
        detail = "must be greater than minReadySeconds"
        yield invalid("spec.progressDeadlineSeconds", deadline, detail)


def _replica_template_errors(
    selector: LabelSelector | None, template: PodTemplateSpec | None
) -> Errors:
    labels = template_labels(template)
    if selector is not None and selects(selector, labels) is None:
        yield invalid("spec.selector", as_go(selector), "invalid label selector")
        return  # The template is not looked at.
    yield from mismatch_errors("spec.template.metadata.labels", selector, labels)
    yield from template_errors("spec.template", template)
    yield from forever_errors("spec.template", template, "ReplicaSet")


def _deployment_strategy_errors(path: str, strategy: DeploymentStrategy | None) -> Errors:
    kind = strategy.type if strategy else ""
    rolling = strategy.rolling_update if strategy else None
    if kind == "Recreate":
        if rolling is not None:
            detail = "may not be specified when strategy `type` is 'Recreate'"
            yield forbidden(f"{path}.rollingUpdate", detail)
    elif kind == "RollingUpdate":
        if rolling is None:
            detail = "this should be defaulted and never be nil"
            yield required(f"{path}.rollingUpdate", detail)
        else:
            yield from _rolling_deployment_errors(f"{path}.rollingUpdate", rolling)
    else:
        yield not_supported(path, as_go(strategy), _DEPLOYMENT_STRATEGIES)


def _rolling_deployment_errors(path: str, rolling: RollingUpdateDeployment) -> Errors:
    unavailable, surge = rolling.max_unavailable, rolling.max_surge
    yield from int_or_percent_errors(f"{path}.maxUnavailable", unavailable)
    yield from int_or_percent_errors(f"{path}.maxSurge", surge)
    if amount(unavailable) == 0 and amount(surge) == 0:
        detail = "may not be 0 when `maxSurge` is 0"
        yield invalid(f"{path}.maxUnavailable", unavailable or 0, detail)
    yield from at_most_all_errors(f"{path}.maxUnavailable", unavailable)


def _deployment_status_errors(new: Deployment, old: Deployment) -> Errors:
    status = new.status
    if status is None:
        return
    parts = (_UPDATED, _READY, _AVAILABLE)
    counts = (_OBSERVED, _REPLICAS, *parts, _UNAVAILABLE, _TERMINATING, _COLLISIONS)
    yield from status_count_errors(status, *counts)
    yield from at_most_errors(status, _OF_REPLICAS, status.replicas or 0, *parts)
    yield from at_most_errors(status, _OF_READY, status.ready_replicas or 0, _AVAILABLE)
    yield from collision_errors(new, old)


def _replica_set_errors(replica_set: ReplicaSet) -> Errors:
    spec = replica_set.spec or ReplicaSetSpec()
    yield from nonnegative("spec.replicas", spec.replicas)
    yield from nonnegative("spec.minReadySeconds", spec.min_ready_seconds)
    yield from selector_errors("spec.selector", spec.selector, "deployment")
    yield from _replica_template_errors(spec.selector, spec.template)


def _daemon_set_errors(daemon_set: DaemonSet) -> Errors:
    spec = daemon_set.spec or DaemonSetSpec()
    yield from label_selector_errors("spec.selector", spec.selector)
    labels = template_labels(spec.template)
    yield from mismatch_errors("spec.template.metadata.labels", spec.selector, labels)
    yield from empty_selector_errors("spec.selector", spec.selector, "daemonset")
    yield from template_errors("spec.template", spec.template)
    yield from forever_errors("spec.template", spec.template, "DaemonSet")
    yield from nonnegative("spec.minReadySeconds", spec.min_ready_seconds)
    yield from _daemon_strategy_errors("spec.updateStrategy", spec.update_strategy)
    yield from nonnegative("spec.revisionHistoryLimit", spec.revision_history_limit)


def _daemon_strategy_errors(path: str, strategy: DaemonSetUpdateStrategy | None) -> Errors:
    kind = strategy.type if strategy else ""
    if kind not in _DAEMON_STRATEGIES:
        yield not_supported(path, as_go(strategy), _DAEMON_STRATEGIES)
    if strategy is None or kind != "RollingUpdate":
        return
    if strategy.rolling_update is None:
        yield required(f"{path}.rollingUpdate")
    else:
        yield from _rolling_daemon_errors(f"{path}.rollingUpdate", strategy.rolling_update)


def _rolling_daemon_errors(path: str, rolling: RollingUpdateDaemonSet) -> Errors:
    parts = {"maxUnavailable": rolling.max_unavailable, "maxSurge": rolling.max_surge}
    for name, value in parts.items():
        yield from int_or_percent_errors(f"{path}.{name}", value)
    for name, value in parts.items():
        yield from at_most_all_errors(f"{path}.{name}", value)
    unavailable, surge = amount(rolling.max_unavailable), amount(rolling.max_surge)
    if unavailable and surge:
        detail = "may not be set when maxUnavailable is non-zero"
        yield invalid(f"{path}.maxSurge", rolling.max_surge, detail)
    if not unavailable and not surge:
        yield required(f"{path}.maxUnavailable", "cannot be 0 when maxSurge is 0")


_DAEMON_COUNTS: Final = (
    ("current_number_scheduled", "currentNumberScheduled"),
    ("number_misscheduled", "numberMisscheduled"),
    ("desired_number_scheduled", "desiredNumberScheduled"),
    ("number_ready", "numberReady"),
    _OBSERVED,
    ("updated_number_scheduled", "updatedNumberScheduled"),
    ("number_available", "numberAvailable"),
    ("number_unavailable", "numberUnavailable"),
    _COLLISIONS,
)


def _daemon_status_errors(new: DaemonSet, old: DaemonSet) -> Errors:
    if new.status is not None:
        yield from status_count_errors(new.status, *_DAEMON_COUNTS)
        yield from collision_errors(new, old)


def _revision_errors(revision: ControllerRevision) -> Errors:
    yield from nonnegative("revision", revision.revision)
    if revision.data is None:
        yield required("data", "data is mandatory")
    elif not isinstance(revision.data, Mapping):
        yield required("data", "data must be a valid JSON object")


def _revision_change_errors(new: ControllerRevision, old: ControllerRevision) -> Errors:
    yield from nonnegative("revision", new.revision)
    yield from immutable("data", new.data, old.data)


DEPLOYMENT_RULES: Final = Rules(
    spec=_deployment_errors, update=selector_change_errors, status=_deployment_status_errors
)


REPLICA_SET_RULES: Final = Rules(
    spec=_replica_set_errors, update=selector_change_errors, status=replica_status_errors
)


DAEMON_SET_RULES: Final = Rules(
    spec=_daemon_set_errors,
    update=selector_change_errors,
    status=_daemon_status_errors,
    recheck="after",
)


CONTROLLER_REVISION_RULES: Final = Rules(
    spec=_revision_errors,
    update=_revision_change_errors,
    metadata_again=CHANGE_AND_WHOLE,
    recheck="never",
)
