"""One write on its way through its steps, to its answer.

An engine in memory gives its outcome within `commit`, and the request is answered at once; a durable
one gives it from a later `flush`, and the reply is deferred. If another writer was faster, the write
is drafted again, as if the message had come a moment later: what was waited for is asked again, as
Kubernetes does. An attempt that waits holds nobody up.

Whatever a step raises is the end of this one write: an `ApiError` by intent, anything else by a
fault of the server's own. What the store raises from `commit` goes on to the actor.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final, TypeAlias

from orchestrator.apiserver import errors
from orchestrator.apiserver.environment import Environment
from orchestrator.apiserver.kinds.versions import Unconverted
from orchestrator.apiserver.pipeline.draft import (
    Commit,
    Decision,
    Draft,
    Effect,
    Instead,
    Overtaken,
    Step,
    Wait,
    draft_of,
)
from orchestrator.apiserver.pipeline.versions import waiting_for
from orchestrator.apiserver.unanswered import Unanswered
from orchestrator.protocol import ApiError
from orchestrator.store import Change, Mismatch, Outcome

Heard: TypeAlias = Callable[[Any, Exception | None], None]
Perform: TypeAlias = Callable[[Effect, Heard], None]
"""Begins an effect, and calls back with (result, error) in a turn of the server's own."""

_ATTEMPTS: Final = 5


class Attempt:
    """`on_end` is called with (answer, error) if the end comes after `run`."""

    __slots__ = (
        "_draft",
        "_env",
        "_left",
        "_message",
        "_perform",
        "_reply",
        "_rest",
        "_steps",
        "_then",
        "answer",
        "ended",
        "error",
        "on_end",
    )

    def __init__(
        self, env: Environment, perform: Perform, steps: tuple[Step, ...], message: Any
    ) -> None:
        self._env = env
        self._perform = perform
        self._steps = steps
        self._message = message
        self._left = _ATTEMPTS
        self._draft: Draft
        self._rest: Iterator[Step]
        self._reply: Callable[[Change], Any] | None
        self._then: Callable[[Any], Decision]
        self.answer: Any = None
        self.error: Exception | None = None
        self.ended = False
        self.on_end: Callable[[Any, Exception | None], None] | None = None

    def run(self) -> None:
        """Draft the write, and do what the steps ask for."""
        self._draft = draft_of(self._message)
        self._rest = iter(self._steps)
        self._go_on()

    def _go_on(self) -> None:
        env, draft = self._env, self._draft
        decision: Decision = None
        try:
            for step in self._rest:
                try:
                    decision = step(env, draft)
                except (Unconverted, Unanswered) as missing:
                    decision = self._asking(step, missing)
                if decision is not None:
                    break
        except Overtaken:
            self._again()
            return
        except Exception as error:
            self._end(None, error)
            return
        if type(decision) is Commit:  # as of most writes
            self._reply = decision.reply
            env.store.commit(decision, self._done)
        else:
            self._follow(decision)

    def _asking(self, step: Step, missing: Unconverted | Unanswered) -> Decision:
        """Ask for what a step has missed, then take it again."""

        def again(error: ApiError | None) -> Decision:
            if error is not None:
                raise error
            try:
                return step(self._env, self._draft)
            except (Unconverted, Unanswered) as more:
                return self._asking(step, more)

        return waiting_for(self._env, missing, again)

    def _follow(self, decision: Decision) -> None:
        if type(decision) is Commit:
            self._reply = decision.reply
            self._env.store.commit(decision, self._done)
        elif type(decision) is Wait:
            self._then = decision.then
            self._perform(decision.effect, self._heard)
        elif type(decision) is Instead:
            self._message, self._steps = decision.message, decision.steps
            self.run()
        else:
            self._end(decision, None)

    def _done(self, outcome: Outcome) -> None:
        if isinstance(outcome, Mismatch):
            self._again()
            return
        reply = self._reply
        if reply is None:
            self._steps = tuple(self._rest)  # what is written stays written
            self._rest = iter(self._steps)
            self._go_on()
            return
        try:
            answer = reply(outcome)
        except Exception as error:
            self._end(None, error)
            return
        self._end(answer, None)

    def _heard(self, result: Any, error: Exception | None) -> None:
        """An effect has ended."""
        if error is not None:
            self._end(None, error)
            return
        try:
            decision = self._then(result)
        except Exception as failure:
            self._end(None, failure)
            return
        if decision is None:
            self._go_on()
        else:
            self._follow(decision)

    def _again(self) -> None:
        self._left -= 1
        if self._left:
            self.run()
        else:
            self._end(None, errors.modified(self._message.resource, self._message.name))

    def _end(self, answer: Any, error: Exception | None) -> None:
        self.answer, self.error, self.ended = answer, error, True
        if self.on_end is not None:
            self.on_end(answer, error)
