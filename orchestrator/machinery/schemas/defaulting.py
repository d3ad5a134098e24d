"""Defaults: what a schema says a missing field is.

A null for a field that may not be null counts as missing if the schema gives a default for it. A
default is pruned and complete itself: the definition was refused otherwise.
"""

from typing import Any

from orchestrator.machinery.schemas.schema import ABSENT, Schema


def with_defaults(value: Any, schema: Schema) -> Any:
    """The value with all defaults filled in; the value itself when none is missing."""
    if not schema.has_defaults:
        return value
    if isinstance(value, dict):
        return _filled_map(value, schema)
    if isinstance(value, list | tuple) and schema.items is not None:
        items = schema.items
        filled = [with_defaults(each, items) for each in value]
        return value if all(n is o for n, o in zip(filled, value, strict=True)) else filled
    return value


def _filled_map(value: dict[str, Any], schema: Schema) -> dict[str, Any]:
    filled = dict(value)
    changed = False
    for name, below in schema.defaulted:
        present = value.get(name, ABSENT)
        if below.default is not ABSENT and (
            present is ABSENT or (present is None and not below.nullable)
        ):
            present = below.default
            filled[name], changed = present, True
        if present is not ABSENT:
            new = with_defaults(present, below)
            if new is not present:
                filled[name], changed = new, True
    additional = schema.additional
    if additional is not None and additional.has_defaults:
        for name, part in value.items():
            if name in schema.properties:
                continue
            if part is None and not additional.nullable and additional.default is not ABSENT:
                part = additional.default
            new = with_defaults(part, additional)
            if new is not value[name]:
                filled[name], changed = new, True
    return filled if changed else value
