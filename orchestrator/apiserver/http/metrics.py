"""What the front has done, in Prometheus' text form."""

from collections import Counter
from collections.abc import Iterator

from orchestrator.apiserver.http.encodings import Encodings


class Metrics:
    """Counts since the front began."""

    def __init__(self, encodings: Encodings) -> None:
        self._encodings = encodings
        # (verb, group, version, resource, subresource, code) -> requests, and their seconds
        self._requests: Counter[tuple[str, str, str, str, str, int]] = Counter()
        self._seconds: Counter[tuple[str, str, str, str, str, int]] = Counter()
        self.inflight = 0
        self.watches = 0
        self.watch_events = 0

    def count(self, labels: tuple[str, str, str, str, str], code: int, seconds: float) -> None:
        """One request has ended; of a watch the seconds are its life."""
        self._requests[(*labels, code)] += 1
        self._seconds[(*labels, code)] += seconds  # type: ignore[assignment]

    def requests(self) -> int:
        """How many requests there were."""
        return self._requests.total()

    def text(self) -> str:
        """The exposition."""
        return "\n".join(self._lines()) + "\n"

    def _lines(self) -> Iterator[str]:
        yield "# HELP apiserver_request_total Requests that were answered."
        yield "# TYPE apiserver_request_total counter"
        for labels, count in sorted(self._requests.items()):
            yield f"apiserver_request_total{{{_labels(labels)}}} {count}"
        yield "# HELP apiserver_request_duration_seconds How long requests took."
        yield "# TYPE apiserver_request_duration_seconds summary"
        for labels, count in sorted(self._requests.items()):
            text = _labels(labels)
            yield f"apiserver_request_duration_seconds_sum{{{text}}} {self._seconds[labels]:.6f}"
            yield f"apiserver_request_duration_seconds_count{{{text}}} {count}"
        for name, kind, help_, value in (
            ("apiserver_current_inflight_requests", "gauge", "Requests under way.", self.inflight),
            ("apiserver_longrunning_requests", "gauge", "Open watches.", self.watches),
            ("apiserver_watch_events_total", "counter", "Events sent.", self.watch_events),
            ("apiserver_encodings_hits_total", "counter", "Bytes reused.", self._encodings.hits),
            ("apiserver_encodings_misses_total", "counter", "Bytes made.", self._encodings.misses),
            ("apiserver_encodings_bytes", "gauge", "Bytes kept.", self._encodings.size_bytes),
        ):
            yield f"# HELP {name} {help_}"
            yield f"# TYPE {name} {kind}"
            yield f"{name} {value}"


def _labels(labels: tuple[str, str, str, str, str, int]) -> str:
    names = ("verb", "group", "version", "resource", "subresource", "code")
    return ",".join(f'{name}="{value}"' for name, value in zip(names, labels, strict=True))
