"""Disruption budgets: what they expect, what they allow, and evictions that are booked."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator import Cluster
from orchestrator.api.apps.v1 import Deployment
from orchestrator.api.core.v1 import Event, Pod, PodCondition, PodStatus
from orchestrator.api.meta.v1 import LabelSelector, ObjectMeta, OwnerReference
from orchestrator.api.policy.v1 import (
    PodDisruptionBudget,
    PodDisruptionBudgetSpec,
    PodDisruptionBudgetStatus,
)
from orchestrator.controllers.disruption import (
    Expected,
    Scale,
    UnknownScale,
    booked_of,
    expected_of,
    stale_at,
    status_of,
)
from orchestrator.machinery.conditions import find
from orchestrator.machinery.times import format_time
from orchestrator.protocol import TooManyRequests
from tests.manifests import Manifest, deployment


def _budget(status: PodDisruptionBudgetStatus | None = None, **spec: Any) -> PodDisruptionBudget:
    selector = LabelSelector(match_labels={"app": "web"})
    return PodDisruptionBudget(
        metadata=ObjectMeta(name="pdb", namespace="default", generation=3),
        spec=PodDisruptionBudgetSpec(selector=selector, **spec),
        status=status,
    )


def _pod(name: str, owner: str = "", *, ready: bool = True, ending: bool = False) -> Pod:
    references = (OwnerReference(kind="ReplicaSet", name=owner, uid=owner, controller=True),)
    return Pod(
        metadata=ObjectMeta(
            name=name,
            namespace="default",
            owner_references=references if owner else (),
            deletion_timestamp=format_time(1) if ending else None,
        ),
        status=PodStatus(
            conditions=(PodCondition(type="Ready", status="True" if ready else "False"),)
        ),
    )


@pytest.mark.parametrize(
    ("spec", "pods", "expected"),
    [
        ({"max_unavailable": 1}, [_pod("a", "x"), _pod("b", "y")], Expected(8, 7)),
        ({"max_unavailable": "30%"}, [_pod("a", "x")], Expected(5, 3)),
        ({"max_unavailable": 9}, [_pod("a", "x")], Expected(5, 0)),
        ({"min_available": "30%"}, [_pod("a", "x"), _pod("b", "x")], Expected(5, 2)),
        ({"min_available": 2}, [_pod("a", "x"), _pod("b")], Expected(2, 2)),
        ({"min_available": "50%"}, [_pod("a", "x"), _pod("b")], Expected(5, 3, ("b",))),
        ({}, [_pod("a", "x")], Expected(0, 0)),
    ],
)
def test_a_budget_expects_what_its_pods_controllers_want(
    spec: dict[str, Any], pods: list[Pod], expected: Expected
) -> None:
    """Percentages are of the controllers' scales and rounded up; a number needs no controller."""
    scales = {"x": Scale("x", 5), "y": Scale("y", 3)}
    assert expected_of(_budget(**spec), pods, scales) == expected


def test_a_deployment_counts_once_however_many_replica_sets_it_has() -> None:
    """A roll-out makes the budget expect no more pods."""
    scales = {"old": Scale("deployment", 4), "new": Scale("deployment", 4)}
    pods = [_pod("a", "old"), _pod("b", "new")]
    assert expected_of(_budget(max_unavailable=1), pods, scales) == Expected(4, 3)


def test_an_eviction_counts_until_its_pod_goes_or_two_minutes_pass() -> None:
    """A booked pod is no healthy one; a booking that is overdue is told."""
    granted = {name: format_time(1000) for name in ("a", "b", "gone")}
    budget = _budget(PodDisruptionBudgetStatus(disrupted_pods=granted), max_unavailable=1)
    pods = [_pod("a", "x"), _pod("b", "x", ending=True), _pod("c", "x")]
    booked = booked_of(budget, pods, 1060)
    assert booked.pods == {"a": granted["a"]}
    assert booked.look_at == 1120
    status = status_of(budget, pods, Expected(3, 1), booked, 1060)
    assert (status.current_healthy, status.disruptions_allowed) == (1, 0)
    late = booked_of(budget, pods, 1121)
    assert (late.pods, late.look_at) == ({}, None)
    assert [pod.metadata.name for pod in late.overdue] == ["a"]


@given(
    ready=st.lists(st.booleans(), max_size=12),
    healthy=st.integers(0, 15),
    total=st.integers(0, 15),
)
def test_what_is_allowed_never_breaks_the_budget(
    ready: list[bool], healthy: int, total: int
) -> None:
    """After all allowed evictions as many pods are healthy as must be, if any was allowed."""
    pods = [_pod(str(number), "x", ready=each) for number, each in enumerate(ready)]
    budget = _budget(max_unavailable=1)
    status = status_of(budget, pods, Expected(total, healthy), booked_of(budget, pods, 0), 0)
    assert status.disruptions_allowed >= 0
    if status.disruptions_allowed:
        assert sum(ready) - status.disruptions_allowed >= healthy
    condition = find(status.conditions, "DisruptionAllowed")
    assert condition is not None
    assert (condition.status == "True") is bool(status.disruptions_allowed)


def test_a_controller_without_a_scale_is_no_guess() -> None:
    """The error names a pod of it."""
    with pytest.raises(UnknownScale, match='found no controllers for pod "a"'):
        expected_of(_budget(max_unavailable=1), [_pod("a", "x")], {})


@pytest.mark.parametrize(
    ("phase", "reason", "due"),
    [
        ("Running", "EvictionByEvictionAPI", 120.0),
        ("Running", "TerminationByKubelet", None),
        ("Failed", "EvictionByEvictionAPI", None),
    ],
)
def test_only_disruptions_that_may_still_come_are_given_up(
    phase: str, reason: str, due: float | None
) -> None:
    """Not what a kubelet has decided, nor what has ended."""
    condition = PodCondition(
        type="DisruptionTarget", status="True", reason=reason, last_transition_time=format_time(0)
    )
    pod = Pod(status=PodStatus(phase=phase, conditions=(condition,)))
    assert stale_at(pod) == due


# --- in a cluster --------------------------------------------------------------------------


def _manifest(**spec: Any) -> Manifest:
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": "pdb", "namespace": "default"},
        "spec": {"selector": {"matchLabels": {"app": "web"}}, **spec},
    }


async def _status(cluster: Cluster) -> PodDisruptionBudgetStatus:
    budget = await cluster.client.get(PodDisruptionBudget, "pdb")
    assert budget.status is not None
    return budget.status


async def test_evictions_are_granted_as_far_as_the_budget_goes(cluster: Cluster) -> None:
    """One of three pods may go; the next only when its replacement is ready."""
    await cluster.apply([deployment(replicas=3), _manifest(maxUnavailable=1)])
    await cluster.client.wait(Deployment, "web", "condition=Available")
    await cluster.clock.sleep(5)
    status = await _status(cluster)
    assert (status.expected_pods, status.desired_healthy, status.disruptions_allowed) == (3, 2, 1)
    first, second, _ = await cluster.client.list(Pod, namespace="default")
    await cluster.client.evict(first)
    with pytest.raises(TooManyRequests, match="would violate the pod's disruption budget"):
        await cluster.client.evict(second)
    await cluster.clock.sleep(60)
    assert (await _status(cluster)).disruptions_allowed == 1
    await cluster.client.evict(second)


async def test_a_budget_without_pods_says_so(cluster: Cluster) -> None:
    """Nothing is expected, nothing is allowed, and an event tells why."""
    await cluster.apply([_manifest(minAvailable=1)])
    await cluster.clock.sleep(5)
    status = await _status(cluster)
    assert (status.expected_pods, status.disruptions_allowed) == (0, 0)
    events = await cluster.client.list(Event, namespace="default")
    assert "No matching pods found" in {event.message for event in events}


async def test_bare_pods_cannot_be_counted_in_percent(cluster: Cluster) -> None:
    """They have no scale: an event says what to set instead."""
    bare = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "bare", "namespace": "default", "labels": {"app": "web"}},
        "spec": {"containers": [{"name": "c", "image": "i"}]},
    }
    await cluster.apply([bare, _manifest(maxUnavailable="50%")])
    await cluster.clock.sleep(5)
    events = await cluster.client.list(Event, namespace="default")
    assert "UnmanagedPods" in {event.reason for event in events}


async def test_a_disruption_that_does_not_come_is_forgotten(cluster: Cluster) -> None:
    """The condition becomes False two minutes after it was set."""
    await cluster.apply([deployment(replicas=1)])
    await cluster.client.wait(Deployment, "web", "condition=Available")
    (pod,) = await cluster.client.list(Pod, namespace="default")
    now = format_time(cluster.clock.now())
    target = {"type": "DisruptionTarget", "status": "True", "lastTransitionTime": now}
    await cluster.client.patch(
        Pod,
        pod.metadata.name,
        {"status": {"conditions": [target]}},
        namespace="default",
        patch_type="strategic",
        subresource="status",
    )
    for seconds, wanted in ((100, "True"), (30, "False")):
        await cluster.clock.sleep(seconds)
        (pod,) = await cluster.client.list(Pod, namespace="default")
        assert pod.status is not None
        condition = find(pod.status.conditions, "DisruptionTarget")
        assert condition is not None
        assert condition.status == wanted


async def test_pods_of_a_kind_without_scale_are_told_of(cluster: Cluster) -> None:
    """A Job's, say: the budget cannot be computed, and lets nothing go."""
    pod = {"restartPolicy": "Never", "containers": [{"name": "c", "image": "i"}]}
    template = {"metadata": {"labels": {"app": "web"}}, "spec": pod}
    job: Manifest = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "w", "namespace": "default"},
        "spec": {"template": template},
    }
    await cluster.apply([job, _manifest(maxUnavailable=1)])
    await cluster.clock.sleep(10)
    condition = find((await _status(cluster)).conditions, "DisruptionAllowed")
    assert condition is not None
    assert (condition.status, condition.reason) == ("False", "SyncFailed")
    assert condition.message == "jobs.batch does not implement the scale subresource"
