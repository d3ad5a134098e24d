"""The measures of a run that people look at first, and what they are called."""

from collections.abc import Sequence
from typing import Final

from orchestrator.scenario.report.model import SweepCell

MAIN_MEASURES: Final = {
    "podStartSecondsP99": "pod start, p99",
    "schedulingSecondsP99": "scheduling, p99",
    "apiCallSecondsP99": "API calls, p99",
    "virtualSeconds": "virtual time",
    "podsRunning": "pods running",
    "wallSeconds": "wall time",
    "podsPerSecond": "pods per second",
    "peakRssBytes": "peak memory",
    "longestPauseSeconds": "longest pause",
    "messages": "messages",
    "revisions": "revisions",
    "writesPerPod": "writes per pod",
}
"""Those of the cluster before those of this machine, and what it took last."""


def telling(cells: Sequence[SweepCell]) -> dict[str, str]:
    """Those that are not the same in all settings, with what they are called; all of a single one."""
    found = {}
    for name, title in MAIN_MEASURES.items():
        spreads = [s for cell in cells if (s := cell.measures.get(name)) is not None]
        different = {(spread.min, spread.max) for spread in spreads}
        if len(different) > 1 or (different and len(cells) == 1):
            found[name] = title
    return found
