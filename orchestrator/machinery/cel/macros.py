"""Macros with two variables (`all(i, v, ...)`), which the library's parser leaves as calls: here they become folds.

The variables are index and value of a list, or key and value of a map. The folds are those of cel-go, since what
they cost is counted.
"""

from typing import Final

from msgspec.structs import replace

from orchestrator.machinery.cel.syntax import (
    Call,
    Comprehension,
    Constant,
    Entry,
    Ident,
    ListOf,
    Made,
    Node,
    Parsed,
    Select,
)

MAP_INSERT: Final = "cel.@mapInsert"
_QUANTIFIERS: Final = frozenset({"all", "exists", "existsOne", "exists_one"})
_TRANSFORMS: Final = frozenset({"transformList", "transformMap", "transformMapEntry"})
_RESULT: Final = "@result"


def expanded(parsed: Parsed) -> Parsed:
    """The tree with such macros as folds; the very same if there are none."""
    expander = _Expander(parsed)
    tree = expander.of(parsed.tree)
    return Parsed(tree, expander.offsets) if expander.found else parsed


class _Expander:
    """One walk. `found`: whether there was such a macro."""

    def __init__(self, parsed: Parsed) -> None:
        self.offsets: dict[int, int] = dict(parsed.offsets)
        self.found = False
        self._last = max(self.offsets, default=0)

    def of(self, node: Node) -> Node:
        """A part with all that is inside it."""
        match node:
            case Select():
                return replace(node, operand=self.of(node.operand))
            case Call():
                arguments = tuple(self.of(each) for each in node.arguments)
                target = None if node.target is None else self.of(node.target)
                call = replace(node, arguments=arguments, target=target)
                return self._fold(call) if _is_macro(call) else call
            case ListOf():
                return replace(node, elements=tuple(self.of(each) for each in node.elements))
            case Made():
                return replace(node, entries=tuple(self._entry(each) for each in node.entries))
            case Comprehension():
                names = ("range", "start", "condition", "step", "result")
                return replace(node, **{name: self.of(getattr(node, name)) for name in names})
        return node

    def _entry(self, entry: Entry) -> Entry:
        key = None if entry.key is None else self.of(entry.key)
        return replace(entry, key=key, value=self.of(entry.value))

    def _fold(self, call: Call) -> Comprehension:
        self.found = True
        one, other, *rest = call.arguments
        assert isinstance(one, Ident)
        assert isinstance(other, Ident)
        assert call.target is not None
        maker = _Maker(self, self.offsets.get(call.id, 0))
        names = (one.name, other.name)
        if call.function in _QUANTIFIERS:
            parts = maker.quantified(call.function, rest[0])
        else:
            parts = maker.transformed(call.function, one.name, rest)
        return Comprehension(call.id, *names, call.target, _RESULT, *parts)

    def next_id(self, offset: int) -> int:
        """An id for a part that stands nowhere in the text but at its macro."""
        self._last += 1
        self.offsets[self._last] = offset
        return self._last


class _Maker:
    """Makes the parts of one fold: where it begins, how long it goes on, what a turn makes, and what it gives."""

    def __init__(self, ids: _Expander, offset: int) -> None:
        self._ids = ids
        self._offset = offset

    def quantified(self, function: str, body: Node) -> tuple[Node, Node, Node, Node]:
        result, call, constant = self._result, self._call, self._constant
        match function:
            case "all":
                goes_on = call("@not_strictly_false", result())
                return constant("bool", True), goes_on, call("_&&_", result(), body), result()
            case "exists":
                goes_on = call("@not_strictly_false", call("!_", result()))
                return constant("bool", False), goes_on, call("_||_", result(), body), result()
        more = call("_+_", result(), constant("int", 1))
        step = call("_?_:_", body, more, result())
        one = call("_==_", result(), constant("int", 1))
        return constant("int", 0), constant("bool", True), step, one

    def transformed(
        self, function: str, key: str, rest: list[Node]
    ) -> tuple[Node, Node, Node, Node]:
        result, call = self._result, self._call
        made, start = rest[-1], self._start(function)
        match function:
            case "transformList":
                step = call("_+_", result(), ListOf(self._id(), (made,)))
            case "transformMap":
                step = call(MAP_INSERT, result(), Ident(self._id(), key), made)
            case _:
                step = call(MAP_INSERT, result(), made)
        if len(rest) == 2:
            step = call("_?_:_", rest[0], step, result())
        return start, self._constant("bool", True), step, result()

    def _start(self, function: str) -> Node:
        return ListOf(self._id(), ()) if function == "transformList" else Made(self._id(), ())

    def _id(self) -> int:
        return self._ids.next_id(self._offset)

    def _result(self) -> Ident:
        return Ident(self._id(), _RESULT)

    def _constant(self, type_: str, value: object) -> Constant:
        return Constant(self._id(), type_, value)

    def _call(self, function: str, *arguments: Node) -> Call:
        return Call(self._id(), function, arguments)


def _is_macro(call: Call) -> bool:
    arguments = call.arguments
    if call.target is None or len(arguments) < 3:
        return False
    known = call.function in _QUANTIFIERS and len(arguments) == 3
    known = known or (call.function in _TRANSFORMS and len(arguments) <= 4)
    return known and isinstance(arguments[0], Ident) and isinstance(arguments[1], Ident)
