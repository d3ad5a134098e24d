"""Evaluates an expression's tree and counts what that costs, in the original's units.

The library evaluates some twenty times faster, but ends after a number of turns whatever they cost, counts nothing,
and does not know macros with two variables. So it is asked first, and this is for what it gives up or cannot read.
What joins values is here (names, fields, folds, logic, and operators between plain values); every other call goes
to the library, one at a time. An error is a value (`Fault`), for logic and folds go on past some of them.
"""

from collections.abc import Callable, Mapping, MutableMapping
from typing import Any, Final, TypeAlias

from orchestrator.machinery.cel.actual_costs import CONVERSIONS, call_cost
from orchestrator.machinery.cel.limits import COST_EXCEEDED
from orchestrator.machinery.cel.plain_functions import NO_OVERLOAD, OWN, Fault, Overspent
from orchestrator.machinery.cel.prices import NEW_LIST, NEW_MAP, NEW_MESSAGE
from orchestrator.machinery.cel.syntax import (
    Call,
    Comprehension,
    Constant,
    Ident,
    ListOf,
    Made,
    Node,
    Select,
    qualified,
)

Names: TypeAlias = MutableMapping[str, Any]
_Run: TypeAlias = Callable[[Names], Any]
Asked: TypeAlias = Callable[[str, Mapping[str, Any]], tuple[Any, str]]
"""What asks the library for the value of a text with variables: the value, or what is wrong."""

_STEPS: Final = frozenset({"_[_]", "_?._", "_[?_]"})
# Words before a function's dot that are part of its name.
_SPACES: Final = frozenset(
    {"sets", "lists", "strings", "ip", "format", "jsonpatch", "optional", "cel"}
)
# What macros call what they have made so far: the library, and `macros`.
_RESULTS: Final = frozenset({"@result", "__result__"})
_OPERATORS: Final = {
    **{f"_{each}_": each for each in ("+", "-", "*", "/", "%", "<", "<=", ">", ">=", "==", "!=")},
    "@in": "in",
}


class Meter:
    """What may still be spent."""

    __slots__ = ("left",)

    def __init__(self, limit: int) -> None:
        self.left = limit

    def pay(self, cost: int) -> None:
        """Raises Overspent."""
        self.left -= cost
        if self.left < 0:
            raise Overspent


class Plan:
    """How a tree is evaluated, made once: `asked` is what asks the library."""

    def __init__(self, tree: Node, asked: Asked) -> None:
        self._meter = Meter(0)
        self._run = _Planner(self._meter, asked).run(tree)

    def value(self, variables: Mapping[str, Any], limit: int) -> tuple[Any, int]:
        """The value of the tree, or its Fault, and what it cost, which is more than `limit` if that was reached."""
        self._meter.left = limit
        try:
            found = self._run(dict(variables))
        except Overspent:
            found = Fault(COST_EXCEEDED)
        return found, limit - self._meter.left


class _Planner:
    """Makes a function of each part, once, since turns are many."""

    def __init__(self, meter: Meter, asked: Asked) -> None:
        self._meter = meter
        self._asked = asked

    def run(self, node: Node) -> _Run:
        """What evaluates a part."""
        match node:
            case Constant():
                value = node.value
                return lambda names: value
            case Ident():
                return self._ident(node.name)
            case Select():
                return self._select(node)
            case Call():
                return self._call(node)
            case ListOf():
                return self._list(node)
            case Made():
                return self._made(node)
            case Comprehension():
                return self._fold(node)

    def _ident(self, name: str) -> _Run:
        pay = self._meter.pay

        def run(names: Names) -> Any:
            pay(1)
            if name in names:
                return names[name]
            found, fault = self._asked(name, {})  # the name of a type
            return Fault(fault) if fault else found

        return run

    def _select(self, node: Select) -> _Run:
        operand, field, pay = self.run(node.operand), node.field, self._meter.pay
        price = 1 if _is_chain(node.operand) else 2
        if node.tests:

            def test(names: Names) -> Any:
                found = operand(names)
                if type(found) is Fault:
                    return found
                return isinstance(found, Mapping) and field in found

            return test

        def run(names: Names) -> Any:
            found = operand(names)
            if type(found) is Fault:
                return found
            pay(price)
            if isinstance(found, Mapping) and field in found:
                return found[field]
            return Fault(f"no such key: {field}")

        return run

    def _list(self, node: ListOf) -> _Run:
        parts = [(self.run(each), n in node.optional) for n, each in enumerate(node.elements)]
        pay, base = self._meter.pay, 0 if _is_literal(node) else NEW_LIST

        def run(names: Names) -> Any:
            made: list[Any] = []
            for part, is_optional in parts:
                found = part(names)
                if type(found) is Fault:
                    return found
                made.extend(found["v"] if is_optional else (found,))
            pay(base)
            return made

        return run

    def _made(self, node: Made) -> _Run:
        pay, base = self._meter.pay, NEW_MESSAGE if node.type else NEW_MAP
        base = 0 if _is_literal(node) else base
        parts = [
            (_constantly(each.field) if each.key is None else self.run(each.key), self.run(each.value), each.optional)
            for each in node.entries
        ]  # fmt: skip

        def run(names: Names) -> Any:
            made: dict[Any, Any] = {}
            for key, value, is_optional in parts:
                name, found = key(names), value(names)
                for each in (name, found):
                    if type(each) is Fault:
                        return each
                if name in made:
                    return Fault("Failed with repeated key")
                if not is_optional:
                    made[name] = found
                elif found["v"]:
                    made[name] = found["v"][0]
            pay(base)
            return made

        return run

    # --- folds -----------------------------------------------------------------------------

    def _fold(self, node: Comprehension) -> _Run:
        over, start = self.run(node.range), self.run(node.start)
        condition, step, result = map(self.run, (node.condition, node.step, node.result))
        one, two, total = node.variable, node.second, node.result_variable

        def run(names: Names) -> Any:
            items = over(names)
            if type(items) is Fault:
                return items
            pairs = _pairs(items, two=bool(two))
            if pairs is None:
                return Fault(NO_OVERLOAD)
            inside = {**names, total: start(names)}
            for first, second in pairs:
                inside[one] = first
                if two:
                    inside[two] = second
                if condition(inside) is False:
                    break
                inside[total] = step(inside)
            return result({**names, total: inside[total]})

        return run

    # --- calls -----------------------------------------------------------------------------

    def _call(self, node: Call) -> _Run:
        match node.function, node.arguments:
            case "_&&_" | "_||_", (one, other):
                return _logic(self.run(one), self.run(other), decides=node.function == "_||_")
            case "_?_:_", (condition, one, other):
                return _choice(self.run(condition), self.run(one), self.run(other))
            case "@not_strictly_false", (inner,):
                return self._not_strictly_false(self.run(inner))
            case "_+_", (Ident(name=total), ListOf(elements=(item,))) if total in _RESULTS:
                return self._append(total, self.run(item))
        space = qualified(node.target) if node.target is not None else ""
        parts = [self.run(each) for each in node.arguments]
        name = node.function
        if space in _SPACES:
            name = f"{space}.{node.function}"
        elif node.target is not None:
            parts.insert(0, self.run(node.target))
        is_member = node.target is not None and space not in _SPACES
        return self._strict(node, name, parts, self._function(name, len(parts), is_member))

    def _strict(
        self, node: Call, name: str, parts: list[_Run], function: Callable[..., Any]
    ) -> _Run:
        """A call of what has values for all its arguments."""
        pay, is_free = self._meter.pay, _is_free(node)
        begun = 1 if name in _STEPS and not _is_chain(node.arguments[0]) else 0

        def run(names: Names) -> Any:
            values = []
            for part in parts:
                found = part(names)
                if type(found) is Fault:
                    return found
                values.append(found)
            given = function(*values)
            if not is_free:
                pay(begun + call_cost(name, values, given))
            return given

        return run

    def _append(self, total: str, item: _Run) -> _Run:
        """`map` and `filter` make their lists item by item: nobody else has such a list, so that it may grow."""
        pay = self._meter.pay

        def run(names: Names) -> Any:
            found, items = item(names), names[total]
            for each in (items, found):
                if type(each) is Fault:
                    return each
            pay(1 + NEW_LIST + 1)
            items.append(found)
            return items

        return run

    def _not_strictly_false(self, inner: _Run) -> _Run:
        pay = self._meter.pay

        def run(names: Names) -> Any:
            found = inner(names)
            pay(1)
            return found is not False

        return run

    def _function(self, name: str, count: int, is_member: bool) -> Callable[..., Any]:
        own = OWN.get(name)
        elsewhere = self._library(_text(name, count, is_member))
        if own is None:
            return elsewhere

        def function(*values: Any) -> Any:
            found = own(*values)
            return elsewhere(*values) if found is NotImplemented else found

        return function

    def _library(self, text: str) -> Callable[..., Any]:
        asked = self._asked

        def function(*values: Any) -> Any:
            found, fault = asked(text, {f"a{n}": each for n, each in enumerate(values)})
            return Fault(fault) if fault else found

        return function


def _constantly(value: Any) -> _Run:
    return lambda names: value


def _text(name: str, count: int, is_member: bool) -> str:
    """A call in the language, of the variables `a0`, `a1`, ..."""
    if name in _OPERATORS:
        return f"a0 {_OPERATORS[name]} a1"
    match name:
        case "_[_]":
            return "a0[a1]"
        case "!_" | "-_":
            return f"{name[0]}a0"
    names = [f"a{n}" for n in range(count)]
    if is_member:
        return f"a0.{name}({', '.join(names[1:])})"
    return f"{name}({', '.join(names)})"


def _is_literal(node: Node) -> bool:
    """Whether the original works a part out when it compiles it, so that it costs nothing."""
    match node:
        case Constant():
            return True
        case ListOf():
            return not node.optional and all(map(_is_literal, node.elements))
        case Made():
            return not node.type and all(
                each.key is not None and _is_literal(each.key) and _is_literal(each.value) for each in node.entries
            )  # fmt: skip
    return False


def _is_chain(node: Node) -> bool:
    """Whether a part is a chain of steps from a name: who steps into anything else pays for its beginning, too."""
    if isinstance(node, Call):
        return node.function in _STEPS or node.function == "_?_:_"
    return isinstance(node, Ident) or (isinstance(node, Select) and not node.tests)


def _is_free(node: Call) -> bool:
    arguments = node.arguments
    if node.function == "@in":
        return isinstance(arguments[1], ListOf) and _is_literal(arguments[1])
    return node.function in CONVERSIONS and all(map(_is_literal, arguments)) and not node.target


def _pairs(items: Any, *, two: bool) -> Any:
    """What a fold goes through: an element (or index and element), a key (or key and value)."""
    if isinstance(items, Mapping):
        return items.items() if two else ((key, None) for key in items)
    if isinstance(items, list | tuple):
        return enumerate(items) if two else ((each, None) for each in items)
    return None


def _logic(one: _Run, other: _Run, *, decides: bool) -> _Run:
    """`&&` and `||`: a value that decides does so whatever is wrong with the other."""

    def run(names: Names) -> Any:
        first = one(names)
        if first is decides:
            return decides
        second = other(names)
        if second is decides:
            return decides
        for each in (first, second):
            if type(each) is Fault:
                return each
        both = type(first) is bool and type(second) is bool
        return (not decides) if both else Fault(NO_OVERLOAD)

    return run


def _choice(condition: _Run, one: _Run, other: _Run) -> _Run:
    def run(names: Names) -> Any:
        found = condition(names)
        if found is True:
            return one(names)
        if found is False:
            return other(names)
        return found if type(found) is Fault else Fault(NO_OVERLOAD)

    return run
