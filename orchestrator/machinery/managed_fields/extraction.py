"""From a value to the set of its fields: what somebody who wrote this value has an opinion on."""

from orchestrator.machinery.documents import Json
from orchestrator.machinery.managed_fields.elements import FIELD, SELF, Element
from orchestrator.machinery.managed_fields.field_sets import LEAF, FieldSet
from orchestrator.machinery.managed_fields.shapes import ListShape, MapShape, Shape


def fields_of(value: Json, shape: Shape) -> FieldSet:
    """Every leaf, item and free key of a value, by its place. Raises ShapeError."""
    return _node(value, shape) or {}


def _node(value: Json, shape: Shape) -> FieldSet | None:
    """The node of a place: a leaf, or what is inside; None when there is nothing to own."""
    part = shape.part(value)
    if type(part) is MapShape:
        if part.atomic:
            return LEAF
        return _of_map(value, part) if value else None
    if type(part) is ListShape:
        if part.atomic:
            return LEAF
        return _of_list(value, part) if value else None
    return LEAF


def _of_map(value: dict[str, Json], shape: MapShape) -> FieldSet | None:
    found: FieldSet = {}
    fields, other = shape.fields, shape.other
    for name, inner in value.items():
        if type(inner) is str:  # most
            found[FIELD + name] = LEAF
            continue
        field = fields.get(name)
        declared = field is not None
        if field is None:
            field = other
        node = None if field is None else _node(inner, field)
        if inner is None or not declared or (type(inner) is dict and not inner):
            node = as_member(node)
        if node is not None:
            found[FIELD + name] = node
    return found or None


def _of_list(value: list[Json], shape: ListShape) -> FieldSet | None:
    found: FieldSet = {}
    twice: set[Element] = set()
    for item in value:
        element = shape.element(item)
        if element in found:
            twice.add(element)
        else:
            found[element] = as_member(_node(item, shape.item))
    # Of items with the same keys nobody can say which one is meant: they are owned together.
    for element in twice:
        found[element] = LEAF
    return found or None


def as_member(node: FieldSet | None) -> FieldSet:
    """The node with its own place in the set."""
    if not node or SELF in node:
        return node or LEAF
    return {SELF: LEAF, **node}
