"""The syntax of a CronJob's schedule, with the complaints of the library that Kubernetes uses.

Five fields (minute, hour, day of month, month, day of week), or a word (`@daily`), or `@every`
with a Go duration. A field is a list of `*`, numbers, names, ranges, and steps.
"""

import re
from typing import Final

from orchestrator.machinery.field_errors import quote

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
_WORDS: Final = frozenset(
    {"@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"}
)
_ZONE: Final = re.compile(r"(?:TZ|CRON_TZ)=(\S*) (.*)", re.DOTALL)
_DURATION: Final = re.compile(r"[-+]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:ns|us|µs|μs|ms|s|m|h))+|0")


class _ScheduleError(ValueError):
    pass


def schedule_error(schedule: str) -> str:
    """What is wrong with a schedule; "" when nothing is."""
    try:
        _check(schedule)
    except _ScheduleError as error:
        return str(error)
    return ""


def _check(schedule: str) -> None:
    if not schedule:
        raise _ScheduleError("empty spec string")
    if match := _ZONE.fullmatch(schedule):
        schedule = match[2].strip()
    if schedule.startswith("@"):
        _check_word(schedule)
        return
    fields = schedule.split()
    if len(fields) != 5:
        found = f"[{' '.join(fields)}]"
        raise _ScheduleError(f"expected exactly 5 fields, found {len(fields)}: {found}")
    for text, (low, high, names) in zip(fields, _FIELDS, strict=True):
        for part in text.split(","):
            _check_range(part, low, high, names)


def _check_word(schedule: str) -> None:
    if schedule in _WORDS:
        return
    if not schedule.startswith("@every "):
        raise _ScheduleError(f"unrecognized descriptor: {schedule}")
    duration = schedule.removeprefix("@every ")
    if not _DURATION.fullmatch(duration):
        reason = f"time: invalid duration {quote(duration)}"
        raise _ScheduleError(f"failed to parse duration {schedule}: {reason}")


def _check_range(text: str, low: int, high: int, names: dict[str, int]) -> None:
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


def _number(text: str, names: dict[str, int]) -> int:
    if (named := names.get(text.lower())) is not None:
        return named
    if not re.fullmatch(r"[-+]?[0-9]+", text):
        reason = f"strconv.Atoi: parsing {quote(text)}: invalid syntax"
        raise _ScheduleError(f"failed to parse int from {text}: {reason}")
    number = int(text)
    if number < 0:
        raise _ScheduleError(f"negative number ({number}) not allowed: {text}")
    return number
