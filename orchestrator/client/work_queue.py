"""The work queue of a controller: which keys to look at, and when. Pure; time is passed in.

client-go's promises: a key that is added while it is processed is processed again afterwards, never
by two workers at once; adding it many times before counts once; a key that fails comes back after
a delay that doubles from 5 ms to 1000 s.
"""

import heapq
from collections import deque
from collections.abc import Callable, Hashable
from typing import Final, Generic, TypeVar

from msgspec import Struct

H = TypeVar("H", bound=Hashable)

BASE_DELAY_SECONDS: Final = 0.005
MAX_DELAY_SECONDS: Final = 1000.0


class Backoff(Struct, frozen=True):
    """How long a key that failed waits: `base_seconds` at first, then twice as long each time."""

    base_seconds: float = BASE_DELAY_SECONDS
    most_seconds: float = MAX_DELAY_SECONDS

    def __post_init__(self) -> None:
        if not 0 < self.base_seconds <= self.most_seconds:
            raise ValueError(
                f"a back-off has 0 < base_seconds <= most_seconds, not {self.base_seconds:g} and "
                f"{self.most_seconds:g}"
            )

    def seconds(self, failures: int) -> float:
        """The delay after so many failures before this one."""
        return min(self.base_seconds * 2.0 ** min(failures, 30), self.most_seconds)


_DEFAULT_BACKOFF: Final = Backoff()


class WorkQueue(Generic[H]):
    """Keys that wait, keys that are being processed, and keys that come later."""

    def __init__(self, backoff: Backoff = _DEFAULT_BACKOFF) -> None:
        self._backoff = backoff
        self._ready: deque[H] = deque()
        self._dirty: dict[H, None] = {}  # to be processed, ready or after the present run
        self._processing: dict[H, None] = {}
        self._later: list[tuple[float, int, H]] = []
        self._due: dict[H, float] = {}  # the earliest time at which a key comes later
        self._failures: dict[H, int] = {}
        self._number = 0
        self.changes = 0  # how often a key was added, for now or for later

    def __len__(self) -> int:
        return len(self._ready)

    @property
    def processing(self) -> int:
        """How many keys are being processed."""
        return len(self._processing)

    @property
    def waiting(self) -> int:
        """How many keys come later."""
        return len(self._due)

    def add(self, key: H) -> None:
        """Have a key processed: now, or again when its present run is done."""
        if key in self._dirty:
            return
        self._dirty[key] = None
        self.changes += 1
        if key not in self._processing:
            self._ready.append(key)

    def add_after(self, key: H, at: float) -> None:
        """Have a key added at time `at`; an earlier wish for it stays."""
        due = self._due.get(key)
        if due is not None and due <= at:
            return
        self._due[key] = at
        self.changes += 1
        self._number += 1
        heapq.heappush(self._later, (at, self._number, key))

    def fail(self, key: H, now: float) -> float:
        """Have a key that failed come back; answers the delay in seconds."""
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        delay = self._backoff.seconds(failures)
        self.add_after(key, now + delay)
        return delay

    def forget(self, key: H) -> None:
        """The key succeeded: its next failure begins with the shortest delay."""
        self._failures.pop(key, None)

    def failures(self, key: H) -> int:
        """How many times in a row the key has failed."""
        return self._failures.get(key, 0)

    def advance(self, now: float) -> float | None:
        """Add what is due; answers when the next one will be, or None."""
        later = self._later
        while later and later[0][0] <= now:
            at, _, key = heapq.heappop(later)
            if self._due.get(key) == at:
                del self._due[key]
                self.add(key)
        return self._next_at()

    def _next_at(self) -> float | None:
        later = self._later
        while later and self._due.get(later[0][2]) != later[0][0]:
            heapq.heappop(later)
        return later[0][0] if later else None

    def put_off(self, until: float, look: Callable[[H], float | None]) -> float | None:
        """Ask `look` about the keys that come before `until` when they should come instead; None, or
        an earlier time: they come as they would. Answers when the next one will be, or None.
        """
        later, kept = self._later, []
        while later and later[0][0] <= until:
            entry = heapq.heappop(later)
            at, _, key = entry
            if self._due.get(key) != at:
                continue
            new = None if key in self._dirty or key in self._processing else look(key)
            if new is None or new <= at:
                kept.append(entry)
                continue
            del self._due[key]
            self.add_after(key, new)
        for entry in kept:
            heapq.heappush(later, entry)
        return self._next_at()

    def get(self) -> H | None:
        """The next key to process; None when there is none. Answer with `done`."""
        if not self._ready:
            return None
        key = self._ready.popleft()
        self._processing[key] = None
        del self._dirty[key]
        return key

    def done(self, key: H) -> None:
        """The key's run has ended."""
        del self._processing[key]
        if key in self._dirty:
            self._ready.append(key)
