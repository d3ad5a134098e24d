"""Points in time and spans of it, as Kubernetes writes them.

A `Time` is RFC 3339 in UTC with whole seconds, a `MicroTime` has six digits more; in programs a
point in time is seconds since the epoch (a float). Spans are seconds; `1h30m` is Go's way to
write them, `5d3h` the way of kubectl's tables.
"""

import re
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from math import floor
from typing import Final

from orchestrator.api.meta.v1 import MicroTime, Time
from orchestrator.machinery.errors import DurationError, TimeError
from orchestrator.machinery.field_errors import quote
from orchestrator.machinery.memo import remembered

_RFC3339: Final = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:[.,](\d{1,30}))?(Z|[+-]\d\d:\d\d)",
    re.ASCII,
)
_LAYOUT: Final = "2006-01-02T15:04:05Z07:00"
LATEST: Final = 253402300799  # 9999-12-31T23:59:59Z, the last second with four digits of year


@lru_cache(maxsize=1 << 12)
def _format_second(second: int) -> str:
    if not 0 <= second <= LATEST:
        raise TimeError(f"{second} seconds since the epoch is no time", str(second))
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")


@lru_cache(maxsize=1 << 4)  # what happens in one moment says so in one string
def format_time(epoch: float) -> Time:
    """Seconds since the epoch as a Time; fractions are cut off. Raises TimeError before 1970."""
    return Time(f"{_format_second(floor(epoch))}Z")


@lru_cache(maxsize=1 << 4)
def format_micro_time(epoch: float) -> MicroTime:
    """Seconds since the epoch as a MicroTime. Raises TimeError before 1970."""
    second, micros = divmod(round(epoch * 1_000_000), 1_000_000)
    return MicroTime(f"{_format_second(second)}.{micros:06d}Z")


def parse_time(text: str) -> float:
    """A Time, MicroTime or any RFC 3339 text as seconds since the epoch. Raises TimeError."""
    # Renewals of leases, each at a time of its own, are read all the time: their second is known.
    if len(text) == 27 and text[19] == "." and text[26] == "Z" and text.isascii():
        micros = text[20:26]
        if micros.isdigit():
            return (_parse(f"{text[:19]}Z") * 1_000_000 + int(micros)) / 1_000_000
    return _parse(text)


@lru_cache(maxsize=1 << 12)
def _parse(text: str) -> float:
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise TimeError(_cannot_parse(text), text)
    year, month, day, hour, minute, second, fraction, zone = match.groups(default="")
    try:
        moment = datetime(
            int(year), int(month), int(day), int(hour), int(minute), int(second), tzinfo=UTC
        )
    except ValueError:
        message = f"parsing time {quote(text)}: value out of range"
        raise TimeError(message, text) from None
    whole = int(moment.timestamp()) - _offset(text, zone)
    return float(Decimal(f"{whole}.{fraction}")) if fraction else float(whole)


def _offset(text: str, zone: str) -> int:
    if zone == "Z":
        return 0
    hours, minutes = int(zone[1:3]), int(zone[4:6])
    if hours > 24 or minutes > 60:
        raise TimeError(f"parsing time {quote(text)}: time zone offset out of range", text)
    seconds = hours * 3600 + minutes * 60
    return -seconds if zone[0] == "-" else seconds


def _cannot_parse(text: str) -> str:
    shown = quote(text[:64])
    return f"parsing time {shown} as {quote(_LAYOUT)}: cannot parse {shown}"


# --- spans ---------------------------------------------------------------------------------

_UNITS: Final = {
    "ns": 1,
    "us": 10**3,
    "µs": 10**3,
    "μs": 10**3,  # the same to the eye, another letter
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
}
_PART: Final = re.compile(r"([0-9]*)(?:\.([0-9]*))?([^0-9.]*)")
_MAX_NANOSECONDS: Final = 2**63 - 1


@remembered(1 << 10)
def parse_duration(text: str) -> float:
    """A Go duration (`1h30m`, `500ms`, `-1.5s`, `0`) in seconds. Raises DurationError."""
    signless = text[1:] if text[:1] in ("-", "+") else text
    if signless == "0":
        return 0.0
    nanoseconds = 0
    position = 0
    while position < len(signless) or not signless:
        match = _PART.match(signless, position)
        if match is None or not (match[1] or match[2]) or len(match[0]) > 64:
            raise DurationError(f"time: invalid duration {quote(text[:128])}", text)
        nanoseconds += _nanoseconds(text, match)
        position = match.end()
    if nanoseconds > _MAX_NANOSECONDS:
        raise DurationError(f"time: invalid duration {quote(text)}", text)
    return (-nanoseconds if text[0] == "-" else nanoseconds) / 10**9


def _nanoseconds(text: str, part: re.Match[str]) -> int:
    digits, decimals, unit = part.groups(default="")
    if not unit:
        raise DurationError(f"time: missing unit in duration {quote(text)}", text)
    if unit not in _UNITS:
        shown = f"{quote(unit)} in duration {quote(text)}"
        raise DurationError(f"time: unknown unit {shown}", text)
    return int(digits + decimals or "0") * _UNITS[unit] // int(10 ** len(decimals))


def format_duration(seconds: float) -> str:
    """Seconds as Go writes a duration: `1h30m0s`, `1.5s`, `500ms`, `0s`."""
    nanoseconds = round(seconds * 10**9)
    sign = "-" if nanoseconds < 0 else ""
    nanoseconds = abs(nanoseconds)
    if nanoseconds == 0:
        return "0s"
    for unit, size in (("ns", 1), ("µs", 10**3), ("ms", 10**6)):
        if nanoseconds < size * 1000:
            return f"{sign}{_decimal(nanoseconds, size)}{unit}"
    minutes, rest = divmod(nanoseconds, 60 * 10**9)
    hours, minutes = divmod(minutes, 60)
    text = f"{_decimal(rest, 10**9)}s"
    if hours:
        return f"{sign}{hours}h{minutes}m{text}"
    return f"{sign}{minutes}m{text}" if minutes else f"{sign}{text}"


def _decimal(number: int, unit: int) -> str:
    whole, rest = divmod(number, unit)
    if rest == 0:
        return str(whole)
    return f"{whole}.{str(rest).zfill(len(str(unit)) - 1).rstrip('0')}"


def human_duration(seconds: float) -> str:
    """An age in kubectl's tables: two or three significant figures (`119s`, `2m10s`, `5d3h`).

    Up to two seconds in the future are forgiven, since clocks differ; more is `<invalid>`.
    """
    whole = int(seconds)
    if whole < -1:
        return "<invalid>"
    if whole < 120:
        return f"{max(whole, 0)}s"
    minutes, hours, days = whole // 60, whole // 3600, whole // 86400
    if minutes < 10:
        return _two(minutes, "m", whole % 60, "s")
    if minutes < 180:
        return f"{minutes}m"
    if hours < 8:
        return _two(hours, "h", minutes % 60, "m")
    if hours < 48:
        return f"{hours}h"
    if hours < 192:
        return _two(days, "d", hours % 24, "h")
    if days < 730:
        return f"{days}d"
    if days < 2920:
        return _two(days // 365, "y", days % 365, "d")
    return f"{days // 365}y"


def _two(large: int, large_unit: str, small: int, small_unit: str) -> str:
    return f"{large}{large_unit}{small}{small_unit}" if small else f"{large}{large_unit}"


def short_human_duration(seconds: float) -> str:
    """An age in one figure: `59s`, `59m`, `23h`, `364d`, `1y`."""
    whole = int(seconds)
    if whole < -1:
        return "<invalid>"
    for size, unit, limit in ((1, "s", 60), (60, "m", 60), (3600, "h", 24), (86400, "d", 365)):
        if whole < size * limit:
            return f"{max(whole, 0) // size}{unit}"
    return f"{whole // 86400 // 365}y"
