"""When a controller reconciles which key. Pure: time, caches and the controller's own word are passed in.

The work queue says which keys there are to look at. Pacing holds some of them back, each for a reason
of its own:

- **Own writes.** A key that wrote is parked until the caches show the highest revision that it wrote,
  or else it would decide by the state before its write (client-go's controllers count expectations
  instead). After `OWN_WRITES_SECONDS` what tells of the write must be lost: the cache is to `catch_up`.
  After as long again the key is looked at regardless: an event that a filter or a fault swallows must not
  stop a controller. What it does then it does by an old state, so it looks again when the caches have caught
  up: a source need not tell of what a controller itself has written.
- **At rest.** A controller may know by a look at its caches that a key has nothing to do before a
  certain time (`at_rest`). That look costs a call where a reconcile costs a task. Keys that are due
  within `ahead_seconds` are looked at in the same turn, so that thousands of periodic keys share timers.
- **Rests.** A key rests `rest_seconds` after a reconcile; what changes meanwhile is one look. A resting
  key takes no worker's place. It is kept as a key that is being processed, so the queue's own promise
  (never twice at once) is what keeps it away.
- **Workers.** At most so many reconciles run at once.
- **A limit** of reconciles a second: a bucket of `burst` that is filled again at `per_second`.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, Generic

from msgspec import Struct

from orchestrator.client.work_queue import H, WorkQueue

OWN_WRITES_SECONDS: Final = 10.0


class RateLimit(Struct, frozen=True):
    """At most `burst` reconciles at once, and `per_second` of them in the long run."""

    per_second: float
    burst: int = 1

    def __post_init__(self) -> None:
        if not self.per_second > 0 or self.burst < 1:
            raise ValueError(
                f"a rate limit has per_second > 0 and burst >= 1, not {self.per_second:g} and "
                f"{self.burst}"
            )


class Pacing(Generic[H]):
    """Says which keys of `queue` to reconcile now; each ends with `rested`, or with `rests` and `rested`.

    `at_rest(key)` answers for how many seconds a key has nothing to do (None: reconcile it);
    `seen(resource)` the revision that the cache of a resource shows (None: it has no cache);
    `catch_up(resource, revision)` has that cache filled anew if it does not show a revision yet.
    """

    def __init__(
        self,
        queue: WorkQueue[H],
        *,
        workers: int,
        at_rest: Callable[[H], float | None],
        seen: Callable[[Any], int | None],
        catch_up: Callable[[Any, int], None] = lambda _resource, _revision: None,
        ahead_seconds: float = 0.0,
        limit: RateLimit | None = None,
    ) -> None:
        self._queue = queue
        self._workers = workers
        self._at_rest = at_rest
        self._seen = seen
        self._catch_up = catch_up
        self._ahead_seconds = ahead_seconds
        self._limit = limit
        self._tokens = 0.0 if limit is None else float(limit.burst)
        self._filled_at: float | None = None
        self._written: dict[H, Mapping[Any, int]] = {}  # key -> resource -> the highest revision
        self._parked: dict[H, float] = {}  # key -> when it is looked at regardless
        self._patient: dict[H, None] = {}  # those of them whose caches are to catch up
        # What was written by keys that were looked at regardless.
        self._blind: dict[H, Mapping[Any, int]] = {}
        self._resting = 0
        self.looks = 0  # how many keys were found at rest

    @property
    def parked(self) -> bool:
        """Whether any key waits for the caches to show its writes."""
        return bool(self._parked or self._blind)

    def next(self, now: float) -> tuple[list[H], float | None]:
        """The keys to reconcile now, and when to ask again; None: when something has changed."""
        run: list[H] = []
        limit = self._unpark(now, run) if self._parked else None
        if self._blind:
            self._look_again()
        queue = self._queue
        due = queue.advance(now)
        ahead = now + self._ahead_seconds
        if self._ahead_seconds and due is not None and due <= ahead:
            due = queue.put_off(ahead, partial(self._rests_until, now))
        while queue.processing - len(self._parked) - self._resting < self._workers:
            if self._limit is not None and len(queue):
                again = self._next_token(self._limit, now)
                if again > now:
                    due = _earlier(due, again)
                    break
            key = queue.get()
            if key is None:
                break
            if not self._sees_own_writes(key):
                self._parked[key] = now + OWN_WRITES_SECONDS
                due = _earlier(due, now + OWN_WRITES_SECONDS)
                continue
            seconds = self._at_rest(key)
            if seconds is None:
                self._tokens -= 1.0
                run.append(key)
            else:
                self.looks += 1
                queue.forget(key)
                queue.add_after(key, now + seconds)
                queue.done(key)
                due = _earlier(due, now + seconds)
        return run, due if limit is None else _earlier(due, limit)

    def wrote(self, key: H, revisions: Mapping[Any, int]) -> None:
        """A reconcile wrote up to these revisions: the next one waits for them."""
        self._written[key] = revisions

    def rests(self) -> None:
        """A key's reconcile has ended; it keeps the key, but not the worker."""
        self._resting += 1

    def rested(self, key: H, after_rest: bool = False) -> None:
        """The key may be looked at again, after a rest or without one."""
        if after_rest:
            self._resting -= 1
        self._queue.done(key)

    # --- inside ----------------------------------------------------------------------------

    def _unpark(self, now: float, run: list[H]) -> float | None:
        """Add the keys that have waited long enough; answers the new limit of those that wait on."""
        again: float | None = None
        for key, limit in list(self._parked.items()):
            if not self._sees_own_writes(key):
                if now < limit:
                    continue
                if key not in self._patient:
                    again = self._parked[key] = now + OWN_WRITES_SECONDS
                    self._patient[key] = None
                    for resource, revision in self._written[key].items():
                        self._catch_up(resource, revision)
                    continue
                self._blind[key] = self._written.pop(key)
            del self._parked[key]
            self._patient.pop(key, None)
            self._tokens -= 1.0  # on credit: it has waited long enough
            run.append(key)
        return again

    def _look_again(self) -> None:
        for key, written in list(self._blind.items()):
            if self._shown(written):
                del self._blind[key]
                self._queue.add(key)

    def _sees_own_writes(self, key: H) -> bool:
        written = self._written.get(key)
        if written is not None and not self._shown(written):
            return False
        self._written.pop(key, None)
        return True

    def _shown(self, written: Mapping[Any, int]) -> bool:
        """Whether the caches show these revisions, as far as there are caches."""
        for resource, revision in written.items():
            seen = self._seen(resource)
            if seen is not None and seen < revision:
                return False
        return True

    def _rests_until(self, now: float, key: H) -> float | None:
        seconds = self._at_rest(key) if key not in self._written else None
        return None if seconds is None else now + seconds

    def _next_token(self, limit: RateLimit, now: float) -> float:
        """When a reconcile may begin: now, or later."""
        if self._filled_at is not None:
            filled = self._tokens + (now - self._filled_at) * limit.per_second
            self._tokens = min(float(limit.burst), filled)
        self._filled_at = now
        missing = 1.0 - self._tokens
        return now if missing <= 1e-9 else now + missing / limit.per_second


def _earlier(one: float | None, other: float) -> float:
    return other if one is None or other < one else one
