"""What an applied configuration makes of a live object, and what taking fields away leaves.

Merging takes nothing away: what the configuration says counts, all else stays. Items of lists
stand in the order of the configuration, those that it does not name where they stood.
"""

from orchestrator.machinery.documents import Json, equal
from orchestrator.machinery.managed_fields.elements import FIELD, Element
from orchestrator.machinery.managed_fields.field_sets import FieldSet, is_member
from orchestrator.machinery.managed_fields.shapes import ABSENT, ListShape, MapShape, Shape


def merged(live: Json, applied: Json, shape: Shape) -> Json:
    """`applied` laid over `live`; unchanged parts are shared. Raises ShapeError when an item of a list has no keys."""
    return _merged(live, applied, shape)


def _merged(live: Json, applied: Json, shape: Shape) -> Json:
    if applied is ABSENT:
        return live
    if live is ABSENT:
        return applied
    if live == applied:
        return live if equal(live, applied) else applied  # true is 1 to Python
    part = shape.part(applied if applied is not None else live)
    if live is not None and shape.part(live) is not part:
        return applied
    if type(part) is MapShape and not part.atomic and (live or applied):
        return _of_maps(live or {}, applied or {}, part)
    if type(part) is ListShape and not part.atomic and (live or applied):
        return _of_lists(live or [], applied or [], part)
    return applied


def _of_maps(live: dict[str, Json], applied: dict[str, Json], shape: MapShape) -> Json:
    changed = {}
    for name, value in applied.items():
        inner = shape.at(name)
        if inner is not None:
            before = live.get(name, ABSENT)
            if before is ABSENT or before != value or type(before) is not str:
                after = _merged(before, value, inner)
                if after is not before:
                    changed[name] = after
    return {**live, **changed} if changed else live


def _of_lists(live: list[Json], applied: list[Json], shape: ListShape) -> Json:
    lefts, rights = [*map(shape.element, live)], [*map(shape.element, applied)]
    mine = _once(lefts, live)
    yours = dict(zip(rights, applied, strict=True))
    result = [
        live[each]
        if isinstance(each, int)
        else _merged(mine.get(each, ABSENT), yours[each], shape.item)
        for each in _order(lefts, rights)
    ]
    return live if [*map(id, result)] == [*map(id, live)] else result


def _once(elements: list[Element], items: list[Json]) -> dict[Element, Json]:
    """The items by element; those that occur twice cannot be merged with."""
    found: dict[Element, Json] = {}
    for element, item in zip(elements, items, strict=True):
        found[element] = ABSENT if element in found else item
    return found


def _order(lefts: list[Element], rights: list[Element]) -> list[int | Element]:
    """The merged list: places of live items that nobody applied, and elements that were.

    Both lists are walked at once. A live item that is applied, too, waits for its place in the
    configuration, unless it is the next of those that both have.
    """
    known, applied = set(lefts), set(rights)
    shared = iter([element for element in rights if element in known])
    following = next(shared, None)
    done: set[Element] = set()
    order: list[int | Element] = []
    left = right = 0
    while left < len(lefts) or right < len(rights):
        if left < len(lefts) and right < len(rights):
            if lefts[left] == rights[right]:
                done.add(lefts[left])
                order.append(rights[right])
                left, right = left + 1, right + 1
                following = next(shared, None)
                continue
            if lefts[left] in applied and following is not None and following != lefts[left]:
                left += 1
                continue
        if left < len(lefts):
            if lefts[left] not in applied:
                order.append(left)
                left += 1
                continue
            if lefts[left] in done:
                left += 1
        if right < len(rights):
            element = rights[right]
            done.add(element)
            order.append(element)
            right += 1
            if element == following:
                following = next(shared, None)
    return order


# --- taking away ---------------------------------------------------------------------------


def without(value: Json, fields: FieldSet, shape: Shape) -> Json:
    """The value without the places of a set and all inside them.

    A list or map that becomes empty stays; what is inside something atomic cannot be taken away.
    """
    part = shape.part(value)
    if type(part) is MapShape and type(value) is dict:
        return _map_without(value, fields, part)
    if type(part) is ListShape and type(value) is list:
        return _list_without(value, fields, part)
    return value


def _map_without(value: dict[str, Json], fields: FieldSet, shape: MapShape) -> Json:
    if shape.atomic:
        return {}
    result: dict[str, Json] = {}
    for name, inner in value.items():
        node = fields.get(FIELD + name)
        below = shape.at(name)
        if node is None or below is None:
            result[name] = inner
        elif not is_member(node):
            result[name] = without(inner, node, below)
    return result


def _list_without(value: list[Json], fields: FieldSet, shape: ListShape) -> Json:
    if shape.atomic:
        return []
    result = []
    for item in value:
        node = fields.get(shape.element(item))
        if node is None:
            result.append(item)
        elif not is_member(node):
            result.append(without(item, node, shape.item))
    return result
