"""What is known of a value: whether it is a scalar, a list or a map, and what its parts are.

A shape answers the questions that ownership asks. Is a list or a map one thing (atomic), or does
each item have an owner? By which keys are items told apart? Which fields does an object always
have? A value may be allowed several kinds (an integer or a string; anything at all), so a shape has
up to three parts, and the value decides which one counts.
"""

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

from orchestrator.machinery.documents import Json
from orchestrator.machinery.errors import ShapeError
from orchestrator.machinery.managed_fields.elements import Element, key_element, value_element

Scalar: TypeAlias = Literal["", "numeric", "string", "boolean", "untyped"]


class Absent:
    """The type of `ABSENT`, which stands for a value that is not there; null is one that is."""


ABSENT: Final = Absent()


class ListShape:
    """A list. Without `keys`, a list that is not atomic is a set of scalars."""

    __slots__ = ("atomic", "item", "keys")

    def __init__(self, item: "Shape", *, atomic: bool, keys: tuple[str, ...] = ()) -> None:
        self.item = item
        self.atomic = atomic
        self.keys = keys

    def element(self, item: Json) -> Element:
        """The path element of an item. Raises ShapeError when it has none."""
        return self._keyed(item) if self.keys else _valued(item)

    def _keyed(self, item: Json) -> Element:
        if item is None:
            raise ShapeError("associative list with keys may not have a null element")
        if type(item) is not dict:
            raise ShapeError("associative list with keys may not have non-map elements")
        found = []
        for name in self.keys:
            value = item.get(name, ABSENT)
            if value is ABSENT:
                value = self._default(name)
            if value is not ABSENT:
                found.append((name, value))
        if not found:
            raise ShapeError(
                "associative list with keys has an element that omits all key fields "
                f"[{' '.join(map(_quoted, self.keys))}] "
                "(and doesn't have default values for any key fields)"
            )
        found.sort()
        return key_element(tuple(found))

    def _default(self, name: str) -> Json | Absent:
        fields = self.item.map
        return ABSENT if fields is None else fields.defaults.get(name, ABSENT)


def _valued(item: Json) -> Element:
    if type(item) is dict:
        raise ShapeError("associative list without keys has an element that's a map type")
    if type(item) is list:
        raise ShapeError("not supported: associative list with lists as elements")
    if item is None:
        raise ShapeError("associative list without keys has an element that's an explicit null")
    return value_element(item)


def _quoted(text: str) -> str:
    return f'"{text}"'


class MapShape:
    """An object with `fields`, a map whose every value is an `other`, or both.

    `always` holds the fields that a typed object has even when nobody set them, with the value that
    they then have; `defaults` those that count when they are a missing key of a list's item. A field
    whose shape is None is passed over, as if there might be none of this name.
    """

    __slots__ = ("always", "atomic", "defaults", "fields", "other")

    def __init__(self, other: "Shape | None" = None, *, atomic: bool = False) -> None:
        self.fields: dict[str, Shape | None] = {}
        self.other = other
        self.atomic = atomic
        self.always: Mapping[str, Json] = {}
        self.defaults: Mapping[str, Json] = {}

    def at(self, name: str) -> "Shape | None":
        """The shape of a field or value; None where there may be none."""
        return self.fields.get(name, self.other)


class Shape:
    """What a value may be; made empty and filled once, because types refer to themselves.

    `lasting`: it is a built-in kind's, which never becomes another one while the server runs.
    """

    __slots__ = ("lasting", "list", "map", "scalar")

    def __init__(
        self,
        scalar: Scalar = "",
        list_: ListShape | None = None,
        map_: MapShape | None = None,
    ) -> None:
        self.scalar: Scalar = scalar
        self.list = list_
        self.map = map_
        self.lasting = False

    def part(self, value: Json) -> "ListShape | MapShape | Scalar":
        """The part that a value is taken for.

        A null, or a value of a kind that the shape does not have, is taken for the first of map,
        scalar and list.
        """
        kind = type(value)
        if kind is dict:
            if self.map is not None:
                return self.map
        elif kind is list:
            if self.list is not None:
                return self.list
        elif value is not None and value is not ABSENT and self.scalar:
            return self.scalar
        return self.map or self.scalar or self.list or ""


def _untyped() -> tuple[Shape, Shape]:
    """Anything, as one thing; and anything, where maps have an owner for each of their values."""
    atomic, deduced = Shape("untyped"), Shape("untyped")
    atomic.list = deduced.list = ListShape(atomic, atomic=True)
    atomic.map = MapShape(atomic, atomic=True)
    deduced.map = MapShape(deduced)
    return atomic, deduced


UNTYPED, DEDUCED = _untyped()
