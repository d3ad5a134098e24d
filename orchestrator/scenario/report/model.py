"""What came of a run, as data: `report.json` is a `Report`, that of a sweep a `SweepReport`.

Times are seconds: virtual ones are the cluster's, wall ones this machine's. Only what the cluster's
clock says is repeatable; what the wall's says is of one machine and one run.
"""

from typing import Any, Final, Literal

from msgspec import Struct, field

from orchestrator.scenario.measures.figures import (
    ActorUse,
    ApiCalls,
    Checkpoint,
    HeatMap,
    Moment,
    Outcome,
    Pauses,
    QueueUse,
    ResourceUse,
    Series,
    StepRecord,
    Summary,
)

REPORT_VERSION: Final = "orchestrator/v1alpha1"
REPORT_FILE: Final = "report.json"
HTML_FILE: Final = "report.html"
EVENTS_FILE: Final = "events.jsonl"


class Failure(Struct, frozen=True):
    """The step that could not be done, and why."""

    step: str
    message: str


class Placing(Struct, frozen=True, kw_only=True):
    """How pods were placed: the policy's name, the weights of its scores, and the SHA-256 of each file
    that holds a plugin of the user's own.
    """

    policy: str = "default"
    weights: dict[str, int] = {}
    files: dict[str, str] = {}


class Environment(Struct, frozen=True):
    """Where a run took place."""

    python: str
    system: str
    machine: str
    cpus: int
    packages: dict[str, str]


class Report(Struct, frozen=True, kw_only=True):
    """One run. `digest` is the SHA-256 of the ordered history.

    `outcome` is `passed`, `failed` (an expectation does not hold, or a step failed) or
    `interrupted`. `measures` holds every number that an expectation can name.
    """

    api_version: str = field(default=REPORT_VERSION, name="apiVersion")
    kind: str = "Report"
    scenario: str
    description: str
    text: str  # the scenario file as it was
    path: str  # and where; what it names is looked for beside it
    scenario_sha256: str
    parameters: dict[str, Any]
    command: str
    seed: int
    clock: Literal["virtual", "real"]
    heartbeats: Literal["written", "computed"]
    scheduler: Placing = Placing()
    traced: bool = False  # it handled messages one by one, and so has a history of its own
    outcome: Literal["passed", "failed", "interrupted"]
    digest: str
    wall_seconds: float
    virtual_seconds: float
    nodes: int
    pods: int
    pods_running: int
    pods_per_second: float
    peak_rss_bytes: int
    revisions: int
    measures: dict[str, float]
    writes: dict[str, int]  # by resource
    latencies: dict[str, Summary]  # scheduling, podStart, ...; by the cluster's clock
    left_out: dict[str, int] = {}  # pods that podStart leaves out, by the reason why
    api_calls: tuple[ApiCalls, ...]
    series: Series
    heat_maps: tuple[HeatMap, ...]
    resources: tuple[ResourceUse, ...]
    queues: tuple[QueueUse, ...]
    actors: tuple[ActorUse, ...]
    pauses: Pauses
    steps: tuple[StepRecord, ...]
    checkpoints: tuple[Checkpoint, ...]
    moments: tuple[Moment, ...] = ()
    expectations: tuple[Outcome, ...]
    failure: Failure | None
    environment: Environment


class SweepRun(Struct, frozen=True, kw_only=True):
    """One run of a sweep. `parameters` is its setting: those that the sweep gives values."""

    parameters: dict[str, Any]
    seed: int
    directory: str  # of its own report, below the sweep's
    outcome: Literal["passed", "failed", "interrupted"]
    digest: str
    measures: dict[str, float]
    reason: str = ""  # why it failed: the step, or the expectations
    error: str = ""  # why there is no report of it


class Spread(Struct, frozen=True, kw_only=True):
    """A measure over the seeds of one cell of the matrix; the deviation is the sample's, None if
    there is only one.
    """

    mean: float
    deviation: float | None
    min: float
    max: float


class SweepCell(Struct, frozen=True, kw_only=True):
    """All runs with equal parameters; `runs` came to their end, passed or failed, and count."""

    parameters: dict[str, Any]
    runs: int
    measures: dict[str, Spread]


class SweepReport(Struct, frozen=True, kw_only=True):
    """A sweep: every run, and for each setting of the parameters the means over its seeds."""

    api_version: str = field(default=REPORT_VERSION, name="apiVersion")
    kind: str = "SweepReport"
    scenario: str
    description: str
    text: str
    command: str
    outcome: Literal["passed", "failed", "interrupted"]
    wall_seconds: float
    runs: tuple[SweepRun, ...]
    cells: tuple[SweepCell, ...]
    expected: tuple[str, ...] = ()  # the measures that the scenario expects something of
    environment: Environment
