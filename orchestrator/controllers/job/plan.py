"""How many pods a Job wants now, and which ones are to be made: pure decisions."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from orchestrator.api.batch.v1 import Job
from orchestrator.api.core.v1 import Pod
from orchestrator.controllers.job.backoff import Backoff, finished_at
from orchestrator.controllers.job.failure_policy import judge
from orchestrator.controllers.job.tally import (
    Tally,
    has_limit_per_index,
    ignored_failures,
    index_failures,
    index_of,
    indexes_of,
    is_indexed,
    replaces_only_failed,
)
from orchestrator.controllers.job.template import make_pod
from orchestrator.controllers.pods import is_terminating, removal_key

BURST: Final = 500  # how many pods one look creates at the most


class Plan(Struct, frozen=True):
    """What to do about the number of pods; `wait` is seconds until more may be made, or None."""

    make: tuple[Pod, ...] = ()
    surplus: tuple[Pod, ...] = ()
    wait: float | None = None


def wanted(job: Job, tally: Tally) -> int:
    """How many pods should be active now."""
    spec = job.spec
    assert spec is not None
    parallelism = 1 if spec.parallelism is None else spec.parallelism
    if spec.completions is None:
        # One success, and whoever works on goes on to its end; nobody comes any more.
        return len(tally.active) if tally.succeeded else parallelism
    return max(min(parallelism, spec.completions - tally.succeeded), 0)


def plan(job: Job, pods: Sequence[Pod], tally: Tally, backoff: Backoff, now: float) -> Plan:
    """What one look at a Job that goes on finds to do."""
    assert job.spec is not None
    missing = wanted(job, tally) - len(tally.active)
    surplus = removable(job, tally.active, -missing)
    if surplus:
        return Plan(surplus=surplus[:BURST])
    if replaces_only_failed(job):
        missing -= tally.terminating
    if missing <= 0:
        return Plan()
    missing = min(missing, BURST)
    if has_limit_per_index(job):
        return _each_in_its_time(job, pods, tally, missing, now)
    wait = backoff.left(now)
    if wait > 0:
        return Plan(wait=wait)
    if is_indexed(job):
        free = _free_indexes(job, pods, tally)[:missing]
        return Plan(make=tuple(make_pod(job, index) for index in free))
    return Plan(make=(make_pod(job),) * missing)


def removable(job: Job, active: Sequence[Pod], least: int) -> tuple[Pod, ...]:
    """The pods to take back, at least so many: first those whose index the Job has not, or twice."""
    gone, left = _misplaced(job, active) if is_indexed(job) else ([], list(active))
    more = least - len(gone)
    if more > 0:
        gone += sorted(left, key=removal_key)[:more]
    return tuple(gone)


def _misplaced(job: Job, active: Sequence[Pod]) -> tuple[list[Pod], list[Pod]]:
    """The pods without an index of the Job's, and all but one of each index; and the others."""
    completions = (job.spec.completions or 0) if job.spec is not None else 0
    by_index: dict[int | None, list[Pod]] = {}
    for pod in active:
        by_index.setdefault(index_of(pod), []).append(pod)
    gone: list[Pod] = []
    left: list[Pod] = []
    for index, pods in by_index.items():
        if index is None or index >= completions:
            gone += pods
        else:
            ordered = sorted(pods, key=removal_key)
            gone += ordered[:-1]
            left.append(ordered[-1])
    return gone, left


def _free_indexes(job: Job, pods: Sequence[Pod], tally: Tally) -> list[int]:
    """The indexes that are neither done nor worked on, lowest first."""
    assert job.spec is not None
    taken = indexes_of(tally.active) | tally.completed | tally.failed_indexes
    if replaces_only_failed(job):
        taken |= indexes_of(p for p in pods if is_terminating(p))
    return [index for index in range(job.spec.completions or 0) if index not in taken]


def _each_in_its_time(job: Job, pods: Sequence[Pod], tally: Tally, count: int, now: float) -> Plan:
    """With a limit for each index, each waits for its own failures only; none is passed over meanwhile."""
    make: list[Pod] = []
    waits: list[float] = []
    for index in _free_indexes(job, pods, tally)[:count]:
        before = tally.delayed.get(index)
        failures, ignored = _failures_after(job, before) if before is not None else (0, 0)
        ended = finished_at(before) if before is not None else 0.0
        wait = Backoff(failures + ignored, ended).left(now)
        if wait > 0:
            waits.append(wait)
        else:
            make.append(make_pod(job, index, failures, ignored))
    return Plan(make=tuple(make), wait=min(waits, default=None))


def _failures_after(job: Job, pod: Pod) -> tuple[int, int]:
    """How often the index of a failed pod has failed, and how often that is not counted."""
    failures, ignored = index_failures(pod), ignored_failures(pod)
    if judge(job, pod).action == "Ignore":
        return failures, ignored + 1
    return failures + 1, ignored
