"""CronJobs."""

import re
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from orchestrator.api.batch.v1 import CronJob, JobSpec, JobTemplateSpec
from orchestrator.apiserver.kinds.batch.job_validation import job_spec_errors
from orchestrator.apiserver.validation.field import (
    Errors,
    chosen,
    invalid,
    nonnegative,
    not_supported,
    required,
)
from orchestrator.apiserver.validation.rules import Rules
from orchestrator.machinery.cron import schedule_error

_CONCURRENCIES: Final = ("Allow", "Forbid", "Replace")
_MAX_NAME: Final = 52  # its jobs' names are 11 characters longer
_ZONE_PART: Final = re.compile(r"[A-Za-z\.\-_0-9+]{1,14}")


def _cron_job_errors(cron_job: CronJob) -> Errors:
    spec = cron_job.spec
    path = "spec.schedule"
    if not spec.schedule:
        yield required(path)
    else:
        if error := schedule_error(spec.schedule):
            yield invalid(path, spec.schedule, error)
        if "TZ" in spec.schedule:
            detail = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"
            yield invalid(path, spec.schedule, detail)
    yield from nonnegative("spec.startingDeadlineSeconds", spec.starting_deadline_seconds)
    if spec.time_zone is not None:
        yield from _time_zone_errors("spec.timeZone", spec.time_zone)
    yield from chosen("spec.concurrencyPolicy", spec.concurrency_policy, _CONCURRENCIES)
    yield from _job_template_errors("spec.jobTemplate.spec", spec.job_template)
    limits = (
        ("successfulJobsHistoryLimit", spec.successful_jobs_history_limit),
        ("failedJobsHistoryLimit", spec.failed_jobs_history_limit),
    )
    for name, limit in limits:
        yield from nonnegative(f"spec.{name}", limit)
    if len(cron_job.metadata.name) > _MAX_NAME:
        detail = f"must be no more than {_MAX_NAME} characters"
        yield invalid("metadata.name", cron_job.metadata.name, detail)


def _time_zone_errors(path: str, zone: str) -> Errors:
    if not zone:
        yield invalid(path, zone, "timeZone must be nil or non-empty string")
        return
    for part in zone.split("/"):
        if part in (".", "..") or part.startswith("-") or not _ZONE_PART.fullmatch(part):
            yield invalid(path, zone, f"unknown time zone {zone}")
            return
    if zone.lower() == "local":
        detail = (
            "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones"
        )
        yield invalid(path, zone, detail)
    elif not _is_time_zone(zone):
        yield invalid(path, zone, f"unknown time zone {zone}")


def _is_time_zone(zone: str) -> bool:
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _job_template_errors(path: str, template: JobTemplateSpec | None) -> Errors:
    spec = (template.spec if template else None) or JobSpec()
    yield from job_spec_errors(path, spec)
    if spec.selector is not None:
        detail = "`selector` will be auto-generated"
        yield invalid(f"{path}.selector", spec.selector, detail)
    if spec.manual_selector:
        yield not_supported(f"{path}.manualSelector", True, ("nil", "false"))


CRON_JOB_RULES: Final = Rules(spec=_cron_job_errors)
