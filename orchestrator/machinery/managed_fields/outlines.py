"""What an object speaks of, whatever it says of it.

Which fields somebody owns who creates an object depends on what is there, and hardly on its values: those of texts,
numbers and maps of them make no difference. So the objects that a client creates have few outlines, and what is worked
out for one of them holds for all that have its outline.
"""

from collections.abc import Callable, Hashable, Mapping
from functools import cache
from hashlib import blake2b
from operator import attrgetter, ne
from types import NoneType, UnionType
from typing import Any, Final, TypeAlias, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Struct, structs

from orchestrator.api.empty_lists import EMPTY_LIST
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.api.scalars import EMPTY
from orchestrator.machinery.memo import IdentityMemo

Outline: TypeAlias = tuple[Hashable, ...]
_Outliner: TypeAlias = Callable[[Any], Outline]

_SCALARS: Final = frozenset((str, int, float, bool))
# What lists and structs say stands in outlines, as it is or, if it is longer, as its digest.
_SHORT: Final = 64  # bytes
_DIGEST: Final = 16
_STRUCTS: Final = 256
_encode: Final = msgspec.json.Encoder().encode


class _Unclear(Exception):
    """No outline: lists are empty, which may or may not have been said."""


def outline_of(obj: Any) -> Outline | None:
    """The outline of an object, but for the metadata that nobody can own; None where that does not tell its fields."""
    try:
        return _outliner(type(obj))(obj)  # type: ignore[arg-type]
    except _Unclear:
        return None


@cache
def _outliner(type_: type[Any]) -> _Outliner:
    maps: list[str] = []
    scalars: list[str] = []
    others: list[str] = []
    defaults: list[Any] = []
    whole = False
    hints = get_type_hints(type_)
    for field in structs.fields(type_):
        hint = hints[field.name]
        if hint is ObjectMeta and field.name == "metadata":
            whole = True
        elif _is_scalar(hint):
            scalars.append(field.name)
            defaults.append(field.default)
        else:
            (maps if _is_map_of_scalars(hint) else others).append(field.name)
    of_maps, of_scalars, of_others = _values(maps), _values(scalars), _values(others)
    unsaid = tuple(defaults)

    def outline(obj: Any) -> Outline:
        said = of_scalars(obj)
        return (
            tuple([None if each is EMPTY else tuple(each) for each in of_maps(obj)]),
            # Of each, whether it is written, and whether it is more than what a struct has that says nothing.
            None if said == unsaid else (*map(ne, said, unsaid), *map(bool, said)),
            tuple(map(_text, of_others(obj))) if others else (),
            _of_metadata(obj.metadata) if whole else None,
        )

    return outline


def _of_metadata(metadata: ObjectMeta) -> Outline | None:
    labels, annotations = metadata.labels, metadata.annotations
    generated, finalizers, owners = (
        metadata.generate_name,
        metadata.finalizers,
        metadata.owner_references,
    )
    if labels is EMPTY and annotations is EMPTY and not (generated or finalizers or owners):
        return None
    return (
        None if labels is EMPTY else tuple(labels),
        None if annotations is EMPTY else tuple(annotations),
        bool(generated),
        _text(finalizers),
        _text(owners),
    )


def _values(names: list[str]) -> Callable[[Any], tuple[Any, ...]]:
    if not names:
        return lambda _obj: ()
    get = attrgetter(*names)
    return get if len(names) > 1 else lambda obj: (get(obj),)


def _text(value: Any) -> bytes | None:
    if value is None or (type(value) is tuple and not value):
        return None
    return _of_struct(value) if isinstance(value, Struct) else _said(value)


def _said(value: Any) -> bytes:
    text = _encode(value)
    if text == b"[]" or EMPTY_LIST in text:
        raise _Unclear
    return text if len(text) <= _SHORT else blake2b(text, digest_size=_DIGEST).digest()


# Controllers stamp many objects from one template, whose spec these share.
_of_struct: Final[IdentityMemo[Struct, bytes]] = IdentityMemo(_said, _STRUCTS)


def _is_map_of_scalars(hint: Any) -> bool:
    origin = get_origin(hint)
    if not (isinstance(origin, type) and issubclass(origin, Mapping)):
        return False
    return _is_scalar(get_args(hint)[1])


def _is_scalar(hint: Any) -> bool:
    if get_origin(hint) in (Union, UnionType):
        return all(each is NoneType or _is_scalar(each) for each in get_args(hint))
    return getattr(hint, "__supertype__", hint) in _SCALARS
