"""Evaluates an expression's tree and counts what that costs, in the original's units.

Follows cel-go, whose costs are part of Kubernetes' API: what may be written and evaluated is decided by them, so that
they cannot be an afterthought of somebody else's evaluator. A tree becomes functions of the variables, once. An error
is a value (`Fault`), for logic and folds go on past some of them. A name and the steps behind it (`self.a[0].?b`) are
one thing, which is paid for as one.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from orchestrator.machinery.cel.actual_costs import Tariff, tariff
from orchestrator.machinery.cel.chains import Chains, Lazy
from orchestrator.machinery.cel.checking import Checked, Resolved
from orchestrator.machinery.cel.conversions import CONVERSIONS
from orchestrator.machinery.cel.data import (
    NO_OVERLOAD,
    Fault,
    Overspent,
    Perhaps,
    UInt,
    is_list,
    type_name,
)
from orchestrator.machinery.cel.folds import RESULTS, append, binds, fold, quantified, quantifier
from orchestrator.machinery.cel.functions import FUNCTIONS
from orchestrator.machinery.cel.guards import guarded
from orchestrator.machinery.cel.limits import COST_EXCEEDED
from orchestrator.machinery.cel.lists import ZEROES
from orchestrator.machinery.cel.messages import made_of
from orchestrator.machinery.cel.prices import NEW_LIST, NEW_MAP, NEW_MESSAGE
from orchestrator.machinery.cel.runs import Fixed, Meter, Names, Run, Unplannable, is_step
from orchestrator.machinery.cel.syntax import (
    Call,
    Comprehension,
    Constant,
    Entry,
    Ident,
    ListOf,
    Made,
    Node,
    Select,
    qualified,
)
from orchestrator.machinery.patterns import pattern_fault


class Plan:
    """How a tree is evaluated, made once. Raises Unplannable."""

    def __init__(self, tree: Node, checked: Checked) -> None:
        self._meter = Meter(0)
        self._run = _Planner(self._meter, checked).run(tree)

    def value(self, variables: Mapping[str, Any], limit: int) -> tuple[Any, int]:
        """The value of the tree, or its Fault, and what it cost, which is more than `limit` if that was reached."""
        self._meter.left = limit
        try:
            found = self._run(dict(variables))
        except Overspent:
            return Fault(COST_EXCEEDED), limit - min(self._meter.left, -1)
        return found, limit - self._meter.left


class _Planner:
    """Makes a function of each part."""

    def __init__(self, meter: Meter, checked: Checked) -> None:
        self._meter = meter
        self._calls = checked.calls
        self._chains = Chains(meter, checked.types, self.run)

    def run(self, node: Node) -> Run:
        """What evaluates a part."""
        match node:
            case Constant():
                return Fixed(UInt(node.value) if node.type == "uint" else node.value)
            case Ident() | Select():
                return self._chains.planned(node)
            case Call():
                return self._call(node)
            case ListOf():
                return self._list(node)
            case Made():
                return self._made(node)
            case Comprehension():
                return self._bind(node) if binds(node) else self._fold(node)

    # --- literals --------------------------------------------------------------------------

    def _list(self, node: ListOf) -> Run:
        parts = [(self.run(each), n in node.optional) for n, each in enumerate(node.elements)]
        if not node.optional and all(isinstance(part, Fixed) for part, _ in parts):
            return Fixed([part(_NO_NAMES) for part, _ in parts])
        pay = self._meter.pay

        def run(names: Names) -> Any:
            pay(NEW_LIST)
            made: list[Any] = []
            for part, is_optional in parts:
                found = part(names)
                if type(found) is Fault:
                    return found
                if not is_optional:
                    made.append(found)
                elif isinstance(found, Perhaps):
                    made.extend(found.held)
                else:
                    return Fault(
                        f"cannot initialize optional list element from non-optional value {found}"
                    )
            return made

        return run

    def _made(self, node: Made) -> Run:
        pay, base = self._meter.pay, NEW_MESSAGE if node.type else NEW_MAP
        parts = [
            (self._entry_key(each), self.run(each.value), each.optional) for each in node.entries
        ]
        if (
            not node.type
            and not any(each.optional for each in node.entries)
            and all(isinstance(key, Fixed) and isinstance(value, Fixed) for key, value, _ in parts)
        ):
            made = _entries(parts, _NO_NAMES)
            if type(made) is not Fault:
                return Fixed(made)
        finish = made_of(node.type) if node.type else None

        def run(names: Names) -> Any:
            pay(base)
            made = _entries(parts, names)
            return made if finish is None or type(made) is Fault else finish(made)

        return run

    def _entry_key(self, entry: Entry) -> Run:
        return Fixed(entry.field) if entry.key is None else self.run(entry.key)

    # --- folds -----------------------------------------------------------------------------

    def _bind(self, node: Comprehension) -> Run:
        """A name for a value, which is worked out when it is first used."""
        start, name = self.run(node.start), node.result_variable
        self._chains.lazy.append(name)
        result = self.run(node.result)
        self._chains.lazy.pop()
        return lambda names: result({**names, name: Lazy(start, names)})

    def _fold(self, node: Comprehension) -> Run:
        over, start = self.run(node.range), self.run(node.start)
        if (found := quantified(node)) is not None:
            body, decides = found
            return quantifier(node, over, self.run(body), self._meter.pay, decides=decides)
        condition, step, result = map(self.run, (node.condition, node.step, node.result))
        return fold(node, over, start, condition, step, result)

    # --- calls -----------------------------------------------------------------------------

    def _call(self, node: Call) -> Run:
        match node.function, node.arguments:
            case "_&&_" | "_||_", (one, other):
                return _logic(self.run(one), self.run(other), decides=node.function == "_||_")
            case "_?_:_" | "_[_]" | "_?._" | "_[?_]", _:
                return self._chains.planned(node)
            case "@not_strictly_false", (inner,):
                return self._not_strictly_false(self.run(inner))
            case "_+_", (Ident(name=total), ListOf(elements=(item,), optional=optional)) if (
                total in RESULTS and not optional
            ):
                return append(total, self.run(item), self._meter.pay)
            case "or" | "orValue", (other,) if node.target is not None:
                return _otherwise(
                    self.run(node.target), self.run(other), unwraps=node.function == "orValue"
                )
        return self._function(node)

    def _function(self, node: Call) -> Run:
        prefix = "" if node.target is None else qualified(node.target)
        resolved = self._calls.get(node.id)
        whole = f"{prefix}.{node.function}"
        is_member = node.target is not None and not (prefix and whole in FUNCTIONS)
        name = whole if node.target is not None and not is_member else node.function
        parts = [self.run(each) for each in node.arguments]
        if is_member and node.target is not None:
            parts.insert(0, self.run(node.target))
        function = FUNCTIONS.get(name)
        if function is None:
            raise Unplannable(f"no such overload: {name}")
        function = guarded(
            name, len(parts), self._of_types(name, function, resolved), is_member=is_member
        )
        if name == "@in" and isinstance(parts[1], Fixed) and _is_set(parts[1].value):
            return _in_constant(parts[0], function, parts[1])
        return self._strict(name, parts, function, resolved)

    def _of_types(
        self, name: str, function: Callable[..., Any], resolved: Resolved | None
    ) -> Callable[..., Any]:
        """The function, where it depends on the types that were found: of what a sum of nothing is."""
        if name != "sum" or resolved is None or len(resolved.takes) != 1:
            return function
        zero = ZEROES[resolved.takes[0][0].parts[0].name]
        return lambda items: function(items, zero)

    def _strict(
        self, name: str, parts: list[Run], function: Callable[..., Any], resolved: Resolved | None
    ) -> Run:
        """A call of what has values for all its arguments."""
        constant = len(parts) == 1 and isinstance(parts[0], Fixed)
        if constant and name in CONVERSIONS:
            found = function(parts[0](_NO_NAMES))
            if type(found) is Fault:
                raise Unplannable(found.text)
            return Fixed(found)
        if name in _OF_PATTERNS and isinstance(parts[1], Fixed):
            pattern = parts[1].value
            if isinstance(pattern, str) and (fault := pattern_fault(pattern)):
                raise Unplannable(fault)
        pay, cost = self._meter.pay, tariff(name, resolved)
        if len(parts) == 1:
            return _unary(parts[0], function, cost, pay)
        if len(parts) == 2:
            return _binary(parts[0], parts[1], function, cost, pay)

        def run(names: Names) -> Any:
            values = []
            for part in parts:
                found = part(names)
                values.append(found)
                if type(found) is Fault:
                    if len(values) == len(parts):
                        pay(_cost(cost, values, found))
                    return found
            given = function(*values)
            pay(_cost(cost, values, given))
            return given

        return run

    def _not_strictly_false(self, inner: Run) -> Run:
        pay = self._meter.pay

        def run(names: Names) -> Any:
            found = inner(names)
            pay(1)
            return found is not False

        return run


_NO_NAMES: Final[Names] = {}
_OF_PATTERNS: Final = frozenset({"find", "findAll", "matches"})


def _entries(parts: Sequence[tuple[Run, Run, bool]], names: Names) -> Any:
    made: dict[Any, Any] = {}
    for key, value, is_optional in parts:
        name = key(names)
        if type(name) is Fault:
            return name
        found = value(names)
        if type(found) is Fault:
            return found
        if is_optional:
            if not isinstance(found, Perhaps):
                return Fault(
                    f"cannot initialize optional entry '{name}' from non-optional value {found}"
                )
            if not found.held:
                continue
            found = found.held[0]
        if not is_step(name):
            return Fault(f"unsupported key type: {type_name(name)}")
        made[name] = found
    return made


def _cost(cost: Tariff, values: Sequence[Any], given: Any) -> int:
    return cost if type(cost) is int else cost(values, given)  # type: ignore[operator]


def _unary(
    part: Run, function: Callable[[Any], Any], cost: Tariff, pay: Callable[[int], None]
) -> Run:
    def run(names: Names) -> Any:
        value = part(names)
        given = value if type(value) is Fault else function(value)
        pay(_cost(cost, (value,), given))
        return given

    return run


def _binary(
    one: Run,
    other: Run,
    function: Callable[[Any, Any], Any],
    cost: Tariff,
    pay: Callable[[int], None],
) -> Run:
    fixed = cost if isinstance(cost, int) else 0

    def run(names: Names) -> Any:
        first, second = one(names), other(names)
        if type(first) is Fault:
            given = first
        else:
            given = second if type(second) is Fault else function(first, second)
        pay(fixed or _cost(cost, (first, second), given))
        return given

    return run


def _is_set(value: Any) -> bool:
    """Whether the original makes a set of a list that stands in the text, which it asks for nothing."""
    return (
        all(type(each) in (str, int, UInt, bool, float) for each in value)
        if is_list(value)
        else False
    )


def _in_constant(part: Run, function: Callable[..., Any], items: Fixed) -> Run:
    def run(names: Names) -> Any:
        value = part(names)
        return value if type(value) is Fault else function(value, items.value)

    return run


def _otherwise(one: Run, other: Run, *, unwraps: bool) -> Run:
    """`or` and `orValue`: the other is worked out where there is nothing."""

    def run(names: Names) -> Any:
        found = one(names)
        if not isinstance(found, Perhaps):
            return found
        if not found.held:
            return other(names)
        return found.held[0] if unwraps else found

    return run


def _logic(one: Run, other: Run, *, decides: bool) -> Run:
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
