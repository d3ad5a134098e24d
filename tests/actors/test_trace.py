"""The causal trace: what followed from what, over messages, replies, timers and tasks."""

from typing import Any

from actors import Actor, ActorSystem, Ref, Request
from actors.cell import Cell
from tests.actors.cast import GetNotes, Note, Recorder


class Work(Request[str], frozen=True):
    pass


class Worker(Actor):
    """Asks, waits, and tells."""

    def __init__(self, recorder: Ref[Any]) -> None:
        self._recorder = recorder

    async def on_work(self, message: Work) -> str:
        await self._recorder.ask(GetNotes())
        self.ctx.after(5, Note("later"))
        return "done"

    def on_note(self, message: Note) -> None:
        self._recorder.tell(Note("at last"))


async def _traced(system: ActorSystem) -> None:
    recorder = system.spawn(Recorder, "recorder")
    worker = system.spawn(lambda: Worker(recorder), "worker")
    recorder.tell(Note("unrelated"))
    await worker.ask(Work())
    await system.clock.sleep(10)


async def test_everything_that_followed_is_found() -> None:
    """And nothing else."""
    async with ActorSystem(trace=True) as system:
        await _traced(system)
        trace = system.trace
        assert trace is not None
        begin = trace.find("Work")
        assert begin is not None
        followed = [(e.sender, e.target, e.message, e.kind) for e in trace.follow(begin.id)]
        assert followed == [
            ("", "/worker", "Work", "ask"),
            ("/worker", "/recorder", "GetNotes", "ask"),
            ("/recorder", "/worker", "tuple", "reply"),
            ("/worker", "", "str", "reply"),
            ("/worker", "/worker", "Note", "timer"),
            ("/worker", "/recorder", "Note", "tell"),
        ]


async def test_it_is_drawn_as_a_sequence_diagram() -> None:
    """In Mermaid's language, replies dashed, time between noted."""
    async with ActorSystem(trace=True) as system:
        await _traced(system)
        assert system.trace is not None
        begin = system.trace.find("Work")
        assert begin is not None
        drawn = system.trace.mermaid(begin.id).splitlines()
    assert drawn[0] == "sequenceDiagram"
    assert "    participant p0 as outside" in drawn
    assert "    p0->>p1: Work" in drawn
    assert "    p2-->>p1: tuple" in drawn
    assert any("+5 s" in line for line in drawn)


async def test_it_is_off_unless_asked_for(system: ActorSystem) -> None:
    """Then cells are plain ones, and pay nothing."""
    await _traced(system)
    assert system.trace is None
    assert type(system.ref("/worker")) is Cell


async def test_it_says_what_a_message_is_about_when_told_how() -> None:
    """In plain values: the message itself is not kept."""
    async with ActorSystem(trace=True) as system:
        trace = system.trace
        assert trace is not None
        trace.describe = lambda message: message.text if isinstance(message, Note) else None
        await _traced(system)
        assert {e.about for e in trace if e.message == "Note"} == {"unrelated", "later", "at last"}
        assert {e.about for e in trace if e.message != "Note"} == {None}
