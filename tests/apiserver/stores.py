"""Engines that misbehave as durable and shared ones do, over the one in memory."""

from collections.abc import Callable

from orchestrator.store import Change, Done, Listener, MemoryStore, Outcome, Write


class GroupCommitStore(MemoryStore):
    """Answers and tells at the end of the slice, as a store with transactions."""

    def __init__(self) -> None:
        super().__init__()
        self._waiting: list[Callable[[], None]] = []
        super().listen(self._changed)
        self._outside: Listener = lambda _change: None
        self.flushes = 0

    def listen(self, listener: Listener) -> None:
        """Tell it what is durable."""
        self._outside = listener

    def commit(self, write: Write, done: Done) -> None:
        """The write is seen at once, and answered later."""
        super().commit(write, lambda outcome: self._later(lambda: done(outcome)))

    def flush(self) -> None:
        """Everything is on the disk now; what is written meanwhile waits for the next time."""
        waiting, self._waiting = self._waiting, []
        self.flushes += bool(waiting)
        for call in waiting:
            call()

    def _changed(self, change: Change) -> None:
        self._later(lambda: self._outside(change))

    def _later(self, call: Callable[[], None]) -> None:
        self._waiting.append(call)


class SharedStore(MemoryStore):
    """Another server writes to it: `intrude` happens just before the next commit."""

    def __init__(self) -> None:
        super().__init__()
        self.intrude: Callable[[], None] | None = None
        self.refusals = 0

    def commit(self, write: Write, done: Done) -> None:
        """The write, after somebody else's."""
        intrude, self.intrude = self.intrude, None
        if intrude is not None:
            intrude()

        def count(outcome: Outcome) -> None:
            self.refusals += not isinstance(outcome, Change)
            done(outcome)

        super().commit(write, count)

    def write_elsewhere(self, write: Write) -> None:
        """The other server's write."""
        super().commit(write, lambda _outcome: None)
