"""How many times larger than what it is made of a value may be that an expression builds.

`['x'].map(x, x + x).map(x, x + x)...` doubles a text with each turn of a macro, and forty turns are few. The library
counts turns and cannot be interrupted, so that such an expression is recognized before it is evaluated. The bound
follows the tree: what is added adds up, what a macro makes is as large as what its body makes of the whole range.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from orchestrator.machinery.cel.syntax import (
    Call,
    Comprehension,
    Constant,
    Ident,
    Node,
    Select,
    children,
)

# Calls whose value is a number or a truth, however large what they look at.
_SMALL: Final = frozenset(
    {
        *("_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_", "_&&_", "_||_", "!_", "@in", "@not_strictly_false"),
        *("_-_", "_*_", "_/_", "_%_", "-_", "size", "matches", "contains", "startsWith", "endsWith", "indexOf"),
        *("lastIndexOf", "exists", "sum", "isSorted", "int", "uint", "double", "bool", "type"),
    }
)  # fmt: skip


def growth(tree: Node, *, in_texts: bool = True) -> float:
    """A bound of the size of the largest value that an evaluation makes; each variable and each literal has the size 1.

    `in_texts`: also of what replacements make of texts, whose characters cost less than the items of lists.
    """
    bounds = _Bounds(in_texts)
    bounds.of(tree, {})
    return bounds.largest


class _Bounds:
    """The bounds of an expression's parts; `largest` of those that were looked at."""

    def __init__(self, in_texts: bool) -> None:
        self._in_texts = in_texts
        self.largest = 1.0

    def of(self, node: Node, sizes: Mapping[str, float]) -> float:
        """The bound of a part in which variables have these sizes, 1 if none is said."""
        found = max(1.0, self._of(node, sizes))
        self.largest = max(self.largest, found)
        return found

    def _of(self, node: Node, sizes: Mapping[str, float]) -> float:
        match node:
            case Ident():
                return sizes.get(node.name, 1.0)
            case Comprehension():
                items = self.of(node.range, sizes)
                begun = self.of(node.start, sizes)
                inside = {**sizes, node.variable: items, node.result_variable: begun}
                if node.second:
                    inside[node.second] = items
                made = self.of(node.step, inside)
                return self.of(node.result, {**inside, node.result_variable: made})
        parts = [self.of(part, sizes) for part in children(node)]
        if isinstance(node, Call):
            return _of_call(node, parts, self._in_texts)
        return 1.0 if isinstance(node, Select) and node.tests else sum(parts)


def _of_call(call: Call, parts: Sequence[float], in_texts: bool) -> float:
    if call.function in _SMALL:
        return 1.0
    match call.function, parts:
        case "_?_:_", (_, one, other):
            return max(one, other)
        case "_[_]" | "_[?_]" | "substring" | "charAt" | "split", (whole, *_):
            return whole
        case "replace", (text, _, new, *_):
            return text * (_longer(call) or max(2.0, new)) if in_texts else text
        case "join", (items, between):
            return items * between
    return sum(parts)


def _longer(call: Call) -> float:
    """How many times longer each replaced text is than what it replaces; 0 where the expression does not say."""
    old, new = call.arguments[0], call.arguments[1]
    if not (isinstance(old, Constant) and isinstance(new, Constant)):
        return 0.0
    if not old.value:
        return 1.0 + len(new.value)
    return max(1.0, len(new.value) / len(old.value))
