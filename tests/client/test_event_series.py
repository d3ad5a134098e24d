"""The recorder of events of a moment and their series."""

from typing import Any

import pytest
from msgspec.structs import replace

from actors import Actor
from orchestrator import Cluster
from orchestrator.api.core.v1 import Event, Pod
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.client import EventSeriesRecorder

SUBJECT = Pod(metadata=ObjectMeta(name="web", namespace="default", uid="u", resource_version="7"))


class _Recorder(Actor):
    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def started(self) -> None:
        api = self._cluster.api
        self.recorder = EventSeriesRecorder(self.ctx, api, "tester", host="here")


@pytest.fixture
def recorder(cluster: Cluster) -> EventSeriesRecorder:
    """A recorder of an actor of the cluster."""
    actor: Any = cluster.system.spawn(lambda: _Recorder(cluster), "recorder").actor
    assert isinstance(actor.recorder, EventSeriesRecorder)
    return actor.recorder


def _record(recorder: EventSeriesRecorder, note: str, about: Pod = SUBJECT) -> None:
    recorder.event(about, "Warning", "Testing", "Trying", note)


async def _written(cluster: Cluster) -> list[tuple[str, int | None]]:
    await cluster.clock.sleep(1)
    events = await cluster.client.list(Event, namespace="default")
    found = [e for e in events if e.reason == "Testing"]
    return sorted((e.message, e.series.count if e.series is not None else None) for e in found)


async def test_an_event_is_of_a_moment(cluster: Cluster, recorder: EventSeriesRecorder) -> None:
    """It has a time of its own, an action, who reports, and none of the older fields."""
    _record(recorder, "once")
    await cluster.clock.sleep(1)
    (event,) = [e for e in await cluster.client.list(Event) if e.reason == "Testing"]
    assert event.event_time is not None
    assert (event.action, event.reporting_component) == ("Trying", "tester")
    assert event.reporting_instance == "tester-here"
    assert (event.first_timestamp, event.last_timestamp, event.count) == (None, None, None)
    assert event.involved_object.resource_version == "7"


async def test_what_differs_in_its_note_alone_is_a_series(
    cluster: Cluster, recorder: EventSeriesRecorder
) -> None:
    """The second makes a series of two; those after it are written when the series has ended."""
    for number in range(5):
        _record(recorder, f"number {number}")
    assert await _written(cluster) == [("number 0", 2)]
    await cluster.clock.sleep(1000)
    assert await _written(cluster) == [("number 0", 5)]
    _record(recorder, "later")
    assert await _written(cluster) == [("later", None), ("number 0", 5)]


async def test_another_revision_of_the_object_is_another_event(
    cluster: Cluster, recorder: EventSeriesRecorder
) -> None:
    """As kube-scheduler's second refusal of a pod that the first has changed."""
    _record(recorder, "first")
    changed = replace(SUBJECT, metadata=replace(SUBJECT.metadata, resource_version="8"))
    _record(recorder, "second", changed)
    assert await _written(cluster) == [("first", None), ("second", None)]


async def test_a_series_whose_event_is_gone_is_written_anew(
    cluster: Cluster, recorder: EventSeriesRecorder
) -> None:
    """With its count."""
    _record(recorder, "gone")
    await cluster.clock.sleep(1)
    for event in await cluster.client.list(Event, namespace="default"):
        await cluster.client.delete(Event, event.metadata.name, namespace="default")
    _record(recorder, "gone")
    assert await _written(cluster) == [("gone", 2)]


async def test_long_notes_are_cut(cluster: Cluster, recorder: EventSeriesRecorder) -> None:
    """To 1024 bytes, the last of which say so."""
    _record(recorder, "ä" * 600)
    ((note, _),) = await _written(cluster)
    assert note == "ä" * 510 + " ..."
