"""What is measured, as data: distributions, samples over time, tables.

Times are seconds: virtual ones are the cluster's, wall ones this machine's. Only what the cluster's
clock says is repeatable; what the wall's says is of one machine and one run.
"""

from typing import Literal

from msgspec import Struct


class Summary(Struct, frozen=True, kw_only=True):
    """A distribution. Quantiles are exact, or right within `relative_error` if that is not 0.

    `buckets` are (upper bound, count), ascending, for pictures; the bounds grow by a fixed factor.
    """

    count: int = 0
    mean: float = 0.0
    p50: float = 0.0
    p90: float = 0.0
    p99: float = 0.0
    max: float = 0.0
    relative_error: float = 0.0
    buckets: tuple[tuple[float, int], ...] = ()


class ApiCalls(Struct, frozen=True, kw_only=True):
    """The calls of one verb on one resource (`pods`, `pods/binding`).

    `latency_seconds` is what the callers waited by the cluster's clock: zero unless something is
    slow there. `work_seconds` is the API server's work by the wall's clock.
    """

    verb: str
    resource: str
    count: int
    errors: int
    latency_seconds: Summary
    work_seconds: Summary


class Series(Struct, frozen=True, kw_only=True):
    """Samples in the order of time. Every column has one value for each sample.

    Some samples are taken by the cluster's clock, others by the number of revisions, and of either
    kind every other one is dropped when there are too many. None: what was not there at the time.
    """

    virtual_seconds: tuple[float, ...] = ()
    wall_seconds: tuple[float, ...] = ()
    revisions: tuple[int, ...] = ()
    digests: tuple[str, ...] = ()  # of the history up to that revision
    columns: dict[str, tuple[float | None, ...]] = {}


class HeatMap(Struct, frozen=True, kw_only=True):
    """A resource's requested share of what is allocatable, 0 to 1, by rows of nodes over time.

    `values[row][sample]`; a row is one node, or the mean of several with neighbouring names, and
    None while none of them was there.
    """

    resource: str
    rows: tuple[str, ...]
    virtual_seconds: tuple[float, ...]
    wall_seconds: tuple[float, ...]
    values: tuple[tuple[float | None, ...], ...]


class ResourceUse(Struct, frozen=True, kw_only=True):
    """A resource in a group of nodes: the most that it had and what pods asked of it, in base units
    (cores, bytes, pieces); means over the time that it was there. Fragmentation is the share of what is free that
    the pods seen so far could not use, since other resources of the same node are used up (0 to 1).
    """

    group: str
    resource: str
    allocatable: float
    requested_mean: float
    requested_max: float
    requested_end: float
    fragmentation_mean: float
    fragmentation_end: float


class QueueUse(Struct, frozen=True, kw_only=True):
    """How many waited in a queue in which anybody did: `/apiserver mailbox`, or, by the names of
    Kubernetes' metrics, `workqueue_depth deployment` and `scheduler_pending_pods backoff`.
    """

    name: str
    mean: float
    max: int


class ActorUse(Struct, frozen=True, kw_only=True):
    """What the actors of one kind did: `/nodes/*/kubelet`."""

    path: str
    actors: int
    messages: int
    restarts: int


class Pause(Struct, frozen=True, kw_only=True):
    """A turn of the event loop in which nothing else could run, and where in the run it was."""

    seconds: float  # of the wall
    virtual_seconds: float
    step: str


class Pauses(Struct, frozen=True, kw_only=True):
    """How long the event loop was busy at a stretch after start-up; `longest` are the worst."""

    turns: Summary = Summary()
    over_50_ms: int = 0
    longest: tuple[Pause, ...] = ()


class StepRecord(Struct, frozen=True, kw_only=True):
    """One step as it went, from the moment at which its action began."""

    name: str
    virtual_begin: float
    virtual_end: float
    wall_begin: float
    wall_end: float


class Moment(Struct, frozen=True, kw_only=True):
    """Something that happened to nodes or actors: `crash`, or `recovery`."""

    kind: Literal["crash", "recovery"]
    what: str  # `50 nodes`, `/scheduler`
    virtual_seconds: float
    wall_seconds: float


class Checkpoint(Struct, frozen=True, kw_only=True):
    """The measures at one moment, by name."""

    name: str
    virtual_seconds: float
    wall_seconds: float
    measures: dict[str, float]


class Outcome(Struct, frozen=True, kw_only=True):
    """One expectation, and whether it holds. `expected` is as in `≤ 5 s`; `measured` is None if there
    was nothing to measure, which fails; `note` says what the measure leaves out.
    """

    measure: str
    expected: str
    measured: float | None
    holds: bool
    note: str = ""
