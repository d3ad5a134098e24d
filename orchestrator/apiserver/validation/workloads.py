"""Deployments, ReplicaSets, ReplicationControllers and DaemonSets.

Their statuses are alike, and so is what their templates must be; what is different stands in the
functions named after them.
"""

from typing import Any, Final

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
    ReplicationController,
    ReplicationControllerSpec,
)
from orchestrator.api.meta.v1 import LabelSelector
from orchestrator.apiserver.validation.field import (
    Errors,
    complaints,
    forbidden,
    immutable,
    invalid,
    nonnegative,
    not_supported,
    required,
)
from orchestrator.apiserver.validation.formats import percent_errors
from orchestrator.apiserver.validation.kind import Kind
from orchestrator.apiserver.validation.pod_spec import template_errors
from orchestrator.apiserver.validation.selectors import (
    is_empty,
    label_selector_errors,
    selects,
)

_MISMATCH: Final = "`selector` does not match template `labels`"
_DEPLOYMENT_STRATEGIES: Final = ("Recreate", "RollingUpdate")
_DAEMON_STRATEGIES: Final = ("RollingUpdate", "OnDelete")

# --- what they share -----------------------------------------------------------------------


def selector_errors(path: str, selector: LabelSelector) -> Errors:
    """A workload's selector must be there; what selects everything counts as missing."""
    if is_empty(selector):
        yield required(path)
    yield from label_selector_errors(path, selector)


def mismatch_errors(path: str, selector: LabelSelector | None, labels: Any) -> Errors:
    """A workload that did not select its own pods would make them without end."""
    if selector is None or is_empty(selector) or selects(selector, labels) is False:
        yield invalid(path, labels or None, _MISMATCH)


def template_labels(template: PodTemplateSpec | None) -> Any:
    """The labels that the template gives its pods."""
    return template.metadata.labels if template is not None else {}


def forever_errors(path: str, template: PodTemplateSpec | None, kind: str) -> Errors:
    """Pods of these workloads run until they are removed."""
    spec = template.spec if template is not None else None
    if spec is None:
        return
    if spec.restart_policy != "Always":
        where = f"{path}.spec.restartPolicy"
        yield not_supported(where, spec.restart_policy or "", ("Always",))
    if spec.active_deadline_seconds is not None:
        where = f"{path}.spec.activeDeadlineSeconds"
        yield forbidden(where, f"activeDeadlineSeconds in {kind} is not Supported")


def int_or_percent_errors(path: str, value: int | str | None) -> Errors:
    """A number of pods or a percentage of them."""
    if isinstance(value, str):
        yield from complaints(path, value, percent_errors(value))
    else:
        yield from nonnegative(path, value)


def at_most_all_errors(path: str, value: int | str | None) -> Errors:
    """A percentage of at most all."""
    if isinstance(value, str) and not percent_errors(value) and int(value[:-1]) > 100:
        yield invalid(path, value, "must not be greater than 100%")


def amount(value: int | str | None) -> int:
    """The number of the number or percentage; 0 when it is none."""
    if isinstance(value, str):
        return int(value[:-1]) if not percent_errors(value) else 0
    return value or 0


def selector_change_errors(new: Any, old: Any) -> Errors:
    """A selector stays: the pods that it found would be left behind."""
    if new.spec is not None and old.spec is not None:
        yield from immutable("spec.selector", new.spec.selector, old.spec.selector)


def status_count_errors(status: Any, *fields: tuple[str, str]) -> Errors:
    """(attribute, wire name) of counts that may be zero, not less."""
    for attribute, wire in fields:
        yield from nonnegative(f"status.{wire}", getattr(status, attribute))


def at_most_errors(status: Any, detail: str, most: int, *fields: tuple[str, str]) -> Errors:
    """Counts of a part that may not be more than the whole."""
    for attribute, wire in fields:
        count = getattr(status, attribute) or 0
        if count > most:
            yield invalid(f"status.{wire}", count, detail)


def collision_errors(new: Any, old: Any) -> Errors:
    """The count of hash collisions only grows."""
    count, before = new.status.collision_count, old.status.collision_count if old.status else None
    if before is not None and (count is None or count < before):
        yield invalid("status.collisionCount", count or 0, "cannot be decremented")


_REPLICAS: Final = ("replicas", "replicas")
_FULLY_LABELED: Final = ("fully_labeled_replicas", "fullyLabeledReplicas")
_READY: Final = ("ready_replicas", "readyReplicas")
_AVAILABLE: Final = ("available_replicas", "availableReplicas")
_UPDATED: Final = ("updated_replicas", "updatedReplicas")
_UNAVAILABLE: Final = ("unavailable_replicas", "unavailableReplicas")
_OBSERVED: Final = ("observed_generation", "observedGeneration")
_COLLISIONS: Final = ("collision_count", "collisionCount")
_OF_REPLICAS: Final = "cannot be greater than status.replicas"
_OF_READY: Final = "cannot be greater than readyReplicas"


def _replica_status_errors(new: Any, _old: Any) -> Errors:
    status = new.status
    if status is None:
        return
    parts = (_FULLY_LABELED, _READY, _AVAILABLE)
    yield from status_count_errors(status, _REPLICAS, *parts, _OBSERVED)
    yield from at_most_errors(status, _OF_REPLICAS, status.replicas or 0, *parts)
    yield from at_most_errors(status, _OF_READY, status.ready_replicas or 0, _AVAILABLE)


# --- Deployment ----------------------------------------------------------------------------


def _deployment_errors(deployment: Deployment) -> Errors:
    spec = deployment.spec or DeploymentSpec()
    yield from nonnegative("spec.replicas", spec.replicas)
    yield from selector_errors("spec.selector", spec.selector)
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
        yield not_supported(path, strategy, _DEPLOYMENT_STRATEGIES)


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
    counts = (_OBSERVED, _REPLICAS, *parts, _UNAVAILABLE, _COLLISIONS)
    yield from status_count_errors(status, *counts)
    yield from at_most_errors(status, _OF_REPLICAS, status.replicas or 0, *parts)
    yield from at_most_errors(status, _OF_READY, status.ready_replicas or 0, _AVAILABLE)
    yield from collision_errors(new, old)


# --- ReplicaSet and ReplicationController --------------------------------------------------


def _replica_set_errors(replica_set: ReplicaSet) -> Errors:
    spec = replica_set.spec or ReplicaSetSpec()
    yield from nonnegative("spec.replicas", spec.replicas)
    yield from nonnegative("spec.minReadySeconds", spec.min_ready_seconds)
    yield from selector_errors("spec.selector", spec.selector)
    yield from _replica_template_errors(spec.selector, spec.template)


def _replication_controller_errors(controller: ReplicationController) -> Errors:
    spec = controller.spec or ReplicationControllerSpec()
    yield from nonnegative("spec.minReadySeconds", spec.min_ready_seconds)
    if not spec.selector:
        yield required("spec.selector")
    if spec.replicas is None:
        yield required("spec.replicas")
    yield from nonnegative("spec.replicas", spec.replicas)
    template = spec.template
    if template is None:
        yield required("spec.template")
        return
    labels = template_labels(template)
    if any(labels.get(key) != value for key, value in spec.selector.items()):
        yield invalid("spec.template.metadata.labels", labels or None, _MISMATCH)
    yield from template_errors("spec.template", template)
    yield from forever_errors("spec.template", template, "ReplicationController")


# --- DaemonSet -----------------------------------------------------------------------------


def _daemon_set_errors(daemon_set: DaemonSet) -> Errors:
    spec = daemon_set.spec or DaemonSetSpec()
    yield from label_selector_errors("spec.selector", spec.selector)
    labels = template_labels(spec.template)
    yield from mismatch_errors("spec.template.metadata.labels", spec.selector, labels)
    yield from template_errors("spec.template", spec.template)
    yield from forever_errors("spec.template", spec.template, "DaemonSet")
    yield from nonnegative("spec.minReadySeconds", spec.min_ready_seconds)
    yield from _daemon_strategy_errors("spec.updateStrategy", spec.update_strategy)
    yield from nonnegative("spec.revisionHistoryLimit", spec.revision_history_limit)


def _daemon_strategy_errors(path: str, strategy: DaemonSetUpdateStrategy | None) -> Errors:
    kind = strategy.type if strategy else ""
    if kind not in _DAEMON_STRATEGIES:
        yield not_supported(path, strategy, _DAEMON_STRATEGIES)
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


# --- ControllerRevision --------------------------------------------------------------------


def _revision_errors(revision: ControllerRevision) -> Errors:
    if revision.data is None:
        yield required("data", "data is mandatory")
    yield from nonnegative("revision", revision.revision)


def _revision_change_errors(new: ControllerRevision, old: ControllerRevision) -> Errors:
    yield from immutable("data", new.data, old.data)


KINDS: Final[dict[type, Kind]] = {
    Deployment: Kind(
        spec=_deployment_errors, update=selector_change_errors, status=_deployment_status_errors
    ),
    ReplicaSet: Kind(
        spec=_replica_set_errors, update=selector_change_errors, status=_replica_status_errors
    ),
    ReplicationController: Kind(spec=_replication_controller_errors, status=_replica_status_errors),
    DaemonSet: Kind(
        spec=_daemon_set_errors, update=selector_change_errors, status=_daemon_status_errors
    ),
    ControllerRevision: Kind(spec=_revision_errors, update=_revision_change_errors),
}
