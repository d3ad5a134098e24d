"""Kubernetes' protobuf form of an object, read: what kubectl and client libraries send.

A body is four magic bytes and an envelope (`runtime.Unknown`) with version, kind and the object's
own message. What comes out is the document that the same client would have sent as JSON. As in Go,
what is not a pointer and holds its zero was not set. Fields that are not known are skipped.

The bytes come from someone we do not trust: whatever is wrong with them is a DecodeError.
"""

import json
import struct
from base64 import b64encode
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from orchestrator.api import document
from orchestrator.api.errors import DecodeError, UnknownKind
from orchestrator.api.facts import PROTOBUF

MAGIC: Final = b"k8s\x00"
MAX_DEPTH: Final = 100
_ENVELOPE_TYPE, _ENVELOPE_RAW = 1, 2
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_RAW: Final = "io.k8s.apimachinery.pkg.runtime.RawExtension"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

Fields = list[tuple[int, int, Any]]  # number, wire type, value


def decode(data: bytes) -> dict[str, Any]:
    """The object as its JSON document, apiVersion and kind included.

    Raises DecodeError, and UnknownKind for a kind that has no protobuf form.
    """
    if not data.startswith(MAGIC):
        raise DecodeError("", "expected protobuf to begin with the bytes k8s and zero")
    envelope = {number: value for number, _, value in _fields(memoryview(data)[len(MAGIC) :], "")}
    type_meta = {n: v for n, _, v in _fields(_bytes(envelope.get(_ENVELOPE_TYPE, b""), ""), "")}
    api_version = _string(type_meta.get(1, b""), "apiVersion")
    kind = _string(type_meta.get(2, b""), "kind")
    definition = _kinds().get((api_version, kind))
    if definition is None or definition not in table():
        raise UnknownKind(api_version, kind)
    raw = _bytes(envelope.get(_ENVELOPE_RAW, b""), "")
    return {"apiVersion": api_version, "kind": kind, **_message(raw, definition, "", 0)}


@lru_cache(maxsize=1)
def table() -> dict[str, dict[int, tuple[str, str]]]:
    """Definition -> number -> (JSON name, type); see `generate/protobuf.py`."""
    return {
        definition: {int(number): (name, kind) for number, (name, kind) in fields.items()}
        for definition, fields in json.loads(PROTOBUF.read_text()).items()
    }


def definition_of(api_version: str, kind: str) -> str | None:
    """The name of a kind's definition."""
    return _kinds().get((api_version, kind))


@lru_cache(maxsize=1)
def _kinds() -> dict[tuple[str, str], str]:
    """(apiVersion, kind) -> definition."""
    found = {}
    for name, schema in document.load()["definitions"].items():
        for gvk in schema.get("x-kubernetes-group-version-kind", ()):
            group, version = gvk["group"], gvk["version"]
            found[f"{group}/{version}" if group else version, gvk["kind"]] = name
    return found


# --- messages ------------------------------------------------------------------------------


def _message(data: Any, definition: str, path: str, depth: int) -> dict[str, Any]:
    if depth > MAX_DEPTH:
        raise DecodeError(path, f"exceeded max depth {MAX_DEPTH}")
    known = table()[definition]
    made: dict[str, Any] = {}
    for number, wire, value in _fields(data, path):
        field = known.get(number)
        if field is not None:
            _put(made, field, wire, value, path, depth)
    return made


def _put(
    made: dict[str, Any], field: tuple[str, str], wire: int, value: Any, path: str, depth: int
) -> None:
    name, kind = field
    where = f"{path}.{name}" if path else name
    if kind.startswith("[]"):
        items = made.setdefault(name, [])
        element = kind[2:]
        if wire == _BYTES and element in _NUMBERS:  # packed
            items += [_value(_VARINT, n, element, where, depth) for n in _packed(value, where)]
        else:
            items.append(_value(wire, value, element, f"{where}[{len(items)}]", depth))
    elif kind.startswith("{}"):
        entry = {n: (w, v) for n, w, v in _fields(_bytes(value, where), where)}
        key = _string(entry[1][1], where) if 1 in entry else ""
        inner_wire, inner = entry.get(2, (_BYTES, memoryview(b"")))
        made.setdefault(name, {})[key] = _value(
            inner_wire, inner, kind[2:], f"{where}[{key}]", depth
        )
    elif kind.startswith("^"):
        made.update(_message(_bytes(value, where), kind[1:], path, depth + 1))
    else:
        found = _value(wire, value, kind.removeprefix("*"), where, depth)
        if found is None or (not found and not kind.startswith(("*", _RAW))):
            made.pop(name, None)
        else:
            made[name] = found


def _value(wire: int, value: Any, kind: str, path: str, depth: int) -> Any:
    if kind == "double":
        return _double(wire, value, path)
    if kind in _NUMBERS:
        if wire != _VARINT:
            raise DecodeError(path, f"expected a number, got wire type {wire}")
        return _NUMBERS[kind](value)
    data = _bytes(value, path)
    special = _SPECIAL.get(kind)
    if special is not None:
        return special(data, path)
    made = _message(data, kind, path, depth + 1)
    unwrap = _UNWRAPPED.get(kind)
    return made if unwrap is None else unwrap(made)


# --- types whose JSON is not that of their fields ------------------------------------------


def _plain(data: Any, path: str) -> dict[int, Any]:
    return {number: value for number, _, value in _fields(data, path)}


def _seconds(data: Any, path: str) -> timedelta | None:
    """Since the epoch; None for Go's zero time, which is written as nothing at all."""
    if not len(data):
        return None
    found = _plain(data, path)
    seconds, nanos = (_signed(_number(found.get(n, 0), path)) for n in (1, 2))
    return timedelta(seconds=seconds, microseconds=nanos // 1000)


def _time(data: Any, path: str, *, micro: bool = False) -> str | None:
    try:
        since = _seconds(data, path)
        if since is None:
            return None
        moment = (_EPOCH + since).replace(tzinfo=None)
        return moment.isoformat(timespec="microseconds" if micro else "seconds") + "Z"
    except OverflowError:
        raise DecodeError(path, "expected a time between the years 1 and 9999") from None


def _int_or_string(data: Any, path: str) -> int | str:
    found = _plain(data, path)
    if _number(found.get(1, 0), path):
        return _string(found.get(3, b""), path)
    return _signed(_number(found.get(2, 0), path))


def _json(number: int) -> Callable[[Any, str], Any]:
    def read(data: Any, path: str) -> Any:
        raw = bytes(_bytes(_plain(data, path).get(number, b""), path))
        try:
            return json.loads(raw) if raw else None
        except (ValueError, RecursionError) as error:
            raise DecodeError(path, f"expected JSON: {error}") from None

    return read


def _items(data: Any, path: str) -> list[str]:
    return [_string(value, path) for number, _, value in _fields(data, path) if number == 1]


# --- the wire ------------------------------------------------------------------------------


def _signed(value: int) -> int:
    return value - (1 << 64) if value >= 1 << 63 else value


_NUMBERS: Final[dict[str, Callable[[int], Any]]] = {
    "int32": _signed,
    "int64": _signed,
    "bool": bool,
}


def _double(wire: int, value: Any, path: str) -> float | int:
    """A whole number is written in JSON as one."""
    if wire != _FIXED64:
        raise DecodeError(path, f"expected a number, got wire type {wire}")
    found: float = struct.unpack("<d", value)[0]
    return int(found) if found.is_integer() else found


def _fields(data: Any, path: str) -> Iterator[tuple[int, int, Any]]:
    """Each field's number, wire type and value: an int, or a view of the bytes."""
    position, size = 0, len(data)
    while position < size:
        tag, position = _varint(data, position, path)
        number, wire = tag >> 3, tag & 7
        if wire == _VARINT:
            value, position = _varint(data, position, path)
            yield number, wire, value
            continue
        if wire == _BYTES:
            length, position = _varint(data, position, path)
        elif wire in (_FIXED32, _FIXED64):
            length = 4 if wire == _FIXED32 else 8
        else:
            raise DecodeError(path, f"illegal wire type {wire}")
        if number == 0 or length > size - position:
            raise DecodeError(path, "unexpected end of protobuf")
        yield number, wire, data[position : position + length]
        position += length


def _varint(data: Any, position: int, path: str) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if position >= len(data):
            raise DecodeError(path, "unexpected end of protobuf")
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFF_FFFF_FFFF_FFFF, position
    raise DecodeError(path, "integer overflow")


def _packed(data: Any, path: str) -> Iterator[int]:
    position = 0
    while position < len(data):
        value, position = _varint(data, position, path)
        yield value


def _number(value: Any, path: str) -> int:
    if not isinstance(value, int):
        raise DecodeError(path, "expected a number, got bytes")
    return value


def _bytes(value: Any, path: str) -> Any:
    if isinstance(value, int):
        raise DecodeError(path, "expected bytes, got a number")
    return value


def _string(value: Any, path: str) -> str:
    try:
        return str(bytes(_bytes(value, path)), "utf-8")
    except UnicodeDecodeError:
        raise DecodeError(path, "expected UTF-8 text") from None


# --- which type is read how -----------------------------------------------------------------

_META: Final = "io.k8s.apimachinery.pkg.apis.meta.v1."
SCHEMAS: Final = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON"
_SPECIAL: Final[dict[str, Callable[[Any, str], Any]]] = {
    "string": _string,
    "bytes": lambda data, path: b64encode(data).decode(),
    "items": _items,
    _META + "Time": _time,
    _META + "MicroTime": lambda data, path: _time(data, path, micro=True),
    _META + "FieldsV1": _json(1),
    SCHEMAS: _json(1),
    _RAW: _json(1),
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": _int_or_string,
    "io.k8s.apimachinery.pkg.api.resource.Quantity": lambda data, path: (
        _string(_plain(data, path).get(1, b""), path) or "0"
    ),
}
# Either a schema or something else, which JSON has in one place and protobuf in two.
_UNWRAPPED: Final[dict[str, Callable[[dict[str, Any]], Any]]] = {
    f"{SCHEMAS}SchemaPropsOrArray": lambda made: made.get("jSONSchemas") or made.get("schema"),
    f"{SCHEMAS}SchemaPropsOrBool": lambda made: made.get("schema", made.get("allows", False)),
    f"{SCHEMAS}SchemaPropsOrStringArray": lambda made: made.get("property") or made.get("schema"),
}
