"""What strategic merge must know of a field: how it merges, by which key, and what is inside.

The functions of this room take a `Rules` callable, so they can be read and tested without any
kind; `scheme_rules` is the one for the generated kinds.
"""

from collections.abc import Callable, Hashable
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from orchestrator.machinery.documents import Json, go_plain, identity_of, kind_of
from orchestrator.machinery.errors import PatchFormatError, PatchMergeError

Strategy: TypeAlias = Literal["merge", "replace", ""]

DIRECTIVE: Final = "$patch"
RETAIN_KEYS: Final = "$retainKeys"
DELETE_FROM: Final = "$deleteFromPrimitiveList/"
ELEMENT_ORDER: Final = "$setElementOrder/"


class FieldRule(Struct, frozen=True):
    """How one field merges.

    `strategy` "" is the default: objects merge, lists are replaced. `inner` names the type of
    the field's object, or of its items or map values; None where nothing is known (free-form).
    """

    strategy: Strategy = ""
    merge_key: str = ""
    retain_keys: bool = False
    inner: Hashable = None


Rules: TypeAlias = Callable[[Hashable, str], FieldRule]
"""(type, JSON field name) -> the rule; `PLAIN` for what is not known."""

PLAIN: Final = FieldRule()


def no_rules(_type: Hashable, _field: str) -> FieldRule:
    """Nothing is known of any field: everything merges as in a JSON merge patch."""
    return PLAIN


def element_kind(*lists: list[Json]) -> str:
    """The one JSON type of all items; "" when there are none.

    Raises PatchFormatError for lists of lists, PatchMergeError for mixed ones.
    """
    kinds = [kind_of(item) for items in lists for item in items]
    if not kinds:
        return ""
    if kinds[0] == "array":
        raise PatchFormatError("lists of lists are not supported")
    if len(set(kinds)) > 1:
        raise PatchMergeError(f"list element types are not identical: {go_plain(list(lists))}")
    return kinds[0]


def merge_value(item: Json, merge_key: str) -> tuple[str, Json]:
    """What tells an item of a merged list apart: its merge key's value, or itself.

    Raises PatchMergeError when it has none, PatchFormatError when it is no object.
    """
    if not merge_key:
        return _identity(item)
    if not isinstance(item, dict):
        raise PatchFormatError(
            f"expected a map[string]interface {{}}, but received a {kind_of(item)}"
        )
    if merge_key not in item:
        raise PatchMergeError(
            f"map: {go_plain(item)} does not contain declared merge key: {merge_key}"
        )
    return _identity(item[merge_key])


def _identity(value: Json) -> tuple[str, Json]:
    try:
        return identity_of(value)
    except TypeError as error:
        raise PatchFormatError(f"a merge key's value must be a scalar: {error}") from None


def positions(items: list[Json], merge_key: str) -> dict[tuple[str, Json], int]:
    """Where each identity first stands."""
    found: dict[tuple[str, Json], int] = {}
    for position, item in enumerate(items):
        found.setdefault(merge_value(item, merge_key), position)
    return found


def is_deletion(item: Json) -> bool:
    """Whether an item of a patch list says that its like is to go."""
    return isinstance(item, dict) and item.get(DIRECTIVE) == "delete"
