"""A CronJob's schedule: its syntax, with the complaints of the library that Kubernetes uses, and its times.

Five fields (minute, hour, day of month, month, day of week), or a word (`@daily`), or `@every`
with a Go duration. A field is a list of `*`, numbers, names, ranges, and steps.

Times are those of the clock on the wall: an hour that a time zone leaves out in spring has none, one that
it has twice in autumn has each time twice.
"""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Final

from msgspec import Struct

from orchestrator.machinery.digits import whole
from orchestrator.machinery.field_errors import quote
from orchestrator.machinery.memo import remembered
from orchestrator.machinery.times import parse_duration

_MONTHS: Final = [
    "jan",
    "feb",
    "mar",
    "apr",
    "may",
    "jun",
    "jul",
    "aug",
    "sep",
    "oct",
    "nov",
    "dec",
]
_DAYS: Final = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
_NO_NAMES: Final[dict[str, int]] = {}
# Lowest and highest value, and the names of values, of each field.
_FIELDS: Final = (
    (0, 59, _NO_NAMES),
    (0, 23, _NO_NAMES),
    (1, 31, _NO_NAMES),
    (1, 12, {name: i for i, name in enumerate(_MONTHS, 1)}),
    (0, 6, {name: i for i, name in enumerate(_DAYS)}),
)
_WORDS: Final = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_MINUTE: Final = 60
_SEARCHED: Final = 5 * 366  # days; a schedule without a time in them (30 February) has none
_ZONE: Final = re.compile(r"(?:TZ|CRON_TZ)=(\S*) (.*)", re.DOTALL)
_DURATION: Final = re.compile(r"[-+]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:ns|us|µs|μs|ms|s|m|h))+|0")


class _ScheduleError(ValueError):
    pass


class Schedule(Struct, frozen=True):
    """When something is to happen: every `every_seconds`, or when the clock on the wall says so."""

    minutes: frozenset[int] = frozenset()
    hours: frozenset[int] = frozenset()
    days: frozenset[int] = frozenset()
    months: frozenset[int] = frozenset()
    weekdays: frozenset[int] = frozenset()
    # A `*` in either field of days leaves the choice to the other; otherwise one of them is enough.
    any_day: bool = False
    every_seconds: int = 0

    def after(self, epoch: float, zone: tzinfo) -> int | None:
        """The first time after `epoch` (seconds); None when there is none in five years."""
        if self.every_seconds:
            return int(epoch) + self.every_seconds
        at = int(epoch // _MINUTE + 1) * _MINUTE
        for _ in range(_SEARCHED):
            local = datetime.fromtimestamp(at, zone)
            if not self._is_day(local):
                at = _midnight_after(local)
                continue
            found = self._within(at, local.date().toordinal(), zone)
            if found is not None:
                return found
            at = _midnight_after(local)
        return None

    def _is_day(self, local: datetime) -> bool:
        if local.month not in self.months:
            return False
        day, weekday = local.day in self.days, local.isoweekday() % 7 in self.weekdays
        return day and weekday if self.any_day else day or weekday

    def _within(self, at: int, day: int, zone: tzinfo) -> int | None:
        """The first time from `at` on that is still on the day of this ordinal."""
        local = datetime.fromtimestamp(at, zone)
        while local.date().toordinal() == day:
            if local.hour not in self.hours:
                at += (60 - local.minute) * _MINUTE
            elif local.minute not in self.minutes:
                at += _MINUTE
            else:
                return at
            local = datetime.fromtimestamp(at, zone)
        return None


def _midnight_after(local: datetime) -> int:
    start = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    return int((start + timedelta(days=1)).timestamp())


def schedule_error(schedule: str) -> str:
    """What is wrong with a schedule; "" when nothing is."""
    try:
        _parse(schedule)
    except _ScheduleError as error:
        return str(error)
    return ""


@remembered(1 << 10)
def parse_schedule(schedule: str) -> Schedule | None:
    """The schedule that a text means; None when `schedule_error` has something to say."""
    try:
        return _parse(schedule)
    except _ScheduleError:
        return None


def _parse(schedule: str) -> Schedule:
    if not schedule:
        raise _ScheduleError("empty spec string")
    if match := _ZONE.fullmatch(schedule):
        schedule = match[2].strip()
    if schedule.startswith("@"):
        return _parse_word(schedule)
    fields = schedule.split()
    if len(fields) != 5:
        found = f"[{' '.join(fields)}]"
        raise _ScheduleError(f"expected exactly 5 fields, found {len(fields)}: {found}")
    minutes, hours, days, months, weekdays = (
        frozenset(n for part in text.split(",") for n in _range(part, low, high, names))
        for text, (low, high, names) in zip(fields, _FIELDS, strict=True)
    )
    return Schedule(
        minutes, hours, days, months, weekdays, any_day=_is_any(fields[2]) or _is_any(fields[4])
    )


def _is_any(field: str) -> bool:
    """Whether a part of the field is a star; with steps of more than one it is a list like others."""
    return any(
        span in ("*", "?") and step in ("", "1")
        for span, _, step in (part.partition("/") for part in field.split(","))
    )


def _parse_word(schedule: str) -> Schedule:
    if schedule in _WORDS:
        return _parse(_WORDS[schedule])
    if not schedule.startswith("@every "):
        raise _ScheduleError(f"unrecognized descriptor: {schedule}")
    duration = schedule.removeprefix("@every ")
    if not _DURATION.fullmatch(duration):
        reason = f"time: invalid duration {quote(duration)}"
        raise _ScheduleError(f"failed to parse duration {schedule}: {reason}")
    return Schedule(every_seconds=max(1, int(parse_duration(duration))))


def _range(text: str, low: int, high: int, names: dict[str, int]) -> Sequence[int]:
    span, *steps = text.split("/")
    ends = span.split("-")
    if ends[0] in ("*", "?"):
        start, end, alone = low, high, False
    else:
        start = _number(ends[0], names)
        alone = len(ends) == 1
        if len(ends) > 2:
            raise _ScheduleError(f"too many hyphens: {text}")
        end = start if alone else _number(ends[1], names)
    if len(steps) > 1:
        raise _ScheduleError(f"too many slashes: {text}")
    step = _number(steps[0], _NO_NAMES) if steps else 1
    if steps and alone:
        end = high  # "5/10": from 5 on
    if start < low:
        raise _ScheduleError(f"beginning of range ({start}) below minimum ({low}): {text}")
    if end > high:
        raise _ScheduleError(f"end of range ({end}) above maximum ({high}): {text}")
    if start > end:
        raise _ScheduleError(f"beginning of range ({start}) beyond end of range ({end}): {text}")
    if step == 0:
        raise _ScheduleError(f"step of range should be a positive number: {text}")
    return range(start, end + 1, step)


def _number(text: str, names: dict[str, int]) -> int:
    if (named := names.get(text.lower())) is not None:
        return named
    if not re.fullmatch(r"[-+]?[0-9]+", text):
        reason = f"strconv.Atoi: parsing {quote(text)}: invalid syntax"
        raise _ScheduleError(f"failed to parse int from {text}: {reason}")
    number = whole(text)
    if number < 0:
        raise _ScheduleError(f"negative number ({number}) not allowed: {text}")
    return number
