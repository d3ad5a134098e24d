"""What Kubernetes fills in of a CustomResourceDefinition: names that follow, and a plain conversion."""

from collections.abc import Mapping
from typing import Any, Final

from msgspec.structs import replace

from orchestrator.api.apiextensions.v1 import (
    CustomResourceConversion,
    CustomResourceDefinition,
    JSONSchemaProps,
)
from orchestrator.apiserver.defaults.change import each, fill, put

_HTTPS: Final = 443
_EXACT: Final = 1 << 53  # what a number of Go's float64 holds exactly


def default_definition(definition: CustomResourceDefinition) -> CustomResourceDefinition:
    """The singular and the list's kind follow from the kind; versions differ in name alone."""
    spec = definition.spec
    names = spec.names
    if not names.singular or not names.list_kind:
        names = replace(
            names,
            singular=names.singular or names.kind.lower() or None,
            list_kind=names.list_kind or (f"{names.kind}List" if names.kind else None),
        )
    conversion = _conversion(spec.conversion)
    versions = each(spec.versions, _with_plain_numbers)
    spec = put(spec, names=names, conversion=conversion, versions=versions)
    status = definition.status
    if status is not None and not status.stored_versions:
        stored = tuple(version.name for version in spec.versions if version.storage)
        return put(definition, spec=spec, status=put(status, stored_versions=stored))
    return put(definition, spec=spec)


def _conversion(given: CustomResourceConversion | None) -> CustomResourceConversion:
    """A plain one where none is given; the port of HTTPS where a webhook's Service has none."""
    if given is None:
        return CustomResourceConversion(strategy="None")
    webhook = given.webhook
    if webhook is None or webhook.client_config is None or webhook.client_config.service is None:
        return given
    service = fill(webhook.client_config.service, port=_HTTPS)
    config = put(webhook.client_config, service=service)
    return put(given, webhook=put(webhook, client_config=config))


# --- numbers -------------------------------------------------------------------------------

_NUMBERS: Final = ("maximum", "minimum", "multiple_of")
_ONE_BELOW: Final = ("not_", "additional_items")
_LISTS_BELOW: Final = ("all_of", "any_of", "one_of")
_MAPS_BELOW: Final = ("properties", "pattern_properties", "definitions")


def _with_plain_numbers(version: Any) -> Any:
    """A version whose schema says 10 where its author said 10: Go writes no `10.0`."""
    validation = version.schema
    if validation is None or validation.open_apiv3_schema is None:
        return version
    schema = _plain(validation.open_apiv3_schema)
    return put(version, schema=put(validation, open_apiv3_schema=schema))


def _plain(schema: Any) -> Any:
    if not isinstance(schema, JSONSchemaProps):
        return schema
    changes: dict[str, Any] = {}
    for name in _NUMBERS:
        number = getattr(schema, name)
        if type(number) is float and number.is_integer() and abs(number) < _EXACT:
            changes[name] = int(number)
    for name in _ONE_BELOW:
        changes[name] = _plain(getattr(schema, name))
    for name in _LISTS_BELOW:
        changes[name] = each(getattr(schema, name), _plain)
    for name in _MAPS_BELOW:
        changes[name] = _plain_map(getattr(schema, name))
    for name in ("items", "additional_properties"):
        changes[name] = _plain(getattr(schema, name))
    return put(schema, **changes)


def _plain_map(schemas: Mapping[str, Any]) -> Mapping[str, Any]:
    changed = {name: _plain(below) for name, below in schemas.items()}
    same = all(changed[name] is below for name, below in schemas.items())
    return schemas if same else changed
