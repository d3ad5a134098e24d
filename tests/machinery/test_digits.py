"""Numbers of any length, as clients spell them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.machinery.digits import whole


@given(st.integers(-(2**63), 2**63 - 1), st.integers(0, 30))
def test_what_64_bits_hold_is_read_exactly(number: int, zeros: int) -> None:
    """However many zeros lead it."""
    sign = "-" if number < 0 else ""
    assert whole(f"{sign}{'0' * zeros}{abs(number)}") == number


@pytest.mark.parametrize("digits", [20, 5_000, 1_000_000])
def test_what_is_longer_is_beyond_them(digits: int) -> None:
    """In no time, and with its sign."""
    assert whole("9" * digits) >= 2**64 > -(2**64) >= whole("-" + "9" * digits)


@pytest.mark.parametrize("text", ["", "x", "1" * 30 + "x", "\u0661" * 30, "+-" + "1" * 30])
def test_what_is_no_number_is_an_error(text: str) -> None:
    """A short one and a long one."""
    with pytest.raises(ValueError, match=r"."):
        whole(text)
