"""Numbers or percentages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.machinery import intstr
from orchestrator.machinery.errors import IntOrPercentError


@pytest.mark.parametrize(
    ("value", "total", "up", "down"),
    [(123, 7, 123, 123), ("90%", 100, 90, 90), ("90%", 95, 86, 85), ("0%", 9, 0, 0),
     ("25%", 3, 1, 0), ("150%", 3, 5, 4), ("-50%", 3, -1, -2)],
)  # fmt: skip
def test_resolve(value: intstr.IntOrString, total: int, up: int, down: int) -> None:
    """A number is itself; a percentage is of the total, rounded as asked."""
    assert intstr.resolve(value, total, round_up=True) == up
    assert intstr.resolve(value, total, round_up=False) == down


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("90", "invalid type: string is not a percentage"),
        ("90#", "invalid type: string is not a percentage"),
        ("%", 'invalid value "%": strconv.Atoi: parsing "": invalid syntax'),
        ("#%", 'invalid value "#%": strconv.Atoi: parsing "#": invalid syntax'),
    ],
)
def test_refused(value: str, message: str) -> None:
    """Any other text is refused, a bare number too."""
    with pytest.raises(IntOrPercentError) as caught:
        intstr.resolve(value, 10, round_up=True)
    assert caught.value.message == f"invalid value for IntOrString: {message}"
    assert caught.value.value == value


def test_validation() -> None:
    """The complaints are Kubernetes'."""
    assert intstr.percent_errors("1%") == ()
    assert intstr.percent_errors("-1%") == (intstr.PERCENT_RULE,)
    assert intstr.non_negative_errors("x") == (intstr.PERCENT_RULE,)
    assert intstr.non_negative_errors(-1) == ("must be greater than or equal to 0",)
    assert intstr.non_negative_errors(0) == ()
    assert intstr.at_most_all_errors("101%") == ("must not be greater than 100%",)
    assert intstr.at_most_all_errors("9" * 5000 + "%") == ("must not be greater than 100%",)
    assert intstr.at_most_all_errors("100%") == intstr.at_most_all_errors(999) == ()


def test_parse() -> None:
    """A 32-bit integer is one; everything else stays text."""
    assert intstr.parse("2147483647") == 2147483647
    assert intstr.parse("2147483648") == "2147483648"
    assert intstr.parse("http") == "http"
    assert intstr.percent_of(3) is None


@given(st.integers(0, 300), st.integers(0, 10**6))
def test_rounding(percent: int, total: int) -> None:
    """Up and down differ by at most one, and enclose the exact share."""
    up = intstr.resolve(f"{percent}%", total, round_up=True)
    down = intstr.resolve(f"{percent}%", total, round_up=False)
    assert down * 100 <= percent * total <= up * 100
    assert 0 <= up - down <= 1
