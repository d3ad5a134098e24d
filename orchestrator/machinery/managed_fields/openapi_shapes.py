"""Shapes from OpenAPI: of the built-in kinds, and of custom resources with their schema.

Both say the same things in the same words (`x-kubernetes-list-type`, `-list-map-keys`,
`-map-type`, patch strategies where nothing newer is said), so one reader serves both.
"""

from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any, Final, TypeAlias

import msgspec

from orchestrator.api import document
from orchestrator.api.default_table import DEFAULTS
from orchestrator.api.facts import WRITTEN
from orchestrator.machinery.managed_fields.shapes import (
    DEDUCED,
    UNTYPED,
    ListShape,
    MapShape,
    Scalar,
    Shape,
)

Schema: TypeAlias = Mapping[str, Any]

_META: Final = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
_QUANTITY: Final = "io.k8s.apimachinery.pkg.api.resource.Quantity"
_RAW: Final = "io.k8s.apimachinery.pkg.runtime.RawExtension"
_SCALARS: Final[Mapping[str, Scalar]] = {
    "integer": "numeric",
    "number": "numeric",
    "boolean": "boolean",
}
# What a typed object has in a field that nobody set and that is always written.
_ZEROS: Final[Mapping[str, Any]] = {"string": "", "integer": 0, "number": 0, "boolean": False}
_TEXT_FORMATS: Final = ("", "byte")


@cache  # as many as there are kinds
def shape_of_kind(group: str, version: str, kind: str) -> Shape:
    """The shape of a built-in kind; `DEDUCED` for one that the document does not have."""
    name = _names().get((group, version, kind))
    return DEDUCED if name is None else _reader().named(name)


def shape_of_custom(schema: Schema | None, *, preserve_unknown: bool = False) -> Shape:
    """The shape of a custom resource; `schema` is its structural schema (`openAPIV3Schema`)."""
    if schema is None:
        return DEDUCED
    shape = Shape()
    _reader().fill(shape, schema, preserve_unknown)
    if shape.map is None:
        shape.map = MapShape(DEDUCED)
    _make_whole(shape.map)
    return shape


def is_quantity(shape: Shape) -> bool:
    """Whether it is that of all quantities of built-in kinds."""
    return shape is _reader().named(_QUANTITY)


@lru_cache(maxsize=1)
def _reader() -> "_Reader":
    return _Reader(document.load()["definitions"])


@lru_cache(maxsize=1)
def _names() -> dict[tuple[str, str, str], str]:
    found: dict[tuple[str, str, str], str] = {}
    for name, schema in document.load()["definitions"].items():
        for served in schema.get("x-kubernetes-group-version-kind", ()):
            found.setdefault((served["group"], served["version"], served["kind"]), name)
    return found


def _make_whole(fields: MapShape) -> None:
    """Every whole object says its kind and has metadata, whether its schema says so or not."""
    fields.fields["apiVersion"] = fields.fields["kind"] = Shape("string")
    fields.fields["metadata"] = _reader().named(_META)


class _Reader:
    """Makes shapes from schemas; those of definitions once."""

    def __init__(self, definitions: Mapping[str, Schema]) -> None:
        self._definitions = definitions
        self._named: dict[tuple[str, bool | None], Shape] = {}

    def named(self, name: str, atomic: bool | None = None) -> Shape:
        """The shape of a definition; `atomic` overrides what it says of itself."""
        found = self._named.get((name, atomic))
        if found is not None:
            return found
        if name == _RAW or name not in self._definitions:
            return UNTYPED
        shape = self._named[name, atomic] = Shape()
        shape.lasting = True
        if name == _QUANTITY:
            shape.scalar = "untyped"
            return shape
        schema = self._definitions[name]
        self.fill(shape, schema, preserve=False)
        if shape.map is not None:
            if atomic is not None:
                shape.map.atomic = atomic
            defaults = DEFAULTS.get(name, {})
            shape.map.defaults = defaults
            shape.map.always = _always(name, schema)
        return shape

    def fill(self, shape: Shape, schema: Schema, preserve: bool) -> None:
        """Say in `shape` what a schema says."""
        preserve = preserve or schema.get("x-kubernetes-preserve-unknown-fields") is True
        type_ = schema.get("type", "")
        if not type_ or schema.get("x-kubernetes-int-or-string"):
            shape.scalar = "untyped"
            shape.list = self._list(schema, preserve)
            shape.map = self._map(schema, preserve)
        elif type_ == "object":
            shape.map = self._map(schema, preserve)
        elif type_ == "array":
            shape.list = self._list(schema, preserve)
        else:
            shape.scalar = _scalar(type_, schema.get("format", ""))

    def _inner(self, schema: Schema, preserve: bool) -> Shape:
        """The shape of a part: a reference, or what is said in place."""
        reference = schema.get("$ref", "")
        alone = schema.get("allOf", ())
        if not reference and len(alone) == 1:
            reference = alone[0].get("$ref", "")
        if reference:
            map_type = schema.get("x-kubernetes-map-type")
            atomic = None if map_type is None else map_type == "atomic"
            return self.named(reference.rpartition("/")[2], atomic)
        shape = Shape()
        self.fill(shape, schema, preserve)
        return shape

    def _map(self, schema: Schema, preserve: bool) -> MapShape:
        properties = schema.get("properties", {})
        more = schema.get("additionalProperties")
        other: Shape | None = None
        if isinstance(more, Mapping):
            other = self._inner(more, preserve)
        elif more is True or (more is None and (preserve or not properties)):
            other = DEDUCED
        shape = MapShape(other, atomic=schema.get("x-kubernetes-map-type") == "atomic")
        shape.fields = {name: self._inner(each, preserve) for name, each in properties.items()}
        shape.defaults = {
            name: each["default"] for name, each in properties.items() if "default" in each
        }
        if schema.get("x-kubernetes-embedded-resource"):
            _make_whole(shape)
        return shape

    def _list(self, schema: Schema, preserve: bool) -> ListShape:
        items = schema.get("items")
        item = UNTYPED if items is None else self._inner(items, preserve)
        atomic, keys = _relation(schema)
        return ListShape(item, atomic=atomic, keys=keys)


def _scalar(type_: str, format_: str) -> Scalar:
    if type_ == "string":
        return "string" if format_ in _TEXT_FORMATS else "untyped"
    return _SCALARS.get(type_, "untyped")


def _relation(schema: Schema) -> tuple[bool, tuple[str, ...]]:
    """Whether a list is one thing, and the keys of its items if not."""
    list_type = schema.get("x-kubernetes-list-type")
    if list_type is not None:
        keys = tuple(schema.get("x-kubernetes-list-map-keys", ())) if list_type == "map" else ()
        return list_type == "atomic", keys
    if "merge" in schema.get("x-kubernetes-patch-strategy", "").split(","):
        key = schema.get("x-kubernetes-patch-merge-key")
        return False, () if key is None else (key,)
    return True, ()


def _always(name: str, schema: Schema) -> dict[str, Any]:
    """The fields that Go writes although nobody set them: its structs, and what is not `omitempty`."""
    properties = schema.get("properties", {})
    # Of what has no Go struct among the versioned types, the document knows best.
    required = dict.fromkeys(schema.get("required", ()), False)
    written = _written().get(".".join(name.split(".")[-3:]), required)
    found: dict[str, Any] = {}
    for field, is_null in written.items():
        if field in properties:
            found[field] = None if is_null else _zero(properties[field])
    return found


def _zero(schema: Schema) -> Any:
    return {} if "$ref" in schema else _ZEROS.get(schema.get("type", ""))


@lru_cache(maxsize=1)
def _written() -> dict[str, dict[str, bool]]:
    """The fields that are always written, by definition; True: as null if they are empty."""
    return msgspec.json.decode(WRITTEN.read_bytes(), type=dict[str, dict[str, bool]])
