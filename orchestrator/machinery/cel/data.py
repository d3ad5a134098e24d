"""The values of expressions that Python has no types for.

Truths, whole numbers, doubles, texts, bytes, lists, maps with texts or numbers as keys, and null are Python's own.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from msgspec import Struct


class UInt(int):
    """A whole number without a sign: another type than whole numbers, though equal to the same ones."""

    __slots__ = ()


class Timestamp(Struct, frozen=True, eq=False):
    """A moment, in nanoseconds since 1970; `offset` are the minutes of the zone in which its text says it."""

    nanos: int
    offset: int = 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Timestamp) and self.nanos == other.nanos

    def __lt__(self, other: "Timestamp") -> bool:
        return self.nanos < other.nanos

    def __gt__(self, other: "Timestamp") -> bool:
        return self.nanos > other.nanos

    def __hash__(self) -> int:
        return hash(self.nanos)


class Duration(Struct, frozen=True, order=True):
    """A time between two moments, in nanoseconds."""

    nanos: int


class Perhaps(Struct, frozen=True):
    """A value that may be missing: a tuple of it, or an empty one."""

    held: tuple[Any, ...] = ()


NOTHING: Final = Perhaps()


class SetList(list[Any]):
    """A list whose items a schema says to be a set: equal to one with the same items in any order."""

    __slots__ = ()


class MapList(list[Any]):
    """A list whose items a schema says to be the values of a map, by the fields that are their keys."""

    __slots__ = ("keys",)

    def __init__(self, items: Iterable[Any], keys: tuple[str, ...]) -> None:
        super().__init__(items)
        self.keys = keys

    def key(self, item: Any) -> tuple[Any, ...] | None:
        """What an item is found by; None for one that is no map."""
        return tuple(item.get(name) for name in self.keys) if isinstance(item, Mapping) else None


class TypeValue(Struct, frozen=True):
    """A type as a value."""

    name: str


class Opaque(Struct, frozen=True):
    """A value of a type that Kubernetes adds: its kind, and what decides whether two are equal."""

    kind: str
    value: Any


class Fault:
    """What is wrong, in place of a value."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


class Overspent(Exception):
    """The evaluation costs more than it may."""


NO_OVERLOAD: Final = "no such overload"

_OPAQUE: Final = {
    "quantity": "kubernetes.Quantity",
    "url": "kubernetes.URL",
    "format": "kubernetes.NamedFormat",
    "semver": "kubernetes.Semver",
    "ip": "net.IP",
    "cidr": "net.CIDR",
    "authorizer": "kubernetes.authorization.Authorizer",
    "path check": "kubernetes.authorization.PathCheck",
    "group check": "kubernetes.authorization.GroupCheck",
    "resource check": "kubernetes.authorization.ResourceCheck",
    "decision": "kubernetes.authorization.Decision",
}
_NAMES: Final[Mapping[type, str]] = {
    bool: "bool",
    int: "int",
    UInt: "uint",
    float: "double",
    str: "string",
    bytes: "bytes",
    bytearray: "bytes",
    type(None): "null_type",
    list: "list",
    tuple: "list",
    SetList: "list",
    MapList: "list",
    dict: "map",
    Timestamp: "google.protobuf.Timestamp",
    Duration: "google.protobuf.Duration",
    Perhaps: "optional_type",
    TypeValue: "type",
}


def type_name(value: Any) -> str:
    """The type of a value, as faults and `type()` name it."""
    name = _NAMES.get(type(value))
    if name is not None:
        return name
    if isinstance(value, Opaque):
        return _OPAQUE[value.kind]
    return "map" if isinstance(value, Mapping) else type(value).__name__


def is_list(value: Any) -> bool:
    """Whether a value is a list."""
    return isinstance(value, list | tuple)
