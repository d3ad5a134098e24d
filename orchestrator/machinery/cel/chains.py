"""A name and the steps behind it (`self.a[0].?b`), which are one thing to the original, and paid for as one."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from orchestrator.machinery.cel.data import (
    NO_OVERLOAD,
    NOTHING,
    Fault,
    Perhaps,
    TypeValue,
    is_list,
)
from orchestrator.machinery.cel.operators import found_in, missing
from orchestrator.machinery.cel.runs import Fixed, Meter, Names, Run, Unplannable, is_step, no_step
from orchestrator.machinery.cel.syntax import Call, Constant, Ident, Node, Select, qualified

_TYPE_NAMES: Final = frozenset(
    {"bool", "bytes", "double", "int", "list", "map", "null_type", "string", "type", "uint"}
    | {"optional_type", "google.protobuf.Timestamp", "google.protobuf.Duration"}
)


class _Step(NamedTuple):
    """One step of a chain: a name or a constant, or what works out an index (`run`)."""

    key: Any = None
    run: Run | None = None
    optional: bool = False


class Chains:
    """Plans chains. `plan` makes a function of any part; `types` are those that were found, by the parts' numbers."""

    def __init__(self, meter: Meter, types: Mapping[int, Any], plan: Callable[[Node], Run]) -> None:
        self._meter = meter
        self._types = types
        self._plan = plan
        self.lazy: list[str] = []  # names for values that are worked out when they are used

    def planned(self, node: Node) -> Run:
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
        run = self._plan(node)
        if isinstance(run, Fixed):
            if not is_step(run.value):
                raise Unplannable(no_step(run.value))
            return _Step(run.value, optional=optional)
        if isinstance(node, Ident | Select) or is_chain(node):
            run = self._unpaid(run)
        return _Step(run=run, optional=optional)

    def _unpaid(self, run: Run) -> Run:
        """A chain as an index: it is paid for as a step, and not as a chain, too."""
        meter = self._meter

        def unpaid(names: Names) -> Any:
            meter.left += 1
            return run(names)

        return unpaid

    def _start(self, base: Node) -> tuple[Run, int]:
        """What gives the value at which a chain begins, and what the chain costs beside its steps."""
        match base:
            case Ident(name=name):
                return _worked_out(name) if name in self.lazy else _named(name), 1
            case Select() if not base.tests:
                return _named(qualified(base)), 1
        return self._plan(base), 1

    def _chosen(self, node: Call, steps: list[_Step], tests: bool) -> Run:
        condition = self._plan(node.arguments[0])
        free = 0 if not tests else -1
        branches = []
        for branch in node.arguments[1:]:
            if isinstance(branch, Constant):
                branches.append(self._walk(self._plan(branch), steps, free, tests))
                continue
            if isinstance(branch, Ident | Select) or is_chain(branch):
                base, inner, inner_tests = self._chain(branch)
                if not inner_tests and not (isinstance(base, Call) and base.function == "_?_:_"):
                    start, _ = self._start(base)
                    branches.append(self._walk(start, [*inner, *steps], free, tests))
                    continue
            branches.append(self._walk(self._plan(branch), steps, free, tests))
        one, other = branches

        def run(names: Names) -> Any:
            found = condition(names)
            if found is True:
                return one(names)
            if found is False:
                return other(names)
            return found if type(found) is Fault else Fault(NO_OVERLOAD)

        return run

    def _walk(self, start: Run, steps: Sequence[_Step], cost: int, tests: bool) -> Run:
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
                if step.run is not None and not is_step(key):
                    pay(paid)
                    return Fault(no_step(key))
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

    def _plain_walk(self, start: Run, keys: tuple[Any, ...], cost: int) -> Run:
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


def is_chain(node: Node) -> bool:
    """Whether a call is a step."""
    return isinstance(node, Call) and node.function in ("_[_]", "_?._", "_[?_]")


def _named(name: str) -> Run:
    type_ = TypeValue(name) if name in _TYPE_NAMES else None

    def run(names: Names) -> Any:
        if name in names:
            return names[name]
        return Fault(f"no such attribute(s): {name}") if type_ is None else type_

    return run


class Lazy:
    """A value that is worked out when somebody uses it."""

    __slots__ = ("_found", "_names", "_run")

    def __init__(self, run: Run, names: Names) -> None:
        self._run: Run | None = run
        self._names = names
        self._found: Any = None

    def value(self) -> Any:
        """It."""
        if self._run is not None:
            self._found, self._run = self._run(self._names), None
        return self._found


def _worked_out(name: str) -> Run:
    """A name that is perhaps one for such a value: a macro inside may have one of its own that hides it."""

    def run(names: Names) -> Any:
        found = names[name]
        return found.value() if type(found) is Lazy else found

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
