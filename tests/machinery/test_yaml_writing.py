"""JSON values as YAML."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.machinery import manifests
from orchestrator.machinery.yaml_writing import yaml_in_order, yaml_text

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
# Numbers of base 60, and what only looks like them.
_COLONS = 'a: "12:30"\nb: 127.0.0.1:30\nc: "1:2:3.5"\nd: 1:75\n'


@given(st.dictionaries(st.text(string.ascii_letters + ".:/-", min_size=1), _VALUES, max_size=3))
def test_what_is_written_reads_as_it_was(value: dict[str, object]) -> None:
    """Whatever JSON can say."""
    assert manifests.load_noting(yaml_text(value), "text") == (value, [])


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"b": "y", "a": "1e3"}, 'a: "1e3"\nb: "y"\n'),
        ({"a": "12:30", "b": "127.0.0.1:30", "c": "1:2:3.5", "d": "1:75"}, _COLONS),
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


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ([{"b": "", "a": [1]}], '- b: ""\n  a:\n    - 1\n'),
        ({"b": {"a": {"c": 1}}, "a": []}, "b:\n    a:\n        c: 1\na: []\n"),
        ("a" * 200 + " b", "a" * 200 + " b\n"),
        (False, "false\n"),
    ],
)
def test_the_newer_style_leaves_keys_where_they_were(value: object, text: str) -> None:
    """It indents by four, and by two behind a dash."""
    assert yaml_in_order(value) == text
