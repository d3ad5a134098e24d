"""CustomResourceDefinitions.

The original keeps what all versions of a definition have in common once (`spec.validation`,
`spec.subresources`, ...), and its complaints name those places. With one version that is all of it.
"""

from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from orchestrator.api import codec
from orchestrator.api.apiextensions.v1 import (
    CustomResourceColumnDefinition,
    CustomResourceConversion,
    CustomResourceDefinition,
    CustomResourceDefinitionNames,
    CustomResourceDefinitionSpec,
    CustomResourceDefinitionStatus,
    CustomResourceDefinitionVersion,
    CustomResourceSubresources,
    CustomResourceValidation,
    JSONSchemaProps,
    SelectableField,
)
from orchestrator.apiserver.kinds.admissionregistration.webhook_validation import (
    webhook_service_errors,
    webhook_url_errors,
)
from orchestrator.apiserver.validation.field import (
    Errors,
    chosen,
    complaints,
    duplicate,
    forbidden,
    immutable,
    invalid,
    required,
    too_many,
)
from orchestrator.apiserver.validation.metadata import dns_subdomain, named_by
from orchestrator.apiserver.validation.rules import Rules
from orchestrator.machinery.conditions import is_true
from orchestrator.machinery.names import dns1035_label_errors, dns1123_subdomain_errors
from orchestrator.machinery.schemas.keywords import definition_faults, node_at

_SCOPES: Final = ("Cluster", "Namespaced")
_STRATEGIES: Final = ("None", "Webhook")
_REVIEWS: Final = ("v1", "v1beta1")
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
_APPROVED: Final = "api-approved.kubernetes.io"
_SEE: Final = "see https://github.com/kubernetes/enhancements/pull/1111"
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


def _definition_errors(
    definition: CustomResourceDefinition, known: frozenset[str] = frozenset()
) -> Errors:
    """`known` are the versions whose schemas were there before."""
    yield from _spec_errors(definition.spec, known)
    yield from _status_errors(definition, definition)
    yield from _stored_errors(definition)


def _spec_errors(spec: CustomResourceDefinitionSpec, known: frozenset[str]) -> Errors:
    path = "spec.group"
    if not spec.group:
        yield required(path)
    elif messages := dns1123_subdomain_errors(spec.group):
        yield invalid(path, spec.group, ",".join(messages))
    elif "." not in spec.group:
        yield invalid(path, spec.group, "should be a domain with at least one dot")
    yield from chosen("spec.scope", spec.scope, _SCOPES)
    for i, version in enumerate(spec.versions):
        if version.schema is None or version.schema.open_apiv3_schema is None:
            yield required(f"spec.versions[{i}].schema.openAPIV3Schema")
    shared = _shared(spec.versions)
    for i, version in enumerate(spec.versions):
        if messages := dns1035_label_errors(version.name):
            yield invalid(f"spec.versions[{i}].name", version.name, ",".join(messages))
        is_known = version.name in known
        yield from _version_errors(f"spec.versions[{i}]", version, shared, is_known)
    yield from _versions_errors(spec.versions, shared)
    yield from _required_names(spec.names)
    yield from _name_errors("spec.names", spec.names)
    if spec.versions:
        everywhere = _only(spec.versions[0], shared)
        has_status, is_known = _any_status(spec.versions), everywhere.name in known
        yield from _content_errors("spec", everywhere, has_status, is_known, top=True)
    yield from _conversion_errors("spec.conversion", spec.conversion)
    if spec.preserve_unknown_fields:
        detail = (
            "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in "
            "spec.versions[*].schema instead"
        )
        yield invalid("spec.preserveUnknownFields", True, detail)


# --- versions ------------------------------------------------------------------------------

_PARTS: Final = ("schema", "subresources", "additional_printer_columns", "selectable_fields")


def _shared(versions: Sequence[CustomResourceDefinitionVersion]) -> frozenset[str]:
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


def _any_status(versions: Sequence[CustomResourceDefinitionVersion]) -> bool:
    return any(each.subresources and each.subresources.status is not None for each in versions)


def _version_errors(
    path: str, version: CustomResourceDefinitionVersion, shared: frozenset[str], is_known: bool
) -> Errors:
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


def _versions_errors(
    versions: Sequence[CustomResourceDefinitionVersion], shared: frozenset[str]
) -> Errors:
    names = [each.name for each in versions]
    shown = [_shown_version(each, shared) for each in versions]
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
    yield from definition_faults(codec.to_dict(schema), where, known_before=is_known)


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


# --- names and conversion ------------------------------------------------------------------


def _required_names(names: CustomResourceDefinitionNames) -> Errors:
    for wire, value in (
        ("plural", names.plural),
        ("singular", names.singular),
        ("kind", names.kind),
        ("listKind", names.list_kind),
    ):
        if not value:
            yield required(f"spec.names.{wire}")


def _name_errors(path: str, names: CustomResourceDefinitionNames) -> Errors:
    for wire, value, mixed in (
        ("plural", names.plural, False),
        ("singular", names.singular, False),
        ("kind", names.kind, True),
        ("listKind", names.list_kind, True),
    ):
        if not value:
            continue
        if messages := dns1035_label_errors(value.lower() if mixed else value):
            detail = ",".join(messages)
            if mixed:
                detail = f"may have mixed case, but should otherwise match: {detail}"
            # A singular or a list's kind that only follows from the kind is not told of again.
            follows = (names.kind.lower(), f"{names.kind}List")
            if wire in ("plural", "kind") or value not in follows:
                yield invalid(f"{path}.{wire}", value, detail)
    for i, each in enumerate(names.short_names):
        if messages := dns1035_label_errors(each):
            yield invalid(f"{path}.shortNames[{i}]", each, ",".join(messages))
    if names.kind and names.kind == names.list_kind:
        yield invalid(f"{path}.listKind", names.kind, "kind and listKind may not be the same")
    for i, each in enumerate(names.categories):
        if messages := dns1035_label_errors(each):
            yield invalid(f"{path}.categories[{i}]", each, ",".join(messages))


def _conversion_errors(path: str, conversion: CustomResourceConversion | None) -> Errors:
    if conversion is None:
        return
    yield from chosen(f"{path}.strategy", conversion.strategy, _STRATEGIES)
    webhook = conversion.webhook
    config = webhook.client_config if webhook is not None else None
    versions = webhook.conversion_review_versions if webhook is not None else ()
    where, reviews = f"{path}.webhookClientConfig", f"{path}.conversionReviewVersions"
    if conversion.strategy != "Webhook":
        detail = "should not be set when strategy is not set to Webhook"
        if config is not None:
            yield forbidden(where, detail)
        if versions:
            yield forbidden(reviews, detail)
        return
    if config is None:
        yield required(where, "required when strategy is set to Webhook")
    elif (config.url is None) == (config.service is None):
        yield required(where, "exactly one of url or service is required")
    elif config.url is not None:
        yield from webhook_url_errors(f"{where}.url", config.url)
    elif config.service is not None:
        service = config.service
        yield from webhook_service_errors(
            # The original takes the name and the namespace for one another here.
            f"{where}.service",
            service.namespace,
            service.name,
            service.path,
            service.port,
        )
    if not versions:
        yield required(reviews)
        return
    for i, version in enumerate(versions):
        if version in versions[:i]:
            yield invalid(f"{reviews}[{i}]", version, "duplicate version")
            continue
        yield from complaints(f"{reviews}[{i}]", version, dns1035_label_errors(version))
    if not set(versions) & set(_REVIEWS):
        yield invalid(reviews, versions, f"must include at least one of {', '.join(_REVIEWS)}")


# --- the rest ------------------------------------------------------------------------------


def _status_errors(new: CustomResourceDefinition, _old: CustomResourceDefinition) -> Errors:
    names = new.status.accepted_names if new.status is not None else None
    if names is not None:
        yield from _name_errors("status.acceptedNames", names)


def _stored_errors(definition: CustomResourceDefinition) -> Errors:
    status = definition.status or CustomResourceDefinitionStatus()
    path, stored = "status.storedVersions", status.stored_versions
    if not stored:
        yield invalid(path, None, "must have at least one stored version")
        return
    names = [each.name for each in definition.spec.versions]
    for version in definition.spec.versions:
        if version.storage and version.name not in stored:
            yield invalid(path, stored, f"must have the storage version {version.name}")
    for i, name in enumerate(stored):
        if name not in names:
            detail = (
                f"missing from spec.versions; {name} was previously a storage version, and must "
                "remain in spec.versions until a storage migration ensures no data remains "
                f"persisted in {name} and removes {name} from status.storedVersions"
            )
            yield invalid(f"{path}[{i}]", name, detail)


def _approval_errors(definition: CustomResourceDefinition) -> Errors:
    group = f".{definition.spec.group}"
    if not group.endswith((".k8s.io", ".kubernetes.io")):
        return
    path = f"metadata.annotations[{_APPROVED}]"
    approval = definition.metadata.annotations.get(_APPROVED, "")
    if not approval:
        detail = f'protected groups must have approval annotation "{_APPROVED}", {_SEE}'
        yield required(path, detail)
    elif not approval.startswith("unapproved"):
        parts = urlsplit(approval)
        if not parts.scheme or not parts.netloc:
            detail = (
                f'protected groups must have approval annotation "{_APPROVED}" with either a URL '
                f'or a reason starting with "unapproved", {_SEE}'
            )
            yield invalid(path, approval, detail)


def _new_errors(definition: CustomResourceDefinition) -> Errors:
    spec = definition.spec
    for path, name in named_by(definition.metadata):
        if name != f"{spec.names.plural}.{spec.group}":
            yield invalid(path, name, 'must be spec.names.plural+"."+spec.group')
    yield from _definition_errors(definition)
    yield from _approval_errors(definition)


def _unchanged(new: CustomResourceDefinition, old: CustomResourceDefinition) -> frozenset[str]:
    before = {each.name: each.schema for each in old.spec.versions}
    return frozenset(
        each.name for each in new.spec.versions if before.get(each.name) == each.schema
    )


def _change_errors(new: CustomResourceDefinition, old: CustomResourceDefinition) -> Errors:
    if new.spec != old.spec or new.metadata.annotations != old.metadata.annotations:
        yield from _definition_errors(new, _unchanged(new, old))
    if new.metadata.annotations.get(_APPROVED) != old.metadata.annotations.get(_APPROVED):
        yield from _approval_errors(new)
    before, after = old.spec, new.spec
    if old.status is not None and is_true(old.status.conditions, "Established"):
        yield from immutable("spec.scope", after.scope, before.scope)
        yield from immutable("spec.names.kind", after.names.kind, before.names.kind)
    yield from immutable("spec.group", after.group, before.group)
    yield from immutable("spec.names.plural", after.names.plural, before.names.plural)


DEFINITION_RULES: Final = Rules(
    name=dns_subdomain,
    spec=_new_errors,
    update=_change_errors,
    status=_status_errors,
    recheck="never",
    any_finalizer=True,
)
