"""Whether a schema is structural: every value that it speaks of has one known type and place.

What stands in `allOf`, `anyOf`, `oneOf` and `not` may only judge values that the schema describes
outside of them. https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias

from orchestrator.machinery.field_errors import (
    FieldError,
    child,
    forbidden,
    index,
    invalid,
    key,
    required,
)
from orchestrator.machinery.patterns import pattern_fault

Document: TypeAlias = Mapping[str, Any]
Faults: TypeAlias = Iterator[FieldError]

_INT_OR_STRING: Final = [{"type": "integer"}, {"type": "string"}]
_PLACES: Final = {
    "root": "at the root",
    "item": "for specified array items",
    "field": "for specified object fields",
}
_PRESERVE: Final = "x-kubernetes-preserve-unknown-fields"
_EMBEDDED: Final = "x-kubernetes-embedded-resource"
_INT_OR_STRING_MARK: Final = "x-kubernetes-int-or-string"
_METADATA_WORDS: Final = (
    "must not specify anything other than name and generateName, but metadata is implicitly "
    "specified"
)
# What must not stand in a nested context, and how Kubernetes says so.
_NOT_NESTED: Final = (
    ("type", "empty"),
    ("additionalProperties", "undefined"),
    ("default", "undefined"),
    ("title", "empty"),
    ("description", "empty"),
    ("nullable", "false"),
    (_PRESERVE, "false"),
    (_EMBEDDED, "false"),
    (_INT_OR_STRING_MARK, "false"),
    ("x-kubernetes-list-map-keys", "empty"),
    ("x-kubernetes-list-type", "undefined"),
    ("x-kubernetes-map-type", "undefined"),
    ("x-kubernetes-validations", "empty"),
)


def structural_faults(document: Document, path: str) -> list[FieldError]:
    """Why a schema is not structural, in the order of their words."""
    found = [*_invariants(document, "root", path), *_completeness(document, document, path, path)]
    return sorted(found, key=str)


def _below(document: Document, name: str) -> Document | None:
    part = document.get(name)
    return part if isinstance(part, Mapping) else None


def _invariants(document: Document, level: str, path: str) -> Faults:
    type_ = document.get("type") or ""
    items = _below(document, "items")
    properties = document.get("properties") or {}
    if type_ == "array" and items is None:
        yield required(child(path, "items"), "must be specified")
    if items is not None:
        yield from _invariants(items, "item", child(path, "items"))
    for name, part in properties.items():
        yield from _invariants(part, "field", key(child(path, "properties"), name))
    additional = document.get("additionalProperties")
    where = child(path, "additionalProperties")
    if additional is not None:
        if level == "root":
            yield forbidden(where, "must not be used at the root")
        if isinstance(additional, Mapping):
            yield from _invariants(additional, "field", where)
    yield from _extension_faults(document, path)
    alternatives = document.get("anyOf") == _INT_OR_STRING
    every = [*(document.get("allOf") or ())]
    first = bool(every) and every[0].get("anyOf") == _INT_OR_STRING
    yield from _value_faults(document, path, alternatives, first)
    embedded = bool(document.get(_EMBEDDED))
    yield from _type_faults(document, type_, level, path)
    if embedded and additional is not None:
        yield forbidden(where, "must not be used if x-kubernetes-embedded-resource is set")
    if level == "root" and type_ and type_ != "object":
        yield invalid(child(path, "type"), type_, "must be object at the root")
    if level == "root" or embedded:
        for name in ("kind", "apiVersion"):
            if name in properties and properties[name].get("type") != "string":
                found = properties[name].get("type") or ""
                where = child(key(child(path, "properties"), name), "type")
                yield invalid(where, found, "must be string")
    if "metadata" in properties:
        where = key(child(path, "properties"), "metadata")
        yield from _metadata_faults(properties["metadata"], level, embedded, where)
    if embedded and not document.get(_PRESERVE) and not properties:
        detail = (
            "must not be empty if x-kubernetes-embedded-resource is true without "
            "x-kubernetes-preserve-unknown-fields"
        )
        yield required(child(path, "properties"), detail)


def _extension_faults(document: Document, path: str) -> Faults:
    if not document.get(_INT_OR_STRING_MARK):
        return
    for mark in (_PRESERVE, _EMBEDDED):
        if document.get(mark):
            detail = "must be false if x-kubernetes-int-or-string is true"
            yield invalid(child(path, mark), True, detail)


def _type_faults(document: Document, type_: str, level: str, path: str) -> Faults:
    where = child(path, "type")
    if document.get(_EMBEDDED) and type_ != "object":
        detail = "must be object if x-kubernetes-embedded-resource is true"
        yield invalid(where, type_, detail) if type_ else required(where, detail)
    elif not type_ and not document.get(_INT_OR_STRING_MARK) and not document.get(_PRESERVE):
        yield required(where, f"must not be empty {_PLACES[level]}")


def _metadata_faults(metadata: Document, level: str, embedded: bool, path: str) -> Faults:
    type_ = metadata.get("type") or ""
    if (level == "root" or embedded) and type_ != "object":
        yield invalid(child(path, "type"), type_, "must be object")
    if level != "root":
        return
    rest = {name: part for name, part in metadata.items() if name not in ("type", "default")}
    if set(rest.get("properties") or ()) <= {"name", "generateName"}:
        rest.pop("properties", None)
    if any(part not in (None, False, "", (), [], {}) for part in rest.values()):
        yield forbidden(path, _METADATA_WORDS)


def _value_faults(document: Document, path: str, any_of: bool, first_of_all: bool) -> Faults:
    """`any_of` and `first_of_all`: where the alternatives of an int-or-string may stand."""
    if not any_of:
        for i, part in enumerate(document.get("anyOf") or ()):
            yield from _nested_faults(part, index(child(path, "anyOf"), i))
    for i, part in enumerate(document.get("allOf") or ()):
        passed = first_of_all and i == 0
        yield from _nested_faults(part, index(child(path, "allOf"), i), any_of=passed)
    for i, part in enumerate(document.get("oneOf") or ()):
        yield from _nested_faults(part, index(child(path, "oneOf"), i))
    negated = _below(document, "not")
    if negated is not None:
        yield from _nested_faults(negated, child(path, "not"))
    pattern = document.get("pattern")
    if pattern and (fault := pattern_fault(pattern)):
        detail = f"must be a valid regular expression, but isn't: {fault}"
        yield invalid(child(path, "pattern"), pattern, detail)


def _nested_faults(document: Document, path: str, *, any_of: bool = False) -> Faults:
    yield from _value_faults(document, path, any_of, first_of_all=False)
    items = _below(document, "items")
    if items is not None:
        yield from _nested_faults(items, child(path, "items"))
    properties = document.get("properties") or {}
    for name, part in properties.items():
        yield from _nested_faults(part, key(child(path, "properties"), name))
    for word, wanted in _NOT_NESTED:
        found = document.get(word)
        if found or (found is not None and wanted == "undefined"):
            yield forbidden(child(path, word), f"must be {wanted} to be structural")
    if "metadata" in properties:
        where = key(child(path, "properties"), "metadata")
        yield forbidden(where, "must not be specified in a nested context")


def _completeness(judging: Document, shape: Document | None, place: str, told: str) -> Faults:
    """Whether all that is judged (at `told`) is described (at `place`), too."""
    negated = _below(judging, "not")
    if negated is not None:
        yield from _nested_completeness(negated, shape, place, child(told, "not"))
    for word in ("allOf", "anyOf", "oneOf"):
        for i, part in enumerate(judging.get(word) or ()):
            yield from _nested_completeness(part, shape, place, index(child(told, word), i))


def _nested_completeness(
    judging: Document, shape: Document | None, place: str, told: str
) -> Faults:
    if shape is None:
        yield required(place, f"because it is defined in {told}")
        return
    yield from _completeness(judging, shape, place, told)
    items = _below(judging, "items")
    if items is not None:
        described = _below(shape, "items")
        yield from _nested_completeness(
            items, described, child(place, "items"), child(told, "items")
        )
    described_fields = shape.get("properties") or {}
    for name, part in (judging.get("properties") or {}).items():
        yield from _nested_completeness(
            part,
            described_fields.get(name),
            key(child(place, "properties"), name),
            key(child(told, "properties"), name),
        )
