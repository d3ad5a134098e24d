"""Which time of a CronJob's schedule is due. Pure."""

from datetime import UTC, datetime, tzinfo
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import Struct

from orchestrator.api.batch.v1 import CronJob
from orchestrator.machinery.cron import Schedule, parse_schedule
from orchestrator.machinery.times import parse_time

MANY: Final = 100  # more missed times than this are told of
# A little after the time itself, so that a clock that is behind finds it has come.
AFTER_SECONDS: Final = 0.1


class Due(Struct, frozen=True):
    """The latest time that has come since `since`, and how many have (epoch seconds)."""

    since: float
    latest: int | None
    missed: int


class InvalidScheduleError(ValueError):
    """A schedule whose times do not follow one another: 30 February, say; in Kubernetes' words."""


def zone_of(cron_job: CronJob) -> tzinfo | None:
    """The time zone of the schedule: UTC where none is named; None for one that nobody knows."""
    name = cron_job.spec.time_zone if cron_job.spec is not None else None
    if name is None:
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return None


def schedule_of(cron_job: CronJob) -> Schedule | None:
    """The schedule; None when it cannot be read."""
    return parse_schedule(cron_job.spec.schedule) if cron_job.spec is not None else None


def due(
    cron_job: CronJob, schedule: Schedule, zone: tzinfo, now: float, *, in_time: bool = True
) -> Due:
    """What is due of a schedule; `in_time`: times before the starting deadline are passed over.

    How many were missed is reckoned from the first two, and the latest looked for from there on: where
    times are not evenly spaced it may be none, as in Kubernetes. Raises InvalidScheduleError.
    """
    spec, status = cron_job.spec, cron_job.status
    assert spec is not None
    last = status.last_schedule_time if status is not None else None
    since = parse_time(last or cron_job.metadata.creation_timestamp or "1970-01-01T00:00:00Z")
    if in_time and spec.starting_deadline_seconds is not None:
        since = max(since, now - spec.starting_deadline_seconds)
    first = schedule.after(since, zone)
    if first is not None and now < first:
        return Due(since, None, 0)
    second = schedule.after(first, zone) if first is not None else None
    if first is None or second is None:
        raise InvalidScheduleError("time difference between two schedules is less than 1 second")
    if now < second:
        return Due(since, first, 0)
    between = second - first
    missed = int(now - first) // between + 1
    latest, at = None, schedule.after(first + (missed - 2) * between, zone)
    while at is not None and at <= now:
        latest, at = at, schedule.after(at, zone)
    return Due(since, latest, missed)


def next_after(cron_job: CronJob, schedule: Schedule, zone: tzinfo, now: float) -> float | None:
    """Seconds until the next time of the schedule, and a little; None when there is none."""
    try:
        what = due(cron_job, schedule, zone, now, in_time=False)
        known = what.latest if what.latest is not None else now if what.missed else what.since
    except InvalidScheduleError:
        known = now
    at = schedule.after(known, zone)
    return None if at is None else at + AFTER_SECONDS - now


def rfc1123(epoch: float) -> str:
    """A time as events write it: `Mon, 02 Jan 2006 15:04:05 +0000`."""
    return datetime.fromtimestamp(epoch, UTC).strftime("%a, %d %b %Y %H:%M:%S %z")


def rfc3339(epoch: float, zone: tzinfo) -> str:
    """A time as the annotation of a Job has it, with the zone's offset."""
    text = datetime.fromtimestamp(epoch, zone).isoformat()
    return f"{text[:-6]}Z" if text.endswith("+00:00") else text
