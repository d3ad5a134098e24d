"""Whether a value has the shape that its kind asks for, before anybody merges it."""

from typing import Final

from orchestrator.machinery.documents import MAX_DEPTH, Json, go_plain, go_type, too_deep
from orchestrator.machinery.errors import ShapeError
from orchestrator.machinery.managed_fields.elements import FIELD, INDEX, Element, shown
from orchestrator.machinery.managed_fields.shapes import ListShape, MapShape, Shape

_Faults = list[str]
_SHALLOW: Final = 64
_TWICE: Final = "duplicate entries for key"
_OF_TEXTS: Final = ("string", "untyped")


def check(value: Json, shape: Shape, *, twice: bool = False) -> None:
    """Refuse unknown fields, wrong types and items that occur twice, unless they may (`twice`).

    Raises ShapeError with Kubernetes' sentence about all of them.
    """
    if _fits(value, shape, _SHALLOW):
        return
    if too_deep(value):
        raise ShapeError(f"exceeded max depth {MAX_DEPTH}")
    faults = [fault for fault in _faults(value, shape) if not (twice and _TWICE in fault)]
    if faults:
        one = len(faults) == 1
        raise ShapeError(faults[0] if one else "\n".join(["errors:", *(f"  {f}" for f in faults)]))


def _fits(value: Json, shape: Shape, levels: int) -> bool:
    """Whether a value certainly has no faults, as nearly all have none; what is deeper than some levels is looked at as a whole."""
    if value is None:
        return True
    part = shape.part(value)
    if type(part) is MapShape:
        if type(value) is not dict or not levels:
            return False
        for name, inner in value.items():
            below = part.fields.get(name, part.other)
            if below is None:
                return False
            if type(inner) is str and below.scalar in _OF_TEXTS:
                continue  # most
            if not _fits(inner, below, levels - 1):
                return False
        return True
    if type(part) is ListShape:
        if type(value) is not list or not levels:
            return False
        if not part.atomic and not _has_elements(value, part):
            return False
        return all(_fits(each, part.item, levels - 1) for each in value)
    return isinstance(part, str) and not _of_scalar(value, part)


def _has_elements(items: list[Json], shape: ListShape) -> bool:
    """Whether all items of a list have a path element, each another one."""
    try:
        return len({shape.element(each) for each in items}) == len(items)
    except ShapeError:
        return False


def _faults(value: Json, shape: Shape) -> _Faults:
    part = shape.part(value)
    if value is None:
        return []
    if type(part) is MapShape:
        return _of_map(value, part)
    if type(part) is ListShape:
        return _of_list(value, part)
    return _of_scalar(value, part) if isinstance(part, str) else []


def _under(element: Element, faults: _Faults) -> _Faults:
    """The faults of a part, told from outside."""
    prefix = shown(element)
    return [prefix + (fault if fault[0] in ".[" else f": {fault}") for fault in faults]


def _of_map(value: Json, shape: MapShape) -> _Faults:
    if type(value) is not dict:
        return [f"expected map, got {_go_value(value)}"]
    found: _Faults = []
    for name in sorted(value):
        inner = shape.at(name)
        if inner is None:
            found += _under(FIELD + name, ["field not declared in schema"])
            break  # as the original, which looks no further in this object
        faults = _faults(value[name], inner)
        if faults:
            found += _under(FIELD + name, faults)
    return found


def _of_list(value: Json, shape: ListShape) -> _Faults:
    if type(value) is not list:
        return [f"expected list, got {_go_value(value)}"]
    found: _Faults = []
    seen: set[Element] = set()
    for position, item in enumerate(value):
        if shape.atomic:
            element = f"{INDEX}{position}"
        else:
            try:
                element = shape.element(item)
            except ShapeError as error:
                return [*found, f"element {position}: {error.message}"]
            if element in seen:
                found.append(f"{_TWICE} {shown(element)}")
            seen.add(element)
        faults = _faults(item, shape.item)
        if faults:
            found += _under(element, faults)
    return found


def _of_scalar(value: Json, scalar: str) -> _Faults:
    kind = type(value)
    if scalar == "string" and kind is not str:
        return [f"expected string, got {_go_pointer(value)}"]
    if scalar == "numeric" and kind not in (int, float):
        return [f"expected numeric (int or float), got {go_type(value)}"]
    if scalar == "boolean" and kind is not bool:
        return [f"expected boolean, got {_go_value(value)}"]
    if kind in (dict, list):
        return [f"expected any scalar, got {_go_value(value)}"]
    return []


# --- values as Go prints them --------------------------------------------------------------


def _go_pointer(value: Json) -> str:
    return f"&value.valueUnstructured{{Value:{_go_syntax(value)}}}"


def _go_value(value: Json) -> str:
    return f"&{{{go_plain(value)}}}"


def _go_syntax(value: Json) -> str:
    """Go's %#v."""
    if type(value) is dict:
        inner = ", ".join(f'"{name}":{_go_inside(value[name])}' for name in sorted(value))
        return f"map[string]interface {{}}{{{inner}}}"
    if type(value) is list:
        inner = ", ".join(map(_go_inside, value))
        return f"[]interface {{}}{{{inner}}}"
    if type(value) is str:
        return f'"{value}"'
    return go_plain(value)


def _go_inside(value: Json) -> str:
    """An item of a list or a map, where Go names the type of nothing."""
    return "interface {}(nil)" if value is None else _go_syntax(value)
