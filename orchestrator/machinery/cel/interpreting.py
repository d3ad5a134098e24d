"""Evaluates an expression's tree and counts what that costs, in the original's units.

Follows cel-go, whose costs are part of Kubernetes' API: what may be written and evaluated is decided by them, so that
they cannot be an afterthought of somebody else's evaluator. A tree becomes functions of the variables, once. An error
is a value (`Fault`), for logic and folds go on past some of them. A name and the steps behind it (`self.a[0].?b`) are
one thing, which is paid for as one.
"""

from collections.abc import Callable, Mapping, MutableMapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

from orchestrator.machinery.cel.actual_costs import Tariff, tariff
from orchestrator.machinery.cel.checking import Checked, Resolved
from orchestrator.machinery.cel.conversions import CONVERSIONS
from orchestrator.machinery.cel.data import (
    NO_OVERLOAD,
    NOTHING,
    Fault,
    Overspent,
    Perhaps,
    TypeValue,
    UInt,
    is_list,
    type_name,
)
from orchestrator.machinery.cel.functions import FUNCTIONS
from orchestrator.machinery.cel.guards import guarded
from orchestrator.machinery.cel.limits import COST_EXCEEDED
from orchestrator.machinery.cel.lists import ZEROES
from orchestrator.machinery.cel.messages import made_of
from orchestrator.machinery.cel.operators import found_in, missing
from orchestrator.machinery.cel.prices import NEW_LIST, NEW_MAP, NEW_MESSAGE
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

Names: TypeAlias = MutableMapping[str, Any]
_Run: TypeAlias = Callable[[Names], Any]


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


class Unplannable(Exception):
    """A part that is worked out in advance has no value; the message is the original's."""


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


class _Step(NamedTuple):
    """One step of a chain: a name or a constant, or what works out an index (`run`)."""

    key: Any = None
    run: _Run | None = None
    optional: bool = False


class _Constant:
    """What gives the same each time, and costs nothing."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __call__(self, names: Names) -> Any:
        return self.value


class _Planner:
    """Makes a function of each part."""

    def __init__(self, meter: Meter, checked: Checked) -> None:
        self._meter = meter
        self._calls = checked.calls
        self._types = checked.types
        self._lazy: list[str] = []

    def run(self, node: Node) -> _Run:
        """What evaluates a part."""
        match node:
            case Constant():
                return _Constant(UInt(node.value) if node.type == "uint" else node.value)
            case Ident() | Select():
                return self._attribute(node)
            case Call():
                return self._call(node)
            case ListOf():
                return self._list(node)
            case Made():
                return self._made(node)
            case Comprehension():
                return self._bind(node) if binds(node) else self._fold(node)

    # --- chains ----------------------------------------------------------------------------

    def _attribute(self, node: Node) -> _Run:
        """A name, what a call gives, or a choice, with all steps behind it; a question for the last one."""
        base, steps, tests = self._chain(node)
        if isinstance(base, Call) and base.function == "_?_:_":
            return self._chosen(base, steps, tests)
        start, cost = self._start(base)
        return self._walk(start, steps, cost - 1 if tests else cost, tests)

    def _chain(self, node: Node) -> tuple[Node, list[_Step], bool]:
        steps: list[_Step] = []
        tests = False
        while True:
            match node:
                case Select(operand=operand, field=field) if not self._names_type(node):
                    if node.tests and steps:
                        break
                    tests = tests or node.tests
                    steps.append(_Step(field))
                    node = operand
                case Call(function="_?._", arguments=(operand, Constant(value=field))):
                    steps.append(_Step(field, optional=True))
                    node = operand
                case Call(function="_[_]" | "_[?_]", arguments=(operand, index)):
                    steps.append(self._index(index, optional=node.function == "_[?_]"))
                    node = operand
                case _:
                    break
        return node, steps[::-1], tests

    def _names_type(self, node: Select) -> bool:
        """Whether the chain is the name of a type, or of a variable with dots."""
        found = self._types.get(node.id)
        return not node.tests and node.operand.id not in self._types and found is not None

    def _index(self, node: Node, *, optional: bool) -> _Step:
        run = self.run(node)
        if isinstance(run, _Constant):
            if not _is_step(run.value):
                raise Unplannable(_no_step(run.value))
            return _Step(run.value, optional=optional)
        if isinstance(node, Ident | Select) or _is_chain(node):
            run = self._unpaid(run)
        return _Step(run=run, optional=optional)

    def _unpaid(self, run: _Run) -> _Run:
        """A chain as an index: it is paid for as a step, and not as a chain, too."""
        meter = self._meter

        def unpaid(names: Names) -> Any:
            meter.left += 1
            return run(names)

        return unpaid

    def _start(self, base: Node) -> tuple[_Run, int]:
        """What gives the value at which a chain begins, and what the chain costs beside its steps."""
        match base:
            case Ident(name=name):
                return _worked_out(name) if name in self._lazy else _named(name), 1
            case Select() if not base.tests:
                return _named(qualified(base)), 1
        return self.run(base), 1

    def _chosen(self, node: Call, steps: list[_Step], tests: bool) -> _Run:
        condition = self.run(node.arguments[0])
        free = 0 if not tests else -1
        branches = []
        for branch in node.arguments[1:]:
            if isinstance(branch, Constant):
                branches.append(self._walk(self.run(branch), steps, free, tests))
                continue
            if isinstance(branch, Ident | Select) or _is_chain(branch):
                base, inner, inner_tests = self._chain(branch)
                if not inner_tests and not (isinstance(base, Call) and base.function == "_?_:_"):
                    start, _ = self._start(base)
                    branches.append(self._walk(start, [*inner, *steps], free, tests))
                    continue
            branches.append(self._walk(self.run(branch), steps, free, tests))
        one, other = branches

        def run(names: Names) -> Any:
            found = condition(names)
            if found is True:
                return one(names)
            if found is False:
                return other(names)
            return found if type(found) is Fault else Fault(NO_OVERLOAD)

        return run

    def _walk(self, start: _Run, steps: Sequence[_Step], cost: int, tests: bool) -> _Run:
        pay = self._meter.pay
        if not steps and not tests:

            def run(names: Names) -> Any:
                found = start(names)
                pay(cost)
                return found

            return run if cost else start
        if not tests and all(each.run is None and not each.optional for each in steps):
            return self._plain_walk(start, tuple(each.key for each in steps), cost + len(steps))
        last = len(steps) - 1

        def walk(names: Names) -> Any:
            found = start(names)
            if type(found) is Fault:
                pay(max(cost, 0))
                return found
            optional = isinstance(found, Perhaps)
            if optional:
                if not found.held:
                    pay(max(cost, 0))
                    return False if tests else found
                found = found.held[0]
            paid = cost
            for number, step in enumerate(steps):
                key = step.key if step.run is None else step.run(names)
                paid += 1
                if type(key) is Fault:
                    pay(paid - step.optional)
                    return key
                if step.run is not None and not _is_step(key):
                    pay(paid)
                    return Fault(_no_step(key))
                optional = optional or step.optional
                inside, there = found_in(found, key)
                if tests and number == last:
                    pay(paid)
                    return there
                if not there:
                    if optional and not (is_list(found) and type(key) in (str, bool)):
                        pay(paid - 1)
                        return False if tests else NOTHING
                    pay(paid)
                    return missing(found, key)
                found = inside
            pay(paid)
            return Perhaps((found,)) if optional else found

        return walk

    def _plain_walk(self, start: _Run, keys: tuple[Any, ...], cost: int) -> _Run:
        """The same, where nothing is optional: most chains."""
        pay = self._meter.pay

        def walk(names: Names) -> Any:
            found = start(names)
            if type(found) is Fault:
                pay(1)
                return found
            if type(found) is Perhaps:
                return _into(found, keys, pay, cost)
            for number, key in enumerate(keys):
                if type(found) is dict and type(key) is str and key in found:
                    found = found[key]
                    continue
                inside, there = found_in(found, key)
                if not there:
                    pay(cost - len(keys) + number + 1)
                    return missing(found, key)
                found = inside
            pay(cost)
            return found

        return walk

    # --- literals --------------------------------------------------------------------------

    def _list(self, node: ListOf) -> _Run:
        parts = [(self.run(each), n in node.optional) for n, each in enumerate(node.elements)]
        if not node.optional and all(isinstance(part, _Constant) for part, _ in parts):
            return _Constant([part(_NO_NAMES) for part, _ in parts])
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

    def _made(self, node: Made) -> _Run:
        pay, base = self._meter.pay, NEW_MESSAGE if node.type else NEW_MAP
        parts = [
            (self._entry_key(each), self.run(each.value), each.optional) for each in node.entries
        ]
        if (
            not node.type
            and not any(each.optional for each in node.entries)
            and all(
                isinstance(key, _Constant) and isinstance(value, _Constant)
                for key, value, _ in parts
            )
        ):
            made = _entries(parts, _NO_NAMES)
            if type(made) is not Fault:
                return _Constant(made)
        finish = made_of(node.type) if node.type else None

        def run(names: Names) -> Any:
            pay(base)
            made = _entries(parts, names)
            return made if finish is None or type(made) is Fault else finish(made)

        return run

    def _entry_key(self, entry: Entry) -> _Run:
        return _Constant(entry.field) if entry.key is None else self.run(entry.key)

    # --- folds -----------------------------------------------------------------------------

    def _bind(self, node: Comprehension) -> _Run:
        """A name for a value, which is worked out when it is first used."""
        start, name = self.run(node.start), node.result_variable
        self._lazy.append(name)
        result = self.run(node.result)
        self._lazy.pop()
        return lambda names: result({**names, name: _Lazy(start, names)})

    def _fold(self, node: Comprehension) -> _Run:
        over, start = self.run(node.range), self.run(node.start)
        if (quantified := _quantified(node)) is not None:
            return self._quantifier(node, over, *quantified)
        condition, step, result = map(self.run, (node.condition, node.step, node.result))
        one, two, total = node.variable, node.second, node.result_variable

        def run(names: Names) -> Any:
            items = over(names)
            if type(items) is Fault:
                return items
            pairs = _pairs(items, two=bool(two))
            if pairs is None:
                return _unfoldable(items, two=bool(two))
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

    def _quantifier(self, node: Comprehension, over: _Run, body: Node, decides: bool) -> _Run:
        """`all` and `exists`, which most folds are, in one loop: what it costs is the same."""
        pay, step = self._meter.pay, self.run(body)
        one, two = node.variable, node.second
        looked = 3 if decides else 2  # at what was found so far, before a turn

        def run(names: Names) -> Any:
            items = over(names)
            if type(items) is Fault:
                return items
            pairs = _pairs(items, two=bool(two))
            if pairs is None:
                return _unfoldable(items, two=bool(two))
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

    # --- calls -----------------------------------------------------------------------------

    def _call(self, node: Call) -> _Run:
        match node.function, node.arguments:
            case "_&&_" | "_||_", (one, other):
                return _logic(self.run(one), self.run(other), decides=node.function == "_||_")
            case "_?_:_" | "_[_]" | "_?._" | "_[?_]", _:
                return self._attribute(node)
            case "@not_strictly_false", (inner,):
                return self._not_strictly_false(self.run(inner))
            case "_+_", (Ident(name=total), ListOf(elements=(item,), optional=optional)) if (
                total in _RESULTS and not optional
            ):
                return self._append(total, self.run(item))
            case "or" | "orValue", (other,) if node.target is not None:
                return _otherwise(
                    self.run(node.target), self.run(other), unwraps=node.function == "orValue"
                )
        return self._function(node)

    def _function(self, node: Call) -> _Run:
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
        if name == "@in" and isinstance(parts[1], _Constant) and _is_set(parts[1].value):
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
        self, name: str, parts: list[_Run], function: Callable[..., Any], resolved: Resolved | None
    ) -> _Run:
        """A call of what has values for all its arguments."""
        constant = len(parts) == 1 and isinstance(parts[0], _Constant)
        if constant and name in CONVERSIONS:
            found = function(parts[0](_NO_NAMES))
            if type(found) is Fault:
                raise Unplannable(found.text)
            return _Constant(found)
        if name in _OF_PATTERNS and isinstance(parts[1], _Constant):
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

    def _append(self, total: str, item: _Run) -> _Run:
        """`map` and `filter` make their lists item by item."""
        pay, cost = self._meter.pay, 2 if isinstance(item, _Constant) else 2 + NEW_LIST

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

    def _not_strictly_false(self, inner: _Run) -> _Run:
        pay = self._meter.pay

        def run(names: Names) -> Any:
            found = inner(names)
            pay(1)
            return found is not False

        return run


_NO_NAMES: Final[Names] = {}
_OF_PATTERNS: Final = frozenset({"find", "findAll", "matches"})
# What macros call what they have made so far: the library, and `macros`.
_RESULTS: Final = frozenset({"@result", "__result__"})
_TYPE_NAMES: Final = {
    **{
        name: name
        for name in (
            "bool",
            "bytes",
            "double",
            "int",
            "list",
            "map",
            "null_type",
            "string",
            "type",
            "uint",
        )
    },
    "optional_type": "optional_type",
    "google.protobuf.Timestamp": "google.protobuf.Timestamp",
    "google.protobuf.Duration": "google.protobuf.Duration",
}


def _quantified(node: Comprehension) -> tuple[Node, bool] | None:
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


def _unfoldable(items: Any, *, two: bool) -> Fault:
    if two:
        return Fault(f"unsupported comprehension range type: {_go_type(items)}")
    return Fault(f"got '{_go_type(items)}', expected iterable type")


def _named(name: str) -> _Run:
    type_ = TypeValue(_TYPE_NAMES[name]) if name in _TYPE_NAMES else None

    def run(names: Names) -> Any:
        if name in names:
            return names[name]
        return Fault(f"no such attribute(s): {name}") if type_ is None else type_

    return run


class _Lazy:
    """A value that is worked out when somebody uses it."""

    __slots__ = ("_found", "_names", "_run")

    def __init__(self, run: _Run, names: Names) -> None:
        self._run: _Run | None = run
        self._names = names
        self._found: Any = None

    def value(self) -> Any:
        if self._run is not None:
            self._found, self._run = self._run(self._names), None
        return self._found


def _worked_out(name: str) -> _Run:
    """A name that is perhaps one for such a value: a macro inside may have one of its own that hides it."""

    def run(names: Names) -> Any:
        found = names[name]
        return found.value() if type(found) is _Lazy else found

    return run


def _into(found: Perhaps, keys: Sequence[Any], pay: Callable[[int], None], cost: int) -> Any:
    """The steps of a chain into what is perhaps there."""
    if not found.held:
        pay(cost - len(keys))
        return found
    value = found.held[0]
    for number, key in enumerate(keys):
        value, there = found_in(value, key)
        if not there:
            pay(cost - len(keys) + number)
            return NOTHING
    pay(cost)
    return Perhaps((value,))


def _is_step(value: Any) -> bool:
    return type(value) in (str, int, UInt, bool, float)


_GO_TYPES: Final = {
    "bool": "types.Bool",
    "int": "types.Int",
    "uint": "types.Uint",
    "double": "types.Double",
    "string": "types.String",
    "null_type": "types.Null",
    "list": "*types.baseList",
    "map": "*types.baseMap",
    "bytes": "types.Bytes",
    "google.protobuf.Timestamp": "types.Timestamp",
    "google.protobuf.Duration": "types.Duration",
    "optional_type": "*types.Optional",
    "type": "*types.Type",
}


def _go_type(value: Any) -> str:
    """The type as Go has it."""
    return _GO_TYPES.get(type_name(value), type_name(value))


def _no_step(value: Any) -> str:
    return f"invalid qualifier type: {_go_type(value)}"


def _is_chain(node: Node) -> bool:
    return isinstance(node, Call) and node.function in ("_[_]", "_?._", "_[?_]")


def _is_choice(node: Node) -> bool:
    return isinstance(node, Call) and node.function == "_?_:_"


def binds(node: Comprehension) -> bool:
    """Whether it is no loop, but a name for a value."""
    condition = node.condition
    return (
        isinstance(node.range, ListOf)
        and not node.range.elements
        and isinstance(condition, Constant)
        and condition.value is False
    )


def _entries(parts: Sequence[tuple[_Run, _Run, bool]], names: Names) -> Any:
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
        if not _is_step(name):
            return Fault(f"unsupported key type: {type_name(name)}")
        made[name] = found
    return made


def _cost(cost: Tariff, values: Sequence[Any], given: Any) -> int:
    return cost if type(cost) is int else cost(values, given)  # type: ignore[operator]


def _unary(
    part: _Run, function: Callable[[Any], Any], cost: Tariff, pay: Callable[[int], None]
) -> _Run:
    def run(names: Names) -> Any:
        value = part(names)
        given = value if type(value) is Fault else function(value)
        pay(_cost(cost, (value,), given))
        return given

    return run


def _binary(
    one: _Run,
    other: _Run,
    function: Callable[[Any, Any], Any],
    cost: Tariff,
    pay: Callable[[int], None],
) -> _Run:
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


def _in_constant(part: _Run, function: Callable[..., Any], items: _Constant) -> _Run:
    def run(names: Names) -> Any:
        value = part(names)
        return value if type(value) is Fault else function(value, items.value)

    return run


def _otherwise(one: _Run, other: _Run, *, unwraps: bool) -> _Run:
    """`or` and `orValue`: the other is worked out where there is nothing."""

    def run(names: Names) -> Any:
        found = one(names)
        if not isinstance(found, Perhaps):
            return found
        if not found.held:
            return other(names)
        return found.held[0] if unwraps else found

    return run


def _pairs(items: Any, *, two: bool) -> Any:
    """What a fold goes through: an element (or index and element), a key (or key and value)."""
    if isinstance(items, Mapping):
        return items.items() if two else ((key, None) for key in items)
    if is_list(items):
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
