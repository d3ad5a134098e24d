"""What evaluations cost that are counted, and macros that only the evaluator of ours knows."""

from typing import Any, Final

import pytest

from orchestrator.machinery.cel import (
    BUDGET_EXCEEDED,
    COST_EXCEEDED,
    CompileError,
    EvaluationError,
    Meter,
    OutOfBudget,
    compile_expression,
)

SELF: Final = frozenset({"self"})


def _cost(text: str, value: Any = None) -> int:
    """Of one turn of what is evaluated a hundred times: all else is the same for all."""
    budget = Meter(10_000_000)
    compile_expression(f"lists.range(100).map(x, {text}).size() == 100", SELF).value(
        {"self": value}, budget
    )
    return (10_000_000 - budget.left) // 100


@pytest.mark.parametrize(
    ("text", "cost"),
    [
        ("x", 1),
        ("x >= 0", 2),
        ("self.a.b", 3),
        ("has(self.a.b)", 2),
        ("self.a.?b.orValue('z') == 'z'", 3),
        ("'a' in ['b', 'c']", 0),
        ("'abcdefghijklm'.matches('[a-z]+')", 4),
        ("string(x) != 'abc'", 3),
        ("{'a': x}.a == x && [x][0] == x", 30 + 1 + 2 + 1 + 1 + 10 + 1 + 2 + 1 + 1),
        ("quantity('1').isLessThan(quantity('2'))", 3),
        ("true ? x : self.a.b", 1),
    ],
)
def test_turns_cost_what_they_cost_the_original(text: str, cost: int) -> None:
    """By the original's tariff; half of them were measured at it, too, by how many turns its million allows.

    An item of a list costs 14 beside.
    """
    assert _cost(text, {"a": {"b": "z"}}) - _cost("true") == cost


def test_what_is_long_and_cheap_has_a_value() -> None:
    """The library ends an evaluation after 10 000 turns; the original counts their costs."""
    expression = compile_expression("lists.range(20000).all(x, x >= 0)", SELF)
    assert expression.value({"self": None}) is True


def test_what_all_may_cost_together_is_taken_away() -> None:
    """Of an evaluation that is ended, too; what is left over may not suffice for the next."""
    text = "lists.range(1000).all(x, lists.range(1000).all(y, x + y >= 0))"
    budget = Meter(1_500_000)
    with pytest.raises(EvaluationError, match=COST_EXCEEDED):
        compile_expression(text, SELF).value({"self": None}, budget)
    with pytest.raises(OutOfBudget, match=BUDGET_EXCEEDED):
        compile_expression(text, SELF).value({"self": None}, budget)


@pytest.mark.parametrize(
    ("text", "gives"),
    [
        ("[1, 2].all(i, v, v > i)", True),
        ("self.all(k, v, k != v)", True),
        ("self.exists(k, v, v == 'y')", True),
        ("[3, 4].existsOne(i, v, v == 4)", True),
        ("[3, 3].exists_one(i, v, v == 3)", False),
        ("['a', 'b'].transformList(i, v, string(i) + v)", ["0a", "1b"]),
        ("['a', 'b'].transformList(i, v, i > 0, v)", ["b"]),
        ("self.transformMap(k, v, v + '!')", {"a": "x!", "b": "y!"}),
        ("self.transformMap(k, v, k == 'a', 1)", {"a": 1}),
        ("self.transformMapEntry(k, v, {v: k})", {"x": "a", "y": "b"}),
        ("self.transformList(k, v, [v].map(e, e + k))", [["xa"], ["yb"]]),
    ],
)
def test_macros_have_two_variables(text: str, gives: object) -> None:
    """Index and value of a list, key and value of a map."""
    assert compile_expression(text, SELF).value({"self": {"a": "x", "b": "y"}}) == gives


def test_macros_with_two_variables_are_checked() -> None:
    """Names that there are not, as elsewhere."""
    with pytest.raises(CompileError, match="undeclared reference to 'q'"):
        compile_expression("self.all(k, v, q)", SELF)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1].map(x, self.b)", "no such key: b"),
        ("[1].map(x, [2][x])", "index out of bounds: 1"),
        ("[1].map(x, x / 0)", "division by zero"),
        ("[9223372036854775807].map(x, x + 1)", "integer overflow"),
        ("[1].map(x, 'a' + dyn(x))", "no such overload"),
        ("['a', 'a'].transformMapEntry(i, v, {v: i})", "insert failed: key a already exists"),
    ],
)
def test_what_is_counted_fails_in_the_same_words(text: str, message: str) -> None:
    """As what the library evaluates."""
    with pytest.raises(EvaluationError, match=message):
        compile_expression(text, SELF).value({"self": {"a": 1}})


@pytest.mark.parametrize(
    ("text", "gives"),
    [
        ("[0, 1].filter(x, x == 1 || 1 / x == 1)", EvaluationError),
        ("[1, 0].map(x, x == 1 || 1 / x == 1 || true)", [True, True]),
        ("[1].map(x, self.?b.?c.hasValue())", [False]),
        ("[1].map(x, self.?a.value())", [1]),
        ("[1].map(x, type(x) == int)", [True]),
        ("[1].map(x, optional.of(x).orValue(2))", [1]),
        ("[1].map(x, sets.contains([x], [1]))", [True]),
        ("[1].map(x, size(self))", [1]),
        ("[b'a'].map(x, string(x))", ["a"]),
        ("[1].map(x, {'k': x, ?'l': self.?b})", [{"k": 1}]),
        ("[1].map(x, [x, ?self.?b, ?self.?a])", [[1, 1]]),
    ],
)
def test_what_is_counted_gives_what_the_library_gives(text: str, gives: Any) -> None:
    """Errors beside a value that decides are passed over, absent fields are absent."""
    expression = compile_expression(text, SELF)
    if gives is EvaluationError:
        with pytest.raises(EvaluationError):
            expression.value({"self": {"a": 1}})
    else:
        assert expression.value({"self": {"a": 1}}) == gives
