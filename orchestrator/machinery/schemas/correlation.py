"""Which part of an old value a part of a new one belongs to, and whether it stayed as it was.

Items of a list that is a map belong together by their keys, wherever they stand; those of other lists do not.
"""

from collections.abc import Mapping
from typing import Any

from orchestrator.machinery.documents import equal
from orchestrator.machinery.schemas.schema import Schema


def correlated(item: Any, old: Any, schema: Schema) -> Any:
    """The old item of the same keys, in a list that is a map; None in other lists."""
    if schema.list_type != "map" or not isinstance(old, list | tuple):
        return None
    if not isinstance(item, Mapping):
        return None
    keys = [item.get(name) for name in schema.list_map_keys]
    for each in old:
        if isinstance(each, Mapping) and [each.get(n) for n in schema.list_map_keys] == keys:
            return each
    return None


def is_unchanged(value: Any, old: Any, schema: Schema | None) -> bool:
    """Whether a value is what was there before: in lists that are maps the order does not count."""
    if equal(value, old):
        return True
    if schema is None or not schema.keyed_lists:
        return False
    if isinstance(value, Mapping) and isinstance(old, Mapping):
        return value.keys() == old.keys() and all(
            is_unchanged(each, old[name], below(schema, name)) for name, each in value.items()
        )
    if not (isinstance(value, list | tuple) and isinstance(old, list | tuple)):
        return False
    if schema.list_type != "map" or len(value) != len(old):
        return False
    return all(
        (before := correlated(each, old, schema)) is not None
        and is_unchanged(each, before, schema.items)
        for each in value
    )


def below(schema: Schema | None, name: str) -> Schema | None:
    """The schema of a property, or of what a map holds; None where there is none."""
    return None if schema is None else schema.properties.get(name, schema.additional)
