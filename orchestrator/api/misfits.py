"""Says of a value that does not fit its field what Go says: its kind, where it stands, and the field's type."""

import json
from collections.abc import Callable
from functools import lru_cache
from types import NoneType
from typing import Any, Final, NamedTuple, TypeAlias

from orchestrator.api.errors import DecodeError, OwnDecodeError
from orchestrator.api.facts import GO_NAMES

INT_BOUNDS: Final = {"int32": 2**31, "int64": 2**63}


class Place(NamedTuple):
    """Where a value stands: as a path with indexes, and as Go says it (struct after group and version, fields)."""

    path: str
    struct: str
    fields: str

    def item(self, key: str) -> "Place":
        """Within a list or a map, which Go does not count."""
        return Place(self.path + key, self.struct, self.fields)


# Takes a value that is not null, its place, and the list for unknown fields. Without a place it raises Doubtful
# where it would have to say one.
Reader: TypeAlias = Callable[[Any, Place | None, list[str]], Any]


class Doubtful(Exception):
    """There is something to be said of a document that is read without places."""


def place_of(place: Place | None) -> Place:
    """The place. Raises Doubtful if there is none."""
    if place is None:
        raise Doubtful
    return place


# Where a uid is a user's, which is mere text.
_USERS: Final = ("UserInfo", "SubjectAccessReviewSpec", "CertificateSigningRequestSpec")


def unfit(value: Any, at: Place | None, wanted: str, *, by_itself: bool = False) -> DecodeError:
    """`json: cannot unmarshal string into Go struct field PodSpec.spec.hostNetwork of type bool`.

    `by_itself`: the field's type reads itself, as something of the type `wanted`; out of a tree it does not
    know where it stands. Raises Doubtful without a place.
    """
    place = place_of(at)
    kind = _kind(value)
    named = "" if by_itself else _named(place, wanted)
    if place.fields.endswith(
        "extra"
    ):  # what reviews and requests say of a user has a type of its own
        wanted = wanted.replace("[]string", "v1.ExtraValue")
    if (
        wanted == "string"
        and place.fields.endswith("uid")
        and place.struct.rpartition(".")[2] not in _USERS
    ):
        named = "types.UID"
    shown = f"number {value}" if kind == "number" and wanted in (*INT_BOUNDS, "uint8") else kind
    struct = place.struct.rpartition(".")[2]
    where = f"struct field {struct}.{place.fields}" if place.fields else "value"
    words = f"json: cannot unmarshal {shown} into Go {where} of type {named or wanted}"
    said = f"expected {_json_type(wanted)}, got {shown}"
    patch_words = _not_restored(value, wanted, named) if place.fields else ""
    if by_itself:
        patch_words = f"json: cannot unmarshal {shown} into Go value of type {wanted}"
    error = OwnDecodeError if by_itself else DecodeError
    return error(place.path, said, words=words, patch_words=patch_words)


def _named(place: Place, wanted: str) -> str:
    """The name that the type of a field has in Go; "" if it is `wanted`."""
    types = go_names()["types"]
    name = types.get(place.struct, {}).get(place.fields.rpartition(".")[2], "")
    if name.startswith("map:"):
        return name[4:] if wanted.startswith("map[") else ""
    if name.startswith("list:"):
        return name[5:] if wanted.startswith("[]") else ""
    if name.startswith("[]"):
        return name if wanted.startswith("[]") else name[2:]
    return name


@lru_cache(maxsize=1)
def go_names() -> dict[str, dict[str, dict[str, str]]]:
    """The names that Go has for types, and its paths to fields."""
    facts: dict[str, dict[str, dict[str, str]]] = json.loads(GO_NAMES.read_text())
    return facts


_GO_KINDS: Final = {
    bool: "bool",
    int: "int64",
    float: "float64",
    str: "string",
    list: "slice",
    dict: "map",
}


def _not_restored(value: Any, wanted: str, named: str) -> str:
    """`cannot restore map from string`: of a document that is no text any more."""
    kind = _GO_KINDS.get(type(value), "")
    if wanted.startswith("map["):
        return f"cannot restore map from {kind}"
    if wanted.startswith("[]"):
        return f"cannot restore slice from {kind}"
    if "." in wanted:
        return f"cannot restore struct from: {kind}"
    # Go itself would convert numbers into one another, and a whole number into a text.
    if kind == "int64" or (kind == "float64" and wanted in INT_BOUNDS):
        return (
            f"cannot convert {kind} to {named or wanted}"
            if wanted != "bool"
            else "unrecognized type: bool"
        )
    return f"unrecognized type: {wanted}"


def _json_type(go_type: str) -> str:
    if go_type.startswith("[]"):
        return "string" if go_type == "[]uint8" else "array"
    return "object" if "." in go_type or go_type.startswith("map[") else go_type


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    kinds = ((dict, "object"), (list, "array"), (str, "string"), (NoneType, "null"))
    return next((name for type_, name in kinds if isinstance(value, type_)), "number")
