"""HorizontalPodAutoscalers, of both versions."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from orchestrator.api.autoscaling import v1, v2
from orchestrator.apiserver.validation.field import (
    Errors,
    complaints,
    forbidden,
    invalid,
    nonnegative,
    not_supported,
    required,
)
from orchestrator.apiserver.validation.resources import (
    container_resource_name_errors,
    nonnegative_quantity_errors,
    unreadable,
)
from orchestrator.apiserver.validation.rules import Rules
from orchestrator.machinery.names import dns1123_label_errors, path_segment_errors
from orchestrator.machinery.quantities import canonical, nano

_METRICS: Final = {
    "Object": "object",
    "External": "external",
    "Pods": "pods",
    "Resource": "resource",
    "ContainerResource": "containerResource",
}
_METRIC_TYPES: Final = tuple(sorted(_METRICS))
# What can be measured while there is no pod.
_FROM_ZERO: Final = ("Object", "External")
_NO_METRIC_FROM_ZERO: Final = (
    "must specify at least one Object or External metric to support scaling to zero replicas"
)
# The one kind that can be scaled and is of no named group.
_GROUPLESS: Final = "ReplicationController"
_TARGETS: Final = ("Utilization", "Value", "AverageValue")
_SELECTIONS: Final = ("Disabled", "Max", "Min")
_POLICIES: Final = ("Percent", "Pods")
_MAX_PERIOD: Final = 1800  # seconds
_MAX_WINDOW: Final = 3600  # seconds


def _v2_errors(autoscaler: v2.HorizontalPodAutoscaler) -> Errors:
    spec = autoscaler.spec
    yield from _replica_errors(spec.min_replicas, spec.max_replicas)
    yield from _reference_errors("spec.scaleTargetRef", spec.scale_target_ref, grouped=True)
    for i, metric in enumerate(spec.metrics):
        yield from _metric_errors(f"spec.metrics[{i}]", metric)
    if spec.min_replicas == 0 and not any(each.type in _FROM_ZERO for each in spec.metrics):
        yield forbidden("spec.metrics", _NO_METRIC_FROM_ZERO)
    if spec.behavior is not None:
        yield from _rule_errors("spec.behavior.scaleUp", spec.behavior.scale_up)
        yield from _rule_errors("spec.behavior.scaleDown", spec.behavior.scale_down)


def _v1_errors(autoscaler: v1.HorizontalPodAutoscaler) -> Errors:
    spec = autoscaler.spec
    yield from _replica_errors(spec.min_replicas, spec.max_replicas)
    yield from _reference_errors("spec.scaleTargetRef", spec.scale_target_ref, grouped=True)
    percent = spec.target_cpu_utilization_percentage
    if percent is not None and percent < 1:
        where = "spec.metrics[0].resource.target.averageUtilization"
        yield invalid(where, percent, "must be greater than 0")
    if spec.min_replicas == 0:
        yield forbidden("spec.metrics", _NO_METRIC_FROM_ZERO)


def _replica_errors(low: int | None, high: int) -> Errors:
    if low is not None and low < 1:
        yield invalid("spec.minReplicas", low, "must be greater than or equal to 1")
    if not high:
        yield required("spec.maxReplicas", "must be set and greater than 0")
    elif high < 0:
        yield invalid("spec.maxReplicas", high, "must be greater than or equal to 1")
    if low is not None and high < low:
        detail = "must be greater than or equal to `minReplicas`"
        yield invalid("spec.maxReplicas", high, detail)


def _reference_errors(path: str, ref: Any, *, grouped: bool = False) -> Errors:
    """Something that is named by kind and name; `grouped`: of a named group."""
    for name in ("kind", "name"):
        value = getattr(ref, name) if ref is not None else ""
        if not value:
            yield required(f"{path}.{name}")
        else:
            yield from complaints(f"{path}.{name}", value, path_segment_errors(value))
    version = (ref.api_version if ref is not None else "") or ""
    ref_kind = ref.kind if ref is not None else ""
    if version.count("/") > 1:
        detail = f"unexpected GroupVersion string: {version}"
        yield invalid(f"{path}.apiVersion", version, detail)
    elif grouped and ref_kind != _GROUPLESS and not version.rpartition("/")[0]:
        yield invalid(f"{path}.apiVersion", version, "apiVersion must specify API group")


# --- metrics -------------------------------------------------------------------------------


def _metric_errors(path: str, metric: v2.MetricSpec) -> Errors:
    sources: dict[str, Any] = {
        "object": metric.object,
        "external": metric.external,
        "pods": metric.pods,
        "resource": metric.resource,
        "containerResource": metric.container_resource,
    }
    given = [name for name, source in sources.items() if source is not None]
    if not metric.type:
        yield required(f"{path}.type", "must specify a metric source type")
    if metric.type not in _METRICS:
        yield not_supported(f"{path}.type", metric.type or "", _METRIC_TYPES)
    if given:
        yield from _source_errors(f"{path}.{given[0]}", given[0], sources[given[0]])
    expected = _METRICS.get(metric.type, "")
    if not expected:
        # The original looks at the type twice.
        yield not_supported(f"{path}.type", metric.type or "", _METRIC_TYPES)
    if expected and expected not in given:
        detail = "must populate information for the given metric source"
        yield required(f"{path}.{expected}", detail)
    if len(given) != 1:
        for name in given:
            if name != expected:
                yield forbidden(f"{path}.{name}", "must populate the given metric source only")


def _source_errors(path: str, kind: str, source: Any) -> Errors:
    if kind == "object":
        yield from _reference_errors(f"{path}.describedObject", source.described_object)
    if kind in ("object", "external", "pods"):
        name = source.metric.name if source.metric else ""
        if not name:
            yield required(f"{path}.metric.name", "must specify a metric name")
        yield from complaints(f"{path}.metric.name", name, path_segment_errors(name))
    else:
        yield from _resource_source_errors(path, kind, source)
    target = source.target or v2.MetricTarget()
    yield from _target_errors(f"{path}.target", target)
    yield from _target_choice_errors(f"{path}.target", kind, target)


def _resource_source_errors(path: str, kind: str, source: Any) -> Errors:
    if not source.name:
        yield required(f"{path}.name", "must specify a resource name")
    if kind == "containerResource":
        if source.name:
            yield from container_resource_name_errors(f"{path}.name", source.name)
        if not source.container:
            yield required(f"{path}.container", "must specify a container")
        else:
            messages = dns1123_label_errors(source.container)
            yield from complaints(f"{path}.container", source.container, messages)


def _target_errors(path: str, target: v2.MetricTarget) -> Errors:
    if not target.type:
        yield required(f"{path}.type", "must specify a metric target type")
    if target.type not in _TARGETS:
        detail = "must be either Utilization, Value, or AverageValue"
        yield invalid(f"{path}.type", target.type, detail)
    for name, quantity in (("value", target.value), ("averageValue", target.average_value)):
        if quantity is None:
            continue
        if error := unreadable(f"{path}.{name}", quantity):
            yield error
        elif nano(quantity) <= 0:
            yield invalid(f"{path}.{name}", canonical(quantity), "must be positive")
    percent = target.average_utilization
    if percent is not None and percent < 1:
        yield invalid(f"{path}.averageUtilization", percent, "must be greater than 0")


def _target_choice_errors(path: str, kind: str, target: v2.MetricTarget) -> Errors:
    value, average = target.value is not None, target.average_value is not None
    percent = target.average_utilization is not None
    match kind:
        case "object":
            if not value and not average:
                detail = "must set either a target value or averageValue"
                yield required(f"{path}.averageValue", detail)
        case "external":
            if not value and not average:
                detail = "must set either a target value for metric or a per-pod target"
                yield required(f"{path}.averageValue", detail)
            if value and average:
                detail = "may not set both a target value for metric and a per-pod target"
                yield forbidden(f"{path}.value", detail)
        case "pods":
            if not average:
                detail = "must specify a positive target averageValue"
                yield required(f"{path}.averageValue", detail)
        case _:
            if not percent and not average:
                detail = "must set either a target raw value or a target utilization"
                yield required(f"{path}.averageUtilization", detail)
            if percent and average:
                detail = "may not set both a target raw value and a target utilization"
                yield forbidden(f"{path}.averageValue", detail)


# --- behavior ------------------------------------------------------------------------------


def _rule_errors(path: str, rules: v2.HPAScalingRules | None) -> Errors:
    if rules is None:
        return
    window = rules.stabilization_window_seconds
    where = f"{path}.stabilizationWindowSeconds"
    if window is not None and window < 0:
        yield invalid(where, window, "must be greater than or equal to zero")
    if window is not None and window > _MAX_WINDOW:
        yield invalid(where, window, f"must be less than or equal to {_MAX_WINDOW}")
    if rules.select_policy is not None and rules.select_policy not in _SELECTIONS:
        yield not_supported(f"{path}.selectPolicy", rules.select_policy, _SELECTIONS)
    if not rules.policies:
        yield required(f"{path}.policies", "must specify at least one Policy")
    yield from _policy_errors(f"{path}.policies", rules.policies)
    if rules.tolerance is not None:
        if error := unreadable(f"{path}.tolerance", rules.tolerance):
            yield error
        else:
            yield from nonnegative_quantity_errors(f"{path}.tolerance", rules.tolerance)


def _policy_errors(path: str, policies: Sequence[v2.HPAScalingPolicy]) -> Errors:
    for i, policy in enumerate(policies):
        here = f"{path}[{i}]"
        if policy.type not in _POLICIES:
            yield not_supported(f"{here}.type", policy.type, _POLICIES)
        if policy.value <= 0:
            yield invalid(f"{here}.value", policy.value, "must be greater than zero")
        seconds = policy.period_seconds
        if seconds <= 0:
            yield invalid(f"{here}.periodSeconds", seconds, "must be greater than zero")
        if seconds > _MAX_PERIOD:
            detail = f"must be less than or equal to {_MAX_PERIOD}"
            yield invalid(f"{here}.periodSeconds", seconds, detail)


def _unless_known(check: Callable[[Any], Errors]) -> Callable[[Any, Any], Errors]:
    """The check of a changed autoscaler: a target's version that was there before is not judged again."""

    def errors(new: Any, old: Any) -> Errors:
        after, before = new.spec.scale_target_ref, old.spec.scale_target_ref
        same = (
            after is not None
            and before is not None
            and (after.api_version, after.kind) == (before.api_version, before.kind)
        )
        for fault in check(new) if new.spec is not old.spec else ():
            if not (same and fault.field == "spec.scaleTargetRef.apiVersion"):
                yield fault

    return errors


def _status_errors(new: Any, _old: Any) -> Errors:
    if new.status is not None:
        yield from nonnegative("status.currentReplicas", new.status.current_replicas)
        yield from nonnegative("status.desiredReplicas", new.status.desired_replicas)


AUTOSCALER_RULES: Final = Rules(
    spec=_v2_errors, update=_unless_known(_v2_errors), status=_status_errors, recheck="never"
)

AUTOSCALER_V1_RULES: Final = Rules(
    spec=_v1_errors, update=_unless_known(_v1_errors), status=_status_errors, recheck="never"
)
