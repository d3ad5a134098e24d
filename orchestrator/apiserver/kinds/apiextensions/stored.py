"""What is stored of a CustomResourceDefinition that was judged.

Its numbers are as Go writes them: 10 where the author said 10.0. The embedded resources in its defaults have the metadata
that every object has.
"""

from collections.abc import Mapping
from typing import Any, Final

from orchestrator.api import codec
from orchestrator.api.apiextensions.v1 import (
    CustomResourceDefinition,
    CustomResourceDefinitionVersion,
    JSONSchemaProps,
)
from orchestrator.apiserver.defaults.change import each, put
from orchestrator.machinery.schemas import compile_schema, with_metadata_read
from orchestrator.machinery.whole_numbers import with_whole_numbers

_WITH_NUMBERS: Final = ("maximum", "minimum", "multiple_of", "default", "example")
_ONE_BELOW: Final = ("not_", "items", "additional_properties")
_LISTS_BELOW: Final = ("all_of", "any_of", "one_of")
_MAPS_BELOW: Final = ("properties", "pattern_properties", "definitions")


def stored_definition(definition: CustomResourceDefinition) -> CustomResourceDefinition:
    """The definition as it is stored; itself if it is that."""
    versions = each(definition.spec.versions, _stored_version)
    return put(definition, spec=put(definition.spec, versions=versions))


def _stored_version(version: CustomResourceDefinitionVersion) -> CustomResourceDefinitionVersion:
    validation = version.schema
    if validation is None or validation.open_apiv3_schema is None:
        return version
    schema = _stored(validation.open_apiv3_schema)
    return put(version, schema=put(validation, open_apiv3_schema=schema))


def _stored(schema: Any) -> Any:
    if isinstance(schema, dict):
        # A schema in the place of something else, which was not read further.
        return _stored_document(with_whole_numbers(schema))
    if not isinstance(schema, JSONSchemaProps):
        return schema
    changes: dict[str, Any] = {
        name: with_whole_numbers(getattr(schema, name)) for name in _WITH_NUMBERS
    }
    changes["enum"] = each(schema.enum, with_whole_numbers)
    if isinstance(schema.default, dict | list):
        changes["default"] = _with_metadata(changes["default"], codec.to_dict(schema))
    changes |= {name: _stored(getattr(schema, name)) for name in _ONE_BELOW}
    changes |= {name: each(getattr(schema, name), _stored) for name in _LISTS_BELOW}
    changes |= {name: _stored_map(getattr(schema, name)) for name in _MAPS_BELOW}
    return put(schema, **changes)


def _stored_document(schema: dict[str, Any]) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    default = schema.get("default")
    if isinstance(default, dict | list):
        changes["default"] = _with_metadata(default, schema)
    for name in ("items", "additionalProperties"):
        if isinstance(schema.get(name), dict):
            changes[name] = _stored_document(schema[name])
    if isinstance(schema.get("properties"), dict):
        changes["properties"] = _stored_map(schema["properties"])
    same = all(schema[name] is part for name, part in changes.items())
    return schema if same else {**schema, **changes}


def _stored_map(schemas: Mapping[str, Any]) -> Mapping[str, Any]:
    changed = {name: _stored(below) for name, below in schemas.items()}
    same = all(changed[name] is below for name, below in schemas.items())
    return schemas if same else changed


def _with_metadata(default: Any, document: Mapping[str, Any]) -> Any:
    return with_metadata_read(default, compile_schema(document), [])
