"""What Kubernetes fills in of the kinds of `autoscaling`."""

from typing import Final

from orchestrator.api.autoscaling import v1 as autoscaling_v1
from orchestrator.api.autoscaling import v2 as autoscaling_v2
from orchestrator.api.empty_lists import is_said
from orchestrator.apiserver.defaults.change import fill, put

_CPU_PERCENT: Final = 80


_PERIOD: Final = 15  # seconds


_DEFAULT_METRICS: Final = (
    autoscaling_v2.MetricSpec(
        type="Resource",
        resource=autoscaling_v2.ResourceMetricSource(
            name="cpu",
            target=autoscaling_v2.MetricTarget(
                type="Utilization", average_utilization=_CPU_PERCENT
            ),
        ),
    ),
)


_PODS: Final = autoscaling_v2.HPAScalingPolicy(type="Pods", value=4, period_seconds=_PERIOD)


_PERCENT: Final = autoscaling_v2.HPAScalingPolicy(type="Percent", value=100, period_seconds=_PERIOD)


def default_autoscaler(
    autoscaler: autoscaling_v2.HorizontalPodAutoscaler,
) -> autoscaling_v2.HorizontalPodAutoscaler:
    """At least one pod, by the use of CPU; double at once, or go down to what is needed."""
    spec = fill(autoscaler.spec, min_replicas=1)
    if not spec.metrics:
        spec = put(spec, metrics=_DEFAULT_METRICS)
    behavior = spec.behavior
    if behavior is not None:
        up = fill(
            _default_scaling(behavior.scale_up, (_PODS, _PERCENT)), stabilization_window_seconds=0
        )
        down = _default_scaling(behavior.scale_down, (_PERCENT,))
        spec = put(spec, behavior=put(behavior, scale_up=up, scale_down=down))
    return put(autoscaler, spec=spec)


def _default_scaling(
    rules: autoscaling_v2.HPAScalingRules | None,
    policies: tuple[autoscaling_v2.HPAScalingPolicy, ...],
) -> autoscaling_v2.HPAScalingRules:
    rules = fill(rules or autoscaling_v2.HPAScalingRules(), select_policy="Max")
    is_told = is_said(rules.policies)  # an empty one is refused, then
    return rules if is_told else put(rules, policies=policies)


def default_autoscaler_v1(
    autoscaler: autoscaling_v1.HorizontalPodAutoscaler,
) -> autoscaling_v1.HorizontalPodAutoscaler:
    """At least one pod."""
    spec = autoscaler.spec
    return put(autoscaler, spec=fill(spec, min_replicas=1))
