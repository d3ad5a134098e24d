"""Waiting at Permit: a pod keeps its place until a plugin lets it go, or says no, or the time is over."""

from typing import ClassVar

import pytest

from orchestrator import Cluster
from orchestrator.api.core.v1 import Pod
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
        ("not today", "not today"),
        (False, "rejected due to timeout after waiting 1m0s at plugin Doorkeeper"),
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
