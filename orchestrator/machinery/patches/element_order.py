"""The order of merged lists.

Items that the patch orders keep the patch's order, all others the document's, and the two
sequences are interleaved by the document's order where it knows both.
"""

from collections.abc import Iterable

from orchestrator.machinery.documents import Json
from orchestrator.machinery.errors import PatchFormatError
from orchestrator.machinery.patches.rules import (
    DIRECTIVE,
    ELEMENT_ORDER,
    is_deletion,
    merge_value,
    positions,
)


def check_order(patch: list[Json], order: list[Json], key: str, field: str) -> None:
    """The items of a patch list must stand in `order`, in that order; deletions need not."""
    plain = [item for item in patch if not (key and isinstance(item, dict) and DIRECTIVE in item)]
    wanted = iter(merge_value(item, key) for item in order)
    for item in plain if order else ():
        identity = merge_value(item, key)
        if all(identity != each for each in wanted):
            raise PatchFormatError(
                f"The order in patch list:\n{_keys(plain, key)}\n doesn't match "
                f"{ELEMENT_ORDER[:-1]} list:\n{_keys(order, key)}\n",
                field,
            )


def _keys(items: Iterable[Json], key: str) -> str:
    return str([merge_value(item, key)[1] for item in items])[:512]


def split(items: list[Json], chosen: list[Json], key: str) -> tuple[list[Json], list[Json]]:
    """The items that have their like in `chosen`, and the others."""
    known = positions(chosen, key)
    inside = [item for item in items if merge_value(item, key) in known]
    outside = [item for item in items if merge_value(item, key) not in known]
    return inside, outside


def order_after(present: list[Json], patch: list[Json], key: str) -> list[Json]:
    """The list in whose order others' items are placed, once the patch has deleted some.

    One would expect the document's list. But the original deletes and appends in place, so the
    first new items stand where deleted ones made room, and count as if the document had them
    last. It shows: with it a replaced container comes after a sidecar, without before.
    """
    gone = {merge_value(item, key) for item in patch if is_deletion(item)}
    if not gone:
        return present
    kept = [item for item in present if merge_value(item, key) not in gone]
    known = positions(present, key)
    new = [item for item in patch if DIRECTIVE not in item and merge_value(item, key) not in known]
    return (kept + new)[: len(present)]


def sorted_like(items: list[Json], order: list[Json], key: str) -> list[Json]:
    """The items in the order of their likes in `order`; deletions last."""
    where = positions(order, key)
    last = len(order)

    def rank(item: Json) -> tuple[bool, int]:
        return is_deletion(item), where.get(merge_value(item, key), last)

    return sorted(items, key=rank)


def interleaved(left: list[Json], right: list[Json], order: list[Json], key: str) -> list[Json]:
    """Both sequences in one. An item of `left` goes first only where `order` says so."""
    where = positions(order, key)
    result: list[Json] = []
    at = 0
    for item in right:
        here = where.get(merge_value(item, key))
        while at < len(left) and here is not None:
            before = where.get(merge_value(left[at], key))
            if before is None or before >= here:
                break
            result.append(left[at])
            at += 1
        result.append(item)
    return result + left[at:]
