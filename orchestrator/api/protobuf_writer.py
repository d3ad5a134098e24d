"""Kubernetes' protobuf form of an object, written: for clients that ask for it, as client-go does.

Made of the JSON document by the numbers that the reader (`protobuf`) goes by, so that what one writes the
other reads. What the document leaves out is written as its zero where Go's structs have no way to leave it out.
"""

from base64 import b64decode
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache, lru_cache
from typing import Any, Final, NamedTuple

import msgspec

from orchestrator.api import protobuf, wire
from orchestrator.api.errors import UnknownKind
from orchestrator.api.go_text import as_go_writes

_ENCODER: Final = msgspec.json.Encoder()
_META: Final = "io.k8s.apimachinery.pkg.apis.meta.v1."
# Not in the document: they are forms of answers and no kinds.
_FORMS: Final[Mapping[tuple[str, str], str]] = {
    ("apidiscovery.k8s.io/v2", "APIGroupDiscoveryList"): (
        "io.k8s.api.apidiscovery.v2.APIGroupDiscoveryList"
    ),
    **{
        (f"meta.k8s.io/{version}", kind): f"{_META}{kind}"
        for version in ("v1", "v1beta1")
        for kind in ("PartialObjectMetadata", "PartialObjectMetadataList")
    },
}


class Field(NamedTuple):
    """One field of a message. `name` is empty where its fields stand among those of the message around it.

    `zero` is what is written where the document leaves it out.
    """

    number: int
    name: str
    write: Callable[[int, Any], bytes]
    zero: bytes


@lru_cache(maxsize=1024)
def has_form(api_version: str, kind: str) -> bool:
    """Whether objects of the kind can be written."""
    return _definition(api_version, kind) is not None


def encode(document: Mapping[str, Any]) -> bytes:
    """The document in its envelope. Raises UnknownKind for one whose kind has no protobuf form."""
    # Two documents of discovery are older than that all say their version.
    api_version, kind = document.get("apiVersion", ""), document["kind"]
    definition = _definition(api_version, kind)
    if definition is None:
        raise UnknownKind(api_version, kind)
    type_meta = wire.text(1, api_version) + wire.text(2, kind)
    raw = _message(definition, document)
    empty = wire.text(3, "") + wire.text(4, "")  # its encoding and media type, as Go writes them
    return protobuf.MAGIC + wire.message(1, type_meta) + wire.message(2, raw) + empty


def watch_frame(type_: str, document: Mapping[str, Any]) -> bytes:
    """One event of a watch: its length in four bytes, and a WatchEvent around the object's envelope."""
    event = wire.text(1, type_) + wire.message(2, wire.message(1, encode(document)))
    return len(event).to_bytes(4) + event


def _definition(api_version: str, kind: str) -> str | None:
    form = _FORMS.get((api_version, kind))
    if form is not None:
        return form
    definition = protobuf.definition_of(api_version or "v1", kind)
    return definition if definition in protobuf.table() else None


# --- messages -------------------------------------------------------------------------------


def _message(definition: str, document: Any) -> bytes:
    parts = []
    for number, name, write, zero in _fields(definition):
        if name:
            value = document.get(name)
            parts.append(zero if value is None else write(number, value))
        else:
            parts.append(write(number, document))
    return b"".join(parts)


@cache
def _fields(definition: str) -> tuple[Field, ...]:
    return tuple(
        Field(number, "" if kind.startswith("^") else name, _writer(kind), _zero(number, kind))
        for number, (name, kind) in protobuf.table()[definition].items()
    )


def _zero(number: int, kind: str) -> bytes:
    """What Go writes of a field that nobody has set: nothing of what can be missing there, else its zero."""
    if kind in ("bytes", "items") or not kind[0].isalpha():
        return b""
    if kind in _ZEROS:
        return _SPECIAL[kind](number, _ZEROS[kind])
    return wire.message(number, b"" if kind in _EMPTY else _message(kind, {}))


@cache
def _writer(kind: str) -> Callable[[int, Any], bytes]:
    if kind.startswith("[]"):
        return _list_writer(_writer(kind[2:]))
    if kind.startswith("{}"):
        return _map_writer(_writer(kind[2:]))
    kind = kind.lstrip("*^")
    special = _SPECIAL.get(kind)
    if special is not None:
        return special
    wrap = _WRAPPED.get(kind)
    if wrap is not None:
        return lambda number, value: wire.message(number, _message(kind, wrap(value)))
    return lambda number, value: wire.message(number, _message(kind, value))


def _list_writer(write: Callable[[int, Any], bytes]) -> Callable[[int, Any], bytes]:
    return lambda number, values: b"".join([write(number, value) for value in values])


def _map_writer(write: Callable[[int, Any], bytes]) -> Callable[[int, Any], bytes]:
    return lambda number, values: b"".join(
        [wire.message(number, wire.text(1, key) + write(2, value)) for key, value in values.items()]
    )


# --- types whose JSON is not that of their fields -------------------------------------------


def _time(number: int, text: str) -> bytes:
    moment = datetime.fromisoformat(text)
    seconds = int(moment.replace(microsecond=0).timestamp())
    nanos = moment.microsecond * 1000
    return wire.message(number, wire.number(1, seconds) + wire.number(2, nanos))


def _int_or_string(number: int, value: int | str) -> bytes:
    if isinstance(value, str):
        return wire.message(number, wire.number(1, 1) + wire.number(2, 0) + wire.text(3, value))
    return wire.message(number, wire.number(1, 0) + wire.number(2, value) + wire.text(3, ""))


def _raw(number: int, value: Any) -> bytes:
    return wire.message(number, wire.message(1, as_go_writes(_ENCODER.encode(value))))


_SPECIAL: Final[Mapping[str, Callable[[int, Any], bytes]]] = {
    "string": wire.text,
    "bytes": lambda number, value: wire.message(number, b64decode(value)),
    "int32": wire.number,
    "int64": wire.number,
    "bool": lambda number, value: wire.number(number, int(value)),
    "double": wire.double,
    "items": lambda number, values: wire.message(
        number, b"".join(wire.text(1, value) for value in values)
    ),
    f"{_META}Time": _time,
    f"{_META}MicroTime": _time,
    f"{_META}FieldsV1": _raw,
    protobuf.SCHEMAS: _raw,
    "io.k8s.apimachinery.pkg.runtime.RawExtension": _raw,
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": _int_or_string,
    "io.k8s.apimachinery.pkg.api.resource.Quantity": lambda number, value: wire.message(
        number, wire.text(1, str(value))
    ),
}


_ZEROS: Final[Mapping[str, Any]] = {
    "string": "",
    "int32": 0,
    "int64": 0,
    "bool": False,
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": 0,
    "io.k8s.apimachinery.pkg.api.resource.Quantity": "0",
}
# Of these nothing stands within.
_EMPTY: Final = frozenset(
    (f"{_META}Time", f"{_META}MicroTime", "io.k8s.apimachinery.pkg.runtime.RawExtension")
)


def _schemas(value: Any) -> dict[str, Any]:
    return {"jSONSchemas": value} if isinstance(value, list) else {"schema": value}


def _schema_or_bool(value: Any) -> dict[str, Any]:
    return {"allows": value} if isinstance(value, bool) else {"allows": True, "schema": value}


def _schema_or_names(value: Any) -> dict[str, Any]:
    return {"property": value} if isinstance(value, list) else {"schema": value}


_WRAPPED: Final[Mapping[str, Callable[[Any], dict[str, Any]]]] = {
    f"{protobuf.SCHEMAS}SchemaPropsOrArray": _schemas,
    f"{protobuf.SCHEMAS}SchemaPropsOrBool": _schema_or_bool,
    f"{protobuf.SCHEMAS}SchemaPropsOrStringArray": _schema_or_names,
}
