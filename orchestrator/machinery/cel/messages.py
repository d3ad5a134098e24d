"""Values of message types that are written as such: `google.protobuf.Int32Value{value: 1}`, `Object{spec: ...}`.

A wrapper is what it wraps; the messages of JSON are the values that they say; what a policy makes is a map.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from orchestrator.machinery.cel.data import Duration, Fault, UInt
from orchestrator.machinery.cel.operators import lasting, moment
from orchestrator.machinery.cel.types import (
    ANY,
    BOOL,
    BYTES,
    DOUBLE,
    DURATION,
    DYN,
    INT,
    NULL,
    STRING,
    TIMESTAMP,
    UINT,
    Type,
    list_of,
    map_of,
    struct_of,
    wrapper_of,
)

_SECOND: Final = 10**9
_PACKAGE: Final = "google.protobuf"
_WRAPPED: Final[Mapping[str, Type]] = {
    "BoolValue": BOOL,
    "BytesValue": BYTES,
    "DoubleValue": DOUBLE,
    "FloatValue": DOUBLE,
    "Int32Value": INT,
    "Int64Value": INT,
    "StringValue": STRING,
    "UInt32Value": UINT,
    "UInt64Value": UINT,
}
_ITEMS, _MEMBERS, _TIME = list_of(DYN), map_of(STRING, DYN), {"seconds": INT, "nanos": INT}
_MESSAGES: Final[Mapping[str, tuple[Type, Mapping[str, Type]]]] = {
    **{name: (wrapper_of(type_), {"value": type_}) for name, type_ in _WRAPPED.items()},
    "Any": (ANY, {"type_url": STRING, "value": BYTES}),
    "Duration": (DURATION, _TIME),
    "Empty": (struct_of(f"{_PACKAGE}.Empty"), {}),
    "ListValue": (_ITEMS, {"values": _ITEMS}),
    "NullValue": (NULL, {}),
    "Struct": (_MEMBERS, {"fields": _MEMBERS}),
    "Timestamp": (TIMESTAMP, _TIME),
    "Value": (
        DYN,
        {
            "null_value": INT,
            "number_value": DOUBLE,
            "string_value": STRING,
            "bool_value": BOOL,
            "struct_value": _MEMBERS,
            "list_value": _ITEMS,
        },
    ),
}
WELL_KNOWN: Final = {f"{_PACKAGE}.{name}": type_ for name, (type_, _) in _MESSAGES.items()}
"""The types of messages that all expressions may write, by their names."""

MESSAGE_FIELDS: Final = {f"{_PACKAGE}.{name}": fields for name, (_, fields) in _MESSAGES.items()}
"""Their fields."""

_EMPTY: Final[Mapping[str, Any]] = {
    "BoolValue": False,
    "BytesValue": b"",
    "DoubleValue": 0.0,
    "FloatValue": 0.0,
    "Int32Value": 0,
    "Int64Value": 0,
    "StringValue": "",
    "UInt32Value": UInt(0),
    "UInt64Value": UInt(0),
}
_RANGES: Final[Mapping[str, tuple[int, int, str]]] = {
    "Int32Value": (-(2**31), 2**31 - 1, "integer overflow"),
    "UInt32Value": (0, 2**32 - 1, "unsigned integer overflow"),
}


def made_of(type_: str) -> Callable[[dict[str, Any]], Any] | None:
    """What makes a value of a message's fields; None where the map of them is the value."""
    package, _, name = type_.rpartition(".")
    if package != _PACKAGE:
        return None
    if name in _EMPTY:
        return lambda fields: _wrapped(name, fields)
    maker: Callable[[dict[str, Any]], Any] = _MAKERS.get(name, _unknown)
    return maker


def _wrapped(name: str, fields: dict[str, Any]) -> Any:
    value = fields.get("value", _EMPTY[name])
    least, most, words = _RANGES.get(name, (0, 0, ""))
    if words and not least <= value <= most:
        where = f"{_PACKAGE}.{name}.value"
        return Fault(f"field type conversion error for {where} value type: {words}")
    return value


def _value(fields: dict[str, Any]) -> Any:
    for name, value in fields.items():
        return None if name == "null_value" else _plain(value)
    return None


def _plain(value: Any) -> Any:
    """A value as JSON's messages hold it, to which all numbers are doubles."""
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items()}
    return float(value) if type(value) in (int, UInt) else value


def _time(make: Callable[[int], Any]) -> Callable[[dict[str, Any]], Any]:
    return lambda fields: make(fields.get("seconds", 0) * _SECOND + fields.get("nanos", 0))


def _unknown(fields: dict[str, Any]) -> Any:
    return Fault("unsupported conversion to ref.Val: (*dynamicpb.Message)")


_MAKERS: Final[Mapping[str, Callable[[dict[str, Any]], Any]]] = {
    "Value": _value,
    "ListValue": lambda fields: _plain(fields.get("values") or []),
    "Struct": lambda fields: _plain(fields.get("fields") or {}),
    "Timestamp": _time(moment),
    "Duration": _time(lambda nanos: lasting(nanos) if nanos else Duration(0)),
}
