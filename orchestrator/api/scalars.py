"""The scalar types of the API, and the empty values that generated fields default to."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, NewType, TypeAlias, TypeVar

# RFC 3339 in UTC: `2024-01-01T00:00:00Z`, with six digits of fraction in a MicroTime. Kept as text:
# it is what the wire wants, equal instants share one string, and it sorts as time does.
Time = NewType("Time", str)
MicroTime = NewType("MicroTime", str)

# `machinery.quantities` reads it; the API server writes the canonical string.
Quantity: TypeAlias = str | int | float
IntOrString: TypeAlias = int | str
Json: TypeAlias = Any

# Mappings inside objects are shared and never changed; this one cannot be.
EMPTY: Final[Mapping[str, Any]] = MappingProxyType({})


def required_tuple() -> tuple[Any, ...]:
    """The zero value of a list that is always written."""
    return ()


def required_mapping() -> Mapping[str, Any]:
    """The zero value of a map that is always written."""
    return {}


T = TypeVar("T")


def shared(make: Callable[[], T]) -> Callable[[], T]:
    """The zero value of a struct that is always written: one object for all that say nothing else.

    It is made late, since types name each other in any order.
    """
    made: list[T] = []

    def zero() -> T:
        if not made:
            made.append(make())
        return made[0]

    return zero
