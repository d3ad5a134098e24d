"""Conversions between types: `int("5")`, `string(1.5)`, `duration("1h")`.

Of a literal the original works one out when the expression is written, and refuses it if that cannot be done.
"""

import base64
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from orchestrator.machinery.cel.data import (
    Duration,
    Fault,
    Opaque,
    Perhaps,
    Timestamp,
    TypeValue,
    UInt,
    is_list,
    type_name,
)
from orchestrator.machinery.cel.operators import checked, moment
from orchestrator.machinery.cel.times import moment_text, read_duration, read_moment
from orchestrator.machinery.documents import go_float

_WHOLE: Final = re.compile(r"[-+]?\d+", re.ASCII)
_DIGITS: Final = re.compile(r"\d+", re.ASCII)
_DOUBLE: Final = re.compile(
    r"[-+]?(?:(?:\d++\.?\d*+|\.\d++)(?:e[-+]?\d+)?|inf(?:inity)?|nan)",
    re.ASCII | re.IGNORECASE,
)
_INFINITE: Final = (float("inf"), float("-inf"))
_BOOLS: Final[Mapping[str, bool]] = {
    **dict.fromkeys(("1", "t", "T", "TRUE", "true", "True"), True),
    **dict.fromkeys(("0", "f", "F", "FALSE", "false", "False"), False),
}
_SECOND: Final = 10**9


def _unconvertible(value: Any, to: str) -> Fault:
    return Fault(f"type conversion error from '{type_name(value)}' to '{to}'")


def _to_whole(value: Any, kind: type, form: re.Pattern[str]) -> Any:
    name = "int" if kind is int else "uint"
    if type(value) is str:
        # Longer texts of digits are out of range, and Python will not read them.
        if form.fullmatch(value) and len(value.lstrip("+-0")) < 25:
            found = checked(int(value), kind)
            if type(found) is not Fault:
                return found
        return _unconvertible(value, name)
    if type(value) is float:
        # The ends themselves are no doubles.
        least, most = (-(2.0**63), 2.0**63) if kind is int else (-1.0, 2.0**64)
        inside = least < value < most if kind is int else 0 <= value < most
        return (
            kind(value)
            if inside
            else Fault(f"{'' if kind is int else 'unsigned '}integer overflow")
        )
    return checked(int(value), kind) if type(value) in (int, UInt) else _unconvertible(value, name)


def to_int(value: Any) -> Any:
    """`int()`: of a moment its seconds, of a duration its nanoseconds."""
    if isinstance(value, Timestamp):
        return value.nanos // _SECOND
    if isinstance(value, Duration):
        return value.nanos
    return _to_whole(value, int, _WHOLE)


def to_uint(value: Any) -> Any:
    """`uint()`."""
    return _to_whole(value, UInt, _DIGITS)


def to_double(value: Any) -> Any:
    """`double()`."""
    if type(value) is str:
        read = float(value) if _DOUBLE.fullmatch(value) else None
        if read is None or (read in _INFINITE and "inf" not in value.lower()):
            return _unconvertible(value, "double")
        return read
    return float(value) if type(value) in (float, int, UInt) else _unconvertible(value, "double")


def to_bool(value: Any) -> Any:
    """`bool()`."""
    if type(value) is str and value in _BOOLS:
        return _BOOLS[value]
    return value if type(value) is bool else _unconvertible(value, "bool")


def to_bytes(value: Any) -> Any:
    """`bytes()`."""
    if type(value) is str:
        return value.encode()
    return bytes(value) if isinstance(value, bytes | bytearray) else _unconvertible(value, "bytes")


def duration_text(value: Duration) -> str:
    """A duration in seconds, as many digits as tell it apart."""
    seconds = float(value.nanos // _SECOND) + (value.nanos % _SECOND) / 1e9
    if value.nanos < 0:
        seconds = -(float(-value.nanos // _SECOND) + (-value.nanos % _SECOND) / 1e9)
    text = f"{seconds:.9f}" if abs(seconds) < 2**23 else repr(seconds)
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text}s"


def to_string(value: Any) -> Any:
    """`string()`."""
    kind = type(value)
    if kind is str:
        return value
    if kind is bool:
        return "true" if value else "false"
    if kind in (int, UInt):
        return str(int(value))
    if kind is float:
        return go_float(value)
    if isinstance(value, bytes | bytearray):
        try:
            return bytes(value).decode()
        except UnicodeDecodeError:
            return Fault("invalid UTF-8 in bytes, cannot convert to string")
    if kind is Timestamp:
        return moment_text(value)
    if kind is Duration:
        return duration_text(value)
    if isinstance(value, TypeValue):
        return value.name
    if isinstance(value, Opaque) and value.kind in ("ip", "cidr", "url"):
        return str(value.value)
    return _unconvertible(value, "string")


def to_timestamp(value: Any) -> Any:
    """`timestamp()`: of a text, or of seconds since 1970."""
    if type(value) is int:
        return moment(value * _SECOND)
    if type(value) is str:
        found = read_moment(value)
        return _unconvertible(value, "google.protobuf.Timestamp") if found is None else found
    return value if type(value) is Timestamp else _unconvertible(value, "google.protobuf.Timestamp")


def to_duration(value: Any) -> Any:
    """`duration()`: of a text. A whole number is declared to be convertible, too, and is not."""
    if type(value) is str:
        found = read_duration(value)
        return _unconvertible(value, "google.protobuf.Duration") if found is None else found
    return value if type(value) is Duration else _unconvertible(value, "google.protobuf.Duration")


CONVERSIONS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "bool": to_bool,
    "bytes": to_bytes,
    "double": to_double,
    "duration": to_duration,
    "dyn": lambda value: value,
    "int": to_int,
    "string": to_string,
    "timestamp": to_timestamp,
    "uint": to_uint,
    "type": lambda value: TypeValue(type_name(value)),
}
"""By their names: functions of one argument."""


def json_value(value: Any) -> Any:
    """A value as a document has it: a moment or a duration is a text, bytes are base64, what is missing is null."""
    if isinstance(value, Perhaps):
        return json_value(value.held[0]) if value.held else None
    if isinstance(value, bytes | bytearray):
        return base64.b64encode(value).decode()
    if isinstance(value, Timestamp | Duration | TypeValue | Opaque):
        found = to_string(value)
        return None if type(found) is Fault else found
    if is_list(value):
        return [json_value(each) for each in value]
    if isinstance(value, Mapping):
        return {to_string(key): json_value(each) for key, each in value.items()}
    return int(value) if type(value) is UInt else value
