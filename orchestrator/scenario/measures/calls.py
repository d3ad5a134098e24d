"""API calls: how many of each verb and resource, how long the callers waited, how long the work took.

The wait is measured where a caller asks and hears the answer, by the cluster's clock; the work where
the API server handles the message, by the wall's. A wait of zero is the rule in virtual time: between
mailboxes nothing takes time, unless something was made slow.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from msgspec import Struct

from orchestrator import protocol
from orchestrator.protocol import VERBS
from orchestrator.scenario.measures import distribution
from orchestrator.scenario.measures.distribution import Distribution
from orchestrator.scenario.measures.figures import ApiCalls

READING: Final = frozenset(("get", "list", "watch"))


class _Calls:
    __slots__ = ("errors", "latency", "work")

    def __init__(self) -> None:
        self.errors = 0
        self.latency = Distribution()
        self.work = Distribution()


class CallMark(Struct, frozen=True):
    """How far the calls had come."""

    count: int = 0
    latencies: dict[tuple[type, Any, str], distribution.Mark] = {}


class Waits(Struct, frozen=True, kw_only=True):
    """What callers waited, in seconds of the cluster's clock; None where nobody called."""

    count: int
    worst_p99: float | None  # of any verb and resource
    reading_p99: float | None
    writing_p99: float | None


class CallMeter:
    """Counts the calls of a run."""

    def __init__(self) -> None:
        self.count = 0
        self._waited = False  # whether anybody ever did
        self._calls: dict[tuple[type, Any, str], _Calls] = {}
        self._last: tuple[Any, _Calls | None] = (
            None,
            None,
        )  # the work's end is most often the answer

    def answered(self, request: Any, seconds: float, failed: bool) -> None:
        """A caller has heard the answer to a request, or that there will be none."""
        calls = self._of(request)
        if calls is not None:
            self.count += 1
            calls.latency.add(seconds)
            self._waited = self._waited or seconds > 0
            if failed:
                calls.errors += 1

    def worked(self, request: Any, seconds: float) -> None:
        """The API server has handled a request."""
        calls = self._of(request)
        if calls is not None:
            calls.work.add(seconds)

    def _of(self, request: Any) -> _Calls | None:
        known, calls = self._last
        if known is not request:
            calls = self._find(request)
            self._last = (request, calls)
        return calls

    def _find(self, request: Any) -> _Calls | None:
        class_ = type(request)
        if class_ not in VERBS:
            return None
        key = (class_, request.resource, getattr(request, "subresource", ""))
        calls = self._calls.get(key)
        if calls is None:
            calls = self._calls[key] = _Calls()
        return calls

    def report(self) -> tuple[ApiCalls, ...]:
        """By resource and verb, the most frequent first."""
        found = [
            ApiCalls(
                verb=VERBS[class_],
                resource=resource.plural + (f"/{subresource}" if subresource else ""),
                count=calls.latency.count,
                errors=calls.errors,
                latency_seconds=calls.latency.summary(),
                work_seconds=calls.work.summary(),
            )
            for (class_, resource, subresource), calls in self._calls.items()
        ]
        return tuple(sorted(found, key=lambda c: (-c.count, c.resource, c.verb)))

    def mark(self) -> CallMark:
        """How far they have come."""
        return CallMark(self.count, {key: c.latency.mark() for key, c in self._calls.items()})

    def so_far(self, *, reading: bool) -> float | None:
        """The p99 of the waits of all calls that read, or of all that write; None without any."""
        if not self._waited:
            return 0.0 if any(self._of_kind(reading)) else None
        return _merged(calls.latency for calls in self._of_kind(reading)).quantile(0.99)

    def _of_kind(self, reading: bool) -> Iterator[_Calls]:
        for (class_, _, _), calls in self._calls.items():
            if _counts(class_, reading) and calls.latency.count:
                yield calls

    def since(self, mark: CallMark) -> Waits:
        """What callers have waited since a mark."""
        start = distribution.Mark()
        found = {
            key: calls.latency.since(mark.latencies.get(key, start))
            for key, calls in self._calls.items()
            if key[0] is not protocol.Watch
        }
        worst = (each.quantile(0.99) for each in found.values())
        return Waits(
            count=self.count - mark.count,
            worst_p99=max((p99 for p99 in worst if p99 is not None), default=None),
            reading_p99=_merged(d for k, d in found.items() if _counts(k[0], True)).quantile(0.99),
            writing_p99=_merged(d for k, d in found.items() if _counts(k[0], False)).quantile(0.99),
        )


def _counts(class_: type, reading: bool) -> bool:
    """Whether calls of this class are among those that read, or write; watches are streams."""
    verb = VERBS[class_]
    return verb != "watch" and (verb in READING) == reading


def _merged(several: Iterable[Distribution]) -> Distribution:
    merged = Distribution()
    for each in several:
        merged.merge(each)
    return merged
