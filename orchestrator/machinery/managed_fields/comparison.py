"""What is different between two values of one shape: removed, modified and added fields."""

from typing import NamedTuple

from orchestrator.machinery.documents import Json, equal, same_json
from orchestrator.machinery.managed_fields.elements import FIELD, SELF, Element
from orchestrator.machinery.managed_fields.field_sets import (
    LEAF,
    FieldSet,
    recursive_difference,
    union,
)
from orchestrator.machinery.managed_fields.shapes import ABSENT, ListShape, MapShape, Shape


class Comparison(NamedTuple):
    """Three sets: of places that only the old value has, that differ, that only the new one has."""

    removed: FieldSet
    modified: FieldSet
    added: FieldSet

    def without(self, ignored: FieldSet) -> "Comparison":
        """The same but for some fields and all inside them."""
        if not ignored:
            return self
        return Comparison(*(recursive_difference(each, ignored) for each in self))


_Nodes = tuple[FieldSet | None, FieldSet | None, FieldSet | None]
_SAME: _Nodes = (None, None, None)


def compare(old: Json, new: Json, shape: Shape) -> Comparison:
    """How `new` differs from `old`. Both are whole objects, or what somebody says of them.

    Raises ShapeError for an item that nothing tells apart from others. A typed object has its structs even when nobody set them (`MapShape.always`), so that one side
    may lack them.
    """
    removed, modified, added = _compared(old, new, shape)
    return Comparison(removed or {}, modified or {}, added or {})


def from_nothing(new: dict[str, Json], shape: Shape) -> FieldSet:
    """What `compare({}, new, shape)` finds modified or added, in one set and in one pass."""
    if shape.map is None or shape.map.atomic:
        _, modified, added = compare({}, new, shape)
        return union(modified, added)
    return _grown(new, shape.map)


def _grown(new: dict[str, Json], shape: MapShape) -> FieldSet:
    """The fields of a map that had nothing but what it always has."""
    found: FieldSet = {}
    for name, value in new.items():
        inner = shape.at(name)
        if inner is not None:
            before = shape.always.get(name, ABSENT)
            node = whole(value, inner) if before is ABSENT else _changed(before, value, inner)
            if node is not None:
                found[FIELD + name] = node
    return found


def _changed(old: Json, new: Json, shape: Shape) -> FieldSet | None:
    """The node of a place that is modified, or has something modified or added in it."""
    if old == {} and type(new) is dict and shape.map is not None and not shape.map.atomic:
        return _grown(new, shape.map) or None
    _, modified, added = _compared(old, new, shape)
    if modified is None or added is None:
        return added if modified is None else modified
    together: FieldSet = union({SELF: modified}, {SELF: added})[SELF]
    return together


def _compared(old: Json, new: Json, shape: Shape) -> _Nodes:
    """The nodes of a place in the three sets."""
    if old is new:
        return _SAME
    if old is ABSENT:
        return None, None, whole(new, shape)
    if new is ABSENT:
        return whole(old, shape), None, None
    if same_json(old, new):
        return _SAME
    part = shape.part(new if new is not None else old)
    if old is not None and new is not None and shape.part(old) is not part:
        return _of_different_kinds(old, new, shape)
    if type(part) is MapShape and not part.atomic and (old or new):
        return _of_maps(old or {}, new or {}, part)
    if type(part) is ListShape and not part.atomic and (old or new):
        return _of_lists(old or [], new or [], part)
    return _SAME if equal(old, new) else (None, LEAF, None)


def _of_different_kinds(old: Json, new: Json, shape: Shape) -> _Nodes:
    """A map became a scalar, say: the place is modified, what was inside it is gone."""
    return _inside(old, shape), LEAF, _inside(new, shape)


def _inside(value: Json, shape: Shape) -> FieldSet | None:
    node = whole(value, shape)
    return {element: inner for element, inner in node.items() if element != SELF} or None


def _of_maps(old: dict[str, Json], new: dict[str, Json], shape: MapShape) -> _Nodes:
    found: tuple[FieldSet, FieldSet, FieldSet] = ({}, {}, {})
    always = shape.always
    for name in old | new if old.keys() != new.keys() else new:
        before, after = old.get(name, ABSENT), new.get(name, ABSENT)
        if same_json(before, after):
            continue
        inner = shape.at(name)
        if inner is None:
            continue
        if name in always:
            before = always[name] if before is ABSENT else before
            after = always[name] if after is ABSENT else after
        _put(found, FIELD + name, _compared(before, after, inner))
    return _nodes(found)


def _put(found: tuple[FieldSet, FieldSet, FieldSet], element: Element, nodes: _Nodes) -> None:
    for into, node in zip(found, nodes, strict=True):
        if node is not None:
            into[element] = node


def _nodes(found: tuple[FieldSet, FieldSet, FieldSet]) -> _Nodes:
    return found[0] or None, found[1] or None, found[2] or None


def _of_lists(old: list[Json], new: list[Json], shape: ListShape) -> _Nodes:
    found: tuple[FieldSet, FieldSet, FieldSet] = ({}, {}, {})
    before, after = _by_element(old, shape), _by_element(new, shape)
    for element in before | after:
        lefts, rights = before.get(element, []), after.get(element, [])
        _put(found, element, _of_items(lefts, rights, shape.item))
    return _nodes(found)


def _of_items(old: list[Json], new: list[Json], shape: Shape) -> _Nodes:
    """The items with the same keys on both sides; several of them are one thing."""
    if len(old) < 2 and len(new) < 2:
        return _compared(old[0] if old else ABSENT, new[0] if new else ABSENT, shape)
    if len(old) > 1 and len(new) > 1:
        return _SAME if equal(old, new) else (None, LEAF, None)
    if len(old) > 1:
        return LEAF, None, whole(new[0], shape) if new else None
    return whole(old[0], shape) if old else None, None, LEAF


def _by_element(items: list[Json], shape: ListShape) -> dict[Element, list[Json]]:
    found: dict[Element, list[Json]] = {}
    for item in items:
        found.setdefault(shape.element(item), []).append(item)
    return found


def whole(value: Json, shape: Shape) -> FieldSet:
    """The node of a place that only one side has: it, and everything inside it. Raises ShapeError."""
    part = shape.part(value)
    inner: FieldSet = {}
    if type(part) is MapShape and not part.atomic and type(value) is dict:
        for name, each in value.items():
            field = part.at(name)
            if field is not None:  # of texts, which are most, nothing need be asked
                inner[FIELD + name] = LEAF if type(each) is str else whole(each, field)
    elif type(part) is ListShape and not part.atomic and type(value) is list:
        for element, items in _by_element(value, part).items():
            inner[element] = whole(items[0], part.item) if len(items) == 1 else LEAF
    return {SELF: LEAF, **inner} if inner else LEAF
