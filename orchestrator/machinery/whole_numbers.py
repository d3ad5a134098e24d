"""Numbers of free JSON as Kubernetes stores them: Go writes 1.0 as 1, and reads it back as a whole number.

Below 1e21 it writes all digits. A whole number that is too large for 64 bits stands for a float, then.
"""

from decimal import Decimal
from typing import Any, Final

_LEAVES: Final = frozenset({str, bool, type(None)})
_INT64: Final = 1 << 63
# From here on Go writes an exponent.
_GREAT: Final = 1e21


def with_whole_numbers(value: Any) -> Any:
    """The value with whole numbers for those without a fraction; the value itself where there are none."""
    return value if _is_plain(value) else _plain(value)


def _is_plain(value: Any) -> bool:
    kind = type(value)
    if kind in _LEAVES:
        return True
    if kind is int:
        return bool(-_INT64 <= value < _INT64)
    if kind is dict:
        return all(type(part) in _LEAVES or _is_plain(part) for part in value.values())
    if kind is list:
        return all(type(part) in _LEAVES or _is_plain(part) for part in value)
    return not _is_whole(value)


def _plain(value: Any) -> Any:
    kind = type(value)
    if kind is dict:
        return {name: _plain(part) for name, part in value.items()}
    if kind is list:
        return [_plain(part) for part in value]
    if kind is int and not -_INT64 <= value < _INT64:
        value = float(value)
    # The digits that tell it apart, and zeros: not all that it has.
    return int(Decimal(repr(value))) if _is_whole(value) else value


def _is_whole(value: Any) -> bool:
    return type(value) is float and value.is_integer() and abs(value) < _GREAT
