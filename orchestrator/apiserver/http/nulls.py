"""JSON null where a kind has a list, a map or a string.

To Go `null` is the empty value of any type, so clients send it freely: templates leave `labels:`
without a value, and older libraries write every field that they have. Our types are exact, so the
decoder refuses; then the nulls that it stumbles over are taken out, one path at a time. Bodies
without them, which are nearly all, pay nothing.
"""

import re
from collections.abc import Mapping
from typing import Any, Final, TypeVar

from orchestrator.api import codec
from orchestrator.api.errors import DecodeError
from orchestrator.machinery.documents import copied

T = TypeVar("T")

_NULL: Final = "got null"
_STEP: Final = re.compile(r"\[(?P<index>\d+|\*)\]|\.?(?P<key>[^.\[\]]+)")
# More different places with a null than any client's manifest has.
_LIMIT: Final = 256


def decode_leniently(document: Mapping[str, Any], type_: type[T]) -> T:
    """`codec.decode`, with nulls for empty values. Raises DecodeError. The document is kept."""
    own: Any = None
    for _ in range(_LIMIT):
        try:
            return codec.decode(document if own is None else own, type_)
        except DecodeError as error:
            if not error.message.endswith(_NULL) or not error.path:
                raise
            own = copied(dict(document)) if own is None else own
            steps = [match["index"] or match["key"] for match in _STEP.finditer(error.path)]
            if not _taken_out(own, steps):
                raise
    return codec.decode(own, type_)


def _taken_out(value: Any, steps: list[str]) -> bool:
    """Remove nulls at a path; whether there were any. `*` stands for each entry of a map."""
    step, rest = steps[0], steps[1:]
    if isinstance(value, list):
        index = int(step) if step.isdecimal() else -1
        return bool(rest) and 0 <= index < len(value) and _taken_out(value[index], rest)
    if not isinstance(value, dict):
        return False
    keys = [key for key in value if step in ("*", key)]
    if rest:
        # All of them, and not only until the first: each may have its own null.
        return sum(_taken_out(value[key], rest) for key in keys) > 0
    empty = [key for key in keys if value[key] is None]
    for key in empty:
        del value[key]
    return bool(empty)
