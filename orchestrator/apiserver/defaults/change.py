"""Small changes to frozen objects, which answer the very same object when there is none.

That is what lets a default cost nothing when it is there already, and what keeps parts of objects
shared: a new object is made only around a part that is different.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from msgspec.structs import replace

S = TypeVar("S")
T = TypeVar("T")


def put(obj: S, **parts: Any) -> S:
    """The object with these fields; itself when each is the same object already."""
    changes = {name: part for name, part in parts.items() if getattr(obj, name) is not part}
    return replace(obj, **changes) if changes else obj  # type: ignore[type-var]


def fill(obj: S, **defaults: Any) -> S:
    """The object with defaults in the fields that are unset. What is a pointer in Go is set by "", too."""
    changes = {name: default for name, default in defaults.items() if getattr(obj, name) is None}
    return replace(obj, **changes) if changes else obj  # type: ignore[type-var]


def fill_zero(obj: S, **defaults: Any) -> S:
    """The same where "" or zero means unset: what Go keeps without a pointer."""
    changes = {name: default for name, default in defaults.items() if not getattr(obj, name)}
    return replace(obj, **changes) if changes else obj  # type: ignore[type-var]


def each(items: tuple[T, ...], default: Callable[[T], T]) -> tuple[T, ...]:
    """Every item defaulted; the same tuple when all of them stayed."""
    if not items:
        return items
    changed = tuple(map(default, items))
    same = all(new is old for new, old in zip(changed, items, strict=True))
    return items if same else changed


def maybe(part: T | None, default: Callable[[T], T]) -> T | None:
    """A part that may be missing, defaulted when it is there."""
    return None if part is None else default(part)


def merged(present: Mapping[str, T], further: Mapping[str, T]) -> Mapping[str, T]:
    """A map with further entries where it has none; itself when it has them all."""
    if further.keys() <= present.keys():
        return present
    return {**further, **present}
