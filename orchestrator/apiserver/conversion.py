"""Between the versions of a kind: one is stored, all are served.

A pair of types that differ in more than their version has a line in `CONVERSIONS`; all others
have the same fields, and convert by their names. A conversion keeps what it does not understand
where it can, so that reading in one version and writing back loses nothing.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias, cast

import msgspec
from msgspec.structs import replace

from orchestrator.api.autoscaling import v1, v2
from orchestrator.api.core.v1 import Event as CoreEvent
from orchestrator.api.core.v1 import EventSeries as CoreSeries
from orchestrator.api.core.v1 import ObjectReference
from orchestrator.api.events.v1 import Event, EventSeries
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.api.scheme import Resource
from orchestrator.api.unstructured import Unstructured

Convert: TypeAlias = Callable[[Any], Any]

_METRICS: Final = "autoscaling.alpha.kubernetes.io/metrics"
_BEHAVIOR: Final = "autoscaling.alpha.kubernetes.io/behavior"


def conversion(source: Resource, target: Resource) -> Convert | None:
    """The function from one version of a resource to another; None when they are one."""
    if source is target or source.type is target.type is not Unstructured:
        return None
    if target.type is Unstructured:
        return lambda stored: replace(stored, api_version=target.api_version)
    special = CONVERSIONS.get((source.type, target.type))
    return special or (lambda stored: by_names(stored, target.type))


def by_names(stored: Any, target: type[Any]) -> Any:
    """An object of `target` with the fields of equal names; the others are empty."""
    return msgspec.convert(stored, target, from_attributes=True)


# --- events --------------------------------------------------------------------------------


def _event_to_core(event: Event) -> CoreEvent:
    series = event.series
    return CoreEvent(
        metadata=event.metadata,
        action=event.action,
        count=event.deprecated_count,
        event_time=event.event_time,
        first_timestamp=event.deprecated_first_timestamp,
        involved_object=event.regarding or ObjectReference(),
        last_timestamp=event.deprecated_last_timestamp,
        message=event.note,
        reason=event.reason,
        related=event.related,
        reporting_component=event.reporting_controller,
        reporting_instance=event.reporting_instance,
        series=None
        if series is None
        else CoreSeries(count=series.count, last_observed_time=series.last_observed_time),
        source=event.deprecated_source,
        type=event.type,
    )


def _event_from_core(event: CoreEvent) -> Event:
    series = event.series
    return Event(
        metadata=event.metadata,
        action=event.action,
        deprecated_count=event.count,
        deprecated_first_timestamp=event.first_timestamp,
        deprecated_last_timestamp=event.last_timestamp,
        deprecated_source=event.source,
        event_time=event.event_time,
        note=event.message,
        reason=event.reason,
        regarding=event.involved_object,
        related=event.related,
        reporting_controller=event.reporting_component,
        reporting_instance=event.reporting_instance,
        series=None
        if series is None
        else EventSeries(count=series.count or 0, last_observed_time=series.last_observed_time),
        type=event.type,
    )


# --- horizontal pod autoscalers ------------------------------------------------------------


def _autoscaler_to_v2(stored: v1.HorizontalPodAutoscaler) -> v2.HorizontalPodAutoscaler:
    metadata, others = _without_annotation(stored.metadata, _METRICS, tuple[v2.MetricSpec, ...])
    metadata, behavior = _without_annotation(
        metadata, _BEHAVIOR, v2.HorizontalPodAutoscalerBehavior
    )
    spec, status = stored.spec, stored.status
    return v2.HorizontalPodAutoscaler(
        metadata=metadata,
        spec=None
        if spec is None
        else v2.HorizontalPodAutoscalerSpec(
            max_replicas=spec.max_replicas,
            min_replicas=spec.min_replicas,
            metrics=(*_cpu_metric(spec.target_cpu_utilization_percentage), *(others or ())),
            scale_target_ref=by_names(spec.scale_target_ref, v2.CrossVersionObjectReference),
            behavior=behavior,
        ),
        status=None
        if status is None
        else v2.HorizontalPodAutoscalerStatus(
            current_replicas=status.current_replicas,
            desired_replicas=status.desired_replicas,
            last_scale_time=status.last_scale_time,
            observed_generation=status.observed_generation,
            current_metrics=_cpu_status(status.current_cpu_utilization_percentage),
        ),
    )


def _cpu_metric(percentage: int | None) -> tuple[v2.MetricSpec, ...]:
    if percentage is None:
        return ()
    target = v2.MetricTarget(type="Utilization", average_utilization=percentage)
    source = v2.ResourceMetricSource(name="cpu", target=target)
    return (v2.MetricSpec(type="Resource", resource=source),)


def _cpu_status(percentage: int | None) -> tuple[v2.MetricStatus, ...]:
    if percentage is None:
        return ()
    current = v2.MetricValueStatus(average_utilization=percentage)
    status = v2.ResourceMetricStatus(name="cpu", current=current)
    return (v2.MetricStatus(type="Resource", resource=status),)


def _autoscaler_from_v2(stored: v2.HorizontalPodAutoscaler) -> v1.HorizontalPodAutoscaler:
    spec, status = stored.spec, stored.status
    metadata = stored.metadata
    percentage, usage = None, None
    if spec is not None:
        percentage, others = _split_metrics(spec.metrics)
        metadata = _with_annotation(metadata, _METRICS, others)
        metadata = _with_annotation(metadata, _BEHAVIOR, spec.behavior)
    if status is not None:
        for metric in status.current_metrics:
            if metric.resource is not None and metric.resource.name == "cpu":
                usage = metric.resource.current.average_utilization
    return v1.HorizontalPodAutoscaler(
        metadata=metadata,
        spec=None
        if spec is None
        else v1.HorizontalPodAutoscalerSpec(
            max_replicas=spec.max_replicas,
            min_replicas=spec.min_replicas,
            scale_target_ref=by_names(spec.scale_target_ref, v1.CrossVersionObjectReference),
            target_cpu_utilization_percentage=percentage,
        ),
        status=None
        if status is None
        else v1.HorizontalPodAutoscalerStatus(
            current_replicas=status.current_replicas or 0,
            desired_replicas=status.desired_replicas,
            last_scale_time=status.last_scale_time,
            observed_generation=status.observed_generation,
            current_cpu_utilization_percentage=usage,
        ),
    )


def _split_metrics(
    metrics: tuple[v2.MetricSpec, ...],
) -> tuple[int | None, tuple[v2.MetricSpec, ...]]:
    """The CPU utilization that v1 can say, and the metrics that it cannot."""
    percentage, others = None, []
    for metric in metrics:
        source = metric.resource
        if percentage is None and source is not None and source.name == "cpu":
            percentage = source.target.average_utilization
            if percentage is not None:
                continue
        others.append(metric)
    return percentage, tuple(others)


def _with_annotation(metadata: ObjectMeta, key: str, value: Any) -> ObjectMeta:
    if not value:
        return metadata
    annotations = {**metadata.annotations, key: msgspec.json.encode(value).decode()}
    return replace(metadata, annotations=annotations)


def _without_annotation(metadata: ObjectMeta, key: str, shape: Any) -> tuple[ObjectMeta, Any]:
    text = metadata.annotations.get(key)
    if text is None:
        return metadata, None
    try:
        value = msgspec.json.decode(text, type=shape)
    except msgspec.MsgspecError:
        return metadata, None  # somebody's own text: it stays an annotation
    annotations = {name: kept for name, kept in metadata.annotations.items() if name != key}
    return replace(metadata, annotations=annotations), value


CONVERSIONS: Final[Mapping[tuple[type[Any], type[Any]], Convert]] = {
    (Event, CoreEvent): cast(Convert, _event_to_core),
    (CoreEvent, Event): cast(Convert, _event_from_core),
    (v1.HorizontalPodAutoscaler, v2.HorizontalPodAutoscaler): cast(Convert, _autoscaler_to_v2),
    (v2.HorizontalPodAutoscaler, v1.HorizontalPodAutoscaler): cast(Convert, _autoscaler_from_v2),
}
