"""What an expression may build: a bound that is found before it is evaluated."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.machinery.cel import COST_EXCEEDED, EvaluationError, compile_expression
from orchestrator.machinery.cel.expressions import _parsed
from orchestrator.machinery.cel.growth import growth

_TEXT = "'0123456789'"
_STEPS = (
    ".map(x, x + x)",
    ".map(x, x + 'abc' + x)",
    ".map(x, x)",
    ".map(x, x.size() > 1, x + 'a')",
    ".filter(x, x.size() > 1)",
    ".map(x, x.replace('0', '00'))",
    ".map(x, [x, x].join('-'))",
    ".map(x, x.size() > 10 ? x + x : x)",
)


@given(st.lists(st.sampled_from(_STEPS), max_size=6))
def test_nothing_is_larger_than_its_bound(steps: list[str]) -> None:
    """Whatever macros and functions stand behind one another."""
    text = f"[{_TEXT}]{''.join(steps)}"
    made = compile_expression(text, frozenset()).value({})
    assert sum(map(len, made)) <= 10 * growth(_parsed(text).tree)


@pytest.mark.parametrize("step", [".map(x, x + x + x + x)", ".map(x, [x, x, x, x])"])
@pytest.mark.parametrize("first", [_TEXT, "[0]"])
def test_what_multiplies_itself_is_not_begun(first: str, step: str) -> None:
    """Ten turns of each macro would do, so that no count of turns ends it; the original's words are said."""
    multiplied = compile_expression(f"[{first}]{step * 15}.size() > 0", frozenset())
    with pytest.raises(EvaluationError, match=COST_EXCEEDED):
        multiplied.value({})


def test_a_text_that_replacements_multiply_is_not_begun() -> None:
    """A thousand million characters, where ten millions may be."""
    text = "'a'" + ".replace('a', 'aaaaaaaaaa')" * 9 + ".size() > 0"
    with pytest.raises(EvaluationError, match=COST_EXCEEDED):
        compile_expression(text, frozenset()).value({})


@pytest.mark.parametrize(
    "text",
    [
        "object.a.map(x, x.name + ':' + x.image).filter(x, x != '').map(x, x.replace('&', '&amp;')).size() == 1",
        "object.b" + ".replace('.', '-')" * 20 + " == 'a-b'",
        "'a'" + ".replace('a', 'aaaaaaaaaa')" * 6 + ".size() == 1000000",
        "object.b" + ".split('.').map(x, x + x).join('.')" * 4 + " != ''",
    ],
)
def test_what_people_write_is_evaluated(text: str) -> None:
    """Chains of macros and of replacements that stay small."""
    variables = {"object": {"a": [{"name": "n", "image": "i"}], "b": "a.b"}}
    assert compile_expression(text, frozenset({"object"})).value(variables) is True


def test_lists_and_maps_that_are_built_are_bounded() -> None:
    """As texts are: what a policy's variable holds is the next one's material."""
    text = "lists.range(1000).map(i, object.b)"
    built = compile_expression(text, frozenset({"object"}))
    assert len(built.value({"object": {"b": "x" * 1000}})) == 1000
    with pytest.raises(EvaluationError, match=COST_EXCEEDED):
        built.value({"object": {"b": "x" * 20_000}})
