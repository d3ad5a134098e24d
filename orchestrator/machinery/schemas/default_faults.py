"""Whether the defaults of a schema are values that the schema itself takes."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeAlias

from msgspec.structs import replace

from orchestrator.machinery.documents import in_order
from orchestrator.machinery.field_errors import (
    FieldError,
    aggregate,
    child,
    invalid,
    key,
)
from orchestrator.machinery.schemas.embedded import (
    EmbeddedMisfit,
    embedded_resources,
    type_faults,
    with_metadata_read,
)
from orchestrator.machinery.schemas.numbers import NOWHERE
from orchestrator.machinery.schemas.pruning import prune
from orchestrator.machinery.schemas.rules import compile_rules, rule_faults
from orchestrator.machinery.schemas.schema import Schema, compile_schema
from orchestrator.machinery.schemas.validation import faults_of

Document: TypeAlias = Mapping[str, Any]
Faults: TypeAlias = Iterator[FieldError]
# What is wrong with the metadata of an object that stands at a path.
MetadataFaults: TypeAlias = Callable[[Any, str], Faults]
# Makes of a default the embedded resource that would hold it.
_Around: TypeAlias = Callable[[Any], Any]

_OF_EVERY_OBJECT: Final = frozenset({"metadata", "kind", "apiVersion"})
_EMBEDDED: Final = "x-kubernetes-embedded-resource"
_RESOURCE: Final = {"apiVersion": "validation/v1", "kind": "Validation"}


def default_faults(document: Document, path: str, metadata: MetadataFaults) -> Faults:
    """Whether each default is a value that its own schema takes, and holds nothing unknown."""
    return _faults({**document, _EMBEDDED: True}, path, metadata, None, None)


def embedded_faults(value: Any, schema: Schema, path: str, metadata: MetadataFaults) -> Faults:
    """What is wrong with the kinds and the metadata of the embedded resources in a value that stands at a path."""
    for where, resource in embedded_resources(value, schema, path):
        yield from type_faults(resource, where)
        if "metadata" in resource:
            yield from metadata(resource["metadata"], child(where, "metadata"))


def _faults(
    document: Document,
    path: str,
    metadata: MetadataFaults,
    resource: Document | None,
    around: _Around | None,
) -> Faults:
    """`resource` and `around`: the embedded resource in whose kind or metadata this stands, and how."""
    if document.get(_EMBEDDED):
        resource, around = document, None
    default = document.get("default")
    if default is not None:
        where = child(path, "default")
        schema = compile_schema({**document, "default": None}, of_default=True)
        if around is None:
            yield from _own_faults(default, schema, where, metadata)
        else:
            assert resource is not None
            outer = compile_schema(resource, of_default=True)
            yield from _inner_faults(default, schema, outer, where, metadata, around)
    items = document.get("items")
    if isinstance(items, Mapping):
        inside = _in_list(around) if around is not None else None
        yield from _faults(items, child(path, "items"), metadata, resource, inside)
    for name, part in sorted((document.get("properties") or {}).items()):
        where = key(child(path, "properties"), name)
        is_own = document is resource and name in _OF_EVERY_OBJECT
        inside = _in_field(name, around) if around is not None or is_own else None
        yield from _faults(part, where, metadata, resource, inside)


def _in_field(name: str, around: _Around | None) -> _Around:
    if around is None:
        return lambda default: {**_RESOURCE, name: default}
    return lambda default: around({name: default})


def _in_list(around: _Around) -> _Around:
    return lambda default: around([default])


def _own_faults(default: Any, schema: Schema, path: str, metadata: MetadataFaults) -> Faults:
    if prune(default, schema, root=schema.embedded, keeps_nulls=True) is not default:
        yield invalid(path, in_order(default), "must not have unknown fields")
    try:
        read = with_metadata_read(default, schema, [], path)
    except EmbeddedMisfit as error:
        yield error.fault
        return
    found = list(embedded_faults(read, schema, path, metadata))
    yield from found or _schema_faults(read, schema, path)


def _inner_faults(
    default: Any,
    schema: Schema,
    resource: Schema,
    path: str,
    metadata: MetadataFaults,
    around: _Around,
) -> Faults:
    """A part of an embedded resource's metadata must make metadata that is good."""
    try:
        made = with_metadata_read(around(default), resource, [])
    except EmbeddedMisfit as error:
        yield invalid(path, in_order(default), f"must result in valid metadata: {error.fault}")
        return
    found = list(embedded_faults(made, resource, "", metadata))
    if found:
        yield invalid(path, in_order(default), f"must result in valid metadata: {aggregate(found)}")
    else:
        yield from _schema_faults(default, schema, path)


def _schema_faults(default: Any, schema: Schema, path: str) -> Faults:
    found = faults_of(default, schema)
    for fault in found:
        yield replace(fault, field=_below(path, fault.field))
    if not found:
        # To a rule it is as if the default had been there before.
        yield from rule_faults(default, default, compile_rules(schema), path, ratchets=False)


def _below(path: str, field: str) -> str:
    return path if field in (NOWHERE, "") else child(path, field.removeprefix("."))
