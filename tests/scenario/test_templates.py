"""Expressions in scenario files, by properties: they are Python's arithmetic, and whatever is written ends well."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.scenario.templates import ExpressionError, evaluate, fill, fill_text, filled

_NUMBERS = st.integers(-1000, 1000)
_WORDS = st.sampled_from(
    [
        *(
            "nodes",
            "index",
            "1",
            "0",
            "2.5",
            "1e999",
            '"a"',
            "+",
            "-",
            "*",
            "/",
            "//",
            "%",
            "(",
            ")",
        ),
        *(
            "<",
            "==",
            " if ",
            " else ",
            " and ",
            " not ",
            "max",
            "int",
            "str",
            ",",
            "99999999999",
            "x",
        ),
    ]
)


@given(_NUMBERS, st.sampled_from(["+", "-", "*", "//", "%", "/", "<", "=="]), _NUMBERS)
def test_arithmetic_is_pythons(left: int, operator: str, right: int) -> None:
    """With the file's names in it; what Python cannot compute is told as an ExpressionError."""
    text = f"left {operator} ({right})"
    try:
        wanted = eval(text, {"left": left})
    except ZeroDivisionError:
        with pytest.raises(ExpressionError, match="cannot be computed"):
            evaluate(text, {"left": left})
    else:
        assert evaluate(text, {"left": left}) == wanted


@given(st.lists(_WORDS, max_size=12).map("".join) | st.text(max_size=20))
def test_any_expression_has_a_value_or_an_error(text: str) -> None:
    """Never another exception, and never a value that is huge."""
    try:
        value = evaluate(text, {"nodes": 3, "index": 0})
    except ExpressionError:
        return
    assert isinstance(value, bool | int | float | str)
    assert len(str(value)) < 100_100


@pytest.mark.parametrize(
    "text", ['"a" * 999999999999', '99999999999 * "ab"', '"%999999999d" % 1', "1e999"]
)
def test_nothing_huge_is_made(text: str) -> None:
    """A text that would fill the memory is refused before it is made."""
    with pytest.raises(ExpressionError):
        evaluate(text, {})


@given(st.dictionaries(st.text(max_size=5), st.lists(st.integers() | st.text(max_size=8))))
def test_what_has_no_expression_stays_as_it_is(template: dict[str, list[int | str]]) -> None:
    """Whatever its shape; braces that are not closed are no expression."""
    plain = {
        key.replace("{{", ""): [
            each.replace("{{", "") if isinstance(each, str) else each for each in values
        ]
        for key, values in template.items()
    }
    assert filled(plain, {}) == plain


@given(_NUMBERS, st.text(st.characters(exclude_characters="{}"), min_size=1, max_size=8))
def test_an_expression_alone_keeps_its_type(value: int, beside: str) -> None:
    """And beside other text it is text."""
    names = {"n": value}
    assert fill("{{n}}", names) == value
    assert fill_text("{{n}}", names) == str(value)
    assert fill(beside + "{{ n }}", names) == f"{beside}{value}"
