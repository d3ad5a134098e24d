"""Every number that a run measures, by the name that `expect` and the report use."""

import difflib
from collections.abc import Callable, Mapping
from typing import Final

from orchestrator.scenario import units
from orchestrator.scenario.language import Bounds, Expectation, Expected, ServiceLevel
from orchestrator.scenario.measures.figures import Outcome

_QUANTILES: Final = ("Mean", "P50", "P90", "P99", "Max")
LATENCIES: Final[Mapping[str, str]] = {
    "scheduling": "from a pod's creation to its binding",
    "podStart": "from a pod's creation until all its containers have started, those of pods that "
    "could be scheduled at once, without the time of init containers",
    "podStartAll": "from a pod's creation until all its containers have started, with nothing left "
    "out: pods that had to wait for room, init containers, failed pods; one that has not started counts "
    "with its waiting so far",
    "podReady": "from a pod's creation until it is ready",
}

MEASURES: Final[Mapping[str, str]] = {
    "nodes": "nodes that exist",
    "nodesReady": "nodes that are ready",
    "nodesInUse": "nodes that pods have, which have not ended",
    "pods": "pods that exist",
    "podsPending": "... in the phase Pending",
    "podsBound": "... that have a node",
    "podsRunning": "... in the phase Running",
    "podsReady": "... that are ready",
    "podsTerminating": "... that are asked to end and are still there, on a dead node for example",
    "podsSucceeded": "... in the phase Succeeded",
    "podsFailed": "... in the phase Failed",
    "podsCreated": "pods created, ever",
    "podsScheduled": "pods given a node, ever",
    "podsStarted": "pods that came to Running, ever",
    "podsDeleted": "pods gone, ever",
    "restarts": "of the containers of pods that exist",
    "deployments": "Deployments that exist",
    "deploymentsAvailable": "... all of whose replicas are up to date and available",
    "jobs": "Jobs that exist",
    "jobsFinished": "... that are complete or failed",
    "podStartLeftOut": "pods that podStart leaves out: not schedulable at once, failed, or not started",
    "replicasMissing": "replicas that workloads want and that do not serve: not ready, or on a node "
    "without power, whether the cluster knows it or not",
    "replicasMissingMax": "... at the most",
    "replicasMissingMean": "... in the mean over the cluster's time",
    "missingPodSeconds": "... times the seconds for which they were missing",
    "incompleteSeconds": "how long any replica was missing",
    "recoverySeconds": "until no replica was missing any more; nothing while some are",
    "podsPerSecond": "pods that came to Running for each wall second, from the first step on to the "
    "last of them",
    "podsScheduledPerVirtualSecond": "pods given a node for each second of the cluster's time",
    **{
        f"{name}Seconds{quantile}": f"{quantile}: {text}; of the cluster's time"
        for name, text in LATENCIES.items()
        for quantile in _QUANTILES
    },
    "apiCalls": "calls answered",
    "apiFaults": "... that `failApi` refused, or had answered late",
    "apiCallSecondsP99": "the longest p99 of any verb and resource, watches excepted, of the "
    "cluster's time",
    "apiReadSecondsP99": "p99 over all reading calls",
    "apiWriteSecondsP99": "p99 over all writing calls",
    "revisions": "writes to the store",
    "writesPerPod": "writes of pods for each pod created",
    "messages": "messages that the actors handled",
    "longestPauseSeconds": "the longest turn of the event loop after start-up, wall time",
    "wallSeconds": "of the whole run",
    "virtualSeconds": "of the cluster's time",
    "peakRssBytes": "the process's memory at its greatest",
}
"""Names and meanings."""

FAMILIES: Final[Mapping[str, str]] = {
    "requested/": "<resource>/<group of nodes>: the share that pods requested, from 0 to 1, at the end",
    "requestedMean/": "... in the mean over the cluster's time",
    "requestedMax/": "... at the most",
    "fragmentation/": "<resource>/<group>: of what is free, the share that the pods seen so far could "
    "not use, at the end",
    "fragmentationMean/": "... in the mean over the cluster's time, by the samples",
    "fragmentationFor/": "<resource>/<what a kind of pod asks for>: of what is free of a trace's devices, the "
    "share on nodes without room for such a pod, and on devices with too little for it where a policy deals "
    "devices, at the end; of the most frequent kinds of an inflated trace",
    "allocatedAt/": "<percent>/<resource>: the share of a trace's devices that was requested when the tasks "
    "that had arrived asked for so many percent of them; of an inflated trace",
    "writes/": "<resource>: writes to the store",
    "stepSeconds/": "<name of a step>: how long its action took, of the cluster's time",
}
"""Measures of which there is one for each thing of a kind: how they begin, and what comes then."""


def is_measure(name: str) -> bool:
    """Whether a run measures this."""
    return name in MEASURES or name.startswith(tuple(FAMILIES))


def explain_unknown(name: str) -> str:
    """What there is instead of a measure that there is not."""
    near = difflib.get_close_matches(name, MEASURES, n=3, cutoff=0.5)
    known = ", ".join(near) + " ..." if near else ", ".join(MEASURES)
    return f"no such measure; there are {known}"


SERVICE_LEVELS: Final[Mapping[ServiceLevel, Mapping[str, Bounds]]] = {
    # github.com/kubernetes/community/blob/master/sig-scalability/slos/slos.md
    "apiCallLatency": {
        "apiReadSecondsP99": Bounds(at_most=1.0),
        "apiWriteSecondsP99": Bounds(at_most=1.0),
        "apiCallSecondsP99": Bounds(at_most=1.0),
    },
    "podStartupLatency": {"podStartSecondsP99": Bounds(at_most=5.0)},
}

_COMPARISONS: Final[Mapping[str, tuple[str, Callable[[float, float], bool]]]] = {
    "equals": ("=", float.__eq__),
    "at_least": ("≥", float.__ge__),
    "at_most": ("≤", float.__le__),
}


def outcomes_of(name: str, bounds: Bounds, value: float | None, note: str = "") -> list[Outcome]:
    """Each bound of one expectation. Where nothing was measured, none holds."""
    found = []
    for field, (sign, holds) in _COMPARISONS.items():
        bound = getattr(bounds, field)
        if bound is not None:
            found.append(
                Outcome(
                    measure=name,
                    expected=f"{sign} {units.bound_of_measure(name, bound)}",
                    measured=value,
                    holds=value is not None and holds(float(value), float(bound)),
                    note=note,
                )
            )
    return found


def titles_of(expect: Mapping[str, Expected]) -> dict[str, tuple[str, Expectation]]:
    """Every expectation by what its measure is called there: with its window, if it has one."""
    return {
        window_title(name, each.from_, each.to): (name, each)
        for name, expected in expect.items()
        for each in (expected if isinstance(expected, tuple) else (expected,))
    }


def window_title(measure: str, begin: str, end: str) -> str:
    """`podStartSecondsP99 from rollout to recovery`."""
    begin, end = begin and f" from {begin}", end and f" to {end}"
    return f"{measure}{begin}{end}"


def within(bounds: Bounds, value: float) -> bool:
    """Whether a number is within all its bounds."""
    return all(outcome.holds for outcome in outcomes_of("", bounds, value))
