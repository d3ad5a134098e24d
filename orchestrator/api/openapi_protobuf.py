"""The OpenAPI v2 document in gnostic's protobuf form, the only one that kubectl reads it in.

The definitions are there, and no paths: kubectl looks kinds up by them, and calls none by path.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from orchestrator.api import wire

MEDIA_TYPES: Final = (
    "application/com.github.proto-openapi.spec.v2@v1.0+protobuf",
    "application/com.github.proto-openapi.spec.v2.v1.0+protobuf",
)
# Numbers of gnostic's messages (openapiv2/OpenAPIv2.proto).
_DOCUMENT: Final = {"swagger": 1, "info": 2, "paths": 8, "definitions": 9}
_TEXTS: Final = {"$ref": 1, "format": 2, "title": 3, "description": 4}
_DEFAULT, _REQUIRED, _ADDITIONAL, _TYPE, _ITEMS, _PROPERTIES, _EXTENSION = 5, 19, 21, 22, 23, 25, 31
_YAML: Final = 2  # of an Any


def encode(source: Mapping[str, Any]) -> bytes:
    """The protobuf form of a document."""
    definitions = _named(source["definitions"], _schema)
    info = wire.text(1, source["info"]["title"]) + wire.text(2, source["info"]["version"])
    return (
        wire.text(_DOCUMENT["swagger"], source["swagger"])
        + wire.message(_DOCUMENT["info"], info)
        + wire.message(_DOCUMENT["paths"], b"")
        + wire.message(_DOCUMENT["definitions"], definitions)
    )


def _schema(schema: dict[str, Any]) -> bytes:
    parts = [wire.text(number, schema[name]) for name, number in _TEXTS.items() if name in schema]
    if "default" in schema:
        parts.append(wire.message(_DEFAULT, _any(schema["default"])))
    parts += [wire.text(_REQUIRED, name) for name in schema.get("required", ())]
    if "additionalProperties" in schema:
        inner = wire.message(1, _schema(schema["additionalProperties"]))
        parts.append(wire.message(_ADDITIONAL, inner))
    if "type" in schema:
        parts.append(wire.message(_TYPE, wire.text(1, schema["type"])))
    if "items" in schema:
        parts.append(wire.message(_ITEMS, wire.message(1, _schema(schema["items"]))))
    if "properties" in schema:
        parts.append(wire.message(_PROPERTIES, _named(schema["properties"], _schema)))
    extensions = {name: value for name, value in schema.items() if name.startswith("x-")}
    parts += [
        wire.message(_EXTENSION, wire.text(1, name) + wire.message(2, _any(value)))
        for name, value in extensions.items()
    ]
    return b"".join(parts)


def _named(values: dict[str, Any], encode: Any) -> bytes:
    """`additional_properties` of Definitions and Properties: names with their values."""
    return b"".join(
        wire.message(1, wire.text(1, name) + wire.message(2, encode(value)))
        for name, value in values.items()
    )


def _any(value: Any) -> bytes:
    return wire.text(_YAML, json.dumps(value))  # JSON is YAML
