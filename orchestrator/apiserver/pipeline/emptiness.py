"""Whether a document says of a list or map that it is empty, which Go keeps apart from one that is not there.

What is stored has no such lists and maps: who says one changes the object in Go's eyes, though it reads back the same.
Where defaults have filled it, it is not empty any more.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from msgspec import Struct, structs


def says_empty(document: Any, made: Struct, names: Iterable[str]) -> bool:
    """Whether it does so within these fields of the object that was made of it."""
    if not isinstance(document, Mapping):
        return False
    fields = _fields(type(made))
    return any(
        _is_empty(document.get(wire), hint, getattr(made, name))
        for name, (wire, hint) in ((name, fields[name]) for name in names)
    )


def _is_empty(value: Any, hint: Any, made: Any) -> bool:
    if value is None or made is None:
        return False
    origin, arguments = get_origin(hint), [each for each in get_args(hint) if each is not NoneType]
    if origin in (Union, UnionType):
        return len(arguments) == 1 and _is_empty(value, arguments[0], made)
    if origin is tuple:
        if not value or not made:
            return not made
        return any(
            _is_empty(each, arguments[0], inner) for each, inner in zip(value, made, strict=False)
        )
    if isinstance(origin, type) and issubclass(origin, Mapping):
        if not value or not made:
            return not made
        return any(_is_empty(each, arguments[1], made.get(name)) for name, each in value.items())
    if isinstance(made, Struct) and isinstance(value, Mapping):
        return says_empty(value, made, made.__struct_fields__)
    return False


@cache
def _fields(type_: type[Any]) -> dict[str, tuple[str, Any]]:
    """Of each field its name in documents and its type."""
    hints = get_type_hints(type_)
    return {field.name: (field.encode_name, hints[field.name]) for field in structs.fields(type_)}
