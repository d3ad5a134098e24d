"""Whether a Job is over, and why: in Kubernetes' order, reasons and words."""

from typing import NamedTuple

from orchestrator.api.batch.v1 import Job
from orchestrator.api.core.v1 import Pod
from orchestrator.controllers.job.indexes import parse_indexes
from orchestrator.controllers.job.tally import Tally, is_indexed
from orchestrator.machinery.times import parse_time


class Verdict(NamedTuple):
    """The end of a Job: `Complete` or `Failed`."""

    type: str
    reason: str
    message: str


def deadline_of(job: Job) -> float | None:
    """When the Job has been active for too long (epoch seconds)."""
    spec, status = job.spec, job.status
    if spec is None or spec.active_deadline_seconds is None or spec.suspend:
        return None
    if status is None or status.start_time is None:
        return None
    return parse_time(status.start_time) + spec.active_deadline_seconds


def verdict(job: Job, tally: Tally, now: float) -> Verdict | None:
    """Why the Job is over; None when it goes on."""
    return _failure(job, tally, now) or _success(job, tally)


def _failure(job: Job, tally: Tally, now: float) -> Verdict | None:
    spec = job.spec
    assert spec is not None
    if tally.judgement:
        return Verdict("Failed", "PodFailurePolicy", tally.judgement)
    limit = 6 if spec.backoff_limit is None else spec.backoff_limit
    if tally.failed > limit or _restarts_exceed(job, tally, limit):
        return Verdict(
            "Failed", "BackoffLimitExceeded", "Job has reached the specified backoff limit"
        )
    deadline = deadline_of(job)
    if deadline is not None and now >= deadline:
        return Verdict(
            "Failed", "DeadlineExceeded", "Job was active longer than specified deadline"
        )
    if tally.failed_indexes:
        if spec.max_failed_indexes is not None and (
            len(tally.failed_indexes) > spec.max_failed_indexes
        ):
            return Verdict(
                "Failed",
                "MaxFailedIndexesExceeded",
                "Job has exceeded the specified maximal number of failed indexes",
            )
        if len(tally.failed_indexes) + len(tally.completed) >= (spec.completions or 0):
            return Verdict("Failed", "FailedIndexes", "Job has failed indexes")
    return None


def _restarts_exceed(job: Job, tally: Tally, limit: int) -> bool:
    """Containers that are restarted in place count as failures, too."""
    assert job.spec is not None
    template = job.spec.template.spec
    if template is None or template.restart_policy != "OnFailure":
        return False
    total = sum(_restarts(pod) for pod in tally.active)
    return total > 0 if limit == 0 else total >= limit


def _restarts(pod: Pod) -> int:
    status = pod.status
    if status is None:
        return 0
    containers = (*status.init_container_statuses, *status.container_statuses)
    return sum(container.restart_count for container in containers)


def _success(job: Job, tally: Tally) -> Verdict | None:
    spec = job.spec
    assert spec is not None
    if is_indexed(job) and spec.success_policy is not None:
        for number, rule in enumerate(spec.success_policy.rules):
            met = tally.completed
            if rule.succeeded_indexes:
                wanted = parse_indexes(rule.succeeded_indexes, spec.completions or 0)
                met = met & wanted
                needed = len(wanted) if rule.succeeded_count is None else rule.succeeded_count
            else:
                needed = rule.succeeded_count or 0
            if needed and len(met) >= needed:
                return Verdict("Complete", "SuccessPolicy", f"Matched rules at index {number}")
    if spec.completions is None:
        done = tally.succeeded > 0 and not tally.active
    else:
        done = tally.succeeded >= spec.completions
    if done:
        return Verdict(
            "Complete", "CompletionsReached", "Reached expected number of succeeded pods"
        )
    return None
