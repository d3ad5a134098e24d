"""What a Job's pods have come to, as one look sees it: with what the status has counted already."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from msgspec import Struct

from orchestrator.api.batch.v1 import Job, JobStatus, UncountedTerminatedPods
from orchestrator.api.core.v1 import Pod
from orchestrator.controllers.job.backoff import finished_at
from orchestrator.controllers.job.failure_policy import judge
from orchestrator.controllers.job.indexes import parse_indexes
from orchestrator.controllers.pods import is_active, is_ready, is_terminating

FINALIZER: Final = "batch.kubernetes.io/job-tracking"
INDEX: Final = "batch.kubernetes.io/job-completion-index"
INDEX_FAILURES: Final = "batch.kubernetes.io/job-index-failure-count"
INDEX_IGNORED: Final = "batch.kubernetes.io/job-index-ignored-failure-count"


class Tally(Struct, frozen=True, kw_only=True):
    """A Job's pods, sorted. `succeeded` and `failed` are totals, with what is to be counted yet."""

    active: tuple[Pod, ...]
    terminating: int
    ready: int
    succeeded: int
    failed: int
    completed: frozenset[int]  # indexes
    failed_indexes: frozenset[int]
    judgement: str  # why the failure policy ends the Job, or ""
    won: tuple[Pod, ...]  # have ended well, and are not in the status yet
    lost: tuple[Pod, ...]  # have failed, likewise, whether that counts or not
    # The last failed pod of each index that is to run again, where each has a limit of its own: it is
    # let go only when another has taken its place, which knows by it how often the index has failed.
    delayed: Mapping[int, Pod]


def is_indexed(job: Job) -> bool:
    """Whether each of the Job's pods stands for an index."""
    return job.spec is not None and job.spec.completion_mode == "Indexed"


def index_of(pod: Pod) -> int | None:
    """The completion index of a pod of an indexed Job."""
    text = pod.metadata.annotations.get(INDEX, "")
    return int(text) if text.isdecimal() else None


def has_failed(job: Job, pod: Pod) -> bool:
    """Failed, or deleted before its end; a Job that replaces only what has failed waits for that end."""
    phase = pod.status.phase if pod.status is not None else ""
    if phase in ("Failed", "Succeeded"):
        return phase == "Failed"
    return pod.metadata.deletion_timestamp is not None and not replaces_only_failed(job)


def replaces_only_failed(job: Job) -> bool:
    """Whether a pod that is being deleted keeps its place until it has ended."""
    spec = job.spec
    assert spec is not None
    return spec.pod_replacement_policy == "Failed" or spec.pod_failure_policy is not None


def has_succeeded(pod: Pod) -> bool:
    """Whether all its containers ended well."""
    return pod.status is not None and pod.status.phase == "Succeeded"


def has_place(job: Job, pod: Pod) -> bool:
    """Whether a pod counts for the Job: one of an indexed Job does by its index, if there is that."""
    if not is_indexed(job):
        return True
    index, spec = index_of(pod), job.spec
    return index is not None and spec is not None and index < (spec.completions or 0)


def tally(job: Job, pods: Sequence[Pod]) -> Tally:
    """Count the pods that the Job owns."""
    status = job.status or JobStatus()
    noted = status.uncounted_terminated_pods or UncountedTerminatedPods()
    held = [p for p in pods if FINALIZER in p.metadata.finalizers and has_place(job, p)]
    won = [p for p in held if has_succeeded(p) and p.metadata.uid not in noted.succeeded]
    lost = [p for p in held if has_failed(job, p) and p.metadata.uid not in noted.failed]
    judged = [judge(job, p) for p in lost]
    counted = sum(judgement.action != "Ignore" for judgement in judged)
    active = tuple(p for p in pods if is_active(p))
    completed, failed_indexes = _indexes_of(job, status, held)
    return Tally(
        active=active,
        terminating=sum(is_terminating(p) for p in pods),
        ready=sum(is_ready(p) for p in active),
        succeeded=len(completed)
        if is_indexed(job)
        else (status.succeeded or 0) + len(won) + len(noted.succeeded),
        failed=(status.failed or 0) + counted + len(noted.failed),
        completed=completed,
        failed_indexes=failed_indexes,
        judgement=next((j.message for j in judged if j.action == "FailJob"), ""),
        won=tuple(won),
        lost=tuple(lost),
        delayed=_delayed(job, held, completed | failed_indexes | indexes_of(active)),
    )


def index_failures(pod: Pod) -> int:
    """How often the pod's index had failed before it."""
    return _count(pod, INDEX_FAILURES)


def ignored_failures(pod: Pod) -> int:
    """How often it had failed in a way that the failure policy does not count."""
    return _count(pod, INDEX_IGNORED)


def indexes_of(pods: Iterable[Pod]) -> frozenset[int]:
    """The indexes that the pods stand for."""
    found = (index_of(pod) for pod in pods)
    return frozenset(index for index in found if index is not None)


def has_limit_per_index(job: Job) -> bool:
    """Whether each index has a limit of its own."""
    return job.spec is not None and job.spec.backoff_limit_per_index is not None


def _count(pod: Pod, annotation: str) -> int:
    text = pod.metadata.annotations.get(annotation, "0")
    return int(text) if text.isdecimal() else 0


def _indexes_of(
    job: Job, status: JobStatus, held: Iterable[Pod]
) -> tuple[frozenset[int], frozenset[int]]:
    """The indexes that are completed, and those that have failed for good."""
    if not is_indexed(job):
        return frozenset(), frozenset()
    limit = (job.spec.completions or 0) if job.spec is not None else 0
    completed = parse_indexes(status.completed_indexes, limit)
    completed |= indexes_of(pod for pod in held if has_succeeded(pod))
    if not has_limit_per_index(job):
        return completed, frozenset()
    failed = parse_indexes(status.failed_indexes or "", limit)
    return completed, failed | indexes_of(pod for pod in held if _dooms_its_index(job, pod))


def _dooms_its_index(job: Job, pod: Pod) -> bool:
    """Whether the pod's index has failed for good: by its limit, or by a rule of the policy."""
    most = job.spec.backoff_limit_per_index if job.spec is not None else None
    if most is None or not has_failed(job, pod):
        return False
    action = judge(job, pod).action
    return action == "FailIndex" or (action != "Ignore" and index_failures(pod) >= most)


def _delayed(job: Job, held: Iterable[Pod], taken: frozenset[int]) -> dict[int, Pod]:
    found: dict[int, Pod] = {}
    if not (is_indexed(job) and has_limit_per_index(job)):
        return found
    for pod in held:
        index = index_of(pod)
        if index is None or index in taken or not has_failed(job, pod):
            continue
        last = found.get(index)
        if last is None or (
            _all_failures(last) <= _all_failures(pod) and finished_at(last) <= finished_at(pod)
        ):
            found[index] = pod
    return found


def _all_failures(pod: Pod) -> int:
    return index_failures(pod) + ignored_failures(pod)
