"""When and how a Job ended."""

from orchestrator.api.batch.v1 import Job
from orchestrator.machinery.conditions import is_true
from orchestrator.machinery.times import parse_time


def is_complete(job: Job) -> bool:
    """Whether the Job ended well."""
    return job.status is not None and is_true(job.status.conditions, "Complete")


def ended_at(job: Job) -> float | None:
    """When the Job ended (epoch seconds); None while it runs."""
    for condition in job.status.conditions if job.status is not None else ():
        if condition.type in ("Complete", "Failed") and condition.status == "True":
            stamp = condition.last_transition_time
            return parse_time(stamp) if stamp else 0.0
    return None
