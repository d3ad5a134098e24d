"""What an expression may cost at worst, estimated from its tree before anybody evaluates it.

Follows cel-go's estimate and the prices of Kubernetes' own functions: a unit is about 50 ns. What a list, a map or a
text may hold decides most of it, so the caller says how large a value at a path can be. The numbers are part of
Kubernetes' API: they decide which rules may be written.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple, TypeAlias

from orchestrator.machinery.cel.checking import Checked, Resolved
from orchestrator.machinery.cel.syntax import (
    Call,
    Comprehension,
    Constant,
    Ident,
    ListOf,
    Made,
    Node,
    Select,
    children,
)
from orchestrator.machinery.cel.types import BYTES, STRING, Type, is_optional

MOST: Final = 2**64 - 1
"""Where the original stops counting: no limit is known."""

_TRAVERSAL: Final = 0.1
_REGEX: Final = 0.25
_NEW_LIST, _NEW_MAP, _NEW_MESSAGE = 10, 30, 40
_FORMAT_REGEX, _FORMAT_NAME = 128, 64
_ADDRESS_BYTES: Final = (4, 16)


class Range(NamedTuple):
    """The least and the most of a size or a cost."""

    least: int
    most: int

    def plus(self, other: "Range") -> "Range":
        """The sum, at most `MOST`."""
        return Range(min(self.least + other.least, MOST), min(self.most + other.most, MOST))

    def by(self, other: "Range") -> "Range":
        """The product, at most `MOST`."""
        return Range(min(self.least * other.least, MOST), min(self.most * other.most, MOST))

    def scaled(self, factor: float) -> "Range":
        """The product, rounded up as floats are."""
        return Range(_scaled(self.least, factor), _scaled(self.most, factor))

    def union(self, other: "Range") -> "Range":
        """The range of both."""
        return Range(min(self.least, other.least), max(self.most, other.most))


def _scaled(size: int, factor: float) -> int:
    found = math.ceil(float(size) * factor)
    return MOST if found >= MOST else found


NOTHING: Final = Range(0, 0)
_ONE: Final = Range(1, 1)
_UNKNOWN: Final = Range(0, MOST)
_NONE_YET: Final = Range(MOST, 0)

Path: TypeAlias = tuple[str, ...]
SizeAt: TypeAlias = Callable[[Path], int | None]
"""The largest size of the value at a path from a variable; `@items`, `@keys` and `@values` are steps. None: not known."""


class _Entry(NamedTuple):
    """The sizes of what is in a list or map."""

    container: str
    key: Range
    value: Range

    def union(self, other: "_Entry | None") -> "_Entry | None":
        if other is None:
            return None
        return _Entry(self.container, self.key.union(other.key), self.value.union(other.value))


class _Local(NamedTuple):
    path: Path
    size: Range | None
    entry: _Entry | None = None


class Priced(NamedTuple):
    """What a call costs without its arguments, and how large what it gives is (None: not known)."""

    cost: Range
    size: Range | None = None


class Operand(NamedTuple):
    """A part of a call, as far as its price asks."""

    node: Node | None
    type: Type
    path: Path
    size: Range | None


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
                return _ONE
            case Select():
                return self._select(node)
            case Call():
                return self._call(node)
            case ListOf():
                return self._list(node)
            case Made():
                return self._made(node)
            case Comprehension():
                return self._bind(node) if _binds(node) else self._comprehension(node)

    def _local(self, name: str) -> _Local | None:
        found = self._locals.get(name)
        return found[-1] if found else None

    def _select(self, node: Select) -> Range:
        inner = self.cost(node.operand)
        if node.tests:
            return inner  # Kubernetes asks nothing for the question itself
        if self._types[node.operand.id].kind in ("map", "struct", "parameter"):
            inner = inner.plus(_ONE)
        self._paths[node.id] = (*self._path(node.operand), node.field)
        return inner

    def _list(self, node: ListOf) -> Range:
        total, size = Range(_NEW_LIST, _NEW_LIST), _NONE_YET if node.elements else NOTHING
        for element in node.elements:
            total = total.plus(self.cost(element))
            size = size.union(self.size_or_unknown(element))
        self._entries[node.id] = _Entry("list", _ONE, size)
        return total

    def _made(self, node: Made) -> Range:
        base = _NEW_MESSAGE if node.type else _NEW_MAP
        total = Range(base, base)
        keys = values = _NONE_YET if node.entries else NOTHING
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
            return _ONE
        local = self._local(node.name) if isinstance(node, Ident) else None
        return None if local is None else local.size

    def _estimated(self, path: Path) -> Range | None:
        most = self._size_at(path) if path else None
        return None if most is None else Range(0, most)

    def size_or_unknown(self, node: Node) -> Range:
        """The same, from nothing to everything when nothing is known."""
        found = self.size(node)
        return _UNKNOWN if found is None else found

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
            return inner.plus(_ONE)
        costs = [self.cost(each) for each in node.arguments]
        resolved = self._calls.get(node.id)
        if resolved is None:
            return NOTHING
        total, target = NOTHING, None
        if resolved.member and node.target is not None:
            total, target = self.cost(node.target), self._operand(node.target)
        arguments = [self._operand(each) for each in node.arguments]
        fees, size = _NONE_YET, None
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
        return Operand(node, self._types[node.id], self._path(node), self.size(node))

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
        priced = self._known(function, takes, target, arguments)
        if priced is None:
            priced = self._builtin(node, function, takes, target, arguments)
        return Priced(priced.cost.plus(paid), priced.size)

    def _conditional(self, node: Call, costs: Sequence[Range]) -> Priced:
        _, one, other = node.arguments
        size = self.size_or_unknown(one).union(self.size_or_unknown(other))
        entry = self._entry(one)
        both = None if entry is None else entry.union(self._entry(other))
        if both is not None:
            self._entries[node.id] = both
        return Priced(costs[0].plus(costs[1].union(costs[2])), size)

    def _builtin(
        self,
        node: Call,
        function: str,
        takes: Sequence[Type],
        target: Operand | None,
        arguments: Sequence[Operand],
    ) -> Priced:
        """CEL's own functions: most cost 1."""
        first = arguments[0].size or _UNKNOWN if arguments else _UNKNOWN
        on = _UNKNOWN if target is None else target.size or _UNKNOWN
        match function:
            case "format":
                return Priced(on.scaled(_TRAVERSAL))
            case "bytes" if takes == (STRING,):
                return Priced(
                    first.scaled(_TRAVERSAL), Range(first.least, min(first.most * 4, MOST))
                )
            case "string" if takes == (BYTES,):
                return Priced(first.scaled(_TRAVERSAL), Range(first.least // 4, first.most))
            case "strings.quote":
                size = Range(first.least + 2, min(first.most * 2 + 2, MOST))
                return Priced(first.scaled(_TRAVERSAL), size)
            case "startsWith" | "endsWith":
                return Priced(first.scaled(_TRAVERSAL))
            case "@in" if takes[1].kind == "list":
                return Priced((arguments[1].size or _UNKNOWN).scaled(1))
            case "matches" if target is not None:
                return Priced(on.plus(_ONE).scaled(_TRAVERSAL).by(first.scaled(_REGEX)))
            case "contains":
                return Priced(on.scaled(_TRAVERSAL).by(first.scaled(_TRAVERSAL)))
            case "_+_" if takes[0] in (STRING, BYTES) or takes[0].kind == "list":
                return self._added(node, takes[0], arguments)
            case "_<_" | "_<=_" | "_>_" | "_>=_" if takes[0] in (STRING, BYTES):
                return _compared(arguments)
            case "_==_" | "_!=_":
                return _compared(arguments)
        return Priced(_ONE)

    def _added(self, node: Call, of: Type, arguments: Sequence[Operand]) -> Priced:
        one, other = arguments
        size = (one.size or _UNKNOWN).plus(other.size or _UNKNOWN)
        assert one.node is not None
        assert other.node is not None
        entry = self._entry(one.node)
        both = None if entry is None else entry.union(self._entry(other.node))
        if both is not None:
            self._entries[node.id] = both
        return Priced(_ONE if of.kind == "list" else size.scaled(_TRAVERSAL), size)

    # --- Kubernetes' functions -------------------------------------------------------------

    def _known(
        self,
        function: str,
        takes: Sequence[Type],
        target: Operand | None,
        arguments: Sequence[Operand],
    ) -> Priced | None:
        """The price of a function that Kubernetes adds; None for one of CEL's own."""
        price = _PRICES.get(function)
        if price is not None:
            return price
        operand = target or (arguments[0] if arguments else None)
        size = _UNKNOWN if operand is None else operand.size or _UNKNOWN
        if function in _TRAVERSING:
            factor, gives_as_much = _TRAVERSING[function]
            if function == "ip" and target is not None:  # of a network
                return Priced(_ONE)
            return Priced(size.scaled(factor * _TRAVERSAL), size if gives_as_much else None)
        sizes = [each.size or _UNKNOWN for each in arguments]
        match function:
            case "isSorted" | "sum" | "max" | "min" | "indexOf" | "lastIndexOf" if (
                target is not None
            ):
                return Priced(self._of_elements(target, size))
            case "fieldSelector" | "labelSelector":
                requirements = sizes[0].scaled(0.5).scaled(_NEW_LIST + _NEW_MESSAGE)
                parsed = sizes[0].scaled(_TRAVERSAL)
                return Priced(Range(_NEW_LIST, _NEW_LIST).plus(parsed).plus(requirements))
            case "replace":
                return Priced(size.scaled(2 * _TRAVERSAL), _replaced(size, *sizes[:2]))
            case "split":
                return Priced(
                    size.scaled(2 * _TRAVERSAL), Range(0, _literal(arguments, 1, size.most))
                )
            case "join" if target is not None:
                joined = self._joined(target, size, sizes)
                return Priced(joined.scaled(_TRAVERSAL), joined)
            case "find" | "findAll":
                text = size.plus(_ONE).scaled(_TRAVERSAL)
                return Priced(text.by(sizes[0].scaled(_REGEX)), Range(0, size.most))
            case "containsIP" | "containsCIDR":
                return Priced(_contained(function, takes, sizes[0]))
            case "validate":
                return Priced(sizes[0].scaled(_TRAVERSAL).scaled(_FORMAT_REGEX * _REGEX))
            case "sets.contains" | "sets.intersects" | "sets.equivalent":
                factor = 2 if function == "sets.equivalent" else 1
                return Priced(sizes[0].by(sizes[1]).scaled(factor).plus(_ONE))
            case "_==_":
                return _same(arguments)
        return _listed(function, takes, size, arguments)

    def _element(self, of: Operand) -> Range:
        """The size of a list's element."""
        found = self._estimated((*of.path, "@items")) if of.path else None
        return _UNKNOWN if found is None else found

    def _of_elements(self, of: Operand, size: Range) -> Range:
        if not of.type.parts:
            return size.scaled(_TRAVERSAL)  # of a text
        each = _ONE
        if of.type.parts[0] in (STRING, BYTES):
            each = each.plus(self._element(of).scaled(_TRAVERSAL))
        return size.by(each)

    def _joined(self, of: Operand, size: Range, sizes: Sequence[Range]) -> Range:
        found = size.by(self._element(of))
        if sizes:
            between = Range(max(size.least - 1, 0), max(size.most - 1, 0))
            found = found.plus(sizes[0].by(between))
        return found


def _compared(arguments: Sequence[Operand]) -> Priced:
    most = min((each.size or _UNKNOWN).most for each in arguments)
    return Priced(Range(1 if most > 0 else 0, most).scaled(_TRAVERSAL))


def _same(arguments: Sequence[Operand]) -> Priced | None:
    """Of values of Kubernetes' types, which are small."""
    one, other = (each.type for each in arguments)
    if one != other or not one.name.startswith(("kubernetes.", "net.")):
        return None
    if one.name == "kubernetes.NamedFormat":
        return Priced(Range(1, _FORMAT_NAME).scaled(_TRAVERSAL))
    if one.name == "kubernetes.URL":
        size = arguments[1].size
        return Priced(Range(1, 1 if size is None else size.most).scaled(_TRAVERSAL))
    return Priced(_ONE)


def _replaced(size: Range, old: Range, new: Range) -> Range:
    """How large a text is after replacements: from the fewest of the longest to the most of the shortest."""
    if old.least == 0:
        most = min((min(size.most + 1, MOST)) * new.most, MOST) + size.most
    elif new.most <= old.least:
        most = size.most
    else:
        most = math.ceil(size.most / old.least) * new.most
    if old.most == 0:
        least = (size.least + 1) * new.least + size.least
    elif old.most <= new.least:
        least = size.least
    else:
        least = math.ceil(size.least / old.most) * new.least
    return Range(min(least, MOST), min(most, MOST))


def _contained(function: str, takes: Sequence[Type], other: Range) -> Range:
    size = Range(*_ADDRESS_BYTES)
    found = size.plus(size).scaled(_TRAVERSAL)
    if function == "containsCIDR":
        found = found.plus(size.scaled(_TRAVERSAL)).plus(_ONE)
    return found.plus(other.scaled(_TRAVERSAL)) if takes[1] == STRING else found


def _listed(
    function: str, takes: Sequence[Type], size: Range, arguments: Sequence[Operand]
) -> Priced | None:
    """The functions of lists that make lists."""
    match function:
        case "slice":
            length = max(_literal(arguments, 1, size.most) - _literal(arguments, 0, 0), 0)
            return _made_list(1, Range(length, length))
        case "lists.range":
            length = _literal(arguments, 0, MOST)
            return _made_list(1, Range(length, length))
        case "reverse":
            return _made_list(1, size)
        case "flatten":
            return _made_list(_literal(arguments, 0, MOST) if arguments else 1, size)
        case "distinct":
            return _made_list(2, size.by(size))
        case "sort":
            texts = takes[0].parts[0] in (STRING, BYTES)
            return _made_list(2 + _TRAVERSAL if texts else 2, size.by(size))
    return None


def _made_list(factor: float, size: Range) -> Priced:
    return Priced(size.scaled(factor).plus(Range(_NEW_LIST + 1, _NEW_LIST + 1)), size)


def _literal(arguments: Sequence[Operand], number: int, otherwise: int) -> int:
    """The whole number that stands in the text as an argument."""
    if number < len(arguments):
        node = arguments[number].node
        if isinstance(node, Constant) and node.type == "int":
            return max(int(node.value), 0)
    return otherwise


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


def _binds(node: Comprehension) -> bool:
    """Whether it is no loop, but a name for a value."""
    condition = node.condition
    return (
        isinstance(node.range, ListOf)
        and not children(node.range)
        and isinstance(condition, Constant)
        and condition.value is False
        and not node.result_variable.startswith(("@", "__"))
    )


_CHECK: Final = Priced(Range(350_000, 350_000))
# What costs the same whatever it is asked of.
_PRICES: Final[Mapping[str, Priced]] = {
    "check": _CHECK,
    **dict.fromkeys(
        (
            *("serviceAccount", "path", "group", "resource", "subresource", "namespace", "name"),
            *("allowed", "reason", "error", "errored", "masked", "prefixLength", "family"),
            *("isUnspecified", "isLoopback", "isLinkLocalMulticast", "isLinkLocalUnicast"),
            *("isGlobalUnicast", "format.named", "sign", "asInteger", "isInteger"),
            *("asApproximateFloat", "isGreaterThan", "isLessThan", "compareTo", "add", "sub"),
            *("major", "minor", "patch", "getScheme", "getHostname", "getHost", "getPort"),
            *("getEscapedPath", "getQuery"),
        ),
        Priced(_ONE),
    ),
}
# How often a function goes through its text, and whether what it gives is as large.
_TRAVERSING: Final[Mapping[str, tuple[int, bool]]] = {
    **dict.fromkeys(("url", "jsonpatch.escapeKey", "lowerAscii", "upperAscii"), (1, True)),
    **dict.fromkeys(("substring", "trim"), (1, True)),
    **dict.fromkeys(("cidr", "isIP", "isCIDR", "ip", "quantity", "isQuantity"), (1, False)),
    **dict.fromkeys(("semver", "isSemver"), (1, False)),
    "ip.isCanonical": (2, False),
}
