"""Numbers that clients spell, of any length: Python reads no more than some thousand digits."""

from typing import Final

_READ: Final = 20  # digits of the largest number of 64 bits
_BEYOND: Final = 10**_READ


def whole(text: str) -> int:
    """The number that decimal digits spell, perhaps with a sign; of those beyond 64 bits one for all.

    Raises ValueError for what is no number.
    """
    if len(text) <= _READ:
        return int(text)
    digits = text[1:] if text[0] in "+-" else text
    if not (digits.isascii() and digits.isdecimal()):
        raise ValueError(f"no number: {text[:_READ]}...")
    digits = digits.lstrip("0")
    number = int(digits or "0") if len(digits) < _READ else _BEYOND
    return -number if text[0] == "-" else number


def is_unsigned(text: str) -> bool:
    """Whether the text is a decimal number of 64 bits without a sign, as `strconv.ParseUint` reads it."""
    return text.isascii() and text.isdecimal() and whole(text) < 1 << 64
