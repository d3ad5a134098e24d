"""The formats that a schema may name for a string; Kubernetes passes over those that it does not know."""

import base64
import binascii
import ipaddress
import re
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from orchestrator.machinery.names import dns1123_label_errors, dns1123_subdomain_errors

_DATE: Final = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_DATE_TIME: Final = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})[Tt ]([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(\.\d+)?([Zz]|[+-]\d{2}:?\d{2})?"
)
_DURATION: Final = re.compile(
    r"-?((\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h))+|0|"
    r"(\d+)\s*(ns|nanos?|nanoseconds?|us|µs|μs|micros?|microseconds?|ms|millis?|milliseconds?|"
    r"s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|w|wks?|weeks?)"
)
_EMAIL: Final = re.compile(r"[^@\s<>]+@[^@\s<>]+")
_HOSTNAME: Final = re.compile(
    r"(?=.{1,255}$)([a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)(\.[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*\.?"
)
_MAC: Final = re.compile(
    r"([0-9a-fA-F]{2}[:-]){5}[0-9a-fA-F]{2}|([0-9a-fA-F]{2}[:-]){7}[0-9a-fA-F]{2}|"
    r"([0-9a-fA-F]{4}\.){2}[0-9a-fA-F]{4}|([0-9a-fA-F]{4}\.){3}[0-9a-fA-F]{4}"
)
_HEX: Final = "[0-9a-fA-F]"
_UUID: Final = r"{h}{{8}}-?{h}{{4}}-?{v}{h}{{3}}-?{w}{h}{{3}}-?{h}{{12}}"
_HEX_COLOR: Final = re.compile(r"#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})")
_RGB: Final = re.compile(
    r"rgb\(\s*(0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*,\s*(0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*,"
    r"\s*(0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*\)"
)
_SSN: Final = re.compile(r"\d{3}[- ]?\d{2}[- ]?\d{4}")
_CARD: Final = re.compile(
    r"(?:4[0-9]{12}(?:[0-9]{3})?|5[1-5][0-9]{14}|(222[1-9]|22[3-9][0-9]|2[3-6][0-9]{2}|27[01][0-9]|2720)"
    r"[0-9]{12}|6(?:011|5[0-9][0-9])[0-9]{12}|3[47][0-9]{13}|3(?:0[0-5]|[68][0-9])[0-9]{11}|"
    r"(?:2131|1800|35\d{3})\d{11}|6[27][0-9]{14})"
)


def matching(pattern: "re.Pattern[str]") -> Callable[[str], bool]:
    """Whether the whole text fits."""
    return lambda text: pattern.fullmatch(text) is not None


def _uuid(version: str, variant: str) -> Callable[[str], bool]:
    return matching(re.compile(_UUID.format(h=_HEX, v=version, w=variant)))


def is_date(text: str) -> bool:
    """A full date of RFC 3339."""
    found = _DATE.fullmatch(text)
    return found is not None and _is_day(*(int(part) for part in found.groups()))


def is_date_time(text: str) -> bool:
    """A date and time of RFC 3339, or one of the forms near to it that Kubernetes takes."""
    found = _DATE_TIME.fullmatch(text)
    return found is not None and _is_day(*(int(part) for part in found.groups()[:3]))


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


def _is_address(parse: Callable[[str], object]) -> Callable[[str], bool]:
    def fits(text: str) -> bool:
        try:
            parse(text)
        except ValueError:
            return False
        return True

    return fits


def _cidr(text: str) -> Any:
    if "/" not in text:
        raise ValueError(text)
    return ipaddress.ip_network(text, strict=False)


def is_uri(text: str) -> bool:
    """What a request may name: an absolute URI or an absolute path."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    if any(ord(each) < 0x21 or ord(each) == 0x7F for each in text):
        return False
    return bool(parts.scheme) or text.startswith("/")


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
    "cidr": _is_address(_cidr),
    "creditcard": _is_card,
    "date": is_date,
    "date-time": is_date_time,
    "datetime": is_date_time,
    "duration": matching(_DURATION),
    "email": matching(_EMAIL),
    "hexcolor": matching(_HEX_COLOR),
    "hostname": matching(_HOSTNAME),
    "ipv4": _is_address(ipaddress.IPv4Address),
    "ipv6": _is_address(ipaddress.IPv6Address),
    "isbn": lambda text: _is_isbn10(text) or _is_isbn13(text),
    "isbn10": _is_isbn10,
    "isbn13": _is_isbn13,
    "k8s-long-name": lambda text: not dns1123_subdomain_errors(text),
    "k8s-short-name": lambda text: not dns1123_label_errors(text),
    "mac": matching(_MAC),
    "password": lambda _text: True,
    "rgbcolor": matching(_RGB),
    "ssn": matching(_SSN),
    "uri": is_uri,
    "uuid": _uuid(_HEX, _HEX),
    "uuid3": _uuid("3", _HEX),
    "uuid4": _uuid("4", "[89abAB]"),
    "uuid5": _uuid("5", "[89abAB]"),
}
