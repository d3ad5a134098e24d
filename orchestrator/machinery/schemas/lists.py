"""Lists that are sets or maps: no item, no key stands in them twice."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from orchestrator.machinery.documents import in_order
from orchestrator.machinery.field_errors import FieldError, child, duplicate, index, invalid, key
from orchestrator.machinery.schemas.schema import ABSENT, Schema

_NO_OBJECT: Final = "must be an object for an array of list-type map"


def list_faults(value: Any, schema: Schema, path: str = "") -> Iterator[FieldError]:
    """The duplicates in all lists of type set and map, in the order of the items."""
    if not schema.keyed_lists:
        return
    if type(value) is dict or isinstance(value, Mapping):
        additional = schema.additional
        if additional is not None and additional.keyed_lists:
            for name in sorted(value.keys() - schema.properties.keys()):
                yield from list_faults(value[name], additional, key(path, name))
        for name, below in schema.keyed:
            if name in value:
                yield from list_faults(value[name], below, child(path, name))
    elif isinstance(value, list | tuple):
        if schema.list_type == "set":
            yield from _twice(value, path)
        elif schema.list_type == "map":
            yield from _map_faults(value, schema, path)
        if schema.items is not None and schema.items.keyed_lists:
            for number, each in enumerate(value):
                yield from list_faults(each, schema.items, index(path, number))


def _twice(keys: Sequence[Any], path: str) -> Iterator[FieldError]:
    """Each value that stands twice, once: at its second place."""
    written = [msgspec.json.encode(each, order="deterministic") for each in keys]
    if len(set(written)) == len(written):
        return
    times: Counter[bytes] = Counter()
    for number, each in enumerate(written):
        times[each] += 1
        if times[each] == 2:
            yield duplicate(index(path, number), in_order(keys[number]))


def _map_faults(value: Sequence[Any], schema: Schema, path: str) -> Iterator[FieldError]:
    if _has_plain_keys(value, schema):
        return
    for number, each in enumerate(value):
        if type(each) is not dict and each is not None and not isinstance(each, Mapping):
            yield invalid(index(path, number), each, _NO_OBJECT)
            return
    yield from _twice([_keys(each, schema) for each in value], path)


def _has_plain_keys(value: Sequence[Any], schema: Schema) -> bool:
    """Whether all items are objects that say the list's one key, each another text or integer, as nearly all do."""
    if len(schema.list_map_keys) != 1:
        return False
    (name,) = schema.list_map_keys
    keys = [each.get(name) if type(each) is dict else None for each in value]
    kinds = {type(each) for each in keys}
    return (not kinds or kinds == {str} or kinds == {int}) and len(set(keys)) == len(keys)


def _keys(item: Any, schema: Schema) -> Any:
    """The part of an item that is its key; defaults of keys count."""
    if type(item) is not dict and not isinstance(item, Mapping):
        return item
    found = {}
    for name in schema.list_map_keys:
        if name in item:
            found[name] = item[name]
        elif schema.items is not None:
            below = schema.items.properties.get(name)
            if below is not None and below.default is not ABSENT:
                found[name] = below.default
    return found
