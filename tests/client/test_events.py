"""What of many events is written."""

from collections.abc import Callable

from actors import Actor
from orchestrator import Cluster
from orchestrator.api.core.v1 import ConfigMap, Event
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.client import EventRecorder
from orchestrator.client.events import COMBINED

SUBJECT = ConfigMap(metadata=ObjectMeta(name="a", namespace="default", uid="u-1"))


async def _recorder(cluster: Cluster) -> Callable[[str], None]:
    """A function that records a message about one object."""

    class Recorder(Actor):
        def started(self) -> None:
            self.recorder = EventRecorder(self.ctx, cluster.api, "test")

    ref = cluster.system.spawn(Recorder, "recorder")
    actor = ref.actor
    assert isinstance(actor, Recorder)
    return lambda message: actor.recorder.event(SUBJECT, "Normal", "Testing", message)


async def _written(cluster: Cluster) -> list[tuple[str, int | None]]:
    await cluster.clock.sleep(1)
    events = await cluster.client.list(Event, namespace="default")
    return [(e.message, e.count) for e in events if e.reason == "Testing"]


async def test_equal_events_are_counted(cluster: Cluster) -> None:
    """One event, however often."""
    record = await _recorder(cluster)
    for _ in range(12):
        record("again")
    assert await _written(cluster) == [("again", 12)]


async def test_similar_events_are_combined_from_the_tenth_on(cluster: Cluster) -> None:
    """Nine of their own; then one that has the last message, and counts."""
    record = await _recorder(cluster)
    for number in range(15):
        record(f"number {number}")
    written = await _written(cluster)
    own = [(f"number {n}", 1) for n in range(9)]
    assert sorted(written) == sorted([*own, (f"{COMBINED}number 14", 6)])


async def test_after_ten_minutes_of_silence_they_are_news_again(cluster: Cluster) -> None:
    """Each its own event."""
    record = await _recorder(cluster)
    for number in range(9):
        record(f"number {number}")
    await cluster.clock.sleep(601)
    record("number 9")
    assert len(await _written(cluster)) == 10
