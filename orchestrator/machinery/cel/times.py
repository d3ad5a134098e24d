"""Moments and durations: read from texts, written as texts, and looked at part by part."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from orchestrator.machinery.cel.data import Duration, Fault, Timestamp
from orchestrator.machinery.cel.operators import lasting, moment

_SECOND: Final = 10**9
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MOMENT: Final = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:[.,](\d+))?([Zz]|([+-])(\d\d):?(\d\d))?",
    re.ASCII,
)
_STRICT: Final = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:\d\d)", re.ASCII
)
_UNITS: Final[Mapping[str, int]] = {
    "ns": 1,
    "us": 10**3,
    "µs": 10**3,
    "μs": 10**3,
    "ms": 10**6,
    "s": _SECOND,
    "m": 60 * _SECOND,
    "h": 3600 * _SECOND,
}
_DURATION: Final = re.compile(
    r"[-+]?(?:0|(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)", re.ASCII
)
_PART: Final = re.compile(r"(\d*)\.?(\d*)(ns|us|µs|μs|ms|s|m|h)", re.ASCII)
# What formats of schemas take beside: a number and the name of its unit.
_NAMED: Final = re.compile(r"(\d+)\s*([A-Za-zµμ]+)")
_NAMED_UNITS: Final = (
    (("ns", "nano"), 1),
    (("us", "µs", "μs", "micro"), 10**3),
    (("ms", "milli"), 10**6),
    (("s", "sec"), _SECOND),
    (("m", "min"), 60 * _SECOND),
    (("h", "hr", "hour"), 3600 * _SECOND),
    (("d", "day"), 86400 * _SECOND),
    (("w", "wk", "week"), 7 * 86400 * _SECOND),
)


def read_moment(text: str, *, strict: bool = True) -> Any:
    """The moment that a text says in the form of RFC 3339, or a Fault; None for one that says none.

    `strict`: as Go reads it; otherwise with what schemas' formats take beside.
    """
    found = _MOMENT.fullmatch(text)
    if found is None or (strict and not _STRICT.fullmatch(text)):
        return None
    year, month, day, hour, minute, second = (int(each) for each in found.groups()[:6])
    offset = 60 * int(found[10]) + int(found[11]) if found[9] else 0
    try:
        since = datetime(max(year, 1), month, day, hour, minute, second, tzinfo=UTC) - _EPOCH
    except ValueError:
        return None
    nanos = (since.days * 86400 + since.seconds) * _SECOND + int(
        (found[7] or "0").ljust(9, "0")[:9]
    )
    if not year:
        nanos -= 366 * 86400 * _SECOND
    if found[9]:
        offset = -offset if found[9] == "-" else offset
    made = moment(nanos - offset * 60 * _SECOND)
    return Timestamp(made.nanos, offset) if offset and type(made) is Timestamp else made


def read_duration(text: str) -> Any:
    """The duration that a text says as Go reads it; None for one that says none."""
    if not _DURATION.fullmatch(text):
        return None
    total = 0
    for whole, part, unit in _PART.findall(text):
        total += int(whole or 0) * _UNITS[unit]
        if part:
            total += int(part) * _UNITS[unit] // 10 ** len(part)
    made = lasting(-total if text.startswith("-") else total)
    return made if type(made) is Duration else None


def read_format(text: str, format_: str) -> Any:
    """The value of a text that a schema's format says to be a date, a moment or a duration; the text if it is none."""
    if format_ == "duration":
        found = read_duration(text)
        if found is None:
            found = _named_duration(text)
    else:
        found = read_moment(f"{text}T00:00:00Z" if format_ == "date" else text, strict=False)
    return text if found is None or type(found) is Fault else found


def _named_duration(text: str) -> Any:
    total, known = 0, False
    for number, unit in _NAMED.findall(text):
        for names, nanos in _NAMED_UNITS:
            if unit.lower() in names[:-1] or unit.lower().startswith(names[-1]):
                total, known = total + int(number) * nanos, True
    return lasting(total) if known else None


def moment_text(when: Timestamp) -> str:
    """A moment as RFC 3339 writes it, in the zone in which it was read."""
    seconds, nanos = divmod(when.nanos, _SECOND)
    local = _EPOCH + timedelta(seconds=seconds, minutes=when.offset)
    fraction = f".{nanos:09d}".rstrip("0") if nanos else ""
    sign, minutes = ("-" if when.offset < 0 else "+"), abs(when.offset)
    zone = f"{sign}{minutes // 60:02d}:{minutes % 60:02d}" if when.offset else "Z"
    return f"{local.year:04d}-{local:%m-%dT%H:%M:%S}{fraction}{zone}"


def _local(when: Timestamp, zone: tzinfo) -> datetime:
    return (_EPOCH + timedelta(microseconds=when.nanos // 1000)).astimezone(zone)


@lru_cache(maxsize=64)
def _zone(name: str) -> tzinfo | Fault:
    """The zone of a name, or of an offset."""
    before, colon, after = name.partition(":")
    if not colon:
        if name in ("", "UTC"):
            return UTC
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            return Fault(f"unknown time zone {name}")
    for part in (before, after):
        if not re.fullmatch(r"[+-]?\d+", part):
            return Fault(f'strconv.Atoi: parsing "{part}": invalid syntax')
    minutes = int(before) * 60 + (-int(after) if name.startswith("-") else int(after))
    return timezone(timedelta(minutes=minutes))


def _of_moment(look: Callable[[datetime], int]) -> Callable[..., Any]:
    def part(when: Any, zone: str = "UTC") -> Any:
        found = _zone(zone)
        return found if isinstance(found, Fault) else look(_local(when, found))

    return part


def _of_either(look: Callable[[datetime], int], nanos: int) -> Callable[..., Any]:
    of_moment = _of_moment(look)

    def part(of: Any, *zone: str) -> Any:
        if isinstance(of, Duration):
            return (
                int(of.nanos / nanos) if abs(of.nanos) < 2**53 else _towards_zero(of.nanos, nanos)
            )
        return of_moment(of, *zone)

    return part


def _towards_zero(nanos: int, unit: int) -> int:
    whole = abs(nanos) // unit
    return -whole if nanos < 0 else whole


FUNCTIONS_OF_TIME: Final[Mapping[str, Callable[..., Any]]] = {
    "getFullYear": _of_moment(lambda when: when.year),
    "getMonth": _of_moment(lambda when: when.month - 1),
    "getDate": _of_moment(lambda when: when.day),
    "getDayOfMonth": _of_moment(lambda when: when.day - 1),
    "getDayOfWeek": _of_moment(lambda when: when.isoweekday() % 7),
    "getDayOfYear": _of_moment(lambda when: when.timetuple().tm_yday - 1),
    "getHours": _of_either(lambda when: when.hour, 3600 * _SECOND),
    "getMinutes": _of_either(lambda when: when.minute, 60 * _SECOND),
    "getSeconds": _of_either(lambda when: when.second, _SECOND),
    "getMilliseconds": _of_either(lambda when: when.microsecond // 1000, 10**6),
}
