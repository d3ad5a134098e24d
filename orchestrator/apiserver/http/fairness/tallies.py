"""What has happened to requests on their way to seats and on them, for the metrics."""

from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

from msgspec import Struct, field

from orchestrator.apiserver.telemetry.families import Histogram

Observe: TypeAlias = Callable[[float], None]

_PREFIX: Final = "apiserver_flowcontrol_"
_LABELS: Final = ("priority_level", "flow_schema")
_SECONDS: Final = (0, 0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30)
_SEATS: Final = (1, 2, 4, 8, 16, 32, 64, 100)
_WATCHES: Final = (0, 1, 10, 100, 1_000, 10_000)
MANY: Final = 1024  # requests that are observed together
_LENGTHS: Final = (0, 10, 25, 50, 100, 250, 500, 1000)


class Tallies(Struct):
    """Of the requests of one flow schema: how many there were, are, and what they hold and wait for.

    `wide`, `seated` and `watched` observe each of them: its seats, the seconds until it had them, and the watches that
    want to hear of it. `plain` counts those of one seat that had it at once, as nearly all do; `took` are the seconds
    with their seats: these are observed when somebody asks, or when there are many.
    """

    wide: Observe
    seated: Observe
    watched: Observe

    plain: int = 0
    took: list[float] = []
    dispatched: int = 0
    rejected: dict[str, int] = field(default_factory=dict)
    executing: int = 0
    seats: int = 0
    waiting: int = 0
    waiting_seats: int = 0


class Distributions:
    """How long requests waited and were served, by level and schema (`key`), and how wide they were."""

    def __init__(self) -> None:
        self._executed = Histogram(
            f"{_PREFIX}request_execution_seconds",
            "How long requests were served.",
            (*_LABELS, "type"),
            _SECONDS,
        )
        self._waited = Histogram(
            f"{_PREFIX}request_wait_duration_seconds",
            "How long requests waited for seats.",
            (*_LABELS, "execute"),
            _SECONDS,
        )
        self._wide = Histogram(
            f"{_PREFIX}work_estimated_seats",
            "How many seats requests are supposed to need.",
            _LABELS,
            _SEATS,
        )
        self._queues = Histogram(
            f"{_PREFIX}request_queue_length_after_enqueue",
            "How many waited, as one saw it who began to wait.",
            _LABELS,
            _LENGTHS,
        )

        self._watched = Histogram(
            f"{_PREFIX}watch_count_samples",
            "How many watches wanted to hear of a write.",
            _LABELS,
            _WATCHES,
        )

    def tallies(self, key: tuple[str, str]) -> Tallies:
        """Those of a level and schema, of which there was no request yet."""
        return Tallies(
            self._wide.of(*key),
            self._waited.of(*key, "true"),
            self._watched.of(*key),
        )

    def fold(self, key: tuple[str, str], tally: Tallies) -> None:
        """Observe the requests of a level and schema that were noted since this was done last."""
        if tally.plain:
            self._wide.weigh(1, tally.plain, *key)
            self._waited.weigh(0.0, tally.plain, *key, "true")
            tally.plain = 0
        if tally.took:
            self._executed.observe_all(tally.took, *key, "regular")
            tally.took = []

    def gave_up(self, key: tuple[str, str], seconds: float) -> None:
        """A request has waited for seats that it did not get."""
        self._waited.observe(seconds, *key, "false")

    def queued(self, key: tuple[str, str], length: int) -> None:
        """A request had to wait, with so many others."""
        self._queues.observe(length, *key)

    def began_watch(self, key: tuple[str, str], seconds: float) -> None:
        """The beginning of a watch was served."""
        self._executed.observe(seconds, *key, "watch")

    def families(self) -> Iterator[Histogram]:
        """All of them."""
        yield from (self._executed, self._waited, self._wide, self._queues, self._watched)
