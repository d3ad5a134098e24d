"""Horizontal pod autoscalers, with each metric's present value and its target."""

from typing import Any, Final

from orchestrator.api.autoscaling import v1
from orchestrator.api.autoscaling.v2 import (
    HorizontalPodAutoscaler,
    HorizontalPodAutoscalerSpec,
    HorizontalPodAutoscalerStatus,
    MetricSpec,
    MetricStatus,
    MetricTarget,
    MetricValueStatus,
)
from orchestrator.apiserver.printing import (
    NONE,
    UNKNOWN,
    UNSET,
    Printer,
    Row,
    age,
)

_SHOWN: Final = 2
_NO_STATUS: Final = MetricStatus()


def _cells(obj: HorizontalPodAutoscaler, now: float) -> Row:
    spec = obj.spec
    status = obj.status or HorizontalPodAutoscalerStatus()
    return (
        obj.metadata.name,
        f"{spec.scale_target_ref.kind}/{spec.scale_target_ref.name}",
        _targets(spec, status),
        UNSET if spec.min_replicas is None else str(spec.min_replicas),
        spec.max_replicas,
        status.current_replicas or 0,
        age(obj, now),
    )


def _targets(spec: HorizontalPodAutoscalerSpec, status: HorizontalPodAutoscalerStatus) -> str:
    metrics, current = spec.metrics, status.current_metrics
    if not metrics:
        return NONE
    texts = [
        _metric(metric, current[index] if index < len(current) else _NO_STATUS)
        for index, metric in enumerate(metrics[:_SHOWN])
    ]
    more = len(metrics) - _SHOWN
    return ", ".join(texts) + (f" + {more} more..." if more > 0 else "")


def _metric(metric: MetricSpec, status: MetricStatus) -> str:
    match metric.type:
        case "Resource" if metric.resource is not None:
            now = status.resource.current if status.resource is not None else None
            return f"{metric.resource.name}: {_utilization(metric.resource.target, now)}"
        case "ContainerResource" if metric.container_resource is not None:
            now = status.container_resource.current if status.container_resource else None
            source = metric.container_resource
            return f"{source.name}: {_utilization(source.target, now)}"
        case "Pods" if metric.pods is not None:
            now = status.pods.current if status.pods is not None else None
            return f"{_average(now)}/{metric.pods.target.average_value}"
        case "Object" if metric.object is not None:
            now = status.object.current if status.object is not None else None
            return _value(metric.object.target, now)
        case "External" if metric.external is not None:
            now = status.external.current if status.external is not None else None
            return _value(metric.external.target, now)
    return "<unknown type>"


def _utilization(target: MetricTarget, now: MetricValueStatus | None) -> str:
    if target.average_value is not None:
        return f"{_average(now)}/{target.average_value}"
    used = None if now is None else now.average_utilization
    wanted = target.average_utilization
    current = UNKNOWN if used is None else f"{used}%"
    return f"{current}/{'<auto>' if wanted is None else f'{wanted}%'}"


def _value(target: MetricTarget, now: MetricValueStatus | None) -> str:
    if target.average_value is not None:
        return f"{_average(now)}/{target.average_value} (avg)"
    current = UNKNOWN if now is None or now.value is None else str(now.value)
    return f"{current}/{target.value}"


def _average(now: MetricValueStatus | None) -> str:
    return UNKNOWN if now is None or now.average_value is None else str(now.average_value)


def _old_cells(obj: v1.HorizontalPodAutoscaler, now: float) -> Row:
    spec = obj.spec
    status = obj.status or v1.HorizontalPodAutoscalerStatus()
    wanted, used = (
        spec.target_cpu_utilization_percentage,
        status.current_cpu_utilization_percentage,
    )
    targets = NONE
    if wanted is not None:
        targets = f"cpu: {UNKNOWN if used is None else f'{used}%'}/{wanted}%"
    return (
        obj.metadata.name,
        f"{spec.scale_target_ref.kind}/{spec.scale_target_ref.name}",
        targets,
        UNSET if spec.min_replicas is None else str(spec.min_replicas),
        spec.max_replicas,
        status.current_replicas,
        age(obj, now),
    )


AUTOSCALERS: Final[Printer[Any]] = Printer(cells=_cells)

AUTOSCALERS_V1: Final[Printer[Any]] = Printer(cells=_old_cells)
