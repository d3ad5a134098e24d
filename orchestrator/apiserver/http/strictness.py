"""Fields that stand twice in one JSON object.

Decoders keep the last one and say nothing, so this is a second look at the text. The first pass only asks whether
anything got lost, at C's speed; paths are found when something did.
"""

import json
from typing import Any, Final

import msgspec

# A colon that is written otherwise: `\u003a`.
_ESCAPED: Final = b"\\u003"


class _Pairs(list[tuple[str, Any]]):
    """An object that has not forgotten its duplicates."""


def duplicate_fields(data: bytes, document: Any) -> tuple[str, ...]:
    """The paths of all fields after the first of their name, as `metadata.labels.app`.

    `document` is what a strict decoder has made of `data`: nesting is bounded by it.
    """
    if _loses_nothing(data, document):
        return ()
    found: list[str] = []
    _walk(json.loads(data, object_pairs_hook=_Pairs), "", found)
    return tuple(dict.fromkeys(found))


def _loses_nothing(data: bytes, document: Any) -> bool:
    """Whether the decoder has kept all fields. Each has a colon, which goes with a field that is dropped.

    All other colons stand in texts, and are written again as they were, but for escaped ones.
    """
    if _ESCAPED in data:
        return False
    try:
        kept = msgspec.json.encode(document)
    except (msgspec.MsgspecError, ValueError, OverflowError, RecursionError):
        return False  # what is no Unicode, or no number of this library
    return kept.count(b":") == data.count(b":")


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
