"""Sets of fields, in the very form in which FieldsV1 writes them.

A set is a tree of dicts. `{"f:spec": {"f:replicas": {}}}` holds one field, `.spec.replicas`. An empty
dict below the root is a member without anything inside; `.` marks a member that has members
inside: `{"f:data": {".": {}, "f:a": {}}}` holds `.data` and `.data.a`. What is below a member is
not a member by that: sets are of places, not of subtrees.

So what is stored needs no decoding, and equal parts compare at C's speed. No function changes its
arguments; results share what did not change. An empty dict is the empty set at the root only.
"""

from collections.abc import Iterator
from typing import Any, Final, TypeAlias

from orchestrator.machinery.documents import MAX_DEPTH, too_deep
from orchestrator.machinery.errors import FieldSetError
from orchestrator.machinery.managed_fields.elements import SELF, Element, canonical, rank, shown

FieldSet: TypeAlias = dict[Element, Any]
Path: TypeAlias = tuple[Element, ...]

NOTHING: Final[FieldSet] = {}
LEAF: Final[FieldSet] = {}
_FIELDS_END: Final = "g"  # the names of fields sort before it, all other elements behind


def read(fields: Any) -> FieldSet:
    """The set that a client wrote, in canonical form. Raises FieldSetError."""
    if fields is None:
        return {}
    if too_deep(fields):
        raise FieldSetError(f"exceeded max depth {MAX_DEPTH}")
    if not isinstance(fields, dict):
        raise FieldSetError("expected a map of path elements")
    return _read(fields)


def _read(node: Any) -> FieldSet:
    found: FieldSet = {}
    for element, inner in node.items() if isinstance(node, dict) else ():
        if element == SELF:
            found[SELF] = LEAF
        elif (known := canonical(element)) is not None:
            below = _read(inner)
            found[known] = LEAF if below.keys() == {SELF} else below
    return found


def written(fields: FieldSet) -> FieldSet:
    """The same set with its elements in order."""
    elements = sorted(fields)
    if elements and elements[-1] > _FIELDS_END:  # items of lists have an order of their own
        elements.sort(key=rank)
    return {element: fields[element] and written(fields[element]) for element in elements}


def of_paths(*paths: Path) -> FieldSet:
    """The set of these places."""
    found: FieldSet = {}
    for path in paths:
        found = union(found, _of_path(path))
    return found


def _of_path(path: Path) -> FieldSet:
    node: FieldSet = LEAF
    for element in reversed(path):
        node = {element: node}
    return node


def is_member(node: FieldSet) -> bool:
    """Whether the place of a node below the root is in the set itself."""
    return not node or SELF in node


def contains(fields: FieldSet, path: Path) -> bool:
    """Whether the place is in the set."""
    node: FieldSet | None = fields
    for element in path:
        node = node.get(element) if node is not None else None
    return node is not None and bool(path) and is_member(node)


def paths(fields: FieldSet, prefix: Path = ()) -> Iterator[Path]:
    """Every place of the set, in order: those of one level before those inside them."""
    elements = sorted((element for element in fields if element != SELF), key=rank)
    for element in elements:
        if is_member(fields[element]):
            yield (*prefix, element)
    for element in elements:
        yield from paths(fields[element], (*prefix, element))


def text_of(path: Path) -> str:
    """The path for people: `.spec.containers[name="web"].image`."""
    return "".join(map(shown, path))


# --- algebra -------------------------------------------------------------------------------


def union(left: FieldSet, right: FieldSet) -> FieldSet:
    """What is in one of them."""
    if not left or not right:
        return left or right
    return _joined(left, right)


def _joined(left: FieldSet, right: FieldSet) -> FieldSet:
    result = dict(left)
    for element, node in right.items():
        mine = result.get(element)
        result[element] = node if mine is None else _node_union(mine, node)
    return result


def _node_union(left: FieldSet, right: FieldSet) -> FieldSet:
    if left == right:
        return left
    if left and right:
        return _joined(left, right)
    inner = left or right
    return inner if SELF in inner else {SELF: LEAF, **inner}


def intersection(left: FieldSet, right: FieldSet) -> FieldSet:
    """What is in both of them."""
    if left == right:
        return left
    result: FieldSet = {}
    for element, node in left.items():
        other = right.get(element)
        if other is not None and element != SELF:
            member = is_member(node) and is_member(other)
            _put(result, element, member, intersection(node, other))
    return result


def difference(left: FieldSet, right: FieldSet) -> FieldSet:
    """What is in `left` and not in `right`; what lies inside a place of `right` stays."""
    if not right:
        return left
    result: FieldSet = {}
    for element, node in left.items():
        other = right.get(element)
        if element == SELF:
            continue
        if other is None:
            result[element] = node
        else:
            member = is_member(node) and not is_member(other)
            _put(result, element, member, difference(_inside(node), other))
    return result


def recursive_difference(left: FieldSet, right: FieldSet) -> FieldSet:
    """What is in `left`, and neither in `right` nor inside a place of `right`."""
    if not right:
        return left
    result: FieldSet = {}
    for element, node in left.items():
        other = right.get(element)
        if element == SELF:
            continue
        if other is None:
            result[element] = node
        elif not is_member(other):
            _put(result, element, is_member(node), recursive_difference(_inside(node), other))
    return result


def _inside(node: FieldSet) -> FieldSet:
    return {element: inner for element, inner in node.items() if element != SELF}


def _put(result: FieldSet, element: Element, member: bool, inner: FieldSet) -> None:
    """Put a node into a set: as a member, with what is inside it, or not at all."""
    if inner:
        result[element] = {SELF: LEAF, **inner} if member and SELF not in inner else inner
    elif member:
        result[element] = LEAF
