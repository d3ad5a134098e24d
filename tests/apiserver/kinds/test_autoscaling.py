"""What v1 of autoscalers cannot say stands in its annotations, as Kubernetes writes it."""

from collections.abc import Callable
from typing import Any, Final

import msgspec
import pytest

from orchestrator.api.autoscaling import v1, v2
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.apiserver.kinds.autoscaling import annotated
from orchestrator.apiserver.kinds.autoscaling.conversion import (
    autoscaler_from_v2,
    autoscaler_to_v2,
)

# Recorded with Kubernetes 1.36.
METRICS: Final = (
    '[{"type":"Resource","resource":{"name":"memory","targetAverageValue":"1Gi"}},{"type":"Pods","pods":{'
    '"metricName":"p","targetAverageValue":"10","selector":{"matchLabels":{"a":"b"}}}},{"type":"Object","'
    'object":{"target":{"kind":"Service","name":"s","apiVersion":"v1"},"metricName":"o","targetValue":"10'
    '0"}},{"type":"Object","object":{"target":{"kind":"Service","name":"s"},"metricName":"oa","targetValu'
    'e":"0","selector":{"matchLabels":{"a":"b"}},"averageValue":"3"}},{"type":"External","external":{"met'
    'ricName":"e","metricSelector":{"matchLabels":{"a":"b"}},"targetValue":"7"}},{"type":"External","exte'
    'rnal":{"metricName":"ea","targetAverageValue":"500m"}},{"type":"ContainerResource","containerResourc'
    'e":{"name":"cpu","targetAverageUtilization":50,"container":"c"}}]'
)
STATUSES: Final = (
    '[{"type":"Resource","resource":{"name":"cpu","currentAverageUtilization":55,"currentAverageValue":"5'
    '50m"}},{"type":"Pods","pods":{"metricName":"p","currentAverageValue":"9","selector":{"matchLabels":{'
    '"a":"b"}}}},{"type":"Object","object":{"target":{"kind":"Service","name":"s","apiVersion":"v1"},"met'
    'ricName":"o","currentValue":"99"}},{"type":"External","external":{"metricName":"e","currentValue":"7'
    '","currentAverageValue":"2"}},{"type":"ContainerResource","containerResource":{"name":"cpu","current'
    'AverageUtilization":5,"currentAverageValue":"5m","container":"c"}},{"type":""}]'
)
BEHAVIOR: Final = (
    '{"ScaleUp":{"StabilizationWindowSeconds":0,"SelectPolicy":"Max","Policies":[{"Type":"Pods","Value":4'
    ',"PeriodSeconds":15},{"Type":"Percent","Value":100,"PeriodSeconds":15}],"Tolerance":null},"ScaleDown'
    '":{"StabilizationWindowSeconds":60,"SelectPolicy":"Max","Policies":[{"Type":"Pods","Value":1,"Period'
    'Seconds":30}],"Tolerance":null}}'
)
CONDITIONS: Final = (
    '[{"type":"AbleToScale","status":"True","lastTransitionTime":"2026-01-01T00:00:00Z","reason":"R","mes'
    'sage":"m"}]'
)
PREFIX: Final = "autoscaling.alpha.kubernetes.io/"


@pytest.mark.parametrize(
    ("text", "read", "write"),
    [
        (METRICS, annotated.metrics_of, annotated.metrics_text),
        (STATUSES, annotated.statuses_of, annotated.statuses_text),
        (BEHAVIOR, annotated.behavior_of, annotated.behavior_text),
        (CONDITIONS, annotated.conditions_of, annotated.conditions_text),
    ],
)
def test_an_annotation_is_read_and_written_to_the_letter(
    text: str, read: Callable[[str], Any], write: Callable[[Any], str]
) -> None:
    assert write(read(text)) == text


def test_an_average_has_no_value_beside_it() -> None:
    """Which the annotation cannot leave out."""
    average = annotated.metrics_of(METRICS)[3].object
    assert average is not None
    assert (average.target.type, average.target.value) == ("AverageValue", None)


def test_a_behavior_is_read_whatever_the_case_of_its_names() -> None:
    plain = msgspec.json.encode(annotated.behavior_of(BEHAVIOR)).decode()
    assert '"scaleUp"' in plain
    assert annotated.behavior_of(plain) == annotated.behavior_of(BEHAVIOR)
    assert annotated.behavior_of("{}") is None


@pytest.mark.parametrize("key", ["metrics", "behavior", "current-metrics", "conditions"])
def test_what_cannot_be_read_is_dropped(key: str) -> None:
    """So do Kubernetes' servers: the annotations are the conversion's own."""
    metadata = ObjectMeta(name="a", annotations={PREFIX + key: "nonsense", "mine": "1"})
    newer = autoscaler_to_v2(v1.HorizontalPodAutoscaler(metadata=metadata))
    assert newer.metadata.annotations == {"mine": "1"}
    assert newer.spec is not None
    assert (newer.spec.metrics, newer.spec.behavior) == ((), None)


def test_metrics_of_v1_are_followed_by_its_own() -> None:
    metadata = ObjectMeta(name="a", annotations={PREFIX + "metrics": METRICS})
    spec = v1.HorizontalPodAutoscalerSpec(max_replicas=3, target_cpu_utilization_percentage=60)
    newer = autoscaler_to_v2(v1.HorizontalPodAutoscaler(metadata=metadata, spec=spec))
    assert newer.spec is not None
    assert [each.type for each in newer.spec.metrics][-2:] == ["ContainerResource", "Resource"]
    again = autoscaler_from_v2(newer)
    assert again.metadata.annotations == {PREFIX + "metrics": METRICS}
    assert again.spec == spec


def test_only_the_first_utilization_of_processors_is_told() -> None:
    target = [v2.MetricTarget(type="Utilization", average_utilization=n) for n in (60, 70)]
    metrics = tuple(
        v2.MetricSpec(type="Resource", resource=v2.ResourceMetricSource(name="cpu", target=each))
        for each in target
    )
    spec = v2.HorizontalPodAutoscalerSpec(max_replicas=3, metrics=metrics)
    older = autoscaler_from_v2(v2.HorizontalPodAutoscaler(metadata=ObjectMeta(), spec=spec))
    assert older.spec is not None
    assert older.spec.target_cpu_utilization_percentage == 60
    assert older.metadata.annotations == {}
