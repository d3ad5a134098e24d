"""What a JSON text says that its decoded form does not: fields that stand twice, and numbers digit for digit.

Decoders keep the last one and say nothing, so this is a second look at the text. The first pass only asks whether
anything got lost, at C's speed; paths are found when something did.
"""

import json
import re
from collections.abc import Sequence
from typing import Any, Final

import msgspec

# A colon that is written otherwise: `\u003a`.
_ESCAPED: Final = b"\\u003"
# As a number: so to look for it is a walk over the bytes and nothing else. Most documents have none.
_BACKSLASH: Final = ord("\\")
_ENCODER: Final = msgspec.json.Encoder()


_STEP: Final = re.compile(r"([^.\[\]]+)|\[(\d+)\]")


class _Number(str):
    """A number with a fraction or an exponent."""


class _Pairs(list[tuple[str, Any]]):
    """An object that has not forgotten its duplicates."""


def duplicate_fields(data: bytes, document: Any) -> tuple[str, ...]:
    """The paths of all fields after the first of their name, as `metadata.labels.app`.

    `document` is what a strict decoder has made of `data`: nesting is bounded by it.
    """
    if _loses_nothing(data, document):
        return ()
    found: list[str] = []
    _walk(_pairs(data), "", found)
    return tuple(dict.fromkeys(found))


def _pairs(data: bytes) -> Any:
    # Python bounds the digits of whole numbers.
    return json.loads(data.decode(errors="replace"), object_pairs_hook=_Pairs, parse_int=str)


def in_document_order(data: bytes, unknown: Sequence[str], repeated: Sequence[str]) -> list[str]:
    """What is told of fields that the kind does not have and of those that stand twice, as one meets them."""
    faults = [
        *((path, 0, f'unknown field "{path}"') for path in unknown),
        *((path, 1, f'duplicate field "{path}"') for path in repeated),
    ]
    if unknown and repeated:
        met: list[tuple[str, int]] = []
        _meet(_pairs(data), "", met)
        places = {each: at for at, each in reversed([*enumerate(met)])}
        faults.sort(key=lambda fault: places.get(fault[:2], len(met)))
    return [words for _, _, words in faults]


def _meet(value: Any, path: str, met: list[tuple[str, int]]) -> None:
    """The paths of all fields in the order of the text; 1 with those that were there before."""
    if isinstance(value, _Pairs):
        seen: set[str] = set()
        for key, item in value:
            where = f"{path}.{key}" if path else key
            met.append((where, int(key in seen)))
            seen.add(key)
            _meet(item, where, met)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _meet(item, f"{path}[{index}]", met)


def number_as_written(data: bytes, path: str) -> str:
    """The number that stands in a document at a path, digit for digit; "" if there is none that is no whole one."""
    value: Any = json.loads(data.decode(errors="replace"), parse_float=_Number, parse_int=str)
    for name, index in _STEP.findall(path):
        if name and isinstance(value, dict):
            value = value.get(name)
        elif index and isinstance(value, list) and int(index) < len(value):
            value = value[int(index)]
        else:
            return ""
    return str(value) if isinstance(value, _Number) else ""


def _loses_nothing(data: bytes, document: Any) -> bool:
    """Whether the decoder has kept all fields. Each has a colon, which goes with a field that is dropped.

    All other colons stand in texts, and are written again as they were, but for escaped ones. Most clients write no
    spaces, so that the very text comes back.
    """
    try:
        kept = _ENCODER.encode(document)
    except (msgspec.MsgspecError, ValueError, OverflowError, RecursionError):
        return False  # what is no Unicode, or no number of this library
    if kept == data:
        return True
    if _BACKSLASH in data and _ESCAPED in data:
        return False
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
