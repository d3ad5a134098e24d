"""The formats that a schema may name for a string; Kubernetes passes over those that it does not know."""

import base64
import binascii
import ipaddress
import re
from collections.abc import Callable, Mapping
from typing import Final

from orchestrator.machinery.addresses import parse_address, parse_network
from orchestrator.machinery.errors import DurationError
from orchestrator.machinery.internet_names import is_email, is_hostname
from orchestrator.machinery.names import dns1123_label_errors, dns1123_subdomain_errors
from orchestrator.machinery.request_uris import uri_fault
from orchestrator.machinery.times import parse_duration

_DATE: Final = re.compile(r"(\d{4})-(\d{2})-(\d{2})", re.ASCII)
_CLOCK: Final = re.compile(r"([01]\d|2[0-3]):[0-5]\d:[0-5]\d(.\d+)?(z|[+-]\d{2}:\d{2})", re.ASCII)
# Beside Go's durations: numbers with the names of units, whatever is around them. Long names may go on.
_NAMED: Final = re.compile(r"(?<!\d)(\d+)(?!\d)\s*([A-Za-zµ]+)", re.ASCII)
_UNITS: Final = frozenset({"ns", "us", "µs", "ms", "s", "m", "h", "hr", "d", "w", "wk"})
_LONG_UNITS: Final = ("nano", "micro", "milli", "sec", "min", "hour", "day", "week")
_BYTES_OF_ADDRESSES: Final = (6, 8, 20)
_HEX: Final = "[0-9a-fA-F]"
_HEXADECIMAL: Final = re.compile(f"{_HEX}+")
_UUID: Final = r"{h}{{8}}-?{h}{{4}}-?{v}{h}{{3}}-?{w}{h}{{3}}-?{h}{{12}}"
_HEX_COLOR: Final = re.compile(r"#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})")
_RGB: Final = re.compile(
    r"rgb\(\s*(0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*,\s*(0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*,"
    r"\s*(0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*\)"
)
_SSN: Final = re.compile(r"(?=.{11}$)\d{3}[- ]?\d{2}[- ]?\d{4}", re.ASCII)
_CARD: Final = re.compile(
    r"4\d{12}(\d{3})?|5[1-5]\d{14}|6(011|5\d\d)\d{12}|3[47]\d{13}|3(0[0-5]|[68]\d)\d{11}|"
    r"(2131|1800|35\d{3})\d{11}",
    re.ASCII,
)


def matching(pattern: "re.Pattern[str]") -> Callable[[str], bool]:
    """Whether the whole text fits."""
    return lambda text: pattern.fullmatch(text) is not None


def _uuid(version: str, variant: str) -> Callable[[str], bool]:
    return matching(re.compile(_UUID.format(h=_HEX, v=version, w=variant)))


is_uuid: Final = _uuid(_HEX, _HEX)
"""Whether a text is a UUID of any version."""


def is_date(text: str) -> bool:
    """A full date of RFC 3339."""
    found = _DATE.fullmatch(text)
    return found is not None and _is_day(*(int(part) for part in found.groups()))


def is_date_time(text: str) -> bool:
    """A date and time of RFC 3339; what follows another T does not count."""
    day, *rest = text.lower().split("t")
    return bool(rest) and is_date(day) and _CLOCK.fullmatch(rest[0]) is not None


def _is_day(year: int, month: int, day: int) -> bool:
    if not 1 <= month <= 12 or day < 1:
        return False
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    lengths = (31, 29 if leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    return day <= lengths[month - 1]


def is_base64(text: str) -> bool:
    """Standard base64 with its padding."""
    try:
        return bool(text) and bool(base64.b64decode(text, validate=True)) and len(text) % 4 == 0
    except (binascii.Error, ValueError):
        return False


def _is_ipv4(text: str) -> bool:
    return "." in text and parse_address(text) is not None


def _is_ipv6(text: str) -> bool:
    try:
        return "%" not in text and bool(ipaddress.IPv6Address(text).packed)
    except ValueError:
        return False


def _is_mac(text: str) -> bool:
    width, parts = 2, [text[at : at + 2] for at in range(0, len(text), 2)]
    for separator, size in ((":", 2), ("-", 2), (".", 4)):
        if separator in text:
            width, parts = size, text.split(separator)
            break
    fits = all(len(part) == width and _HEXADECIMAL.fullmatch(part) for part in parts)
    return fits and width * len(parts) // 2 in _BYTES_OF_ADDRESSES


def _is_duration(text: str) -> bool:
    try:
        parse_duration(text)
    except DurationError:
        named = _NAMED.findall(text)
        units = [unit.lower() for _, unit in named]
        known = any(unit in _UNITS or unit.startswith(_LONG_UNITS) for unit in units)
        return known and all(len(digits) <= 20 and int(digits) < 2**63 for digits, _ in named)
    return True


def _is_isbn10(text: str) -> bool:
    digits = text.replace("-", "").replace(" ", "")
    if re.fullmatch(r"\d{9}[\dX]", digits) is None:
        return False
    values = [10 if each == "X" else int(each) for each in digits]
    return sum((number + 1) * value for number, value in enumerate(values)) % 11 == 0


def _is_isbn13(text: str) -> bool:
    digits = text.replace("-", "").replace(" ", "")
    if re.fullmatch(r"\d{13}", digits) is None:
        return False
    return sum(int(each) * (3 if number % 2 else 1) for number, each in enumerate(digits)) % 10 == 0


def _is_card(text: str) -> bool:
    digits = re.sub("[^0-9]", "", text)
    if _CARD.fullmatch(digits) is None:
        return False
    total = 0
    for number, each in enumerate(reversed(digits)):
        value = int(each) * (2 if number % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


FORMATS: Final[Mapping[str, Callable[[str], bool]]] = {
    "bsonobjectid": matching(re.compile(r"[0-9a-fA-F]{24}")),
    "byte": is_base64,
    "cidr": lambda text: parse_network(text) is not None,
    "creditcard": _is_card,
    "date": is_date,
    "date-time": is_date_time,
    "datetime": is_date_time,
    "duration": _is_duration,
    "email": is_email,
    "hexcolor": matching(_HEX_COLOR),
    "hostname": is_hostname,
    "ipv4": _is_ipv4,
    "ipv6": _is_ipv6,
    "isbn": lambda text: _is_isbn10(text) or _is_isbn13(text),
    "isbn10": _is_isbn10,
    "isbn13": _is_isbn13,
    "k8s-long-name": lambda text: not dns1123_subdomain_errors(text),
    "k8s-short-name": lambda text: not dns1123_label_errors(text),
    "mac": _is_mac,
    "password": lambda _text: True,
    "rgbcolor": matching(_RGB),
    "ssn": matching(_SSN),
    "uri": lambda text: not uri_fault(text),
    "uuid": is_uuid,
    "uuid3": _uuid("3", _HEX),
    "uuid4": _uuid("4", "[89abAB]"),
    "uuid5": _uuid("5", "[89abAB]"),
}
