"""What the trace calls a message's cause, and what faults do to asks and to timers."""

from typing import Any

import pytest

from actors import (
    Actor,
    ActorSystem,
    AskTimeout,
    FaultPlan,
    MessageFault,
    Misuse,
    Partition,
    Ref,
    Terminated,
)
from tests.actors.cast import Fail, GetNotes, Note, Recorder


class Asker(Actor):
    """Asks at each note and notes what came."""

    def __init__(self, target: Ref[Any], log: list[Any]) -> None:
        self._target = target
        self._log = log

    def on_note(self, message: Note) -> None:
        """Ask."""
        self.ctx.request(self._target, GetNotes(), self._answered, self._failed, 5.0)

    def _answered(self, notes: tuple[str, ...]) -> None:
        self._log.append(notes)

    def _failed(self, error: BaseException) -> None:
        self._log.append(type(error))
        self._target.tell(Note("gave up"))


@pytest.mark.parametrize(
    "fault",
    [
        Partition(group=("/asker",), others=("/r",)),
        MessageFault(action="drop", message="GetNotes"),
        MessageFault(action="drop", message="tuple"),
        MessageFault(action="delay", message="tuple", seconds=20.0),
        MessageFault(action="delay", message="GetNotes", seconds=20.0),
    ],
    ids=["partition", "drop ask", "drop reply", "delay reply", "delay ask"],
)
@pytest.mark.parametrize("trace", [False, True])
async def test_a_deadline_is_the_askers_own(fault: Any, trace: bool) -> None:
    """No fault between the two keeps AskTimeout from the asker, and a late reply is ignored."""
    log: list[Any] = []
    async with ActorSystem(faults=FaultPlan((fault,)), trace=trace) as system:
        ref = system.spawn(Recorder, "r")
        asker = system.spawn(lambda: Asker(ref, log), "asker")
        asker.tell(Note("go"))
        await system.clock.sleep(100)
        assert log == [AskTimeout]


@pytest.mark.parametrize("action", ["duplicate", "reorder", "delay"])
async def test_an_ask_is_answered_once(action: Any) -> None:
    """However often and however late request and reply come."""
    log: list[Any] = []
    plan = FaultPlan((MessageFault(action=action, seconds=1.0),))
    async with ActorSystem(faults=plan) as system:
        ref = system.spawn(Recorder, "r")
        asker = system.spawn(lambda: Asker(ref, log), "asker")
        asker.tell(Note("go"))
        await system.clock.sleep(100)
        assert log == [(), ()] if action == "duplicate" else [()]


class Ticker(Actor):
    """Ticks, and tells."""

    def __init__(self, target: Ref[Any]) -> None:
        self._target = target

    def on_note(self, message: Note) -> None:
        """Begin at `begin`; tell at each `tick`."""
        if message.text == "begin":
            self.ctx.every(1, Note("tick"))
        else:
            self._target.tell(Note("told"))


async def test_a_timer_is_caused_by_the_message_that_set_it() -> None:
    """And by nothing else that is going on when it fires."""
    async with ActorSystem(trace=True) as system:
        trace = system.trace
        assert trace is not None
        ref = system.spawn(Recorder, "r")
        tickers = [system.spawn(lambda: Ticker(ref), name) for name in "abc"]
        begins = []
        for ticker in tickers:
            ticker.tell(Note("begin"))
            begins.append(list(trace)[-1].id)
            await system.clock.sleep(0.1)
        await system.clock.sleep(2.95)
        for ticker, begin in zip(tickers, begins, strict=True):
            followed = [(e.sender, e.target, e.kind) for e in trace.follow(begin)]
            path = ticker.path
            assert followed[0] == ("", path, "tell")
            assert len(followed) == 7
            assert followed[1:] == [(path, path, "timer"), (path, "/r", "tell")] * 3


async def test_what_comes_from_outside_has_no_cause() -> None:
    """A message that main tells is caused by none, whatever was handled before."""
    async with ActorSystem(trace=True) as system:
        ref = system.spawn(Recorder, "r")
        for text in "abc":
            ref.tell(Note(text))
            await ref.ask(GetNotes())
        assert system.trace is not None
        from_outside = [e for e in system.trace if e.sender == ""]
        assert [e.cause for e in from_outside] == [0] * 6


async def test_a_timeout_and_an_end_have_causes() -> None:
    """What follows from AskTimeout is caused by what asked; a Terminated by what stopped it."""

    class Watcher(Actor):
        def __init__(self, ref: Ref[Any]) -> None:
            self._ref = ref

        def started(self) -> None:
            self.ctx.watch(self._ref)

        def on_note(self, message: Note) -> None:
            self.ctx.stop(self._ref)

        def on_terminated(self, message: Terminated) -> None:
            pass

    plan = FaultPlan((MessageFault(action="drop", message="tuple"),))
    async with ActorSystem(trace=True, faults=plan) as system:
        trace = system.trace
        assert trace is not None
        ref = system.spawn(Recorder, "r")
        system.spawn(lambda: Asker(ref, []), "asker").tell(Note("go"))
        asked = list(trace)[-1].id
        await system.clock.sleep(10)
        assert [e.message for e in trace.follow(asked)] == ["Note", "GetNotes", "tuple", "Note"]
        system.spawn(lambda: Watcher(ref), "watcher").tell(Note("stop"))
        told = list(trace)[-1].id
        await system.clock.sleep(1)
        followed = [(e.sender, e.target, e.message, e.kind) for e in trace.follow(told)]
        assert followed[1:] == [("/r", "/watcher", "Terminated", "watch")]


async def test_a_repeating_timer_needs_time(system: ActorSystem) -> None:
    """Otherwise it would fire for ever at one moment."""
    errors: list[str] = []

    class Hasty(Actor):
        def started(self) -> None:
            for seconds in (0.0, -1.0):
                try:
                    self.ctx.every(seconds, Fail())
                except Misuse as error:
                    errors.append(str(error))

    system.spawn(Hasty, "hasty")
    assert errors == ["a timer cannot repeat every 0 s", "a timer cannot repeat every -1 s"]
