"""What the server knows of a custom resource's kind in one version, from its definition."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

from msgspec.structs import replace

from orchestrator.api import codec
from orchestrator.api.apiextensions.v1 import (
    CustomResourceDefinition,
    CustomResourceDefinitionVersion,
)
from orchestrator.api.unstructured import Unstructured
from orchestrator.apiserver.definitions.columns import table_of
from orchestrator.apiserver.kinds.custom import CUSTOM
from orchestrator.apiserver.kinds.kind import Kind
from orchestrator.apiserver.validation.field import Errors, invalid
from orchestrator.apiserver.validation.rules import Rules
from orchestrator.machinery.managed_fields.openapi_shapes import shape_of_custom
from orchestrator.machinery.managed_fields.shapes import Shape
from orchestrator.machinery.schemas import (
    RuleNode,
    Schema,
    compile_rules,
    compile_schema,
    faults_of,
    list_faults,
    prune,
    rule_faults,
    with_defaults,
)


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
    table = table_of(version.additional_printer_columns)
    if schema is None:
        return replace(CUSTOM, table=table)
    return replace(
        CUSTOM,
        table=table,
        rules=_rules(schema),
        default=_filler(schema),
        shape=partial(_shape, schema),
        schema=schema.document,
        unknown=lambda custom: _unknown(custom, schema),
    )


def _shape(schema: Schema) -> Shape:
    return shape_of_custom(schema.document, preserve_unknown=schema.preserves_unknown)


def whole(custom: Unstructured) -> dict[str, Any]:
    """A custom resource as its schema sees it."""
    return {
        "apiVersion": custom.api_version,
        "kind": custom.kind,
        "metadata": codec.to_dict(custom.metadata),
        **custom.content,
    }


def _filler(schema: Schema) -> Callable[[Unstructured], Unstructured]:
    """Prune, then fill in: what is stored holds what the schema names, and its defaults."""

    def fill(custom: Unstructured) -> Unstructured:
        content = custom.content
        if not isinstance(content, dict):
            content = dict(content)
        filled = with_defaults(prune(content, schema), schema)
        return custom if filled is custom.content else replace(custom, content=filled)

    return fill


def _unknown(custom: Unstructured, schema: Schema) -> list[str]:
    found: list[str] = []
    prune(dict(custom.content), schema, found)
    return sorted(found)


def _rules(schema: Schema) -> Rules:
    node = compile_rules(schema, root=True)

    def errors(custom: Unstructured) -> Errors:
        return _faults(whole(custom), None, schema, node)

    def change_errors(new: Unstructured, old: Unstructured) -> Errors:
        return _faults(whole(new), whole(old), schema, node)

    return Rules(spec=errors, update=change_errors, status=change_errors, recheck=False)


# While one of these stands against a value, its rules are not asked.
_BLOCKING: Final = frozenset(
    {"FieldValueRequired", "FieldValueTooLong", "FieldValueTooMany", "FieldValueTypeInvalid"}
)
_NOT_ASKED: Final = invalid(
    "<nil>",
    "null",
    "some validation rules were not checked because the object was invalid; "
    "correct the existing errors to complete validation",
)


def _faults(value: Any, old: Any, schema: Schema, node: RuleNode | None) -> Errors:
    """What is wrong with a custom resource that replaces `old` (None: a new one)."""
    found = [*faults_of(value, schema), *list_faults(value, schema)]
    if old is not None:
        found = [each for each in found if not _is_old(each.field, value, old)]
    yield from found
    if node is not None:
        if any(each.reason in _BLOCKING for each in found):
            yield _NOT_ASKED
        else:
            yield from rule_faults(value, old, node)


def _is_old(path: str, value: Any, old: Any) -> bool:
    """Whether a fault is of a part that the update leaves as it was: such faults are let pass."""
    for name in path.replace("]", "").replace("[", ".").split("."):
        if value == old:
            return True
        if not isinstance(value, dict) or not isinstance(old, dict) or name not in old:
            return False
        value, old = value.get(name), old[name]
    return bool(value == old)


def selectable(
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
