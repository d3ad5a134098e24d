"""Which words may stand at a place of a document, for who has said another one there."""

import re
from collections.abc import Mapping
from typing import Any, Final, Literal, get_args, get_origin

import msgspec

_PART: Final = re.compile(r"(\w+)|\[[^]]*\]")
_UNKNOWN_WORD: Final = "Invalid enum value"


def with_words(problem: str, kind: Any, path: str) -> str:
    """What msgspec says is wrong at a path (`profiles[0].type`) of a value of this type, with the words that would be right."""
    if not problem.startswith(_UNKNOWN_WORD):
        return problem
    words = [repr(each) for each in get_args(_at(kind, path)) if each]
    return f"{problem}; there is {' and '.join(words)}" if words else problem


def _at(hint: Any, path: str) -> Any:
    """The type of what stands at the path; Any where that is not told."""
    for part in _PART.finditer(path):
        if part[1] is not None:
            fields = {each.encode_name: each.type for each in msgspec.structs.fields(hint)}
            hint = fields[part[1]]
        else:
            arguments = get_args(hint)
            origin = get_origin(hint)
            is_mapping = isinstance(origin, type) and issubclass(origin, Mapping)
            hint = arguments[1 if is_mapping else 0]
        hint = _without_none(hint)
    return hint if get_origin(hint) is Literal else Any


def _without_none(hint: Any) -> Any:
    if get_origin(hint) is Literal:
        return hint
    others = [each for each in get_args(hint) if each is not type(None)]
    return others[0] if type(None) in get_args(hint) and len(others) == 1 else hint
