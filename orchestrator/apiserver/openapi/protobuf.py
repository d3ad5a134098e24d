"""The OpenAPI documents, of either version, in gnostic's protobuf form; older kubectl reads version 2 in no other.

A document is walked by the table of gnostic's messages, which says of each field its number, name and type. Some
messages are no objects of JSON: of a choice one field is set, which the value tells; a map is a message of named
entries, and beside others there may be entries whose names have a shape; what JSON has as a list, or as the only one
of what may be several, is a message of one repeated field; and whatever may be anything is written as YAML.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from functools import cache, lru_cache
from typing import Any, Final, NamedTuple, TypeAlias

from orchestrator.api import wire
from orchestrator.api.facts import OPENAPI_PROTOBUF
from orchestrator.machinery.yaml_writing import yaml_in_order

MEDIA_TYPES: Final[Mapping[str, tuple[str, str]]] = {
    version: (
        f"application/com.github.proto-openapi.spec.{version}.v1.0+protobuf",
        f"application/com.github.proto-openapi.spec.{version}@v1.0+protobuf",
    )
    for version in ("v2", "v3")
}
"""By which a document is asked for; it is sent as the first."""

Write: TypeAlias = Callable[[int, Any], bytes]

_NAMED: Final = "[]Named"
# Which entries of an object stand in a field of named ones.
_ENTRIES: Final[Mapping[str, Callable[[str], bool]]] = {
    "additionalProperties": lambda name: True,
    "path": lambda name: name.startswith("/"),
    "responseCode": lambda name: not name.startswith("x-"),
    "responseOrReference": str.isdecimal,
    "specificationExtension": lambda name: name.startswith("x-"),
    "vendorExtension": lambda name: name.startswith("x-"),
}
# Which field of a choice is set, where more is asked than whether it is a reference.
_CHOSEN: Final[Mapping[str, Callable[[Any], str]]] = {
    "Parameter": lambda value: "bodyParameter" if value["in"] == "body" else "nonBodyParameter",
    "NonBodyParameter": lambda value: f"{value['in']}ParameterSubSchema",
    "SecurityDefinitionsItem": lambda value: f"{value['type']}Security",
}
_REFERENCES: Final = frozenset(("reference", "jsonReference"))
_TYPES: Final[Mapping[type, str]] = {bool: "boolean", int: "number", float: "number", str: "string"}


class _Field(NamedTuple):
    """A field of a message; `entries`: which entries of the object stand in it, for one of named entries."""

    number: int
    name: str
    write: Write
    entries: Callable[[str], bool] | None


def encode(document: Mapping[str, Any], version: str) -> bytes:
    """A document of version v2 or v3."""
    return _form(version).message("Document", document)


class _Form:
    """How the messages of one version are written."""

    def __init__(self, facts: Mapping[str, Mapping[str, Any]]) -> None:
        self._messages, self._choices = facts["messages"], facts["choices"]
        self._writers: dict[str, Write] = {**_SCALARS, "Any": _any}
        self._fields: dict[str, tuple[_Field, ...]] = {}

    def message(self, kind: str, value: Any) -> bytes:
        """The fields of an object."""
        parts: list[bytes] = []
        for number, name, write, entries in self._fields_of(kind):
            if entries is not None:
                parts += [
                    wire.message(number, wire.text(1, key) + write(2, each))
                    for key, each in value.items()
                    if entries(key)
                ]
            elif name in value:
                parts.append(write(number, value[name]))
        return b"".join(parts)

    def _fields_of(self, kind: str) -> tuple[_Field, ...]:
        found = self._fields.get(kind)
        if found is None:
            found = self._fields[kind] = tuple(
                self._field(int(number), name, type_)
                for number, (name, type_) in self._messages[kind].items()
            )
        return found

    def _field(self, number: int, name: str, type_: str) -> _Field:
        if type_.startswith(_NAMED):
            kind = self._messages[type_.removeprefix("[]")]["2"][1]
            return _Field(number, name, self._writer(kind), _ENTRIES[name])
        if type_.startswith("[]"):
            write = self._writer(type_.removeprefix("[]"))
            return _Field(number, name, lambda at, values: _repeated(write, at, values), None)
        return _Field(number, name, self._writer(type_), None)

    def _writer(self, kind: str) -> Write:
        found = self._writers.get(kind)
        if found is None:
            found = self._writers[kind] = self._made(kind)
        return found

    def _made(self, kind: str) -> Write:
        if kind in self._choices:
            return lambda number, value: wire.message(number, self._choice(kind, value))
        fields = self._messages[kind]
        if len(fields) == 1:
            ((at, (_, only)),) = fields.items()
            if only.startswith("[]") and not only.startswith(_NAMED):
                write = self._writer(only.removeprefix("[]"))
                return lambda number, value: wire.message(
                    number,
                    _repeated(write, int(at), value if isinstance(value, list) else [value]),
                )
        return lambda number, value: wire.message(number, self.message(kind, value))

    def _choice(self, kind: str, value: Any) -> bytes:
        """The one field that is set, which is written whatever it is; none where no field can hold the value."""
        fields = {name: (int(at), type_) for at, (name, type_) in self._choices[kind].items()}
        chosen = _CHOSEN[kind](value) if kind in _CHOSEN else _chosen(fields, value)
        if chosen not in fields:
            return b""
        number, type_ = fields[chosen]
        return _ALWAYS.get(type_, self._writer(type_))(number, value)


def _chosen(names: Iterable[str], value: Any) -> str:
    """Which of these fields a value is."""
    if not isinstance(value, dict):
        return _TYPES.get(type(value), "")
    objects = [name for name in names if name not in _TYPES.values()]
    references = [name for name in objects if name in _REFERENCES and "$ref" in value]
    return (*references, *objects, "")[0]


def _repeated(write: Write, number: int, values: Any) -> bytes:
    return b"".join([write(number, value) for value in values])


def _any(number: int, value: Any) -> bytes:
    return wire.message(number, wire.text(2, _yaml(json.dumps(value))))


@lru_cache(maxsize=4096)
def _yaml(text: str) -> str:
    """A JSON text as YAML; few of those that stand in a document differ."""
    return yaml_in_order(json.loads(text))


# A field that is zero is left out, but for the one of a choice, and those of a list.
_ALWAYS: Final[Mapping[str, Write]] = {
    "bool": lambda number, value: wire.number(number, int(value)),
    "double": lambda number, value: wire.double(number, float(value)),
    "string": wire.text,
}
_SCALARS: Final[Mapping[str, Write]] = {
    "bool": lambda number, value: wire.number(number, 1) if value else b"",
    "double": lambda number, value: wire.double(number, float(value)) if value else b"",
    "int64": lambda number, value: wire.number(number, int(value)) if value else b"",
    "string": lambda number, value: wire.text(number, value) if value else b"",
}


@cache
def _form(version: str) -> _Form:
    return _Form(json.loads(OPENAPI_PROTOBUF.read_text())[version])
