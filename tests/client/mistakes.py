"""Objects of any kind, filled by chance, with values of wrong types put into them by chance."""

import types
import typing
from collections.abc import Iterator, Mapping
from random import Random
from typing import Any, Final

import msgspec
from msgspec.structs import fields, replace

from orchestrator.api.meta.v1 import ObjectMeta

_DEEP: Final = 7
_WORDS: Final = ("a", "b-1", "10", "100m", "http", "TCP")
_WRONG: Final[tuple[Any, ...]] = (
    *(5, -1, 2**70, 10**400, 1.5, float("nan"), True, None, object(), print),
    *("", "x", "\ud800", b"x", (), (None,), ("a", 5), ["a"], [[[]]], set()),
    *({"a": 1}, {"a": {"b": [None]}}, {5: 5}, {None: 1}),
)

Path: typing.TypeAlias = tuple[Any, ...]


def mistaken(kind: type[Any], name: str, dice: Random) -> Any:
    """An object of a kind with up to two values that may be wrong."""
    obj = replace(_filled(kind, dice, 0), metadata=ObjectMeta(name=name))
    for _ in range(dice.choice((0, 1, 1, 2))):
        place = dice.choice(list(_places(obj, ())))
        obj = _put(obj, place, dice.choice(_WRONG))
        if not isinstance(obj.metadata, ObjectMeta) or len(place) < 2:
            break
    return obj


def _filled(kind: Any, dice: Random, depth: int) -> Any:
    """A value of a type."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return _filled(dice.choice([a for a in arguments if a is not types.NoneType]), dice, depth)
    if origin is tuple:
        return tuple(_filled(arguments[0], dice, depth + 1) for _ in range(dice.randint(1, 2)))
    if origin is not None and issubclass(origin, Mapping):
        return {"key": _filled(arguments[1], dice, depth + 1)}
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        hints = typing.get_type_hints(kind)
        chosen = [each.name for each in fields(kind) if depth < _DEEP and dice.random() < 0.6]
        return kind(**{each: _filled(hints[each], dice, depth + 1) for each in chosen})
    simple = {str: dice.choice(_WORDS), int: dice.choice((0, 1, 80)), bool: True, float: 1.5}
    return simple.get(kind, {"x": 1})


def _places(value: Any, before: Path) -> Iterator[Path]:
    """Every place in a value that holds another."""
    for key, inner in _inside(value):
        yield (*before, key)
        yield from _places(inner, (*before, key))


def _inside(value: Any) -> list[tuple[Any, Any]]:
    if isinstance(value, msgspec.Struct):
        return [(each.name, getattr(value, each.name)) for each in fields(value)]
    if isinstance(value, Mapping):
        return list(value.items())
    return list(enumerate(value)) if isinstance(value, tuple) else []


def _put(value: Any, place: Path, new: Any) -> Any:
    """The value with another one in a place."""
    if not place:
        return new
    key, *rest = place
    changed = {k: _put(v, tuple(rest), new) if k == key else v for k, v in _inside(value)}
    if isinstance(value, msgspec.Struct):
        return replace(value, **{key: changed[key]})
    return tuple(changed.values()) if isinstance(value, tuple) else changed
