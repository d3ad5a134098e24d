"""The types of CEL, and when a value of one fits where another is expected.

Follows https://github.com/google/cel-spec/blob/master/doc/langdef.md#gradual-type-checking as cel-go implements
it: what is not known is `dyn`, which fits everywhere; parameters of generic functions are found by unification.
"""

from collections.abc import Mapping, Sequence
from typing import Final, Literal, TypeAlias

from msgspec import Struct

Kind: TypeAlias = Literal[
    "plain", "list", "map", "type", "struct", "opaque", "parameter", "wrapper"
]


class Type(Struct, frozen=True):
    """One type. `kind` "plain" is one of CEL's own without parts, "struct" a message with fields, "wrapper" a message
    around a value that may be null.
    """

    name: str
    kind: Kind = "plain"
    parts: "tuple[Type, ...]" = ()


DYN: Final = Type("dyn")
# A value of a type that is not known, and not a list or map for sure.
ANY: Final = Type("any")
ERROR: Final = Type("!error!")
NULL: Final = Type("null_type")
BOOL: Final = Type("bool")
INT: Final = Type("int")
UINT: Final = Type("uint")
DOUBLE: Final = Type("double")
STRING: Final = Type("string")
BYTES: Final = Type("bytes")
TIMESTAMP: Final = Type("timestamp")
DURATION: Final = Type("duration")
ANY_TYPE: Final = Type("type", "type")
UNSPECIFIED: Final = Type("")

PLAIN: Final[Mapping[str, Type]] = {
    each.name: each
    for each in (DYN, NULL, BOOL, INT, UINT, DOUBLE, STRING, BYTES, TIMESTAMP, DURATION, ANY_TYPE)
}
_PROTOBUF: Final = {
    "timestamp": "google.protobuf.Timestamp",
    "duration": "google.protobuf.Duration",
    "any": "google.protobuf.Any",
}


def list_of(element: Type) -> Type:
    """A list."""
    return Type("list", "list", (element,))


def map_of(key: Type, value: Type) -> Type:
    """A map."""
    return Type("map", "map", (key, value))


def optional_of(value: Type) -> Type:
    """A value that may be missing."""
    return Type("optional_type", "opaque", (value,))


def wrapper_of(value: Type) -> Type:
    """A message around a value that may be null."""
    return Type("wrapper", "wrapper", (value,))


def struct_of(name: str) -> Type:
    """A message of a type whose fields the environment knows."""
    return Type(name, "struct")


def shown(type_: Type, *, by_protobuf: bool = False) -> str:
    """The type as the checker's reports name it; `by_protobuf`: as they name what an expression gives."""
    if not by_protobuf and type_ == NULL:
        return "null"
    name = _PROTOBUF.get(type_.name, type_.name) if by_protobuf else type_.name
    if not type_.parts:
        return name
    parts = ", ".join(shown(each, by_protobuf=by_protobuf) for each in type_.parts)
    return f"{name}({parts})"


def is_open(type_: Type) -> bool:
    """Whether the type says nothing: it is not known, or there was an error."""
    return type_ in (DYN, ANY, ERROR)


def is_optional(type_: Type) -> bool:
    """Whether a value may be missing."""
    return type_.kind == "opaque" and type_.name == "optional_type"


class Bindings:
    """What the parameters of generic functions were found to be."""

    def __init__(self) -> None:
        self._found: dict[Type, Type] = {}
        self._fresh = 0

    def fresh(self) -> Type:
        """A parameter of which nothing is known."""
        self._fresh += 1
        return Type(f"_var{self._fresh - 1}", "parameter")

    def resolved(self, type_: Type, *, to_dyn: bool = False) -> Type:
        """The type with all that is known of its parameters; `to_dyn`: of the others nothing will be."""
        found = self._found.get(type_)
        if found is not None:
            return self.resolved(found, to_dyn=to_dyn)
        if type_.kind == "parameter":
            return DYN if to_dyn else type_
        if not type_.parts:
            return type_
        parts = tuple(self.resolved(each, to_dyn=to_dyn) for each in type_.parts)
        return Type(type_.name, type_.kind, parts)

    def fit(self, given: Sequence[Type], wanted: Sequence[Type]) -> bool:
        """Whether these types fit those, one by one; what that says of parameters is kept if so."""
        before = dict(self._found)
        if len(given) == len(wanted) and all(map(self._assignable, given, wanted)):
            return True
        self._found = before
        return False

    def _assignable(self, one: Type, other: Type) -> bool:
        if other.kind == "parameter":
            fits, known = self._substitutes(one, other)
            if fits or known:
                return fits
        if one.kind == "parameter":
            return self._substitutes(other, one)[0]
        if is_open(one) or is_open(other):
            return True
        if "wrapper" in (one.kind, other.kind):
            inner = [each.parts[0] if each.kind == "wrapper" else each for each in (one, other)]
            return NULL in inner or self._assignable(*inner)
        if one == NULL or other == NULL:
            rest = other if one == NULL else one
            return (
                rest == NULL or rest.kind in ("opaque", "struct") or rest in (TIMESTAMP, DURATION)
            )
        if one.kind == "type":
            return other.kind == "type"
        if one.kind != other.kind or one.name != other.name or len(one.parts) != len(other.parts):
            return False
        return all(map(self._assignable, one.parts, other.parts))

    def _substitutes(self, one: Type, parameter: Type) -> tuple[bool, bool]:
        """Whether the type can stand for a parameter, and whether something stood for that before."""
        if one == parameter:
            return True, True
        before = self._found.get(parameter)
        if before is not None:
            if one == before:
                return True, True
            if not self._assignable(one, before):
                return False, True
            general = one if is_as_general(one, before) else before
            if self._is_free_of(parameter, general):
                self._found[parameter] = general
            return True, True
        if self._is_free_of(parameter, one):
            self._found[parameter] = one
            return True, False
        return False, False

    def _is_free_of(self, parameter: Type, within: Type) -> bool:
        if parameter == within:
            return False
        if within.kind == "parameter":
            found = self._found.get(within)
            return found is None or self._is_free_of(parameter, found)
        return all(self._is_free_of(parameter, each) for each in within.parts)


def is_as_general(one: Type, other: Type) -> bool:
    """Whether whatever is of the other type is of this one, too."""
    if one in (DYN, ANY) or one.kind == "parameter":
        return True
    if other in (DYN, ANY) or other.kind == "parameter" or one.kind != other.kind:
        return False
    if one.kind == "type":
        return True
    if one.name != other.name or len(one.parts) != len(other.parts):
        return False
    return all(map(is_as_general, one.parts, other.parts))


def is_equivalent(one: Type, other: Type) -> bool:
    """Whether two types are the same, whatever the names of their parameters."""
    if one.kind != other.kind or len(one.parts) != len(other.parts):
        return False
    if one.kind != "parameter" and one.name != other.name:
        return False
    return all(map(is_equivalent, one.parts, other.parts))
