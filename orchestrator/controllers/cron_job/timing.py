"""Which time of a CronJob's schedule is due. Pure."""

from datetime import UTC, datetime, tzinfo
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import Struct

from orchestrator.api.batch.v1 import CronJob
from orchestrator.machinery.cron import Schedule, parse_schedule
from orchestrator.machinery.times import parse_time

MANY: Final = 100  # more missed times than this are told of


class Due(Struct, frozen=True):
    """The latest time that has come since the last one, how many have, and the next (epoch seconds)."""

    latest: int | None
    missed: int
    next: int | None


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


def due(cron_job: CronJob, schedule: Schedule, zone: tzinfo, now: float) -> Due:
    """What is due of a schedule: times before the starting deadline are passed over."""
    spec, status = cron_job.spec, cron_job.status
    assert spec is not None
    last = status.last_schedule_time if status is not None else None
    since = parse_time(last or cron_job.metadata.creation_timestamp or "1970-01-01T00:00:00Z")
    if spec.starting_deadline_seconds is not None:
        since = max(since, now - spec.starting_deadline_seconds)
    if schedule.every_seconds:
        return _due_by_period(schedule.every_seconds, since, now)
    latest, missed, at = None, 0, schedule.after(since, zone)
    while at is not None and at <= now:
        latest, missed = at, missed + 1
        if missed > MANY:
            latest = _latest(schedule, zone, at, now)
            break
        at = schedule.after(at, zone)
    return Due(latest, missed, schedule.after(now, zone))


def _due_by_period(period: int, since: float, now: float) -> Due:
    missed = max(0, int(now - since) // period)
    latest = int(since) + missed * period
    return Due(latest if missed else None, missed, latest + period)


def _latest(schedule: Schedule, zone: tzinfo, at: int, now: float) -> int:
    """The last time up to `now`, of a schedule that has had one `at`: looked for from ever earlier."""
    span = 3600.0
    while now - span > at:
        found = schedule.after(now - span, zone)
        if found is not None and found <= now:
            at = found
            break
        span *= 4
    following = schedule.after(at, zone)
    while following is not None and following <= now:
        at, following = following, schedule.after(following, zone)
    return at


def rfc1123(epoch: float, zone: tzinfo) -> str:
    """A time as events write it: `Mon, 02 Jan 2006 15:04:05 -0700`."""
    return datetime.fromtimestamp(epoch, zone).strftime("%a, %d %b %Y %H:%M:%S %z")


def rfc3339(epoch: float, zone: tzinfo) -> str:
    """A time as the annotation of a Job has it, with the zone's offset."""
    text = datetime.fromtimestamp(epoch, zone).isoformat()
    return f"{text[:-6]}Z" if text.endswith("+00:00") else text
