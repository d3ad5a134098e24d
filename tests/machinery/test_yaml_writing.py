"""JSON values as YAML."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.machinery import manifests
from orchestrator.machinery.yaml_writing import yaml_text

_TEXT = st.text(
    st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("\n\t"), max_size=20
)
_WORDS = st.sampled_from(
    ["y", "No", "on", "~", "", "1e3", "0755", "0x1F", "12:30", "<<", "=", ".inf", "-", "# a"]
)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | _TEXT | _WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(string.ascii_letters + ".:/-", min_size=1), _VALUES, max_size=3))
def test_what_is_written_reads_as_it_was(value: dict[str, object]) -> None:
    """Whatever JSON can say."""
    assert manifests.load_noting(yaml_text(value), "text") == (value, [])


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"b": "y", "a": "1e3"}, 'a: "1e3"\nb: "y"\n'),
        ({"a": "2026-11-28T18:32:27Z"}, 'a: "2026-11-28T18:32:27Z"\n'),
        ({"a": "x\ny\n"}, "a: |\n  x\n  y\n"),
        ({"a": ["b: c"]}, "a:\n- 'b: c'\n"),
        ({"a": ["*", "!", "=", "<<"]}, "a:\n- '*'\n- '!'\n- =\n- <<\n"),
        ({"a10": 1, "a9": 2, "f:a": {}, ".": {}}, ".: {}\na9: 2\na10: 1\nf:a: {}\n"),
    ],
)
def test_styles_and_order_are_kubernetes(value: object, text: str) -> None:
    """As its library writes the same."""
    assert yaml_text(value) == text
