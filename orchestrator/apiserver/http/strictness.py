"""Fields that stand twice in one JSON object.

Decoders keep the last one and say nothing, so this is a second look at the text. The first pass
only asks whether there are any, in C but for one call an object; paths are found when there are.
"""

import json
from typing import Any, Final


class _Pairs(list[tuple[str, Any]]):
    """An object that has not forgotten its duplicates."""


def duplicate_fields(data: bytes) -> tuple[str, ...]:
    """The paths of all fields after the first of their name, as `metadata.labels.app`.

    `data` must be JSON that a strict decoder has read already: nesting is bounded by it.
    """
    try:
        json.loads(data, object_pairs_hook=_checked)
    except _DuplicateFound:
        found: list[str] = []
        _walk(json.loads(data, object_pairs_hook=_Pairs), "", found)
        return tuple(dict.fromkeys(found))
    return ()


class _DuplicateFound(Exception):
    pass


_FOUND: Final = _DuplicateFound()


def _checked(pairs: list[tuple[str, Any]]) -> None:
    # The values are not needed: whether keys repeat can be told object by object.
    if len(pairs) > 1 and len({key for key, _ in pairs}) != len(pairs):
        raise _FOUND


def _walk(value: Any, path: str, found: list[str]) -> None:
    if isinstance(value, _Pairs):
        seen: set[str] = set()
        for key, item in value:
            where = f"{path}.{key}" if path else key
            if key in seen:
                found.append(where)
            seen.add(key)
            _walk(item, where, found)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _walk(item, f"{path}[{index}]", found)
