"""What evaluations may cost, and macros with two variables."""

from contextlib import suppress
from typing import Final

import pytest

from orchestrator.machinery.cel import (
    BUDGET_EXCEEDED,
    COST_EXCEEDED,
    CompileError,
    EvaluationError,
    Meter,
    OutOfBudget,
    compile_expression,
    scope_of,
)

SELF: Final = scope_of(frozenset({"self"}))


def test_what_is_long_and_cheap_has_a_value() -> None:
    """Turns are not counted, but what they cost."""
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
def test_what_fails_inside_a_macro_is_told(text: str, message: str) -> None:
    """In the original's words."""
    with pytest.raises(EvaluationError, match=message):
        compile_expression(text, SELF).value({"self": {"a": 1}})


@pytest.mark.parametrize(
    "text",
    [
        f"[{first}]{step * 15}.size() > 0"
        for first in ("'0123456789'", "[0]")
        for step in (".map(x, x + x + x + x)", ".map(x, [x, x, x, x])")
    ],
)
def test_what_multiplies_itself_is_ended(text: str) -> None:
    """A thousand million copies cost little where each is the same list; nobody has the memory for their texts."""
    with suppress(EvaluationError):
        assert compile_expression(text, SELF).value({"self": None}) is True


def test_a_text_that_replacements_multiply_is_ended() -> None:
    """A thousand million characters, where ten millions may be."""
    text = "'a'" + ".replace('a', 'aaaaaaaaaa')" * 9 + ".size() > 0"
    with pytest.raises(EvaluationError, match=COST_EXCEEDED):
        compile_expression(text, SELF).value({"self": None})


def test_a_short_evaluation_is_taken_from_the_budget_too() -> None:
    """However little it costs: many rules may ask much together."""
    budget = Meter(10)
    short = compile_expression("self.a == 'x'", SELF)
    for _ in range(3):
        assert short.value({"self": {"a": "x"}}, budget) is True
    with pytest.raises(OutOfBudget):
        short.value({"self": {"a": "x"}}, budget)
