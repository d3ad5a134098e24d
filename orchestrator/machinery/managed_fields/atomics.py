"""The atomic parts of a value: whoever writes one of them writes all of it."""

from collections.abc import Iterator

from orchestrator.machinery.documents import Json
from orchestrator.machinery.managed_fields.shapes import ListShape, MapShape, Shape


def atomic_parts(value: Json, shape: Shape) -> list[str]:
    """The paths of atomic lists and maps in a value, as `.spec.args`; outer ones first."""
    return list(_parts(value, shape, ""))


def _parts(value: Json, shape: Shape, path: str) -> Iterator[str]:
    part = shape.part(value)
    if type(part) is MapShape and isinstance(value, dict):
        if part.atomic:
            yield path
        for name, inner in value.items():
            known = part.fields.get(name)
            if known is not None:
                yield from _parts(inner, known, f"{path}.{name}")
    elif type(part) is ListShape and isinstance(value, list):
        if part.atomic:
            yield path
        for position, item in enumerate(value):
            yield from _parts(item, part.item, f"{path}[{position}]")
