"""What the server knows of a custom resource's kind in one version, from its definition."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from msgspec.structs import replace

from orchestrator.api import codec
from orchestrator.api.apiextensions.v1 import (
    CustomResourceDefinition,
    CustomResourceDefinitionVersion,
)
from orchestrator.api.errors import DecodeError
from orchestrator.api.scheme import version_order
from orchestrator.api.unstructured import Unstructured
from orchestrator.apiserver.definitions.columns import table_of
from orchestrator.apiserver.definitions.custom_rules import rules_of
from orchestrator.apiserver.definitions.scaling import scaling_of
from orchestrator.apiserver.kinds.custom import CUSTOM
from orchestrator.apiserver.kinds.kind import Kind
from orchestrator.machinery.managed_fields.openapi_shapes import shape_of_custom
from orchestrator.machinery.managed_fields.shapes import Shape
from orchestrator.machinery.schemas import (
    Schema,
    compile_schema,
    prune,
    with_defaults,
    with_metadata_read,
)
from orchestrator.machinery.whole_numbers import with_whole_numbers
from orchestrator.protocol import BadRequest


def schema_of(
    definition: CustomResourceDefinition, version: CustomResourceDefinitionVersion
) -> Schema | None:
    """The schema of a version; None for one that takes everything."""
    part = version.schema.open_apiv3_schema if version.schema is not None else None
    if part is None:
        return None
    schema = compile_schema(codec.to_dict(part))
    if definition.spec.preserve_unknown_fields:
        schema = replace(schema, preserves_unknown=True)
    return schema


def custom_kind(
    definition: CustomResourceDefinition, version: CustomResourceDefinitionVersion
) -> Kind:
    """The kind of a version, as a value like those of built-in kinds."""
    schema = schema_of(definition, version)
    scale = version.subresources.scale if version.subresources is not None else None
    kind = replace(
        CUSTOM,
        table=table_of(version.additional_printer_columns),
        rules=rules_of(schema, scale),
        selectable=dict(_selectable(version)),
        deprecation=_deprecation(definition, version),
        stored=_stored(definition, version),
    )
    if scale is not None:
        kind = replace(kind, scaling=scaling_of(scale))
    kind = replace(kind, seen=_seen(definition, version, schema))
    if schema is None:
        return kind
    return replace(
        kind,
        default=_filler(schema, keeps_nulls=False),
        default_applied=_filler(schema, keeps_nulls=True),
        shape=partial(_shape, schema),
        schema=schema.document,
        unknown=partial(_unknown, schema),
    )


def _deprecation(
    definition: CustomResourceDefinition, version: CustomResourceDefinitionVersion
) -> str | None:
    """What is said to users of a deprecated version: the definition's words, or what to use instead."""
    if not version.deprecated:
        return None
    if version.deprecation_warning is not None:
        return version.deprecation_warning
    group, kind = definition.spec.group, definition.spec.names.kind
    said = f"{group}/{version.name} {kind} is deprecated"
    better = [
        each.name
        for each in definition.spec.versions
        if each.served
        and not each.deprecated
        and version_order(each.name) < version_order(version.name)
    ]
    if not better:
        return said
    return f"{said}; use {group}/{min(better, key=version_order)} {kind}"


def _shape(schema: Schema) -> Shape:
    return shape_of_custom(schema.document, preserve_unknown=schema.preserves_unknown)


def _stored(
    definition: CustomResourceDefinition, version: CustomResourceDefinitionVersion
) -> Callable[[Unstructured], Unstructured]:
    """What is kept of an object of a version: its numbers as Go writes them, and what the stored version names.

    It is judged and owned as it came.
    """
    stored = _storage(definition, version)
    schema = None if stored is version else schema_of(definition, stored)
    trim = _filler(schema, keeps_nulls=True, defaults=False) if schema is not None else None

    def keep(custom: Unstructured) -> Unstructured:
        content = with_whole_numbers(custom.content)
        kept = custom if content is custom.content else replace(custom, content=content)
        return kept if trim is None else trim(kept)

    return keep


def _storage(
    definition: CustomResourceDefinition, version: CustomResourceDefinitionVersion
) -> CustomResourceDefinitionVersion:
    """The version in which objects are stored; `version` itself if the definition does not say."""
    return next((each for each in definition.spec.versions if each.storage), version)


def _seen(
    definition: CustomResourceDefinition,
    version: CustomResourceDefinitionVersion,
    schema: Schema | None,
) -> Callable[[Unstructured], Unstructured] | None:
    """How what is stored looks in a version: complete by the schema of the one that is stored, then pruned by its own.

    A webhook has converted what comes here, and nothing is filled in after it.
    """
    conversion = definition.spec.conversion
    by_webhook = conversion is not None and conversion.strategy == "Webhook"
    stored = _storage(definition, version)
    first = schema_of(definition, stored) if stored is not version else schema
    fills = first is not None and (stored is version or not by_webhook)
    fill = _filler(first, keeps_nulls=False) if fills and first is not None else None
    prunes = schema is not None and stored is not version
    trim = _filler(schema, keeps_nulls=False, defaults=False) if prunes and schema else None
    if fill is None or trim is None:
        return fill or trim
    return lambda custom: trim(fill(custom))


def _filler(
    schema: Schema, *, keeps_nulls: bool, defaults: bool = True
) -> Callable[[Unstructured], Unstructured]:
    """Prune, then fill in: what is stored holds what the schema names, and its defaults."""

    def fill(custom: Unstructured) -> Unstructured:
        content = custom.content
        if not isinstance(content, dict):
            content = dict(content)
        try:
            pruned = prune(content, schema, keeps_nulls=keeps_nulls)
            pruned = with_metadata_read(pruned, schema, [])
        except DecodeError as error:
            raise BadRequest(error.words) from error
        filled = with_defaults(pruned, schema) if defaults else pruned
        return custom if filled is custom.content else replace(custom, content=filled)

    return fill


def _unknown(schema: Schema, custom: Unstructured) -> list[str]:
    """The paths of what the schema does not name, then of what metadata inside does not have."""
    unknown: list[str] = []
    strange: list[str] = []
    pruned = prune(dict(custom.content), schema, unknown)
    with_metadata_read(pruned, schema, strange)
    return [*sorted(unknown), *sorted(strange)]


def _selectable(
    version: CustomResourceDefinitionVersion,
) -> Iterator[tuple[str, Callable[[Any], str]]]:
    """The fields that a version's objects can be selected by, without their leading dot."""
    for each in version.selectable_fields:
        yield each.json_path.removeprefix("."), _getter(each.json_path.removeprefix("."))


def _getter(path: str) -> Callable[[Any], str]:
    names = path.split(".")

    def get(custom: Unstructured) -> str:
        value: Any = custom.content
        for name in names:
            value = value.get(name) if isinstance(value, dict) else None
        if isinstance(value, bool):
            return "true" if value else "false"
        return "" if value is None else str(value)

    return get
