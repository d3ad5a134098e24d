"""What is written anew though it reads back the same: parts of what is one thing.

Kubernetes compares a list that is one thing as Go's values. There an empty list or map that somebody says is not one
that is not there, and `1.5` is another value than `1500m`; but what is stored has no empty ones, and `1500m`. So whoever
says the same again in other words takes such a list from those who own it. Custom resources are no Go values.
"""

from orchestrator.machinery.documents import Json, Object
from orchestrator.machinery.managed_fields.openapi_shapes import is_quantity
from orchestrator.machinery.managed_fields.shapes import ListShape, MapShape, Shape
from orchestrator.machinery.quantities import Quantity, form


def as_said(document: Object, said: Json, shape: Shape) -> Object:
    """The document of an object with those of its lists as they were said (`said`) that differ in Go alone.

    Unchanged parts are shared.
    """
    found: Object = _as_said(document, said, shape, whole=False)
    return found


def _as_said(document: Json, said: Json, shape: Shape, *, whole: bool) -> Json:
    """`whole`: it is a part of what is one thing."""
    if type(document) is dict and type(said) is dict:
        fields = shape.map
        if fields is None:
            return document
        whole = whole or fields.atomic
        changed = {}
        for name, value in said.items():
            inner, before = fields.at(name), document.get(name)
            if inner is not None and before and value and type(before) in (dict, list):
                after = _as_said(before, value, inner, whole=whole)
                if after is not before:
                    changed[name] = after
        return {**document, **changed} if changed else document
    if type(document) is list and type(said) is list and shape.list is not None:
        if len(document) != len(said):
            return document
        if whole or shape.list.atomic:
            return said if _is_restated(document, said, shape) else document
        items = [
            _as_said(each, other, shape.list.item, whole=False)
            for each, other in zip(document, said, strict=True)
        ]
        return document if [*map(id, items)] == [*map(id, document)] else items
    return document


def _is_restated(document: Json, said: Json, shape: Shape) -> bool:
    """Whether Go tells what was said from what is stored of it, where the documents do not."""
    if said is None:
        return False
    part = shape.part(said)
    if type(part) is ListShape and type(said) is list:
        if not said:
            return not document
        if type(document) is not list or len(document) != len(said):
            return False
        return any(
            _is_restated(each, other, part.item) for each, other in zip(document, said, strict=True)
        )
    if type(part) is MapShape and type(said) is dict:
        is_struct = bool(part.fields)
        if not said:
            return not document and not is_struct
        if type(document) is not dict:
            return False
        return any(
            _is_restated(document.get(name), value, inner)
            for name, value in said.items()
            if (inner := part.at(name)) is not None
        )
    return is_quantity(shape) and _is_reworded(document, said)


def _is_reworded(stored: Json, said: Quantity) -> bool:
    return type(stored) is str and stored != said and form(stored) != form(said)
