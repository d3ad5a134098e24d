"""From a decision to its answer, whenever the store gives its outcome.

An engine in memory answers within `commit`, and the request is answered at once; a durable one
answers from a later `flush`, and the reply is deferred. If another writer was faster, the decision
is made again, as if the message had come a moment later.

Whatever a decision raises is the end of this one write: an `ApiError` by intent, anything else by a
fault of the server's own. What the store raises from `commit` goes on to the actor.
"""

from collections.abc import Callable
from typing import Any, Final, Generic, Protocol, TypeVar

from orchestrator.apiserver import errors
from orchestrator.apiserver.environment import Environment
from orchestrator.apiserver.pipeline.decisions import Commit, Decision
from orchestrator.apiserver.pipeline.served import Served
from orchestrator.store import Mismatch, Outcome, Store


class Named(Protocol):
    """A message about one object."""

    @property
    def name(self) -> str: ...


M = TypeVar("M", bound=Named)

_ATTEMPTS: Final = 5


class Attempt(Generic[M]):
    """One write on its way. `on_end` is called with (answer, error) if the end comes later."""

    __slots__ = (
        "_decide",
        "_env",
        "_left",
        "_message",
        "_reply",
        "_served",
        "_store",
        "answer",
        "ended",
        "error",
        "on_end",
    )

    def __init__(
        self,
        store: Store,
        env: Environment,
        decide: Callable[[Environment, Served, M], Decision],
        served: Served,
        message: M,
    ) -> None:
        self._store = store
        self._env = env
        self._decide = decide
        self._served = served
        self._message = message
        self._left = _ATTEMPTS
        self.answer: Any = None
        self.error: Exception | None = None
        self.ended = False
        self.on_end: Callable[[Any, Exception | None], None] | None = None

    def run(self) -> None:
        """Decide, and commit if that is the decision."""
        try:
            decision = self._decide(self._env, self._served, self._message)
        except Exception as error:
            self._end(None, error)
            return
        self._follow(decision)

    def _follow(self, decision: Decision) -> None:
        if type(decision) is Commit:
            self._reply = decision.reply
            self._store.commit(decision.write, self._done)
        else:
            self._end(decision, None)

    def _done(self, outcome: Outcome) -> None:
        if isinstance(outcome, Mismatch):
            self._again()
            return
        try:
            decision = self._reply(outcome)
        except Exception as error:
            self._end(None, error)
            return
        if type(decision) is Commit or self.on_end is not None:
            self._follow(decision)
        else:
            self.answer, self.ended = decision, True

    def _again(self) -> None:
        self._left -= 1
        if self._left:
            self.run()
        else:
            self._end(None, errors.modified(self._served.resource, self._message.name))

    def _end(self, answer: Any, error: Exception | None) -> None:
        self.answer, self.error, self.ended = answer, error, True
        if self.on_end is not None:
            self.on_end(answer, error)
