"""What whoever writes a job is told, though it is accepted."""

from typing import Final

from orchestrator.api.batch.v1 import CronJob, Job, JobSpec
from orchestrator.apiserver.kinds.core.pods.warnings import template_warnings
from orchestrator.apiserver.validation.warnings import (
    Warnings,
    host_name_warnings,
    is_of_generation,
)

_MANY_COMPLETIONS: Final = 100_000
_MANY_AT_ONCE: Final = 10_000
_USE: Final = "Pod names and hostnames"
_TOO_MANY: Final = (
    "In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than "
    "10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail"
)
PODS_STAY: Final = (
    "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to "
    "remove them or set propagationPolicy=Orphan to suppress this warning"
)
_ZONE: Final = (
    "cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, see "
    "https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details"
)


def job_warnings(new: Job, old: Job | None) -> Warnings:
    """Of its name, its size, and its template."""
    if old is None:
        yield from host_name_warnings(new.metadata.name, _USE)
    if is_of_generation(new, old):
        yield from _spec_warnings("spec", new.spec)


def cron_job_warnings(new: CronJob, old: CronJob | None) -> Warnings:
    """Of its name, of its jobs whenever a generation is counted, and of a time zone in the wrong place."""
    if old is None:
        yield from host_name_warnings(new.metadata.name, _USE)
    if is_of_generation(new, old):
        yield from _spec_warnings("spec.jobTemplate.spec", new.spec.job_template.spec)
    if old is not None and "TZ" in new.spec.schedule:
        yield _ZONE


def _spec_warnings(path: str, new: JobSpec | None) -> Warnings:
    if new is None:
        return
    many = (new.completions or 0) > _MANY_COMPLETIONS and (new.parallelism or 0) > _MANY_AT_ONCE
    if new.completion_mode == "Indexed" and many:
        yield f"{path}: {_TOO_MANY}"
    yield from template_warnings(f"{path}.template", new.template)
