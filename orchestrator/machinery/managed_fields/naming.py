"""Between the sets of fields that say leaves, and those that say named fields above them, too.

Who applies `spec: {replicas: 3}` owns `.spec.replicas` and not `.spec`. When fields are taken away,
the fields above them count as well: a struct goes with the last field inside it.
"""

from orchestrator.machinery.managed_fields.elements import FIELD, KEY, SELF
from orchestrator.machinery.managed_fields.field_sets import LEAF, FieldSet
from orchestrator.machinery.managed_fields.shapes import Shape


def with_named_fields(fields: FieldSet, shape: Shape | None) -> FieldSet:
    """The set with every declared field that has members inside it."""
    result: FieldSet = {}
    for element, node in fields.items():
        if not node:
            result[element] = node
            continue
        inner, named = _inside(element, shape)
        below = with_named_fields(node, inner)
        result[element] = {SELF: LEAF, **below} if named and SELF not in below else below
    return result


def _inside(element: str, shape: Shape | None) -> tuple[Shape | None, bool]:
    """The shape at an element, and whether it is a declared field."""
    if shape is None:
        return None, False
    if element.startswith(FIELD) and shape.map is not None:
        name = element[2:]
        return shape.map.at(name), name in shape.map.fields
    if element.startswith(KEY) and shape.list is not None:
        return shape.list.item, False
    return None, False


def reconciled(fields: FieldSet, shape: Shape | None) -> FieldSet:
    """The set after its kind's schema changed: what became atomic has one owner for all of it."""
    if shape is None or not fields or shape.lasting:
        return fields
    return {
        element: node if element == SELF else _reconciled(node, _inside(element, shape)[0])
        for element, node in fields.items()
    }


def _reconciled(node: FieldSet, shape: Shape | None) -> FieldSet:
    if shape is None or not node:
        return node
    part = shape.map or shape.list
    return LEAF if part is not None and part.atomic else reconciled(node, shape)
