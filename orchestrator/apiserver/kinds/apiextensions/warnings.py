"""What whoever writes a definition is told: formats that no value is measured by."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from orchestrator.api import codec
from orchestrator.api.apiextensions.v1 import CustomResourceDefinition
from orchestrator.apiserver.validation.warnings import Warnings
from orchestrator.machinery.field_errors import quote
from orchestrator.machinery.formats import FORMATS

# Dashes in the names of these do not count.
_OF_TEXTS: Final = frozenset(name.replace("-", "") for name in FORMATS)
_OF_NUMBERS: Final = {
    "integer": frozenset({"int32", "int64"}),
    "number": frozenset({"float", "double"}),
}
_LISTS: Final = ("allOf", "anyOf", "oneOf")

Schema = Mapping[str, Any]


def definition_warnings(
    new: CustomResourceDefinition, old: CustomResourceDefinition | None
) -> Warnings:
    """Each format that is not known, and that was not there before, once."""
    before = set() if old is None else set(_unknown_formats(old))
    for name in dict.fromkeys(_unknown_formats(new)):
        if name not in before:
            yield f"unrecognized format {quote(name)}"


def _unknown_formats(definition: CustomResourceDefinition) -> Iterator[str]:
    for version in definition.spec.versions:
        if version.schema is not None and version.schema.open_apiv3_schema is not None:
            yield from _unknown_below(codec.to_dict(version.schema.open_apiv3_schema))


def _unknown_below(schema: Schema) -> Iterator[str]:
    name, type_ = schema.get("format"), schema.get("type") or ""
    if name and not _is_known(str(name), type_):
        yield str(name)
    for below in _parts(schema):
        yield from _unknown_below(below)


def _is_known(name: str, type_: str) -> bool:
    if type_ in ("", "string"):
        return name.replace("-", "") in _OF_TEXTS
    return name in _OF_NUMBERS.get(type_, ())


def _parts(schema: Schema) -> Iterator[Schema]:
    found = [schema.get("items")]
    found += [each for word in _LISTS for each in schema.get(word) or ()]
    found.append(schema.get("not"))
    found += (schema.get("properties") or {}).values()
    found.append(schema.get("additionalProperties"))
    for each in found:
        if isinstance(each, Mapping):
            yield each
