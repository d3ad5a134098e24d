"""The syntax of an expression: a tree, and where each part of it stands in the text.

The library parses, macros expanded, and serializes what it parsed as a `cel.expr.ParsedExpr`; here its
bytes are read. https://github.com/google/cel-spec/blob/master/proto/cel/expr/syntax.proto
"""

import struct
from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias

from msgspec import Struct

Fields: TypeAlias = Mapping[int, list[Any]]

_VARINT, _FIXED64, _BYTES = 0, 1, 2
_WORD: Final = 1 << 64


class Constant(Struct, frozen=True):
    """A literal; `type` is its name in CEL."""

    id: int
    type: str
    value: Any


class Ident(Struct, frozen=True):
    """A variable, or a part of a name with dots."""

    id: int
    name: str


class Select(Struct, frozen=True):
    """`operand.field`; `tests`: `has(operand.field)`."""

    id: int
    operand: "Node"
    field: str
    tests: bool = False


class Call(Struct, frozen=True):
    """A function's call; `target` stands before its dot, if there is one."""

    id: int
    function: str
    arguments: "tuple[Node, ...]"
    target: "Node | None" = None


class ListOf(Struct, frozen=True):
    """A list; the elements with these indices are optional."""

    id: int
    elements: "tuple[Node, ...]"
    optional: frozenset[int] = frozenset()


class Entry(Struct, frozen=True):
    """An entry of a map (`key`) or a message (`field`)."""

    id: int
    value: "Node"
    key: "Node | None" = None
    field: str = ""
    optional: bool = False


class Made(Struct, frozen=True):
    """A map, or a message of a type that is named."""

    id: int
    entries: tuple[Entry, ...]
    type: str = ""


class Comprehension(Struct, frozen=True):
    """What a macro like `all` became: a fold over a list or over the keys of a map."""

    id: int
    variable: str
    second: str
    range: "Node"
    result_variable: str
    start: "Node"
    condition: "Node"
    step: "Node"
    result: "Node"


Node: TypeAlias = Constant | Ident | Select | Call | ListOf | Made | Comprehension


class Parsed(Struct, frozen=True):
    """An expression's tree; `offsets` say at which character the part with an id begins."""

    tree: Node
    offsets: Mapping[int, int]


def read(serialized: bytes) -> Parsed:
    """The tree of what the library serialized: a ParsedExpr within an Any."""
    message = _fields(_fields(serialized)[2][0])
    source = _fields(message[3][0])
    positions = (_fields(each) for each in source.get(4, ()))
    offsets = {entry.get(1, [0])[0]: entry.get(2, [0])[0] for entry in positions}
    return Parsed(_node(message[2][0]), offsets)


def qualified(node: Node) -> str:
    """The name that a chain of selections spells; "" if it is none."""
    if isinstance(node, Ident):
        return node.name
    if isinstance(node, Select) and not node.tests:
        prefix = qualified(node.operand)
        return f"{prefix}.{node.field}" if prefix else ""
    return ""


def children(node: Node) -> tuple[Node, ...]:
    """The parts of a node, in the order of the text."""
    match node:
        case Select():
            return (node.operand,)
        case Call():
            return node.arguments if node.target is None else (node.target, *node.arguments)
        case ListOf():
            return node.elements
        case Made():
            return tuple(
                part
                for entry in node.entries
                for part in (entry.key, entry.value)
                if part is not None
            )
        case Comprehension():
            return (node.range, node.start, node.condition, node.step, node.result)
    return ()


# --- messages --------------------------------------------------------------------------------


def _fields(data: bytes) -> dict[int, list[Any]]:
    """The fields of a message by their number: numbers, and bytes for all that has a length."""
    found: dict[int, list[Any]] = {}
    at = 0
    value: Any
    while at < len(data):
        key, at = _varint(data, at)
        if key & 7 == _VARINT:
            value, at = _varint(data, at)
        elif key & 7 == _FIXED64:
            value, at = data[at : at + 8], at + 8
        else:
            length, at = _varint(data, at)
            value, at = data[at : at + length], at + length
        found.setdefault(key >> 3, []).append(value)
    return found


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def _text(fields: Fields, number: int) -> str:
    found = fields.get(number)
    return found[0].decode() if found else ""


def _node(data: bytes) -> Node:
    fields = _fields(data)
    id_ = fields.get(2, [0])[0]
    for number, make in _MAKERS.items():
        if number in fields:
            found: Node = make(id_, _fields(fields[number][0]))
            return found
    raise ValueError("an expression of no known kind")


def _nodes(fields: Fields, number: int) -> tuple[Node, ...]:
    return tuple(_node(each) for each in fields.get(number, ()))


_CONSTANTS: Final = {1: "null_type", 2: "bool", 3: "int", 4: "uint", 5: "double", 6: "string", 7: "bytes"}  # fmt: skip


def _constant(id_: int, fields: Fields) -> Constant:
    number = next(iter(fields))
    name, raw = _CONSTANTS[number], fields[number][0]
    match name:
        case "int":
            raw = raw - _WORD if raw >= _WORD // 2 else raw
        case "double":
            raw = struct.unpack("<d", raw)[0]
        case "string":
            raw = raw.decode()
        case "bool":
            raw = bool(raw)
    return Constant(id_, name, None if name == "null_type" else raw)


def _ident(id_: int, fields: Fields) -> Ident:
    return Ident(id_, _text(fields, 1))


def _select(id_: int, fields: Fields) -> Select:
    return Select(id_, _node(fields[1][0]), _text(fields, 2), bool(fields.get(3, [0])[0]))


def _call(id_: int, fields: Fields) -> Call:
    target = _node(fields[1][0]) if 1 in fields else None
    return Call(id_, _text(fields, 2), _nodes(fields, 3), target)


def _list(id_: int, fields: Fields) -> ListOf:
    return ListOf(id_, _nodes(fields, 1), frozenset(_packed(fields.get(2, ()))))


def _packed(values: Any) -> Iterator[int]:
    for value in values:
        if isinstance(value, int):
            yield value
            continue
        at = 0
        while at < len(value):
            number, at = _varint(value, at)
            yield number


def _made(id_: int, fields: Fields) -> Made:
    return Made(id_, tuple(_entry(_fields(each)) for each in fields.get(2, ())), _text(fields, 1))


def _entry(fields: Fields) -> Entry:
    key = _node(fields[3][0]) if 3 in fields else None
    optional = bool(fields.get(5, [0])[0])
    return Entry(fields.get(1, [0])[0], _node(fields[4][0]), key, _text(fields, 2), optional)


def _comprehension(id_: int, fields: Fields) -> Comprehension:
    start, condition, step, result = (_node(fields[number][0]) for number in (4, 5, 6, 7))
    return Comprehension(
        id_,
        _text(fields, 1),
        _text(fields, 8),
        _node(fields[2][0]),
        _text(fields, 3),
        start,
        condition,
        step,
        result,
    )


# By the number of the field of an expression that holds it.
_MAKERS: Final[Mapping[int, Any]] = {
    3: _constant,
    4: _ident,
    5: _select,
    6: _call,
    7: _list,
    8: _made,
    9: _comprehension,
}
