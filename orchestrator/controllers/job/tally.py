"""What a Job's pods have come to. Each pod that ended is counted once, whatever crashes meanwhile.

A pod carries a finalizer until it is counted. Its uid is first noted in the status
(`uncountedTerminatedPods`), then the finalizer goes, then the uid moves into the counters; a
controller that begins anew finds out from the status and the finalizers how far that came.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Struct

from orchestrator.api.batch.v1 import Job, JobStatus, UncountedTerminatedPods
from orchestrator.api.core.v1 import Pod
from orchestrator.controllers.job.failure_policy import judge
from orchestrator.controllers.job.indexes import parse_indexes
from orchestrator.controllers.pods import is_active, is_ready, is_terminating

FINALIZER: Final = "batch.kubernetes.io/job-tracking"
INDEX: Final = "batch.kubernetes.io/job-completion-index"
INDEX_FAILURES: Final = "batch.kubernetes.io/job-index-failure-count"


class Tally(Struct, frozen=True, kw_only=True):
    """A Job's pods, sorted. `succeeded` and `failed` are totals with what is still uncounted."""

    active: tuple[Pod, ...]
    terminating: int
    ready: int
    succeeded: int
    failed: int
    completed: frozenset[int]  # indexes
    failed_indexes: frozenset[int]
    uncounted: UncountedTerminatedPods  # what the status has to note before finalizers go
    countable: tuple[Pod, ...]  # ended, and with the finalizer still
    judgement: str  # why the failure policy ends the Job, or ""
    won: tuple[Pod, ...]  # have ended well since the last look
    lost: tuple[Pod, ...]  # have failed since, whether that counts or not


def is_indexed(job: Job) -> bool:
    """Whether each of the Job's pods stands for an index."""
    return job.spec is not None and job.spec.completion_mode == "Indexed"


def index_of(pod: Pod) -> int | None:
    """The completion index of a pod of an indexed Job."""
    text = pod.metadata.annotations.get(INDEX, "")
    return int(text) if text.isdecimal() else None


def has_failed(job: Job, pod: Pod) -> bool:
    """Failed, or deleted before its end.

    A Job that replaces pods only when they have failed waits for the latter to say how they end,
    unless the Job itself has failed: no kubelet speaks for a pod that never had a node.
    """
    phase = pod.status.phase if pod.status is not None else ""
    if phase in ("Failed", "Succeeded"):
        return phase == "Failed"
    waits = job.spec is not None and job.spec.pod_replacement_policy == "Failed"
    return pod.metadata.deletion_timestamp is not None and (not waits or is_failing(job))


def is_failing(job: Job) -> bool:
    """Whether it has been decided that the Job fails."""
    conditions = job.status.conditions if job.status is not None else ()
    return any(c.type == "FailureTarget" and c.status == "True" for c in conditions)


def was_taken_back(pod: Pod) -> bool:
    """Deleted by its Job, which wanted fewer: its end is neither success nor failure."""
    metadata = pod.metadata
    return metadata.deletion_timestamp is not None and FINALIZER not in metadata.finalizers


def has_succeeded(pod: Pod) -> bool:
    """Whether all its containers ended well."""
    return pod.status is not None and pod.status.phase == "Succeeded"


def tally(job: Job, pods: Sequence[Pod]) -> Tally:
    """Count the pods that the Job owns."""
    status = job.status or JobStatus()
    noted = status.uncounted_terminated_pods or UncountedTerminatedPods()
    limit = (job.spec.completions or 0) if job.spec is not None else 0
    completed = parse_indexes(status.completed_indexes, limit)
    failed_indexes = parse_indexes(status.failed_indexes, limit)
    countable = tuple(
        p
        for p in pods
        if FINALIZER in p.metadata.finalizers and (has_succeeded(p) or has_failed(job, p))
    )
    known = {*noted.succeeded, *noted.failed}
    fresh = [p for p in countable if p.metadata.uid not in known]
    won = [p for p in fresh if has_succeeded(p)]
    judged = [(p, judge(job, p)) for p in fresh if not has_succeeded(p)]
    lost = [p for p, judgement in judged if judgement.action != "Ignore"]
    if is_indexed(job):
        completed |= _indexes(won, limit)
        failed_indexes |= _lost_indexes(job, judged, limit)
    uncounted = UncountedTerminatedPods(
        succeeded=(*noted.succeeded, *(p.metadata.uid for p in won)),
        failed=(*noted.failed, *(p.metadata.uid for p in lost)),
    )
    counted = (status.succeeded or 0) + len(uncounted.succeeded)
    return Tally(
        active=tuple(p for p in pods if is_active(p)),
        terminating=sum(is_terminating(p) for p in pods),
        ready=sum(is_ready(p) for p in pods if is_active(p)),
        succeeded=len(completed) if is_indexed(job) else counted,
        failed=(status.failed or 0) + len(uncounted.failed),
        completed=completed,
        failed_indexes=failed_indexes - completed,
        uncounted=uncounted,
        countable=countable,
        judgement=next((j.message for _, j in judged if j.action == "FailJob"), ""),
        won=tuple(won),
        lost=tuple(p for p, _ in judged),
    )


def index_failures(pod: Pod) -> int:
    """How often the pod's index had failed before it."""
    text = pod.metadata.annotations.get(INDEX_FAILURES, "0")
    return int(text) if text.isdecimal() else 0


def _indexes(pods: Iterable[Pod], limit: int) -> frozenset[int]:
    found = (index_of(pod) for pod in pods)
    return frozenset(index for index in found if index is not None and index < limit)


def _lost_indexes(job: Job, judged: Iterable[tuple[Pod, object]], limit: int) -> frozenset[int]:
    """Indexes that have failed for good: by the limit of each, or by a rule of the policy."""
    most = job.spec.backoff_limit_per_index if job.spec is not None else None
    if most is None:
        return frozenset()
    doomed = [
        pod
        for pod, judgement in judged
        if getattr(judgement, "action", "") == "FailIndex"
        or (getattr(judgement, "action", "") == "Count" and index_failures(pod) >= most)
    ]
    return _indexes(doomed, limit)
