"""Embedded resources: objects inside a custom resource that have a kind and metadata of their own.

Their metadata is what every object's is, whatever the schema says of it: read as such, without what
metadata does not have.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from orchestrator.api import codec
from orchestrator.api.errors import DecodeError
from orchestrator.machinery.documents import in_order
from orchestrator.machinery.field_errors import FieldError, child, index, invalid, key, required
from orchestrator.machinery.names import dns1035_label_errors
from orchestrator.machinery.schemas.schema import Schema


class EmbeddedMisfit(DecodeError):
    """A kind, a version or metadata of an embedded resource that is of another type; `fault` says which."""

    def __init__(self, fault: FieldError) -> None:
        super().__init__(fault.field, fault.detail, words=str(fault))
        self.fault = fault


def with_metadata_read(value: Any, schema: Schema, unknown: list[str], path: str = "") -> Any:
    """The value with the metadata of embedded resources as metadata is; itself if nothing changes.

    `unknown` gets the paths of fields that metadata does not have. Raises EmbeddedMisfit for metadata, kind
    and version that are of another type. `path` is where the value stands.
    """
    return _read(value, schema, path, unknown)


def _read(value: Any, schema: Schema, path: str, unknown: list[str]) -> Any:
    if not schema.has_embedded:
        return value
    if isinstance(value, Mapping):
        return _read_map(value, schema, path, unknown)
    if isinstance(value, list | tuple) and schema.items is not None:
        items = schema.items
        read = [_read(each, items, index(path, n), unknown) for n, each in enumerate(value)]
        return value if all(new is old for new, old in zip(read, value, strict=True)) else read
    return value


def _read_map(value: Mapping[str, Any], schema: Schema, path: str, unknown: list[str]) -> Any:
    changed: dict[str, Any] = {}
    for name, part in value.items():
        new = part
        if schema.embedded and name in ("apiVersion", "kind"):
            if not isinstance(part, str):
                raise EmbeddedMisfit(invalid(child(path, name), part, "must be a string"))
        elif schema.embedded and name == "metadata":
            new = _read_metadata(part, child(path, name), unknown)
        elif (below := schema.properties.get(name)) is not None:
            new = _read(part, below, child(path, name), unknown)
        elif schema.additional is not None:
            new = _read(part, schema.additional, key(path, name), unknown)
        if new is not part:
            changed[name] = new
    return {**value, **changed} if changed else value


def _read_metadata(metadata: Any, path: str, unknown: list[str]) -> Any:
    if metadata is None:
        return {}
    try:
        read = codec.to_dict(codec.metadata_of(metadata, path, unknown))
    except DecodeError as error:
        raise EmbeddedMisfit(invalid(path, in_order(metadata), error.words)) from error
    return metadata if read == metadata else read


def embedded_resources(
    value: Any, schema: Schema, path: str = ""
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """All embedded resources, outer ones first, and where each stands."""
    if not schema.has_embedded:
        return
    if isinstance(value, Mapping):
        if schema.embedded:
            yield path, value
        for name in sorted(value):
            if (below := schema.properties.get(name)) is not None:
                yield from embedded_resources(value[name], below, child(path, name))
            elif schema.additional is not None:
                yield from embedded_resources(value[name], schema.additional, key(path, name))
    elif isinstance(value, list | tuple) and schema.items is not None:
        for number, each in enumerate(value):
            yield from embedded_resources(each, schema.items, index(path, number))


def type_faults(resource: Mapping[str, Any], path: str) -> Iterator[FieldError]:
    """What is wrong with the version and the kind of an embedded resource that stands at a path."""
    for name in ("apiVersion", "kind"):
        if name not in resource:
            yield required(child(path, name))
    if "apiVersion" in resource:
        version, where = resource["apiVersion"], child(path, "apiVersion")
        if not version:
            yield invalid(where, version, "must not be empty")
        elif version.count("/") > 1:
            yield invalid(where, version, f"unexpected GroupVersion string: {version}")
    if "kind" in resource:
        kind, where = resource["kind"], child(path, "kind")
        if not kind:
            yield invalid(where, kind, "must not be empty")
        elif messages := dns1035_label_errors(kind.lower()):
            detail = "may have mixed case, but should otherwise match: "
            yield invalid(where, kind, detail + ",".join(messages))
