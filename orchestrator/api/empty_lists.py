"""Empty lists that are always written, as Kubernetes writes them: as null.

A list without `omitempty` is null in Go when nothing is in it, and so it is after each reading of the
store, whatever its author wrote. In the interpreter it is an empty tuple; here the text is mended. Only
fields of such lists are touched, by their names: in JSON no text has bare quotes. A kind with free JSON in
it might hold the same names there, so that of it only the status is mended, and that only if it is typed.
"""

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, Final, get_args, get_type_hints

from msgspec import Struct, structs

from orchestrator.api.scalars import required_tuple

_EMPTY: Final = b":[]"
_STATUS: Final = b'"status":{'
# Their answers are no stored objects, and say of an empty list that it is one.
_NOT_STORED: Final = ("authentication", "authorization", "meta")


def mended(text: bytes, type_: type[Any]) -> bytes:
    """The JSON text of an object with null for lists that are written though nothing is in them."""
    if _EMPTY not in text:
        return text
    mend = _mender(type_)  # type: ignore[arg-type]
    return text if mend is None else mend(text)


@cache
def _mender(type_: type[Any]) -> Callable[[bytes], bytes] | None:
    home = type_.__module__.split(".")
    if len(home) < 4 or home[2] in _NOT_STORED or type_.__name__.endswith("List"):
        return None
    names, free = _reachable(type_)
    if not free:
        return _replacer(names)
    status = get_type_hints(type_).get("status")
    inner = next((each for each in (status, *get_args(status)) if _is_struct(each)), None)
    if inner is None:
        return None
    names, free = _reachable(inner)
    replace = _replacer(names)
    if free or replace is None:
        return None

    def mend_status(text: bytes) -> bytes:
        before, key, after = text.rpartition(_STATUS)
        return before + key + replace(after)

    return mend_status


def _replacer(names: set[str]) -> Callable[[bytes], bytes] | None:
    if not names:
        return None
    pattern = re.compile(f'("(?:{"|".join(sorted(map(re.escape, names)))})":)\\[\\]'.encode())
    return lambda text: pattern.sub(rb"\1null", text)


def _reachable(type_: type[Any]) -> tuple[set[str], bool]:
    """The names of such lists in a type at any depth, and whether it has free JSON in it."""
    names: set[str] = set()
    free, seen, pending = False, {type_}, [type_]
    while pending:
        each = pending.pop()
        hints = get_type_hints(each)
        for field in structs.fields(each):
            if field.default_factory is required_tuple:
                names.add(field.encode_name)
            if field.name == "metadata":
                continue
            inner = set(_types(hints[field.name]))
            free = free or Any in inner
            new = {found for found in inner if _is_struct(found)} - seen
            seen |= new
            pending.extend(new)
    return names, free


def _types(hint: Any) -> Iterator[Any]:
    yield hint
    for each in get_args(hint):
        yield from _types(each)


def _is_struct(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, Struct)
