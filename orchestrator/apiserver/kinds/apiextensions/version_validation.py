"""The versions of a CustomResourceDefinition, and what each has beside its schema.

The original keeps what all versions of a definition have in common once (`spec.validation`,
`spec.subresources`, ...), and its complaints name those places. With one version that is all of it.
"""

from collections.abc import Sequence
from typing import Any, Final

from orchestrator.api import codec
from orchestrator.api.apiextensions.v1 import (
    CustomResourceColumnDefinition,
    CustomResourceDefinitionVersion,
    CustomResourceSubresources,
    CustomResourceValidation,
    JSONSchemaProps,
    SelectableField,
)
from orchestrator.api.empty_lists import SAID
from orchestrator.apiserver.validation.embedded import embedded_metadata_faults
from orchestrator.apiserver.validation.field import (
    Errors,
    complaints,
    duplicate,
    forbidden,
    invalid,
    required,
    too_many,
)
from orchestrator.machinery.names import dns1035_label_errors
from orchestrator.machinery.schemas.field_paths import node_at
from orchestrator.machinery.schemas.keywords import definition_faults

_COLUMN_TYPES: Final = ("boolean", "date", "integer", "number", "string")
_COLUMN_FORMATS: Final = (
    "byte",
    "date",
    "date-time",
    "double",
    "float",
    "int32",
    "int64",
    "password",
)
_MAX_SELECTABLE: Final = 8
_SELECTABLE_TYPES: Final = ("boolean", "integer", "string")
_MAX_WARNING: Final = 256
# What a root schema may say beside its properties where the status is judged for itself.
_NOT_AT_ROOT: Final = (
    "ref",
    "schema",
    "additional_items",
    "additional_properties",
    "all_of",
    "any_of",
    "default",
    "definitions",
    "dependencies",
    "enum",
    "id",
    "max_properties",
    "min_properties",
    "not_",
    "one_of",
    "pattern_properties",
    "x_kubernetes_embedded_resource",
    "x_kubernetes_int_or_string",
    "x_kubernetes_list_map_keys",
    "x_kubernetes_list_type",
    "x_kubernetes_map_type",
)
_AT_ROOT: Final = (
    "[Description Type Format Title Maximum ExclusiveMaximum Minimum ExclusiveMinimum MaxLength "
    "MinLength Pattern MaxItems MinItems UniqueItems MultipleOf Required Items Properties "
    "ExternalDocs Example XPreserveUnknownFields XValidations]"
)


_PARTS: Final = ("schema", "subresources", "additional_printer_columns", "selectable_fields")


def shared_parts(versions: Sequence[CustomResourceDefinitionVersion]) -> frozenset[str]:
    """The parts that are equal in all versions, which the original keeps once."""
    if not versions:
        return frozenset()
    first = versions[0]
    return frozenset(
        part
        for part in _PARTS
        if all(getattr(each, part) == getattr(first, part) for each in versions[1:])
    )


def _only(
    version: CustomResourceDefinitionVersion, shared: frozenset[str]
) -> CustomResourceDefinitionVersion:
    """The version with the parts that stand for all, alone."""
    empty = CustomResourceDefinitionVersion()
    parts = {part: getattr(version if part in shared else empty, part) for part in _PARTS}
    return CustomResourceDefinitionVersion(name=version.name, **parts)


def common_errors(
    versions: Sequence[CustomResourceDefinitionVersion], shared: frozenset[str], is_known: bool
) -> Errors:
    """What is wrong with what all versions say alike; `is_known`: its schema was there before."""
    everywhere = _only(versions[0], shared)
    yield from _content_errors("spec", everywhere, _any_status(versions), is_known, top=True)


def _any_status(versions: Sequence[CustomResourceDefinitionVersion]) -> bool:
    return any(each.subresources and each.subresources.status is not None for each in versions)


def version_errors(
    path: str, version: CustomResourceDefinitionVersion, shared: frozenset[str], is_known: bool
) -> Errors:
    """What is wrong with one version, but for the parts that all share."""
    warning, where = version.deprecation_warning, f"{path}.deprecationWarning"
    if warning is not None:
        if not version.deprecated:
            yield invalid(where, warning, "can only be set for deprecated versions")
        else:
            yield from complaints(where, warning, _warning_faults(warning))
    own = _only(version, frozenset(_PARTS) - shared)
    yield from _content_errors(path, own, _any_status([version]), is_known, top=False)


def _warning_faults(warning: str) -> list[str]:
    found = []
    if len(warning.encode()) > _MAX_WARNING:
        found.append(f"must be <= {_MAX_WARNING} characters long")
    if not warning:
        found.append("must not be an empty string")
    for i, character in enumerate(warning):
        if not character.isprintable():
            found.append(
                "must only contain printable UTF-8 characters; non-printable character found "
                f"at index {len(warning[:i].encode())}"
            )
            break
    return found


def versions_errors(
    versions: Sequence[CustomResourceDefinitionVersion], shared: frozenset[str]
) -> Errors:
    """What is wrong with the versions together: their names, and which one is stored.

    A list of none is shown as one only if it was there.
    """
    names = [each.name for each in versions]
    listed = [_shown_version(each, shared) for each in versions]
    shown = listed if listed or versions is SAID else None
    if len(set(names)) != len(names):
        yield invalid("spec.versions", shown, "must contain unique version names")
    if sum(each.storage for each in versions) != 1:
        detail = "must have exactly one version marked as storage version"
        yield invalid("spec.versions", shown, detail)
    if names and names[0] and (messages := dns1035_label_errors(names[0])):
        # The original keeps the first version's name once more.
        yield invalid("spec.version", names[0], ",".join(messages))


def _shown_version(
    version: CustomResourceDefinitionVersion, shared: frozenset[str]
) -> dict[str, Any]:
    # The original prints its own Go struct here, without what is kept once.
    own = _only(version, frozenset(_PARTS) - shared)
    return {
        "Name": version.name,
        "Served": version.served,
        "Storage": version.storage,
        "Deprecated": bool(version.deprecated),
        "DeprecationWarning": version.deprecation_warning,
        "Schema": own.schema,
        "Subresources": own.subresources,
        "AdditionalPrinterColumns": own.additional_printer_columns or None,
        "SelectableFields": own.selectable_fields or None,
    }


def _content_errors(
    path: str,
    version: CustomResourceDefinitionVersion,
    status: bool,
    is_known: bool,
    *,
    top: bool,
) -> Errors:
    where = f"{path}.validation" if top else f"{path}.schema"
    if version.schema is not None:
        yield from _schema_errors(where, version.schema, status, is_known)
    if version.subresources is not None:
        yield from _subresource_errors(f"{path}.subresources", version.subresources)
    for i, column in enumerate(version.additional_printer_columns):
        yield from _column_errors(f"{path}.additionalPrinterColumns[{i}]", column)
    if version.selectable_fields and version.schema is not None:
        schema = version.schema.open_apiv3_schema
        where = f"{path}.selectableFields"
        yield from _selectable_errors(where, version.selectable_fields, schema)


def _schema_errors(
    path: str, validation: CustomResourceValidation, status: bool, is_known: bool
) -> Errors:
    schema, where = validation.open_apiv3_schema, f"{path}.openAPIV3Schema"
    if schema is None:
        return
    if status:
        yield from _root_errors(where, schema)
    if schema.nullable:
        yield forbidden(f"{where}.nullable", "nullable cannot be true at the root")
    document = codec.to_dict(schema)
    yield from definition_faults(document, where, embedded_metadata_faults, known_before=is_known)


def _root_errors(path: str, schema: JSONSchemaProps) -> Errors:
    if schema.type and schema.type != "object":
        detail = (
            'only "object" is allowed as the type at the root of the schema if the status '
            "subresource is enabled"
        )
        yield invalid(f"{path}.type", schema.type, detail)
    elif any(getattr(schema, word) not in (None, (), {}) for word in _NOT_AT_ROOT):
        detail = (
            f"only {_AT_ROOT} fields are allowed at the root of the schema if the status "
            "subresource is enabled"
        )
        yield invalid(path, schema, detail)


# --- what a version has beside its schema --------------------------------------------------


def _subresource_errors(path: str, subresources: CustomResourceSubresources) -> Errors:
    scale = subresources.scale
    if scale is None:
        return
    for wire, value, root in (
        ("specReplicasPath", scale.spec_replicas_path, ".spec"),
        ("statusReplicasPath", scale.status_replicas_path, ".status"),
    ):
        where = f"{path}.scale.{wire}"
        if not value:
            yield required(where)
        elif not value.startswith("."):
            yield from _path_errors(where, value)
        elif not value.startswith(f"{root}."):
            yield invalid(where, value, f"should be a json path under {root}")
    selector, where = scale.label_selector_path, f"{path}.scale.labelSelectorPath"
    if not selector:
        return
    if not selector.startswith("."):
        yield from _path_errors(where, selector)
    elif not selector.startswith((".spec.", ".status.")):
        yield invalid(where, selector, "should be a json path under either .spec or .status")


def _path_errors(path: str, text: str) -> Errors:
    if not text.startswith("."):
        yield invalid(path, text, "must be a simple json path starting with .")


def _column_errors(path: str, column: CustomResourceColumnDefinition) -> Errors:
    if not column.name:
        yield required(f"{path}.name")
    types = f"must be one of {','.join(_COLUMN_TYPES)}"
    if not column.type:
        yield required(f"{path}.type", types)
    elif column.type not in _COLUMN_TYPES:
        yield invalid(f"{path}.type", column.type, types)
    if column.format and column.format not in _COLUMN_FORMATS:
        formats = f"must be one of {','.join(_COLUMN_FORMATS)}"
        yield invalid(f"{path}.format", column.format, formats)
    if not column.json_path:
        yield required(f"{path}.JSONPath")
    else:
        yield from _path_errors(f"{path}.JSONPath", column.json_path)


def _selectable_errors(
    path: str, fields: Sequence[SelectableField], schema: JSONSchemaProps | None
) -> Errors:
    document = codec.to_dict(schema) if schema is not None else {}
    seen: set[str] = set()
    for i, each in enumerate(fields):
        where, text = f"{path}[{i}].jsonPath", each.json_path
        if not text:
            yield required(where)
            continue
        found = node_at(document, text, brackets=False)
        if isinstance(found, str):
            yield invalid(where, text, f"is an invalid path: {found}")
            continue
        if text.split(".")[1:2] == ["metadata"]:
            yield invalid(where, text, "must not point to fields in metadata")
        if found.get("type") not in _SELECTABLE_TYPES:
            detail = (
                "must point to a field of type string, boolean or integer. Enum string fields "
                "and strings with formats are allowed."
            )
            yield invalid(where, text, detail)
        if text in seen:
            yield duplicate(where, text)
        seen.add(text)
    if len(seen) > _MAX_SELECTABLE:
        yield too_many(path, len(seen), _MAX_SELECTABLE)
