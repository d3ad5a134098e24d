"""What a part of an expression becomes: a function of the variables, which pays for what it does."""

from collections.abc import Callable, MutableMapping
from typing import Any, Final, TypeAlias

from orchestrator.machinery.cel.data import Overspent, UInt, type_name

Names: TypeAlias = MutableMapping[str, Any]
Run: TypeAlias = Callable[[Names], Any]


class Meter:
    """What may still be spent."""

    __slots__ = ("left",)

    def __init__(self, limit: int) -> None:
        self.left = limit

    def pay(self, cost: int) -> None:
        """Raises Overspent."""
        self.left -= cost
        if self.left < 0:
            raise Overspent


class Unplannable(Exception):
    """A part that is worked out in advance has no value; the message is the original's."""


class Fixed:
    """What gives the same each time, and costs nothing."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __call__(self, names: Names) -> Any:
        return self.value


_GO_TYPES: Final = {
    "bool": "types.Bool",
    "int": "types.Int",
    "uint": "types.Uint",
    "double": "types.Double",
    "string": "types.String",
    "null_type": "types.Null",
    "list": "*types.baseList",
    "map": "*types.baseMap",
    "bytes": "types.Bytes",
    "google.protobuf.Timestamp": "types.Timestamp",
    "google.protobuf.Duration": "types.Duration",
    "optional_type": "*types.Optional",
    "type": "*types.Type",
}


def is_step(value: Any) -> bool:
    """Whether a value may be a key or an index."""
    return type(value) in (str, int, UInt, bool, float)


def go_type(value: Any) -> str:
    """The type as Go has it."""
    return _GO_TYPES.get(type_name(value), type_name(value))


def no_step(value: Any) -> str:
    """What is said of a value that may not."""
    return f"invalid qualifier type: {go_type(value)}"
