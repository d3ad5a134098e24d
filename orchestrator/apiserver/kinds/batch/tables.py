"""Jobs and cron jobs."""

from typing import Final

from orchestrator.api.batch.v1 import (
    CronJob,
    CronJobStatus,
    Job,
    JobSpec,
    JobStatus,
)
from orchestrator.apiserver.printing import (
    NONE,
    UNSET,
    Printer,
    Row,
    age,
    containers_and_images,
    since,
)
from orchestrator.machinery.conditions import is_true
from orchestrator.machinery.labels import format_struct
from orchestrator.machinery.times import human_duration, parse_time


def _job_cells(obj: Job, now: float) -> Row:
    spec, status = obj.spec or JobSpec(), obj.status or JobStatus()
    names, images = containers_and_images(spec.template.spec)
    return (
        obj.metadata.name,
        _job_status(obj, status),
        _completions(spec, status),
        _duration(status, now),
        age(obj, now),
        names,
        images,
        format_struct(spec.selector),
    )


def _job_status(obj: Job, status: JobStatus) -> str:
    if is_true(status.conditions, "Complete"):
        return "Complete"
    if is_true(status.conditions, "Failed"):
        return "Failed"
    if obj.metadata.deletion_timestamp is not None:
        return "Terminating"
    for condition in ("Suspended", "FailureTarget", "SuccessCriteriaMet"):
        if is_true(status.conditions, condition):
            return condition
    return "Running"


def _completions(spec: JobSpec, status: JobStatus) -> str:
    done = status.succeeded or 0
    if spec.completions is not None:
        return f"{done}/{spec.completions}"
    parallelism = spec.parallelism or 0
    return f"{done}/1 of {parallelism}" if parallelism > 1 else f"{done}/1"


def _duration(status: JobStatus, now: float) -> str:
    if not status.start_time:
        return ""
    end = parse_time(status.completion_time) if status.completion_time else now
    return human_duration(end - parse_time(status.start_time))


JOBS: Final = Printer(
    cells=_job_cells,
)


def _cron_job_cells(obj: CronJob, now: float) -> Row:
    spec, status = obj.spec, obj.status or CronJobStatus()
    job = spec.job_template.spec or JobSpec()
    names, images = containers_and_images(job.template.spec)
    suspend = UNSET if spec.suspend is None else str(spec.suspend)
    return (
        obj.metadata.name,
        spec.schedule,
        spec.time_zone or NONE,
        suspend,
        len(status.active),
        since(status.last_schedule_time, now) if status.last_schedule_time else NONE,
        age(obj, now),
        names,
        images,
        format_struct(job.selector),
    )


CRON_JOBS: Final = Printer(
    cells=_cron_job_cells,
)
