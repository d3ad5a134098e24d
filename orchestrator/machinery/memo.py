"""Answers remembered: by the identity of shared objects, and by short texts.

Objects are frozen and shared, but contain maps, so they have no hash; what they do have is
identity: the pods of one template hold the very same tuple of containers. A memo keeps the object
beside the answer, so that its id cannot be taken by another, and forgets everything when full.
"""

from collections.abc import Callable, Hashable
from functools import lru_cache, wraps
from typing import Any, Concatenate, Final, Generic, ParamSpec, TypeVar, cast

K = TypeVar("K")
P = ParamSpec("P")
V = TypeVar("V")

DEFAULT_CAPACITY = 1 << 13
LONGEST_TEXT: Final = 512


def remembered(
    capacity: int, longest: int = LONGEST_TEXT
) -> Callable[[Callable[Concatenate[str, P], V]], Callable[Concatenate[str, P], V]]:
    """Decorates a function of a text, and of few other things, whose last answers are remembered.

    Those of a text of more than `longest` characters are not: what clients say is of any length, and a memory
    that counts its entries alone would hold gigabytes of it.
    """

    def decorate(function: Callable[Concatenate[str, P], V]) -> Callable[Concatenate[str, P], V]:
        plain: Callable[..., V] = function
        kept: Callable[..., V] = lru_cache(maxsize=capacity)(function)

        # By position alone, and without a list of the others where there are none: either would
        # cost as much again as the look-up.
        def of_text(text: str) -> V:
            return kept(text) if len(text) <= longest else plain(text)

        def of_text_and_others(text: str, *others: Any) -> V:
            return kept(text, *others) if len(text) <= longest else plain(text, *others)

        alone = function.__code__.co_argcount == 1
        return wraps(function)(cast(Any, of_text if alone else of_text_and_others))

    return decorate


class IdentityMemo(Generic[K, V]):
    """A bounded memory of `compute(object)`, looked up by `id(object)`."""

    __slots__ = ("_answers", "_capacity", "_compute")

    def __init__(self, compute: Callable[[K], V], capacity: int = DEFAULT_CAPACITY) -> None:
        self._compute = compute
        self._capacity = capacity
        self._answers: dict[int, tuple[K, V]] = {}

    def __call__(self, key: K) -> V:
        """The answer for this very object; raises what `compute` raises, each time anew."""
        found = self._answers.get(id(key))
        if found is not None:
            return found[1]
        answer = self._compute(key)
        if len(self._answers) >= self._capacity:
            self._answers.clear()
        self._answers[id(key)] = (key, answer)
        return answer

    def __len__(self) -> int:
        return len(self._answers)


class MixedMemo(Generic[K, V]):
    """The same for a function of an object and of plain values, which are looked up by equality."""

    __slots__ = ("_answers", "_capacity", "_compute")

    def __init__(self, compute: Callable[..., V], capacity: int = DEFAULT_CAPACITY) -> None:
        self._compute = compute
        self._capacity = capacity
        self._answers: dict[tuple[Hashable, ...], tuple[K, V]] = {}

    def __call__(self, key: K, *values: Hashable) -> V:
        """The answer for this very object and equal values; errors are raised each time anew."""
        index = (id(key), *values)
        found = self._answers.get(index)
        if found is not None:
            return found[1]
        answer = self._compute(key, *values)
        if len(self._answers) >= self._capacity:
            self._answers.clear()
        self._answers[index] = (key, answer)
        return answer

    def __len__(self) -> int:
        return len(self._answers)


class PartsMemo(Generic[P, V]):
    """The same for a function of several objects: the parts of one that vary independently."""

    __slots__ = ("_answers", "_capacity", "_compute")

    def __init__(self, compute: Callable[P, V], capacity: int = DEFAULT_CAPACITY) -> None:
        self._compute = compute
        self._capacity = capacity
        self._answers: dict[tuple[int, ...], tuple[tuple[Any, ...], V]] = {}

    def __call__(self, *parts: P.args, **named: P.kwargs) -> V:
        """The answer for these very objects; pass them by position."""
        key = tuple(map(id, parts))
        found = self._answers.get(key)
        if found is not None:
            return found[1]
        answer = self._compute(*parts, **named)
        if len(self._answers) >= self._capacity:
            self._answers.clear()
        self._answers[key] = (parts, answer)
        return answer

    def __len__(self) -> int:
        return len(self._answers)
