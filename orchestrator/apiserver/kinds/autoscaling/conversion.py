"""Between the versions of autoscalers: what v1 cannot say stands in its annotations."""

from typing import Any, Final

import msgspec
from msgspec.structs import replace

from orchestrator.api.autoscaling import v1, v2
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.apiserver.kinds.by_names import by_names

_METRICS: Final = "autoscaling.alpha.kubernetes.io/metrics"
_BEHAVIOR: Final = "autoscaling.alpha.kubernetes.io/behavior"
_CONDITIONS: Final = "autoscaling.alpha.kubernetes.io/conditions"


def autoscaler_to_v2(stored: v1.HorizontalPodAutoscaler) -> v2.HorizontalPodAutoscaler:
    metadata, others = _without_annotation(stored.metadata, _METRICS, tuple[v2.MetricSpec, ...])
    metadata, behavior = _without_annotation(
        metadata, _BEHAVIOR, v2.HorizontalPodAutoscalerBehavior
    )
    metadata, conditions = _without_annotation(
        metadata, _CONDITIONS, tuple[v2.HorizontalPodAutoscalerCondition, ...]
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
            conditions=conditions or (),
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


def autoscaler_from_v2(stored: v2.HorizontalPodAutoscaler) -> v1.HorizontalPodAutoscaler:
    spec, status = stored.spec, stored.status
    metadata = stored.metadata
    percentage, usage = None, None
    if spec is not None:
        percentage, others = _split_metrics(spec.metrics)
        metadata = _with_annotation(metadata, _METRICS, others)
        metadata = _with_annotation(metadata, _BEHAVIOR, spec.behavior)
    if status is not None:
        metadata = _with_annotation(metadata, _CONDITIONS, status.conditions)
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
