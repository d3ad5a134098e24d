"""The elements of field paths, as FieldsV1 writes them.

An element says how to come from a value to one inside it: `f:name` a field of an object or a key of
a map, `k:{"name":"web"}` the item of a list that has these keys, `v:"x"` the item of a set that
equals this value, `i:0` an item by its place.
"""

import json
from functools import lru_cache
from typing import Any, Final, TypeAlias

import msgspec

from orchestrator.api.go_text import GO_ESCAPES
from orchestrator.machinery.documents import Json
from orchestrator.machinery.errors import FieldSetError
from orchestrator.machinery.field_errors import quote
from orchestrator.machinery.memo import remembered

Element: TypeAlias = str

FIELD: Final = "f:"
KEY: Final = "k:"
VALUE: Final = "v:"
INDEX: Final = "i:"
SELF: Final = "."  # in FieldsV1: the place itself, beside what is inside it

_RANKS: Final = {FIELD: 0, KEY: 1, VALUE: 2, INDEX: 3}


def key_element(keys: tuple[tuple[str, Json], ...]) -> Element:
    """The element of the item with these keys, sorted by name."""
    typed = tuple((name, type(value), value) for name, value in keys)
    try:
        return _key_element(typed)
    except TypeError:  # a key that is no scalar, which will be refused, has an element, too
        return _made_key_element(typed)


def _made_key_element(keys: tuple[tuple[str, type, Any], ...]) -> Element:
    inner = ",".join(f"{_json(name)}:{_json(value)}" for name, _, value in keys)
    return f"{KEY}{{{inner}}}"


_key_element = lru_cache(maxsize=65536)(_made_key_element)


def value_element(value: Json) -> Element:
    """The element of the item of a set that equals `value`, a scalar."""
    return VALUE + _json(value)


def _json(value: Json) -> str:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text if text.isalnum() else text.translate(GO_ESCAPES)


@remembered(65536)
def canonical(element: Element) -> Element | None:
    """The element as this package writes it; None for a kind of element that is not known.

    Raises FieldSetError for what is no element.
    """
    kind = element[:2]
    if len(kind) < 2:
        raise FieldSetError(
            f"parsing key as path element: key must be 2 characters long: {element}"
        )
    if kind[1] != ":":
        raise FieldSetError(f"parsing key as path element: missing colon: {element}")
    if kind == FIELD:
        return element
    if kind == INDEX:
        return INDEX + str(_number(element[2:]))
    if kind == KEY:
        keys = _decoded(element[2:])
        if not isinstance(keys, dict):
            raise FieldSetError(f"parsing key as path element: no keys: {element}")
        return key_element(tuple(sorted(keys.items())))
    return value_element(_decoded(element[2:])) if kind == VALUE else None


def _number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise FieldSetError(f"parsing key as path element: no index: {text}") from None


def _decoded(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise FieldSetError(f"parsing key as path element: {error}") from None


@remembered(65536)
def rank(element: Element) -> tuple[Any, ...]:
    """The order of elements: fields by name, then items by keys, by value, by place."""
    kind = element[:2]
    if element == SELF:
        return (-1,)
    if kind == FIELD:
        return (0, element)
    if kind == KEY:
        keys = sorted(_decoded(element[2:]).items())
        return (1, tuple((name, _value_rank(value)) for name, value in keys))
    value = _decoded(element[2:])
    return (_RANKS[kind], _value_rank(value))


def _value_rank(value: Json) -> tuple[int, Any]:
    """Numbers before strings before booleans, as the original sorts values."""
    if isinstance(value, bool):
        return (2, value)
    if isinstance(value, int | float):
        return (0, value)
    return (1, value) if isinstance(value, str) else (3, _json(value))


def shown(element: Element) -> str:
    """The element in a path for people: `.spec`, `[name="web"]`, `[="x"]`, `[0]`."""
    kind, rest = element[:2], element[2:]
    if kind == FIELD:
        return f".{rest}"
    if kind == KEY:
        keys = sorted(_decoded(rest).items())
        return "[" + ",".join(f"{name}={_shown(value)}" for name, value in keys) + "]"
    return f"[={_shown(_decoded(rest))}]" if kind == VALUE else f"[{rest}]"


def _shown(value: Json) -> str:
    """Maps and lists have no quotes and braces of their own, as Go prints them here."""
    if isinstance(value, list):
        return "[" + ",".join(map(_shown, value)) + "]"
    if isinstance(value, dict):
        return "".join(f"{name}={_shown(inner)}" for name, inner in value.items())
    return quote(value) if isinstance(value, str) else _json(value)
