"""A moment of a run, and how far every measure had come by then."""

from collections import Counter
from typing import Final

from msgspec import Struct

from orchestrator.scenario.measures import distribution
from orchestrator.scenario.measures.calls import CallMark
from orchestrator.scenario.measures.gauge import GaugeMark
from orchestrator.scenario.measures.pods import PodMark
from orchestrator.scenario.measures.resources import UseMark


class Mark(Struct, frozen=True, kw_only=True):
    """A moment of a run, and how far everything had come by then."""

    virtual_seconds: float
    wall_seconds: float
    revisions: int
    writes: Counter[str]
    created: int
    scheduled: int
    started: int
    deleted: int
    messages: float
    pods: PodMark
    calls: CallMark
    struck: int
    turns: distribution.Mark
    missing: GaugeMark | None
    shares: UseMark


START: Final = Mark(
    virtual_seconds=0.0,
    wall_seconds=0.0,
    revisions=0,
    writes=Counter(),
    created=0,
    scheduled=0,
    started=0,
    deleted=0,
    messages=0.0,
    pods=PodMark(),
    calls=CallMark(),
    struck=0,
    turns=distribution.Mark(),
    missing=None,
    shares={},
)
"""The beginning of a run."""
