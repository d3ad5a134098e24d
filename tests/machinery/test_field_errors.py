"""Complaints about fields."""

import pytest

from orchestrator.api.scalars import EMPTY
from orchestrator.machinery import field_errors
from orchestrator.machinery.field_errors import FieldError

TEXTS: list[tuple[FieldError, str]] = [
    (field_errors.invalid("a.b", "x", "wrong"), 'a.b: Invalid value: "x": wrong'),
    (field_errors.invalid("a", -1, "wrong"), "a: Invalid value: -1: wrong"),
    (field_errors.invalid("a", True, "wrong"), "a: Invalid value: true: wrong"),
    (field_errors.invalid("a", ["x"], "wrong"), 'a: Invalid value: ["x"]: wrong'),
    (field_errors.invalid("a", EMPTY, "wrong"), "a: Invalid value: {}: wrong"),
    (field_errors.invalid("a", 'q"\n', "wrong"), 'a: Invalid value: "q\\"\\n": wrong'),
    (field_errors.required("a"), "a: Required value"),
    (field_errors.required("a", "must be set"), "a: Required value: must be set"),
    (field_errors.duplicate("a", "x"), 'a: Duplicate value: "x"'),
    (field_errors.forbidden("a", "not here"), "a: Forbidden: not here"),
    (field_errors.not_found("a", "x"), 'a: Not found: "x"'),
    (
        field_errors.not_supported("a", "x", ["y", "z"]),
        'a: Unsupported value: "x": supported values: "y", "z"',
    ),
    (field_errors.not_supported("a", "x", []), 'a: Unsupported value: "x"'),
    (field_errors.too_long("a", 1), "a: Too long: may not be more than 1 byte"),
    (field_errors.too_long("a", 63), "a: Too long: may not be more than 63 bytes"),
    (field_errors.too_many("a", 3, 2), "a: Too many: 3: must have at most 2 items"),
    (field_errors.too_many("a", 3, 1), "a: Too many: 3: must have at most 1 item"),
]


@pytest.mark.parametrize(("error", "text"), TEXTS)
def test_texts(error: FieldError, text: str) -> None:
    """A complaint reads as Kubernetes prints it; its body is the part without the path."""
    assert str(error) == text
    assert error.body == text.removeprefix(f"{error.field}: ")


def test_paths() -> None:
    """Paths grow by fields, items and entries."""
    assert field_errors.child("", "spec") == "spec"
    assert field_errors.child("spec", "a", "b") == "spec.a.b"
    assert field_errors.index("a", 0) == "a[0]"
    assert field_errors.key("a", "x/y") == "a[x/y]"


def test_aggregate() -> None:
    """Several complaints are listed once each."""
    one, two = field_errors.required("a"), field_errors.required("b")
    assert field_errors.aggregate([one]) == "a: Required value"
    assert field_errors.aggregate([one, two, one]) == "[a: Required value, b: Required value]"
