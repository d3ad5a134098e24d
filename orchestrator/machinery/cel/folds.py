"""What macros become: loops over lists and maps, and names for values."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from orchestrator.machinery.cel.data import NO_OVERLOAD, Fault, is_list
from orchestrator.machinery.cel.prices import NEW_LIST
from orchestrator.machinery.cel.runs import Fixed, Names, Run, go_type
from orchestrator.machinery.cel.syntax import Call, Comprehension, Constant, Ident, ListOf, Node

# What macros call what they have made so far: the library, and `macros`.
RESULTS: Final = frozenset({"@result", "__result__"})


def binds(node: Comprehension) -> bool:
    """Whether it is no loop, but a name for a value."""
    condition = node.condition
    return (
        isinstance(node.range, ListOf)
        and not node.range.elements
        and isinstance(condition, Constant)
        and condition.value is False
    )


def quantified(node: Comprehension) -> tuple[Node, bool] | None:
    """What a fold asks of each item, and which answer ends it, if it is `all` or `exists`."""
    match node:
        case Comprehension(
            result_variable=total,
            start=Constant(value=False | True as begun),
            condition=Call(function="@not_strictly_false", arguments=(looked,)),
            step=Call(function="_&&_" | "_||_" as function, arguments=(Ident(name=before), body)),
            result=Ident(name=after),
        ) if before == after == total and begun is (function == "_&&_"):
            wanted = looked if begun or not isinstance(looked, Call) else looked.arguments[0]
            if isinstance(wanted, Ident) and wanted.name == total:
                return body, not begun
    return None


def fold(node: Comprehension, over: Run, start: Run, condition: Run, step: Run, result: Run) -> Run:
    """A loop; the functions are those of the node's parts."""
    one, two, total = node.variable, node.second, node.result_variable

    def run(names: Names) -> Any:
        pairs = _pairs(over(names), two=bool(two))
        if type(pairs) is Fault:
            return pairs
        begun = start(names)
        # What `map` and `filter` make grows: nobody else has it.
        inside = {**names, total: [*begun] if type(begun) is list else begun}
        for first, second in pairs:
            inside[one] = first
            if two:
                inside[two] = second
            if condition(inside) is False:
                break
            inside[total] = step(inside)
        return result({**names, total: inside[total]})

    return run


def quantifier(
    node: Comprehension, over: Run, step: Run, pay: Callable[[int], None], *, decides: bool
) -> Run:
    """`all` and `exists`, which most folds are, in one loop: what it costs is the same."""
    one, two = node.variable, node.second
    looked = 3 if decides else 2  # at what was found so far, before a turn

    def run(names: Names) -> Any:
        pairs = _pairs(over(names), two=bool(two))
        if type(pairs) is Fault:
            return pairs
        inside = {**names}
        found: Any = not decides
        for first, second in pairs:
            pay(looked)
            if found is decides:
                break
            inside[one] = first
            if two:
                inside[two] = second
            pay(1)
            other = step(inside)
            if other is decides or type(found) is not Fault:
                found = other if type(other) in (bool, Fault) else Fault(NO_OVERLOAD)
        pay(1)
        return found

    return run


def append(total: str, item: Run, pay: Callable[[int], None]) -> Run:
    """`map` and `filter` make their lists item by item."""
    cost = 2 if isinstance(item, Fixed) else 2 + NEW_LIST

    def run(names: Names) -> Any:
        items = names[total]
        found = item(names)
        pay(cost)
        for each in (items, found):
            if type(each) is Fault:
                return each
        items.append(found)
        return items

    return run


def _pairs(items: Any, *, two: bool) -> Any:
    """What a fold goes through: an element (or index and element), a key (or key and value)."""
    if isinstance(items, Mapping):
        return items.items() if two else ((key, None) for key in items)
    if is_list(items):
        return enumerate(items) if two else ((each, None) for each in items)
    if type(items) is Fault:
        return items
    if two:
        return Fault(f"unsupported comprehension range type: {go_type(items)}")
    return Fault(f"got '{go_type(items)}', expected iterable type")
