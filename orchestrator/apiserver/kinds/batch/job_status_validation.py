"""What a Job's status may say: its counters, its times, and which conditions go together.

A rule about fields is asked only when one of them changes, as in Kubernetes: a change of the spec may break it
until the Job's controller has written the status anew.
"""

from typing import Final

from orchestrator.api.batch.v1 import Job, JobSpec, JobStatus
from orchestrator.apiserver.kinds.batch.job_policies import plain_invalid
from orchestrator.apiserver.validation.field import (
    Errors,
    duplicate,
    invalid,
    nonnegative,
    required,
)
from orchestrator.apiserver.validation.golang import as_go

_COUNTS: Final = ("active", "succeeded", "failed", "ready", "terminating")
_TERMINAL: Final = ("Failed", "Complete", "FailureTarget")
_CONDITIONS: Final = "status.conditions"
_UNCOUNTED: Final = "status.uncountedTerminatedPods"


def status_errors(new: Job, old: Job) -> Errors:
    """What is wrong with the status of `new`, and with how it follows on that of `old`."""
    now, before = _Facts(new), _Facts(old)
    for name in _COUNTS:
        yield from nonnegative(f"status.{name}", getattr(now.status, name))
    yield from _uncounted_errors(now.status)
    yield from _ended_errors(now, before)
    yield from _finished_errors(now, before)
    yield from _index_errors(now, before)
    yield from _running_errors(now, before)
    yield from _success_errors(now)
    yield from _transition_errors(now, before)


def is_true(job: Job, kind: str) -> bool:
    """Whether a condition of a Job is true."""
    conditions = job.status.conditions if job.status else ()
    return any(c.type == kind and c.status == "True" for c in conditions)


class _Facts:
    """A Job's status, and which of the conditions that end it are true."""

    def __init__(self, job: Job) -> None:
        self.spec = job.spec or JobSpec()
        self.status = job.status or JobStatus()
        self.true = {c.type for c in self.status.conditions if c.status == "True"}
        self.suspended = {c.type: c.status for c in self.status.conditions}.get("Suspended", "")
        self.complete, self.failed = "Complete" in self.true, "Failed" in self.true
        self.finished = self.complete or self.failed
        self.successful = "SuccessCriteriaMet" in self.true
        pods = self.status.uncounted_terminated_pods
        self.uncounted = (*pods.failed, *pods.succeeded) if pods is not None else ()


def _uncounted_errors(status: JobStatus) -> Errors:
    pods = status.uncounted_terminated_pods
    seen: set[str] = set()
    for name in ("succeeded", "failed") if pods is not None else ():
        for number, uid in enumerate(getattr(pods, name)):
            path = f"{_UNCOUNTED}.{name}[{number}]"
            if not uid:
                yield invalid(path, uid, "must not be empty")
            elif uid in seen:
                yield duplicate(path, uid)
            seen.add(uid)


def _ended_errors(now: _Facts, before: _Facts) -> Errors:
    """Which ends exclude one another, and when a Job was complete."""
    status, completed = now.status, now.status.completion_time
    changed = now.complete != before.complete
    timed = changed or completed != before.status.completion_time
    targeted = "FailureTarget" in now.true
    if (changed or now.failed != before.failed) and now.complete and now.failed:
        yield plain_invalid(_CONDITIONS, "cannot set Complete=True and Failed=true conditions")
    if (changed or targeted != ("FailureTarget" in before.true)) and now.complete and targeted:
        yield plain_invalid(
            _CONDITIONS, "cannot set Complete=True and FailureTarget=true conditions"
        )
    if timed and completed is not None and not now.complete:
        detail = "cannot set completionTime when there is no Complete=True condition"
        yield invalid("status.completionTime", completed, detail)
    if timed and completed is None and now.complete:
        yield required("status.completionTime", "completionTime is required for Complete jobs")
    if completed and status.start_time and completed < status.start_time:
        yield invalid("status.completionTime", completed, "must be equal to or after `startTime`")
    if now.failed != before.failed and now.failed and not targeted:
        detail = "cannot set Failed=True condition without the FailureTarget=true condition"
        yield plain_invalid(_CONDITIONS, detail)
    if (changed or now.successful != before.successful) and now.complete and not now.successful:
        detail = "cannot set Complete=True condition without the SuccessCriteriaMet=true condition"
        yield plain_invalid(_CONDITIONS, detail)


def _finished_errors(now: _Facts, before: _Facts) -> Errors:
    """What a Job that is over has no more, and what it must have had."""
    if not now.finished:
        return
    status, changed = now.status, not before.finished
    if status.active and (changed or status.active != before.status.active):
        yield invalid("status.active", status.active, "active>0 is invalid for finished job")
    nothing = now.spec.suspend and now.spec.completions == 0
    restarted = status.start_time != before.status.start_time
    if status.start_time is None and (changed or restarted) and not nothing:
        yield required("status.startTime", "startTime is required for finished job")
    if now.uncounted and (changed or now.uncounted != before.uncounted):
        pods = as_go(status.uncounted_terminated_pods)
        yield invalid(_UNCOUNTED, pods, "must be empty for finished job")


def _index_errors(now: _Facts, before: _Facts) -> Errors:
    """Indexes are those of an indexed Job; failed ones of one that counts failures by index."""
    completed, failed = now.status.completed_indexes, now.status.failed_indexes
    indexed = now.spec.completion_mode == "Indexed"
    if completed and not indexed and completed != before.status.completed_indexes:
        detail = "cannot set non-empty completedIndexes when non-indexed completion mode"
        yield invalid("status.completedIndexes", completed, detail)
    by_index = now.spec.backoff_limit_per_index is not None
    if failed is not None and not by_index and failed != before.status.failed_indexes:
        detail = "cannot set non-null failedIndexes when backoffLimitPerIndex is null"
        yield invalid("status.failedIndexes", failed, detail)


def _running_errors(now: _Facts, before: _Facts) -> Errors:
    """How many run: none that terminate in the end, and no more that are ready than are active."""
    status, was = now.status, before.status
    changed = now.finished != before.finished or status.terminating != was.terminating
    if changed and status.terminating and now.finished:
        detail = "terminating>0 is invalid for finished job"
        yield invalid("status.terminating", status.terminating, detail)
    active = status.active or 0
    changed = status.ready != was.ready or active != (was.active or 0)
    if changed and status.ready is not None and status.ready > active:
        yield invalid("status.ready", status.ready, "cannot set more ready pods than active")


def _success_errors(now: _Facts) -> Errors:
    """What success excludes, and where it must be told."""
    if now.successful and now.failed:
        detail = "cannot set SuccessCriteriaMet=True and Failed=true conditions"
        yield plain_invalid(_CONDITIONS, detail)
    if now.successful and "FailureTarget" in now.true:
        detail = "cannot set SuccessCriteriaMet=True and FailureTarget=true conditions"
        yield plain_invalid(_CONDITIONS, detail)
    if now.spec.success_policy is not None and not now.successful and now.complete:
        detail = (
            "cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True"
        )
        yield plain_invalid(_CONDITIONS, detail)


def _transition_errors(now: _Facts, before: _Facts) -> Errors:
    """What does not go back: ends, counters, times."""
    status, was = now.status, before.status
    for kind in _TERMINAL:
        if kind in before.true - now.true:
            yield plain_invalid(_CONDITIONS, f"cannot disable the terminal {kind}=True condition")
    if (status.failed or 0) < (was.failed or 0):
        yield invalid("status.failed", status.failed or 0, "cannot decrease the failed counter")
    spec = now.spec
    elastic = spec.completion_mode == "Indexed" and spec.completions == spec.parallelism
    if (status.succeeded or 0) < (was.succeeded or 0) and not elastic:
        detail = "cannot decrease the succeeded counter"
        yield invalid("status.succeeded", status.succeeded or 0, detail)
    if None not in (status.completion_time, was.completion_time) and (
        status.completion_time != was.completion_time
    ):
        yield invalid("status.completionTime", status.completion_time, "field is immutable")
    resumed = (before.suspended, now.suspended) == ("True", "False")
    restarted = was.start_time is not None and was.start_time != status.start_time
    if restarted and not resumed and not spec.suspend:
        detail = "field is immutable for unsuspended job once set"
        yield invalid("status.startTime", status.start_time, detail)
    if before.successful and not now.successful:
        yield plain_invalid(_CONDITIONS, "cannot disable the SuccessCriteriaMet=True condition")
    if before.complete and not before.successful and now.successful:
        detail = "cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions"
        yield plain_invalid(_CONDITIONS, detail)
