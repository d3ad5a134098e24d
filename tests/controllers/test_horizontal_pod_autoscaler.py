"""HorizontalPodAutoscalers: how many pods keep a metric near its target."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator import Cluster
from orchestrator.api.apps.v1 import Deployment
from orchestrator.api.autoscaling.v2 import (
    HorizontalPodAutoscaler,
    HorizontalPodAutoscalerBehavior,
    HorizontalPodAutoscalerStatus,
    HPAScalingPolicy,
    HPAScalingRules,
    MetricIdentifier,
)
from orchestrator.api.core.v1 import Event
from orchestrator.api.meta.v1 import LabelSelector
from orchestrator.controllers.horizontal_pod_autoscaler.calculator import (
    Tolerance,
    by_share,
    by_total,
)
from orchestrator.controllers.horizontal_pod_autoscaler.history import History
from orchestrator.controllers.horizontal_pod_autoscaler.limits import Bounds, limited
from orchestrator.controllers.horizontal_pod_autoscaler.metrics import go_selector
from tests.manifests import Manifest, deployment

METRICS = "metrics.simulation.orchestrator.dev/"
CPU = {
    "type": "Resource",
    "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}},
}


def autoscaler(*metrics: Manifest, name: str = "web", **spec: Any) -> Manifest:
    """Of the Deployment web, from 1 to 10 pods."""
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
            "minReplicas": 1,
            "maxReplicas": 10,
            "metrics": list(metrics),
            **spec,
        },
    }


def _web(cpu: str = "", replicas: int = 1, **annotations: str) -> Manifest:
    """A Deployment whose pods request 200m and use `cpu` cores."""
    document = deployment(replicas=replicas, simulation={"cpu": cpu} if cpu else {})
    template = document["spec"]["template"]
    template["spec"]["containers"][0]["resources"] = {"requests": {"cpu": "200m"}}
    template["metadata"]["annotations"] |= {METRICS + k: v for k, v in annotations.items()}
    return document


async def _replicas(cluster: Cluster) -> int:
    found = await cluster.client.get(Deployment, "web", namespace="default")
    assert found.spec is not None
    return found.spec.replicas or 0


async def _status(cluster: Cluster, name: str = "web") -> HorizontalPodAutoscalerStatus:
    found = await cluster.client.get(HorizontalPodAutoscaler, name, namespace="default")
    assert found.status is not None
    return found.status


def _conditions(status: HorizontalPodAutoscalerStatus) -> dict[str, tuple[str, str]]:
    return {c.type: (c.status, c.reason) for c in status.conditions}


async def _messages(cluster: Cluster, reason: str) -> list[str]:
    events = await cluster.client.list(Event, namespace="default")
    return [e.message for e in events if e.reason == reason]


async def test_pods_that_are_busy_get_company(cluster: Cluster) -> None:
    """At most four at first, then twice as many, up to the most; pods that just started count for nothing."""
    await cluster.apply([_web("0.5"), autoscaler(CPU)])
    seen = []
    for _ in range(8):
        await cluster.clock.sleep(15)
        seen.append(await _replicas(cluster))
    assert list(dict.fromkeys(seen)) == [1, 4, 5, 10]
    status = await _status(cluster)
    assert _conditions(status) == {
        "AbleToScale": ("True", "ReadyForNewScale"),
        "ScalingActive": ("True", "ValidMetricFound"),
        "ScalingLimited": ("True", "TooManyReplicas"),
    }
    (metric,) = status.current_metrics
    assert metric.resource is not None
    value = metric.resource.current
    assert (value.average_utilization, value.average_value) == (250, "500m")
    assert await _messages(cluster, "SuccessfulRescale") == [
        f"New size: {size}; reason: cpu resource utilization (percentage of request) above target"
        for size in (4, 5, 10)
    ]


async def test_a_quiet_time_must_last_before_pods_go(cluster: Cluster) -> None:
    """Five minutes, by default."""
    await cluster.apply([_web("0.01", replicas=6), autoscaler(CPU)])
    await cluster.clock.sleep(290)
    assert await _replicas(cluster) == 6
    assert _conditions(await _status(cluster))["AbleToScale"] == ("True", "ScaleDownStabilized")
    await cluster.clock.sleep(60)
    assert await _replicas(cluster) == 1
    assert await _messages(cluster, "SuccessfulRescale") == [
        "New size: 1; reason: All metrics below target"
    ]


async def test_rules_say_how_fast(cluster: Cluster) -> None:
    """One pod a minute, and no window."""
    slow = {"type": "Pods", "value": 1, "periodSeconds": 60}
    rules = {"stabilizationWindowSeconds": 0, "policies": [slow]}
    await cluster.apply([_web("0.01", replicas=4), autoscaler(CPU, behavior={"scaleDown": rules})])
    seen = []
    for _ in range(20):
        await cluster.clock.sleep(15)
        seen.append(await _replicas(cluster))
    assert [seen.count(size) >= 4 for size in (3, 2)] == [True, True]
    assert seen[-1] == 1


async def test_without_metrics_nothing_is_scaled(cluster: Cluster) -> None:
    """And status and events say why, as where no metrics server is installed."""
    await cluster.apply([_web(), autoscaler(CPU)])
    await cluster.clock.sleep(20)
    status = await _status(cluster)
    (active,) = (c for c in status.conditions if c.type == "ScalingActive")
    assert (active.status, active.reason) == ("False", "FailedGetResourceMetric")
    why = (
        "failed to get cpu utilization: unable to get metrics for resource cpu: unable to fetch "
        "metrics from resource metrics API: the server could not find the requested resource "
        "(get pods.metrics.k8s.io)"
    )
    assert active.message == f"the HPA was unable to compute the replica count: {why}"
    assert await _messages(cluster, "FailedGetResourceMetric") == [why]
    assert await _messages(cluster, "FailedComputeMetricsReplicas") == [
        "invalid metrics (1 invalid out of 1), first error is: failed to get cpu resource metric "
        f"value: {why}"
    ]
    assert (status.current_replicas, status.desired_replicas) == (1, 0)


def _pods_metric(average: str) -> Manifest:
    target = {"type": "AverageValue", "averageValue": average}
    return {"type": "Pods", "pods": {"metric": {"name": "requests"}, "target": target}}


def _of_object(target: Manifest) -> Manifest:
    reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": "queue"}
    source = {"metric": {"name": "length"}, "describedObject": reference, "target": target}
    return {"type": "Object", "object": source}


def _external(target: Manifest) -> Manifest:
    selector = {"matchLabels": {"queue": "jobs"}}
    metric = {"name": "depth", "selector": selector}
    return {"type": "External", "external": {"metric": metric, "target": target}}


_QUEUE: Manifest = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {
        "name": "queue",
        "namespace": "default",
        "labels": {f"{METRICS}external": "", "queue": "jobs"},
        "annotations": {f"{METRICS}length": "12"},
    },
    "data": {"depth": "30"},
}


@pytest.mark.parametrize(
    ("metric", "replicas", "said"),
    [
        (_pods_metric("20"), 3, "pods metric requests"),
        (_of_object({"type": "Value", "value": "3"}), 4, "ConfigMap metric length"),
        (
            _of_object({"type": "AverageValue", "averageValue": "4"}),
            3,
            "external metric length(nil)",
        ),
        (
            _external({"type": "AverageValue", "averageValue": "10"}),
            3,
            "external metric depth(&LabelSelector{MatchLabels:map[string]string{queue: jobs,},"
            "MatchExpressions:[]LabelSelectorRequirement{},})",
        ),
    ],
)
async def test_metrics_may_be_any_number(
    cluster: Cluster, metric: Manifest, replicas: int, said: str
) -> None:
    """Of pods, of an object, or of nothing in the cluster."""
    await cluster.apply([_QUEUE, _web(requests="60"), autoscaler(metric)])
    await cluster.clock.sleep(40)
    assert (await _messages(cluster, "SuccessfulRescale"))[0] == (
        f"New size: {replicas}; reason: {said} above target"
    )


async def test_the_metric_that_asks_for_most_counts(cluster: Cluster) -> None:
    """One that cannot be read does not hold up the others, unless pods would go."""
    missing = _external({"type": "Value", "value": "1"})
    await cluster.apply([_web(requests="60"), autoscaler(missing, _pods_metric("20"))])
    await cluster.clock.sleep(20)
    assert await _replicas(cluster) == 3
    assert [m.type for m in (await _status(cluster)).current_metrics] == ["", "Pods"]


@pytest.mark.parametrize(
    ("replicas", "expected", "reason"),
    [(15, 10, "above Spec.MaxReplicas"), (1, 2, "below Spec.MinReplicas")],
)
async def test_the_bounds_hold_without_metrics(
    cluster: Cluster, replicas: int, expected: int, reason: str
) -> None:
    """At the next look."""
    await cluster.apply([_web(replicas=replicas), autoscaler(CPU, minReplicas=2)])
    await cluster.clock.sleep(20)
    assert await _replicas(cluster) == expected
    assert await _messages(cluster, "SuccessfulRescale") == [
        f"New size: {expected}; reason: Current number of replicas {reason}"
    ]


async def test_a_target_that_was_scaled_to_zero_is_left_alone(cluster: Cluster) -> None:
    """Until somebody scales it up."""
    await cluster.apply([_web("0.5", replicas=0), autoscaler(CPU)])
    await cluster.clock.sleep(60)
    assert await _replicas(cluster) == 0
    assert _conditions(await _status(cluster))["ScalingActive"] == ("False", "ScalingDisabled")


async def test_a_target_that_is_not_there_is_said(cluster: Cluster) -> None:
    """In the condition AbleToScale, and in an event."""
    await cluster.apply([autoscaler(CPU)])
    await cluster.clock.sleep(20)
    (able,) = (await _status(cluster)).conditions
    assert (able.status, able.reason) == ("False", "FailedGetScale")
    assert able.message == (
        "the HPA controller was unable to get the target's current scale: deployments.apps "
        '"web" not found'
    )


async def test_two_autoscalers_of_one_set_of_pods_do_nothing(cluster: Cluster) -> None:
    """But complain."""
    await cluster.apply([_web("0.5"), autoscaler(CPU), autoscaler(CPU, name="other")])
    await cluster.clock.sleep(120)
    assert await _replicas(cluster) == 1
    (active,) = (c for c in (await _status(cluster)).conditions if c.type == "ScalingActive")
    assert (active.status, active.reason) == ("False", "AmbiguousSelector")
    both = "controlled by multiple HPAs: [default/other default/web]"
    assert active.message.endswith(both)


@pytest.mark.parametrize(("api_version", "kind"), [("v1", "Service"), ("example.com/v1", "Gadget")])
async def test_whoever_is_described_by_nothing_has_no_metric(
    cluster: Cluster, api_version: str, kind: str
) -> None:
    """Be there such an object, or such a kind, or not: only a server of metrics would know."""
    reference = {"apiVersion": api_version, "kind": kind, "name": "absent"}
    metric = _of_object({"type": "Value", "value": "3"})
    metric["object"]["describedObject"] = reference
    await cluster.apply([_web(), autoscaler(metric)])
    await cluster.clock.sleep(30)
    (active,) = (c for c in (await _status(cluster)).conditions if c.type == "ScalingActive")
    assert (active.status, active.reason) == ("False", "FailedGetObjectMetric")
    assert active.message == (
        "the HPA was unable to compute the replica count: unable to get metric length: "
        f"{kind} on default absent/unable to fetch metrics from custom metrics API: "
        "no custom metrics API (custom.metrics.k8s.io) registered"
    )


# --- pure ----------------------------------------------------------------------------------


@given(st.integers(0, 100), st.integers(1, 20), st.integers(0, 20), st.integers(0, 20))
def test_without_rules_a_look_stays_within_its_bounds(
    wanted: int, least: int, over: int, under: int
) -> None:
    """Twice as many or four, never beyond the autoscaler's own."""
    current = least + over
    most = current + under
    bounds = Bounds(current, least, most)
    result = limited(wanted, bounds, None, History(current, 0.0), 0.0)
    assert least <= result.replicas <= min(most, max(2 * current, 4))
    assert result.is_limited is (result.replicas != max(wanted, current))


@pytest.mark.parametrize(
    ("select", "wanted", "expected", "reason"),
    [
        ("Max", 30, 20, "ScaleUpLimit"),
        ("Min", 30, 14, "ScaleUpLimit"),
        ("Disabled", 30, 10, "ScaleUpLimit"),
        ("Max", 12, 12, "DesiredWithinRange"),
    ],
)
def test_policies_are_weighed(select: str, wanted: int, expected: int, reason: str) -> None:
    """By the one that allows most, or least, or not at all."""
    policies = (
        HPAScalingPolicy(type="Pods", value=4, period_seconds=60),
        HPAScalingPolicy(type="Percent", value=100, period_seconds=60),
    )
    up = HPAScalingRules(policies=policies, select_policy=select, stabilization_window_seconds=0)
    behavior = HorizontalPodAutoscalerBehavior(scale_up=up)
    result = limited(wanted, Bounds(10, 1, 100), behavior, History(10, 0.0), 0.0)
    assert (result.replicas, result.limit.reason) == (expected, reason)


def test_a_policy_counts_what_its_period_has_seen() -> None:
    """Of both directions."""
    policy = HPAScalingPolicy(type="Pods", value=4, period_seconds=60)
    up = HPAScalingRules(policies=(policy,), select_policy="Max", stabilization_window_seconds=0)
    behavior = HorizontalPodAutoscalerBehavior(scale_up=up)
    history = History(10, 0.0)
    history.scaled(6, 10, 1.0)
    assert limited(30, Bounds(10, 1, 100), behavior, history, 30.0).replicas == 10
    assert limited(30, Bounds(10, 1, 100), behavior, history, 62.0).replicas == 14


def test_a_window_waits_for_the_lowest_recommendation() -> None:
    """Before it scales up, too."""
    up = HPAScalingRules(
        policies=(HPAScalingPolicy(type="Percent", value=900, period_seconds=15),),
        select_policy="Max",
        stabilization_window_seconds=60,
    )
    behavior = HorizontalPodAutoscalerBehavior(scale_up=up)
    history = History(2, 0.0)
    first = limited(9, Bounds(2, 1, 100), behavior, history, 30.0)
    assert (first.replicas, first.able.reason) == (2, "ScaleUpStabilized")
    assert limited(9, Bounds(2, 1, 100), behavior, history, 61.0).replicas == 9


@pytest.mark.parametrize(("usage", "replicas"), [(1050, 10), (1150, 12), (850, 9)])
def test_a_small_difference_is_none(usage: int, replicas: int) -> None:
    """A tenth in each direction."""
    assert by_share(usage, current=10, target=100, tolerance=Tolerance()).replicas == replicas


def test_from_none_the_ratio_itself_is_the_number() -> None:
    """Since no pod is ready to be multiplied."""
    assert by_total((), 2500, current=0, target=1000, tolerance=Tolerance()).replicas == 3


def test_selectors_are_written_as_go_prints_them() -> None:
    """In what conditions say."""
    assert go_selector(MetricIdentifier(name="m")) == "nil"
    selected = MetricIdentifier(name="m", selector=LabelSelector(match_labels={"a": "b"}))
    assert go_selector(selected) == (
        "&LabelSelector{MatchLabels:map[string]string{a: b,},"
        "MatchExpressions:[]LabelSelectorRequirement{},}"
    )
