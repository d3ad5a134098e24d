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


MORE_TITLES: Final = {
    "podStartAllSecondsP99": "pod start of all, p99",
    "podStartAllSecondsMax": "longest pod start of all",
    "missingPodSeconds": "missing replicas × time",
    "replicasMissingMax": "most replicas missing",
    "recoverySeconds": "time to recover",
    "incompleteSeconds": "time with replicas missing",
}
"""Of measures that are shown where somebody expects something of them."""
_FAMILIES: Final = {
    "stepSeconds": "time of the step {}",
    "requested": "{} requested",
    "requestedMean": "{} requested, mean",
    "requestedMax": "{} requested, most",
    "fragmentation": "{} fragmented",
    "fragmentationMean": "{} fragmented, mean",
}
"""Of measures of which there is one for each step, or each resource and group of nodes."""
BY_WALL: Final = frozenset(("wallSeconds", "podsPerSecond", "peakRssBytes", "longestPauseSeconds"))
"""What is of this machine."""


def telling(cells: Sequence[SweepCell], expected: Sequence[str] = ()) -> dict[str, str]:
    """What to show of a sweep, with what it is called: all that is expected, whether it differs or not,
    and those of the others that are not the same in all settings (all of a single one).
    """
    found = {
        name: title_of(name) for name in expected if any(name in cell.measures for cell in cells)
    }
    for name, title in MAIN_MEASURES.items():
        spreads = [s for cell in cells if (s := cell.measures.get(name)) is not None]
        different = {(spread.min, spread.max) for spread in spreads}
        if len(different) > 1 or (different and len(cells) == 1):
            found.setdefault(name, title)
    return found


def title_of(measure: str) -> str:
    """What a measure is called; one of a window with its window."""
    name, since, window = measure.partition(" from ")
    family, _, what = name.partition("/")
    title = MAIN_MEASURES.get(name) or MORE_TITLES.get(name, name)
    if what and family in _FAMILIES:
        title = _FAMILIES[family].format(what)
    elif what and family == "allocatedAt":
        percent, _, resource = what.partition("/")
        title = f"{resource} allocated when {percent} % had been asked for"
    return f"{title}{since}{window}"
