"""Waiting at Permit: a pod keeps its place until a plugin lets it go, or says no, or the time is over."""

from typing import ClassVar

import pytest

from orchestrator import Cluster
from orchestrator.api.core.v1 import Event, Pod
from orchestrator.scheduler import DEFAULT_PROFILE, Plugin
from orchestrator.scheduler.framework import Wait
from tests.scheduler.test_scheduler import _manifest, _scheduled


class Doorkeeper(Plugin):
    """Lets a pod go when `word` is True."""

    name: ClassVar[str] = "Doorkeeper"

    def __init__(self) -> None:
        self.word: bool | str = False
        self.seen: list[str] = []

    def permit(self, pod: Pod, node: str) -> str | Wait:
        self.seen.append(pod.metadata.name)
        return Wait(lambda: self.word, 60.0)


@pytest.mark.parametrize(
    ("word", "words"),
    [
        ("not today", "0/1 nodes are available: 1 not today."),
        (
            False,
            "0/1 nodes are available: 1 rejected due to timeout after waiting 1m0s at plugin Doorkeeper.",
        ),
    ],
)
async def test_a_pod_that_may_not_go_says_why(word: bool | str, words: str) -> None:
    """It gives its place back."""
    keeper = Doorkeeper()
    keeper.word = word
    async with Cluster(nodes=1, scheduler=DEFAULT_PROFILE.adding(keeper)) as cluster:
        await cluster.apply([_manifest("p", requests={"cpu": "30"})])
        await cluster.clock.sleep(65)
        found = await cluster.client.get(Pod, "p", namespace="default")
    assert _scheduled(found) == ("False", "Unschedulable", words)


async def test_a_pod_waits_with_its_place_taken_until_it_may_go() -> None:
    """Another pod does not get the room meanwhile."""
    keeper = Doorkeeper()
    async with Cluster(nodes=1, scheduler=DEFAULT_PROFILE.adding(keeper)) as cluster:
        await cluster.apply([_manifest("first", requests={"cpu": "30"})])
        await cluster.clock.sleep(5)
        await cluster.apply([_manifest("second", requests={"cpu": "30"})])
        await cluster.clock.sleep(5)
        second = await cluster.client.get(Pod, "second", namespace="default")
        assert "Insufficient cpu" in _scheduled(second)[2]
        keeper.word = True
        await cluster.client.wait(Pod, "first", "condition=Ready", namespace="default")
    assert keeper.seen == ["first"]


class OnlyUrgent(Plugin):
    """Lets pods with a priority go, and has others wait."""

    name: ClassVar[str] = "OnlyUrgent"

    def permit(self, pod: Pod, node: str) -> str | Wait:
        assert pod.spec is not None
        return Wait(lambda: False, 600.0) if not pod.spec.priority else ""


async def test_a_pod_that_waits_is_taken_back_for_one_that_matters_more() -> None:
    """It is not deleted: it comes back to the queue."""
    async with Cluster(nodes=1, scheduler=DEFAULT_PROFILE.adding(OnlyUrgent())) as cluster:
        await cluster.apply([_manifest("low", requests={"cpu": "30"})])
        await cluster.clock.sleep(5)
        urgent = _manifest("urgent", requests={"cpu": "30"})
        urgent["spec"]["priorityClassName"] = "system-cluster-critical"
        urgent["metadata"]["namespace"] = "kube-system"
        await cluster.apply([urgent])
        await cluster.client.wait(Pod, "urgent", "condition=Ready", namespace="kube-system")
        await cluster.clock.sleep(5)  # it is tried again by time alone, as after an error
        uid = (await cluster.client.get(Pod, "urgent", namespace="kube-system")).metadata.uid
        low = await cluster.client.get(Pod, "low", namespace="default")
        events = await cluster.client.list(Event, namespace="default")
    assert low.metadata.deletion_timestamp is None
    assert "Insufficient cpu" in _scheduled(low)[2]
    told = [each.message for each in events if each.reason == "Preempted"]
    assert told == [f"Preempted by pod {uid} on node node-0 (in kube-scheduler memory)."]
