"""Numbers of free JSON as they are stored."""

import pytest

from orchestrator.machinery.whole_numbers import with_whole_numbers


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        (1.0, "1"),
        (-1000.0, "-1000"),
        (1.5, "1.5"),
        (1e300, "1e+300"),
        ({"a": [1.0, {"b": 2.0}], "c": True}, "{'a': [1, {'b': 2}], 'c': True}"),
    ],
)
def test_a_number_without_a_fraction_is_stored_as_a_whole_one(given: object, stored: str) -> None:
    """At any depth, unless it is too large for one."""
    assert str(with_whole_numbers(given)) == stored


def test_what_has_no_such_number_stays_the_same_object() -> None:
    """So that nothing is copied, as hardly any object has one."""
    content = {"a": [1, 2.5, {"b": None}], "c": "1.0"}
    assert with_whole_numbers(content) is content
