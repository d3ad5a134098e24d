"""Times in documents, read as Go's `time.Parse` reads them and written in UTC."""

import re
from datetime import UTC, datetime
from typing import Final

_CANONICAL: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)
_CANONICAL_MICRO: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)
_LAYOUT: Final = "2006-01-02T15:04:05Z07:00"
_MICRO_LAYOUT: Final = "2006-01-02T15:04:05.000000Z07:00"
# Elements of the layout, and what stands for each of them.
_ELEMENTS: Final = (
    ("2006", r"\d{4}"),
    ("-", "-"),
    ("01", r"\d\d"),
    ("-", "-"),
    ("02", r"\d\d"),
    ("T", "T"),
    ("15", r"\d\d?"),
    (":", ":"),
    ("04", r"\d\d"),
    (":", ":"),
    ("05", r"\d\d"),
)
_FRACTION: Final = r"[.,]\d+"
_ZONE: Final = r"Z|[+-]\d\d:\d\d"


def read_time(text: str, *, micro: bool = False) -> str:
    """RFC 3339 as Kubernetes writes it: whole seconds (microseconds with `micro`), in UTC.

    Raises ValueError in Go's words.
    """
    if (_CANONICAL_MICRO if micro else _CANONICAL).fullmatch(text) and _is_date(text):
        return text
    moment = _moment(text, _after_elements(text, micro=micro))
    style = "microseconds" if micro else "seconds"
    return moment.replace(tzinfo=None).isoformat(timespec=style) + "Z"


def _is_date(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _after_elements(text: str, *, micro: bool) -> str:
    """Whether the text has the layout's form; what stands behind it, which must be nothing."""
    layout = _MICRO_LAYOUT if micro else _LAYOUT
    rest = text
    elements = [*_ELEMENTS]
    if micro:
        elements.append((".000000", r"[.,]\d{6}"))
    for element, pattern in elements:
        match = re.match(pattern, rest, re.ASCII)
        if match is None:
            raise _unparsable(text, layout, rest, element)
        rest = rest[match.end() :]
    if not micro and (fraction := re.match(_FRACTION, rest, re.ASCII)):
        rest = rest[fraction.end() :]
    zone = re.match(_ZONE, rest, re.ASCII)
    if zone is None:
        raise _unparsable(text, layout, rest, "Z07:00")
    return rest[zone.end() :]


def _unparsable(text: str, layout: str, rest: str, element: str) -> ValueError:
    text, rest = _quoted(text), _quoted(rest)
    return ValueError(f'parsing time {text} as "{layout}": cannot parse {rest} as "{element}"')


def _quoted(text: str) -> str:
    """As Go's time package quotes: bytes that are no printable ASCII by their numbers."""
    shown = "".join(
        f"\\{each}" if each in '"\\' else each if " " <= each <= "~" else _bytes(each)
        for each in text
    )
    return f'"{shown}"'


def _bytes(letter: str) -> str:
    return "".join(f"\\x{each:02x}" for each in letter.encode(errors="replace"))


def _moment(text: str, rest: str) -> datetime:
    for name, start, low, high in (("month", 5, 1, 12), ("hour", 11, 0, 23), ("minute", 14, 0, 59)):
        if not low <= int(text[start : start + 2].rstrip(":")) <= high:
            raise ValueError(f'parsing time "{text}": {name} out of range')
    if int(text[17:19]) > 59:
        raise ValueError(f'parsing time "{text}": second out of range')
    if rest:
        raise ValueError(f'parsing time "{text}": extra text: "{rest}"')
    try:
        return datetime.fromisoformat(_trimmed(text)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(f'parsing time "{text}": day out of range') from None


def _trimmed(text: str) -> str:
    """Python knows six digits of a fraction, Go nine."""
    return re.sub(r"[.,](\d{1,6})\d*", r".\1", text).replace("Z", "+00:00")
