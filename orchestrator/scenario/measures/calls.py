"""API calls: how many of each verb and resource, how long the callers waited, how long the work took.

The wait is measured where a caller asks and hears the answer, by the cluster's clock; the work where
the API server handles the message, by the wall's. A wait of zero is the rule in virtual time: between
mailboxes nothing takes time, unless something was made slow.
"""

from collections.abc import Mapping
from typing import Any, Final

from orchestrator import protocol
from orchestrator.scenario.measures.figures import ApiCalls, Summary
from orchestrator.scenario.measures.histogram import Histogram

_VERBS: Final[Mapping[type, str]] = {
    protocol.Get: "get",
    protocol.List: "list",
    protocol.Watch: "watch",
    protocol.Create: "create",
    protocol.Update: "update",
    protocol.Patch: "patch",
    protocol.Delete: "delete",
    protocol.DeleteCollection: "deletecollection",
}
READING: Final = frozenset(("get", "list", "watch"))


class _Calls:
    __slots__ = ("errors", "latency", "work")

    def __init__(self) -> None:
        self.errors = 0
        self.latency = Histogram()
        self.work = Histogram()


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
        if class_ not in _VERBS:
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
                verb=_VERBS[class_],
                resource=resource.plural + (f"/{subresource}" if subresource else ""),
                count=calls.latency.count,
                errors=calls.errors,
                latency_seconds=calls.latency.summary(),
                work_seconds=calls.work.summary(),
            )
            for (class_, resource, subresource), calls in self._calls.items()
        ]
        return tuple(sorted(found, key=lambda c: (-c.count, c.resource, c.verb)))

    def latency(self, *, reading: bool) -> Histogram:
        """Of all calls that read, or of all that write; watches are streams and do not count."""
        merged = Histogram()
        for (class_, _, _), calls in self._calls.items():
            verb = _VERBS[class_]
            if verb != "watch" and (verb in READING) == reading:
                merged.merge(calls.latency)
        return merged

    def p99(self, *, reading: bool) -> float:
        """Of the waits of all calls that read, or of all that write, in seconds."""
        return self.latency(reading=reading).quantile(0.99) if self._waited else 0.0

    def worst_p99(self) -> Summary:
        """The summary of the verb and resource with the longest p99, watches excepted."""
        return max(
            (
                calls.latency.summary()
                for (class_, _, _), calls in self._calls.items()
                if class_ is not protocol.Watch
            ),
            key=lambda summary: summary.p99,
            default=Summary(),
        )
