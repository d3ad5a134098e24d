"""Single requirements: what each operator takes."""

import pytest

from orchestrator.machinery.errors import SelectorError
from orchestrator.machinery.requirements import (
    Requirement,
    checked_requirement,
    integer,
    requirement_errors,
)

VALID = [
    ("x3", "in", ["foo"]),
    ("x4", "notin", ["foo", "bar"]),
    ("x6", "exists", []),
    ("x7", "!", []),
    ("x11", "gt", ["1"]),
    ("x12", "lt", ["6"]),
    ("x", "=", [""]),
    ("x", "!=", ["a"]),
]

FAULTY = [
    ("x1", "in", [], "values: Invalid value: null: for 'in', 'notin' operators, values set"),
    ("x5", "=", ["a", "b"], 'values: Invalid value: ["a","b"]: exact-match compatibility requires'),
    ("x8", "exists", ["foo"], 'values: Invalid value: ["foo"]: values set must be empty'),
    ("x13", "gt", [], "values: Invalid value: null: for 'Gt', 'Lt' operators, exactly one value"),
    (
        "x14",
        "lt",
        ["bar"],
        "values[0]: Invalid value: \"bar\": for 'Gt', 'Lt' operators, the value",
    ),
    ("a" * 254, "exists", [], f'key: Invalid value: "{"a" * 254}": name part must be no more than'),
    ("x16", "=", ["a" * 254], f'values[0][x16]: Invalid value: "{"a" * 254}": must be no more'),
    ("x17", "=", ["a b"], 'values[0][x17]: Invalid value: "a b": a valid label must be'),
    (
        "x18",
        "near",
        [],
        'operator: Unsupported value: "near": supported values: "in", "notin", "="',
    ),
]


@pytest.mark.parametrize(("key", "operator", "values"), VALID)
def test_valid(key: str, operator: str, values: list[str]) -> None:
    """Each operator takes its number of values."""
    assert requirement_errors(key, operator, values) == []


@pytest.mark.parametrize(("key", "operator", "values", "text"), FAULTY)
def test_faulty(key: str, operator: str, values: list[str], text: str) -> None:
    """A fault is named with the place in the requirement, below the given path."""
    (error,) = requirement_errors(key, operator, values)
    assert str(error).startswith(text)
    (error,) = requirement_errors(key, operator, values, "spec.x[1]")
    assert str(error).startswith(f"spec.x[1].{text}")


def test_checked() -> None:
    """A checked requirement has its values sorted, once each."""
    assert checked_requirement("a", "in", ["c", "b", "c"]) == Requirement("a", "in", ("b", "c"))
    with pytest.raises(SelectorError) as caught:
        checked_requirement("a", "gt", ["x"])
    assert caught.value.selector == "a"


def test_integers() -> None:
    """Labels are numbers if they are 64-bit integers."""
    assert integer("-5") == -5
    assert integer("+5") == 5
    assert integer(str(2**63 - 1)) == 2**63 - 1
    for text in ("", "1.0", "1_0", "٣", str(2**63), "9" * 1000):
        assert integer(text) is None
