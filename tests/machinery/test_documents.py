"""JSON as Python values."""

from typing import Any

import pytest

from orchestrator.machinery import documents


def nested(levels: int) -> Any:
    """Lists in objects in lists."""
    value: Any = 1
    for level in range(levels):
        value = [value] if level % 2 else {"a": value}
    return value


def test_depth() -> None:
    """Depth counts lists and objects, and stops at the limit however deep it goes."""
    assert documents.depth(1) == 0
    assert documents.depth({}) == documents.depth([]) == 1
    assert documents.depth({"a": [1, {"b": 2}], "c": 3}) == 3
    assert documents.depth(nested(100_000)) == documents.MAX_DEPTH + 1
    assert not documents.too_deep(nested(documents.MAX_DEPTH))
    assert documents.too_deep(nested(documents.MAX_DEPTH + 1))


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (1, 1.0, True),
        (1, True, False),
        (0, False, False),
        (0, None, False),
        ("1", 1, False),
        ([1, [2]], [1, [2]], True),
        ([1], [1, 2], False),
        ({"a": 1}, {"a": 1.0}, True),
        ({"a": 1}, {"a": True}, False),
        ({"a": 1}, {"b": 1}, False),
        ({}, [], False),
        (None, None, True),
    ],
)
def test_equal(left: Any, right: Any, expected: bool) -> None:
    """Equality is JSON's: numbers by value, never a number and a boolean."""
    assert documents.equal(left, right) is expected
    assert documents.equal(right, left) is expected


def test_copies() -> None:
    """A copy has containers of its own."""
    value = {"a": [{"b": 1}]}
    copy = documents.copied(value)
    assert copy == value
    assert copy["a"] is not value["a"]
    assert copy["a"][0] is not value["a"][0]


def test_scalars() -> None:
    """Scalars have a text and an identity that keep different things apart."""
    assert [documents.text_of(each) for each in (None, True, False, 1, "x")] == [
        "<nil>", "true", "false", "1", "x",
    ]  # fmt: skip
    assert len({documents.identity_of(each) for each in (1, 1.0, True, "1", None)}) == 4
    with pytest.raises(TypeError, match="object is no scalar"):
        documents.identity_of({})
