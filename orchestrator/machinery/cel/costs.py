"""What an expression may cost at worst, estimated from its tree before anybody evaluates it.

Follows cel-go's estimate, with the prices of its functions (`prices`): a unit is about 50 ns. What a list, a map or a
text may hold decides most of it, so the caller says how large a value at a path can be.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple, TypeAlias

from orchestrator.machinery.cel.checking import Checked, Resolved
from orchestrator.machinery.cel.folds import binds
from orchestrator.machinery.cel.prices import (
    NEW_LIST,
    NEW_MAP,
    NEW_MESSAGE,
    NONE_YET,
    NOTHING,
    ONE,
    TRAVERSAL,
    UNKNOWN,
    Operand,
    Priced,
    Range,
    price,
)
from orchestrator.machinery.cel.syntax import (
    Call,
    Comprehension,
    Constant,
    Ident,
    ListOf,
    Made,
    Node,
    Select,
)
from orchestrator.machinery.cel.types import BYTES, STRING, Type, is_optional

Path: TypeAlias = tuple[str, ...]
SizeAt: TypeAlias = Callable[[Path], int | None]
"""The largest size of the value at a path from a variable; `@items`, `@keys` and `@values` are steps. None: not known."""


class _Entry(NamedTuple):
    """The sizes of what is in a list or map."""

    container: str
    key: Range
    value: Range

    def union(self, other: "_Entry | None") -> "_Entry | None":
        """The sizes of either; None where one of them is not known."""
        if other is None:
            return None
        return _Entry(self.container, self.key.union(other.key), self.value.union(other.value))


class _Local(NamedTuple):
    path: Path
    size: Range | None
    entry: _Entry | None = None


def estimate(tree: Node, checked: Checked, size_at: SizeAt) -> int:
    """The most that one evaluation costs."""
    return Estimate(checked, size_at).cost(tree).most


class Estimate:
    """One walk over a tree."""

    def __init__(self, checked: Checked, size_at: SizeAt) -> None:
        self._types = checked.types
        self._calls: Mapping[int, Resolved] = checked.calls
        self._size_at = size_at
        self._paths: dict[int, Path] = {}
        self._sizes: dict[int, Range] = {}
        self._entries: dict[int, _Entry] = {}
        self._locals: dict[str, list[_Local]] = {}

    def cost(self, node: Node) -> Range:
        """What a part costs with all that is inside it."""
        match node:
            case Constant():
                return NOTHING
            case Ident():
                local = self._local(node.name)
                self._paths[node.id] = (node.name,) if local is None else local.path
                return ONE
            case Select():
                return self._select(node)
            case Call():
                return self._call(node)
            case ListOf():
                return self._list(node)
            case Made():
                return self._made(node)
            case Comprehension():
                return self._bind(node) if binds(node) else self._comprehension(node)

    def _local(self, name: str) -> _Local | None:
        found = self._locals.get(name)
        return found[-1] if found else None

    def _select(self, node: Select) -> Range:
        inner = self.cost(node.operand)
        if node.tests:
            return inner  # Kubernetes asks nothing for the question itself
        if self._types[node.operand.id].kind in ("map", "struct", "parameter"):
            inner = inner.plus(ONE)
        self._paths[node.id] = (*self._path(node.operand), node.field)
        return inner

    def _list(self, node: ListOf) -> Range:
        total, size = Range(NEW_LIST, NEW_LIST), NONE_YET if node.elements else NOTHING
        for element in node.elements:
            total = total.plus(self.cost(element))
            size = size.union(self.size_or_unknown(element))
        self._entries[node.id] = _Entry("list", ONE, size)
        return total

    def _made(self, node: Made) -> Range:
        base = NEW_MESSAGE if node.type else NEW_MAP
        total = Range(base, base)
        keys = values = NONE_YET if node.entries else NOTHING
        for entry in node.entries:
            if entry.key is not None:
                total = total.plus(self.cost(entry.key))
                keys = keys.union(self.size_or_unknown(entry.key))
            total = total.plus(self.cost(entry.value))
            values = values.union(self.size_or_unknown(entry.value))
        if not node.type:
            self._entries[node.id] = _Entry("map", keys, values)
        return total

    # --- comprehensions --------------------------------------------------------------------

    def _bind(self, node: Comprehension) -> Range:
        total = self.cost(node.range).plus(self.cost(node.start))
        self._push(node.result_variable, self._bound(node.start))
        total = total.plus(self.cost(node.result))
        self._locals[node.result_variable].pop()
        self._copy(node, node.result)
        return total

    def _comprehension(self, node: Comprehension) -> Range:
        total = self.cost(node.range).plus(self.cost(node.start))
        self._push(node.result_variable, self._bound(node.start))
        names = self._push_variables(node)
        loop = self.cost(node.condition).plus(self.cost(node.step))
        for name in names:
            self._locals[name].pop()
        total = total.plus(self.cost(node.result))
        self._locals[node.result_variable].pop()
        turns = self.size_or_unknown(node.range)
        if isinstance(node.start, Constant):
            self._set_size(node, self.size(node.start))
        elif isinstance(node.start, ListOf | Made):
            self._sizes[node.id] = turns
            if (entry := self._entry(node.step)) is not None:
                self._entries[node.id] = entry
        return total.plus(turns.by(loop))

    def _bound(self, node: Node) -> _Local:
        return _Local(self._path(node), self.size(node), self._entry(node))

    def _push(self, name: str, local: _Local) -> None:
        self._locals.setdefault(name, []).append(local)

    def _push_variables(self, node: Comprehension) -> tuple[str, ...]:
        entry, path = self._entry(node.range), self._path(node.range)
        container = self._types[node.range.id].kind if entry is None else entry.container
        of_list = container == "list"
        key = None if entry is None else entry.key
        value = None if entry is None else entry.value
        values = _Local((*path, "@items" if of_list else "@values"), value)
        if node.second:
            self._push(node.variable, _Local((*path, "@indices" if of_list else "@keys"), key))
            self._push(node.second, values)
            return node.variable, node.second
        self._push(node.variable, values if of_list else _Local((*path, "@keys"), key))
        return (node.variable,)

    # --- sizes -----------------------------------------------------------------------------

    def _path(self, node: Node) -> Path:
        if isinstance(node, Ident) and (local := self._local(node.name)) is not None:
            return local.path
        return self._paths.get(node.id, ())

    def size(self, node: Node) -> Range | None:
        """How large what a part gives is; None when nothing is known."""
        if node.id in self._sizes:
            return self._sizes[node.id]
        if (literal := _literal_size(node)) is not None:
            return literal
        found = self._estimated(self._path(node))
        if found is not None:
            self._sizes[node.id] = found
            return found
        if _is_scalar(self._types[node.id]):
            return ONE
        local = self._local(node.name) if isinstance(node, Ident) else None
        return None if local is None else local.size

    def _estimated(self, path: Path) -> Range | None:
        most = self._size_at(path) if path else None
        return None if most is None else Range(0, most)

    def size_or_unknown(self, node: Node) -> Range:
        """The same, from nothing to everything when nothing is known."""
        found = self.size(node)
        return UNKNOWN if found is None else found

    def _entry(self, node: Node) -> _Entry | None:
        if node.id in self._entries:
            return self._entries[node.id]
        local = self._local(node.name) if isinstance(node, Ident) else None
        return None if local is None else local.entry

    def _set_size(self, node: Node, size: Range | None) -> None:
        if size is not None:
            self._sizes[node.id] = size

    def _copy(self, to: Node, source: Node) -> None:
        self._set_size(to, self.size(source))
        if (entry := self._entry(source)) is not None:
            self._entries[to.id] = entry

    # --- calls -----------------------------------------------------------------------------

    def _call(self, node: Call) -> Range:
        if node.function == "dyn":
            inner = self.cost(node.arguments[0])
            self._copy(node, node.arguments[0])
            return inner.plus(ONE)
        costs = [self.cost(each) for each in node.arguments]
        resolved = self._calls.get(node.id)
        if resolved is None:
            return NOTHING
        total, target = NOTHING, None
        if resolved.member and node.target is not None:
            total, target = self.cost(node.target), self._operand(node.target)
        arguments = [self._operand(each) for each in node.arguments]
        fees, size = NONE_YET, None
        for takes in resolved.takes:
            priced = self._priced(node, resolved.function, takes, target, arguments, costs)
            fees = fees.union(priced.cost)
            if priced.size is not None:
                size = priced.size if size is None else size.union(priced.size)
            size = self._indexed(node, takes, size)
        self._set_size(node, size)
        return total.plus(fees)

    def _indexed(self, node: Call, takes: Sequence[Type], size: Range | None) -> Range | None:
        """The size with what an index says of it, which is a step of a path, too."""
        if node.function == "_[_]" and takes[0].kind in ("list", "map"):
            entry = self._entry(node.arguments[0])
            size = None if entry is None else entry.value
            step = "@items" if takes[0].kind == "list" else "@values"
            self._paths[node.id] = (*self._path(node.arguments[0]), step)
        return self.size(node) if size is None else size

    def _operand(self, node: Node) -> Operand:
        path, literal = self._path(node), None
        element = self._estimated((*path, "@items")) if path else None
        if isinstance(node, Constant) and node.type == "int":
            literal = int(node.value)
        return Operand(self._types[node.id], self.size(node), element, literal)

    def _priced(
        self,
        node: Call,
        function: str,
        takes: Sequence[Type],
        target: Operand | None,
        arguments: Sequence[Operand],
        costs: Sequence[Range],
    ) -> Priced:
        if function in ("_&&_", "_||_"):
            return Priced(Range(costs[0].least, costs[0].plus(costs[1]).most))
        if function == "_?_:_":
            return self._conditional(node, costs)
        paid = NOTHING
        for each in costs:
            paid = paid.plus(each)
        if function == "_+_" and (takes[0] in (STRING, BYTES) or takes[0].kind == "list"):
            priced = self._added(node, takes[0])
        else:
            priced = price(function, takes, target, arguments)
        return Priced(priced.cost.plus(paid), priced.size)

    def _conditional(self, node: Call, costs: Sequence[Range]) -> Priced:
        _, one, other = node.arguments
        size = self.size_or_unknown(one).union(self.size_or_unknown(other))
        entry = self._entry(one)
        both = None if entry is None else entry.union(self._entry(other))
        if both is not None:
            self._entries[node.id] = both
        return Priced(costs[0].plus(costs[1].union(costs[2])), size)

    def _added(self, node: Call, of: Type) -> Priced:
        """The sum of texts or lists, whose size is that of both."""
        one, other = node.arguments
        size = self.size_or_unknown(one).plus(self.size_or_unknown(other))
        entry = self._entry(one)
        both = None if entry is None else entry.union(self._entry(other))
        if both is not None:
            self._entries[node.id] = both
        return Priced(ONE if of.kind == "list" else size.scaled(TRAVERSAL), size)


def _literal_size(node: Node) -> Range | None:
    size = None
    match node:
        case Constant():
            size = len(node.value) if node.type in ("string", "bytes") else 1
        case ListOf():
            size = len(node.elements)
        case Made() if not node.type:
            size = len(node.entries)
    return None if size is None else Range(size, size)


_SCALARS: Final = ("bool", "double", "duration", "int", "timestamp", "uint")


def _is_scalar(type_: Type) -> bool:
    if is_optional(type_):
        return _is_scalar(type_.parts[0])
    return type_.kind == "plain" and type_.name in _SCALARS
