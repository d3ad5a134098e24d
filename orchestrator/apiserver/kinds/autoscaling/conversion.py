"""Between the versions of autoscalers: what v1 cannot say stands in its annotations."""

from collections.abc import Callable
from typing import Final, TypeVar

import msgspec
from msgspec.structs import replace

from orchestrator.api.autoscaling import v1, v2
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.api.scalars import EMPTY
from orchestrator.apiserver.kinds.autoscaling import annotated
from orchestrator.apiserver.kinds.by_names import by_names

_METRICS: Final = "autoscaling.alpha.kubernetes.io/metrics"
_BEHAVIOR: Final = "autoscaling.alpha.kubernetes.io/behavior"
_STATUSES: Final = "autoscaling.alpha.kubernetes.io/current-metrics"
_CONDITIONS: Final = "autoscaling.alpha.kubernetes.io/conditions"
_ANNOTATIONS: Final = frozenset({_METRICS, _BEHAVIOR, _STATUSES, _CONDITIONS})
T = TypeVar("T")


def autoscaler_to_v2(stored: v1.HorizontalPodAutoscaler) -> v2.HorizontalPodAutoscaler:
    metadata = stored.metadata
    spec, status = stored.spec, stored.status
    return v2.HorizontalPodAutoscaler(
        metadata=_without_annotations(metadata),
        spec=None
        if spec is None
        else v2.HorizontalPodAutoscalerSpec(
            max_replicas=spec.max_replicas,
            min_replicas=spec.min_replicas,
            metrics=(
                *(_told(metadata, _METRICS, annotated.metrics_of) or ()),
                *_cpu_metric(spec.target_cpu_utilization_percentage),
            ),
            scale_target_ref=by_names(spec.scale_target_ref, v2.CrossVersionObjectReference),
            behavior=_told(metadata, _BEHAVIOR, annotated.behavior_of),
        ),
        status=None
        if status is None
        else v2.HorizontalPodAutoscalerStatus(
            current_replicas=status.current_replicas,
            desired_replicas=status.desired_replicas,
            last_scale_time=status.last_scale_time,
            observed_generation=status.observed_generation,
            current_metrics=_told(metadata, _STATUSES, annotated.statuses_of)
            or _cpu_status(status.current_cpu_utilization_percentage),
            conditions=_told(metadata, _CONDITIONS, annotated.conditions_of) or (),
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
    told: dict[str, str] = {}
    percentage, usage = None, None
    if spec is not None:
        percentage, others = _split_metrics(spec.metrics)
        if others:
            told[_METRICS] = annotated.metrics_text(others)
        if spec.behavior is not None:
            told[_BEHAVIOR] = annotated.behavior_text(spec.behavior)
    if status is not None:
        if status.current_metrics:
            told[_STATUSES] = annotated.statuses_text(status.current_metrics)
        if status.conditions:
            told[_CONDITIONS] = annotated.conditions_text(status.conditions)
        for metric in status.current_metrics:
            if metric.resource is not None and metric.resource.name == "cpu":
                usage = metric.resource.current.average_utilization
    metadata = _without_annotations(stored.metadata)
    if told:
        metadata = replace(metadata, annotations={**metadata.annotations, **told})
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
    """The first CPU utilization, which v1 can say, and the metrics that it cannot. As in Kubernetes any further one is lost."""
    percentages, others = [], []
    for metric in metrics:
        source = metric.resource
        if (
            source is not None
            and source.name == "cpu"
            and source.target.average_utilization is not None
        ):
            percentages.append(source.target.average_utilization)
        else:
            others.append(metric)
    return (percentages[0] if percentages else None), tuple(others)


def _told(metadata: ObjectMeta, key: str, read: Callable[[str], T]) -> T | None:
    """What an annotation says; nothing, where it holds what cannot be read."""
    text = metadata.annotations.get(key)
    if text is None:
        return None
    try:
        return read(text)
    except msgspec.MsgspecError:
        return None


def _without_annotations(metadata: ObjectMeta) -> ObjectMeta:
    """Without those that only one version has, whoever wrote them."""
    if _ANNOTATIONS.isdisjoint(metadata.annotations):
        return metadata
    kept = {key: value for key, value in metadata.annotations.items() if key not in _ANNOTATIONS}
    return replace(metadata, annotations=kept or EMPTY)
