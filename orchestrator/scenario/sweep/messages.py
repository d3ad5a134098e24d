"""What a sweep and the processes of its runs tell each other: lines of JSON."""

from typing import Any, Final, Literal, TypeAlias

import msgspec
from msgspec import Struct

NOT_REACHED: Final = "interrupted before there was anything to report"


class Job(Struct, frozen=True, kw_only=True):
    """What to run. `out` is the directory of the run's report; None: it is not written."""

    name: str
    path: str  # the scenario file's; what it names is looked for beside it
    text: str
    parameters: dict[str, Any]
    seed: int
    clock: Literal["virtual", "real"]
    command: str  # that repeats it
    out: str | None
    page: bool  # whether the report is drawn, too
    events: bool
    log_level: int  # as in `logging`


class At(Struct, frozen=True, tag=True):
    """Where a run is: its step, and the cluster's time in seconds."""

    step: str
    virtual_seconds: float


class Ended(Struct, frozen=True, kw_only=True, tag=True):
    """What came of a run that has a report."""

    outcome: Literal["passed", "failed", "interrupted"]
    reason: str
    digest: str
    measures: dict[str, float]


class Lost(Struct, frozen=True, tag=True):
    """Why there is no report; `interrupted`: because it was told to end."""

    error: str
    interrupted: bool = False


Answer: TypeAlias = At | Ended | Lost

encode: Final = msgspec.json.Encoder().encode
decode_job: Final = msgspec.json.Decoder(Job).decode
decode_answer: Final = msgspec.json.Decoder(Answer).decode
