"""What v1 of autoscalers cannot say, as it stands in annotations: the types that v1 has for that alone.

Kubernetes' pkg/apis/autoscaling/v1/conversion.go: metrics are flat there, and a behaviour is written with the names that
Go's own struct has (`ScaleUp`).
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

from orchestrator.api.autoscaling import v2
from orchestrator.api.empty_lists import TOLD
from orchestrator.api.meta.v1 import LabelSelector
from orchestrator.api.scalars import Quantity

_NOTHING: Final[Quantity] = "0"


class _Target(Struct, frozen=True, rename="camel", omit_defaults=True):
    kind: str
    name: str
    api_version: str = ""


class _Object(Struct, frozen=True, rename="camel", omit_defaults=True):
    target: _Target
    metric_name: str
    target_value: Quantity
    selector: LabelSelector | None = None
    average_value: Quantity | None = None


class _Pods(Struct, frozen=True, rename="camel", omit_defaults=True):
    metric_name: str
    target_average_value: Quantity
    selector: LabelSelector | None = None


class _Resource(Struct, frozen=True, rename="camel", omit_defaults=True):
    name: str
    target_average_utilization: int | None = None
    target_average_value: Quantity | None = None
    container: str = ""


class _External(Struct, frozen=True, rename="camel", omit_defaults=True):
    metric_name: str
    metric_selector: LabelSelector | None = None
    target_value: Quantity | None = None
    target_average_value: Quantity | None = None


class _Metric(Struct, frozen=True, rename="camel", omit_defaults=True):
    type: str
    object: _Object | None = None
    pods: _Pods | None = None
    resource: _Resource | None = None
    container_resource: _Resource | None = None
    external: _External | None = None


class _ObjectStatus(Struct, frozen=True, rename="camel", omit_defaults=True):
    target: _Target
    metric_name: str
    current_value: Quantity
    selector: LabelSelector | None = None
    average_value: Quantity | None = None


class _PodsStatus(Struct, frozen=True, rename="camel", omit_defaults=True):
    metric_name: str
    current_average_value: Quantity
    selector: LabelSelector | None = None


class _ResourceStatus(Struct, frozen=True, rename="camel", omit_defaults=True):
    name: str
    current_average_utilization: int | None = None
    current_average_value: Quantity = ""  # which is always written, as none is
    container: str = ""


class _ExternalStatus(Struct, frozen=True, rename="camel", omit_defaults=True):
    metric_name: str
    metric_selector: LabelSelector | None = None
    current_value: Quantity = ""
    current_average_value: Quantity | None = None


class _Status(Struct, frozen=True, rename="camel", omit_defaults=True):
    type: str
    object: _ObjectStatus | None = None
    pods: _PodsStatus | None = None
    resource: _ResourceStatus | None = None
    container_resource: _ResourceStatus | None = None
    external: _ExternalStatus | None = None


class _Policy(Struct, frozen=True, rename="pascal"):
    type: str = ""
    value: int = 0
    period_seconds: int = 0


class _Rules(Struct, frozen=True, rename="pascal"):
    stabilization_window_seconds: int | None = None
    select_policy: str | None = None
    policies: tuple[_Policy, ...] | None = None
    tolerance: Quantity | None = None


class _Behavior(Struct, frozen=True, rename="pascal"):
    scale_up: _Rules | None = None
    scale_down: _Rules | None = None


def _text(value: Any) -> str:
    return msgspec.json.encode(value).decode()


# --- metrics -------------------------------------------------------------------------------


def metrics_text(metrics: Sequence[v2.MetricSpec]) -> str:
    """Metrics as the annotation has them."""
    return _text([_metric(each) for each in metrics])


def metrics_of(text: str) -> tuple[v2.MetricSpec, ...]:
    """The metrics of an annotation. Raises msgspec.MsgspecError."""
    return tuple(_spec(each) for each in msgspec.json.decode(text, type=tuple[_Metric, ...]))


def _metric(metric: v2.MetricSpec) -> _Metric:
    objects, pods, resource = metric.object, metric.pods, metric.resource
    contained, external = metric.container_resource, metric.external
    return _Metric(
        metric.type,
        object=None
        if objects is None
        else _Object(
            _target(objects.described_object),
            objects.metric.name,
            objects.target.value or _NOTHING,
            objects.metric.selector,
            objects.target.average_value,
        ),
        pods=None
        if pods is None
        else _Pods(pods.metric.name, pods.target.average_value or _NOTHING, pods.metric.selector),
        resource=None if resource is None else _resource(resource, ""),
        container_resource=None if contained is None else _resource(contained, contained.container),
        external=None
        if external is None
        else _External(
            external.metric.name,
            external.metric.selector,
            external.target.value,
            external.target.average_value,
        ),
    )


def _target(described: v2.CrossVersionObjectReference) -> _Target:
    return _Target(described.kind, described.name, described.api_version)


def _resource(
    source: v2.ResourceMetricSource | v2.ContainerResourceMetricSource, container: str
) -> _Resource:
    target = source.target
    return _Resource(source.name, target.average_utilization, target.average_value, container)


def _spec(metric: _Metric) -> v2.MetricSpec:
    objects, pods, resource = metric.object, metric.pods, metric.resource
    contained, external = metric.container_resource, metric.external
    return v2.MetricSpec(
        type=metric.type,
        object=None if objects is None else _object_source(objects),
        pods=None
        if pods is None
        else v2.PodsMetricSource(
            metric=v2.MetricIdentifier(name=pods.metric_name, selector=pods.selector),
            target=v2.MetricTarget(type="AverageValue", average_value=pods.target_average_value),
        ),
        resource=None
        if resource is None
        else v2.ResourceMetricSource(name=resource.name, target=_resource_target(resource)),
        container_resource=None
        if contained is None
        else v2.ContainerResourceMetricSource(
            name=contained.name,
            container=contained.container,
            target=_resource_target(contained),
        ),
        external=None
        if external is None
        else v2.ExternalMetricSource(
            metric=v2.MetricIdentifier(
                name=external.metric_name, selector=external.metric_selector
            ),
            target=v2.MetricTarget(
                type="AverageValue" if external.target_value is None else "Value",
                value=external.target_value,
                average_value=external.target_average_value,
            ),
        ),
    )


def _object_source(source: _Object) -> v2.ObjectMetricSource:
    average = source.average_value
    value = None if average is not None and source.target_value == _NOTHING else source.target_value
    return v2.ObjectMetricSource(
        described_object=_described(source.target),
        metric=v2.MetricIdentifier(name=source.metric_name, selector=source.selector),
        target=v2.MetricTarget(
            type="Value" if average is None else "AverageValue", value=value, average_value=average
        ),
    )


def _described(target: _Target) -> v2.CrossVersionObjectReference:
    return v2.CrossVersionObjectReference(
        kind=target.kind, name=target.name, api_version=target.api_version
    )


def _resource_target(resource: _Resource) -> v2.MetricTarget:
    utilization = resource.target_average_utilization
    return v2.MetricTarget(
        type="AverageValue" if utilization is None else "Utilization",
        average_utilization=utilization,
        average_value=resource.target_average_value,
    )


# --- what metrics are ----------------------------------------------------------------------


def statuses_text(statuses: Sequence[v2.MetricStatus]) -> str:
    """What metrics are, as the annotation has it."""
    return _text([_status(each) for each in statuses])


def statuses_of(text: str) -> tuple[v2.MetricStatus, ...]:
    """What metrics are by an annotation. Raises msgspec.MsgspecError."""
    return tuple(_current(each) for each in msgspec.json.decode(text, type=tuple[_Status, ...]))


def _status(status: v2.MetricStatus) -> _Status:
    objects, pods, resource = status.object, status.pods, status.resource
    contained, external = status.container_resource, status.external
    return _Status(
        status.type,
        object=None
        if objects is None
        else _ObjectStatus(
            _target(objects.described_object),
            objects.metric.name,
            objects.current.value or _NOTHING,
            objects.metric.selector,
            objects.current.average_value,
        ),
        pods=None
        if pods is None
        else _PodsStatus(
            pods.metric.name, pods.current.average_value or _NOTHING, pods.metric.selector
        ),
        resource=None if resource is None else _resource_status(resource, ""),
        container_resource=None
        if contained is None
        else _resource_status(contained, contained.container),
        external=None
        if external is None
        else _ExternalStatus(
            external.metric.name,
            external.metric.selector,
            external.current.value or _NOTHING,
            external.current.average_value,
        ),
    )


def _resource_status(
    status: v2.ResourceMetricStatus | v2.ContainerResourceMetricStatus, container: str
) -> _ResourceStatus:
    current = status.current
    return _ResourceStatus(
        status.name, current.average_utilization, current.average_value or _NOTHING, container
    )


def _current(status: _Status) -> v2.MetricStatus:
    objects, pods, resource = status.object, status.pods, status.resource
    contained, external = status.container_resource, status.external
    return v2.MetricStatus(
        type=status.type,
        object=None
        if objects is None
        else v2.ObjectMetricStatus(
            described_object=_described(objects.target),
            metric=v2.MetricIdentifier(name=objects.metric_name, selector=objects.selector),
            current=v2.MetricValueStatus(
                value=objects.current_value, average_value=objects.average_value
            ),
        ),
        pods=None
        if pods is None
        else v2.PodsMetricStatus(
            metric=v2.MetricIdentifier(name=pods.metric_name, selector=pods.selector),
            current=v2.MetricValueStatus(average_value=pods.current_average_value),
        ),
        resource=None
        if resource is None
        else v2.ResourceMetricStatus(name=resource.name, current=_resource_value(resource)),
        container_resource=None
        if contained is None
        else v2.ContainerResourceMetricStatus(
            name=contained.name,
            container=contained.container,
            current=_resource_value(contained),
        ),
        external=None
        if external is None
        else v2.ExternalMetricStatus(
            metric=v2.MetricIdentifier(
                name=external.metric_name, selector=external.metric_selector
            ),
            current=v2.MetricValueStatus(
                value=external.current_value or _NOTHING,
                average_value=external.current_average_value,
            ),
        ),
    )


def _resource_value(status: _ResourceStatus) -> v2.MetricValueStatus:
    return v2.MetricValueStatus(
        average_utilization=status.current_average_utilization,
        average_value=status.current_average_value or _NOTHING,
    )


# --- behaviour and conditions --------------------------------------------------------------


def behavior_text(behavior: v2.HorizontalPodAutoscalerBehavior) -> str:
    """A behaviour as the annotation has it."""
    return _text(_Behavior(_rules(behavior.scale_up), _rules(behavior.scale_down)))


def behavior_of(text: str) -> v2.HorizontalPodAutoscalerBehavior | None:
    """The behaviour of an annotation, whatever the case of its names' first letters; None where it says nothing.

    Raises msgspec.MsgspecError.
    """
    found = msgspec.convert(_capitalized(msgspec.json.decode(text)), _Behavior)
    if found.scale_up is None and found.scale_down is None:
        return None
    return v2.HorizontalPodAutoscalerBehavior(
        scale_up=_scaling_rules(found.scale_up), scale_down=_scaling_rules(found.scale_down)
    )


def _rules(rules: v2.HPAScalingRules | None) -> _Rules | None:
    if rules is None:
        return None
    policies = tuple(_Policy(each.type, each.value, each.period_seconds) for each in rules.policies)
    return _Rules(
        rules.stabilization_window_seconds, rules.select_policy, policies or None, rules.tolerance
    )


def _scaling_rules(rules: _Rules | None) -> v2.HPAScalingRules | None:
    if rules is None:
        return None
    return v2.HPAScalingRules(
        stabilization_window_seconds=rules.stabilization_window_seconds,
        select_policy=rules.select_policy,
        policies=tuple(
            v2.HPAScalingPolicy(type=p.type, value=p.value, period_seconds=p.period_seconds)
            for p in rules.policies or ()
        )
        or TOLD,  # nothing is filled in for what an annotation leaves out
        tolerance=rules.tolerance,
    )


def _capitalized(value: Any) -> Any:
    if isinstance(value, dict):
        return {key[:1].upper() + key[1:]: _capitalized(each) for key, each in value.items()}
    return [_capitalized(each) for each in value] if isinstance(value, list) else value


class _Condition(Struct, frozen=True, rename="camel", omit_defaults=True):
    type: str
    status: str
    last_transition_time: str | None = None
    reason: str = ""
    message: str = ""


def conditions_text(conditions: Sequence[v2.HorizontalPodAutoscalerCondition]) -> str:
    """Conditions as the annotation has them."""
    return _text(
        [
            _Condition(c.type, c.status, c.last_transition_time, c.reason or "", c.message or "")
            for c in conditions
        ]
    )


def conditions_of(text: str) -> tuple[v2.HorizontalPodAutoscalerCondition, ...]:
    """The conditions of an annotation. Raises msgspec.MsgspecError."""
    return msgspec.json.decode(text, type=tuple[v2.HorizontalPodAutoscalerCondition, ...])
