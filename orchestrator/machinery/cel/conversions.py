"""Conversions of literals, which the original works out when an expression is written, and refuses if they cannot be."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from orchestrator.machinery.cel.syntax import Call, Constant, Node, Parsed, children

Value: TypeAlias = tuple[str, Any]
"""A type and a value of it."""

_INT: Final = range(-(2**63), 2**63)
_UINT: Final = range(2**64)
_WHOLE: Final = re.compile(r"[-+]?\d+", re.ASCII)
_DIGITS: Final = re.compile(r"\d+", re.ASCII)
_DOUBLE: Final = re.compile(
    r"[-+]?(?:\d+\.?\d*(?:e[-+]?\d+)?|\.\d+(?:e[-+]?\d+)?|inf(?:inity)?|nan)",
    re.ASCII | re.IGNORECASE,
)
_INFINITE: Final = re.compile(r"[-+]?(?:inf(?:inity)?|nan)", re.IGNORECASE)
_BOOLS: Final[Mapping[str, bool]] = {
    **dict.fromkeys(("1", "t", "T", "TRUE", "true", "True"), True),
    **dict.fromkeys(("0", "f", "F", "FALSE", "false", "False"), False),
}


class _Unconvertible(Exception):
    """The message is the original's."""


def unconvertible(parsed: Parsed) -> str:
    """What a conversion of a literal would raise; or ""."""
    try:
        _look_at(parsed.tree)
    except _Unconvertible as error:
        return str(error)
    return ""


def _look_at(node: Node) -> Value | None:
    """The value of a part that is a literal, or made of one by conversions alone. Raises _Unconvertible."""
    inside = [_look_at(child) for child in children(node)]
    if isinstance(node, Constant):
        return node.type, node.value
    if not isinstance(node, Call) or node.target is not None or len(inside) != 1:
        return None
    convert = _CONVERSIONS.get(node.function)
    if inside[0] is None or convert is None:
        return None
    return convert(*inside[0])


def _to_int(type_: str, value: Any) -> Value | None:
    if type_ == "string":
        return "int", _read(value, "int", _WHOLE, _INT)
    if type_ in ("int", "uint", "double"):
        return "int", _within(value, _INT, "integer overflow")
    return None


def _to_uint(type_: str, value: Any) -> Value | None:
    if type_ == "string":
        return "uint", _read(value, "uint", _DIGITS, _UINT)
    if type_ in ("int", "uint", "double"):
        return "uint", _within(value, _UINT, "unsigned integer overflow")
    return None


def _read(text: str, type_: str, form: re.Pattern[str], allowed: range) -> int:
    # Longer texts of digits are out of range, and Python will not read them.
    if form.fullmatch(text) and len(text.lstrip("+-0")) < 25 and int(text) in allowed:
        return int(text)
    raise _Unconvertible(f"type conversion error from 'string' to '{type_}'")


def _within(value: float, allowed: range, otherwise: str) -> int:
    # The ends themselves are no doubles.
    if value != value or not allowed.start - 1 < value < allowed.stop:
        raise _Unconvertible(otherwise)
    return int(value)


def _to_double(type_: str, value: Any) -> Value | None:
    if type_ == "string":
        if not _DOUBLE.fullmatch(value) or (
            float(value) in (float("inf"), float("-inf")) and not _INFINITE.fullmatch(value)
        ):
            raise _Unconvertible("type conversion error from 'string' to 'double'")
        return "double", float(value)
    return ("double", float(value)) if type_ in ("int", "uint", "double") else None


def _to_bool(type_: str, value: Any) -> Value | None:
    if type_ == "string":
        if value not in _BOOLS:
            raise _Unconvertible("type conversion error from 'string' to 'bool'")
        return "bool", _BOOLS[value]
    return (type_, value) if type_ == "bool" else None


def _to_string(type_: str, value: Any) -> Value | None:
    if type_ == "bytes":
        try:
            return "string", bytes(value).decode()
        except UnicodeDecodeError as error:
            raise _Unconvertible("invalid UTF-8 in bytes, cannot convert to string") from error
    if type_ in ("int", "uint"):
        return "string", str(value)
    return (type_, value) if type_ == "string" else None


_CONVERSIONS: Final[Mapping[str, Callable[[str, Any], Value | None]]] = {
    "int": _to_int,
    "uint": _to_uint,
    "double": _to_double,
    "bool": _to_bool,
    "string": _to_string,
    "dyn": lambda type_, value: (type_, value),
}
