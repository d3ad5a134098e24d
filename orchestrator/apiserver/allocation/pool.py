"""A pool of numbers that are owned by somebody or free: addresses of a network, ports."""

from itertools import chain
from random import Random


class Exhausted(Exception):
    """The pool has no free number left."""


class Pool:
    """The numbers from `first` to `last`, both included, and who owns which.

    A number may have several owners for a moment (an old and a new state); it is free when it has
    none. Pools of numbers that overlap share their `owners`. Free ones are drawn at random above `reserved` numbers at the start, which are left to
    those who ask for a certain one, as long as there are others.
    """

    __slots__ = ("_owners", "_reserved", "first", "last")

    def __init__(
        self, first: int, last: int, *, reserved: int = 0, owners: dict[int, str] | None = None
    ) -> None:
        self.first = first
        self.last = last
        self._reserved = reserved
        self._owners: dict[int, str] = {} if owners is None else owners

    def __contains__(self, number: int) -> bool:
        return self.first <= number <= self.last

    @property
    def counts(self) -> tuple[int, int]:
        """How many are taken, and how many are free."""
        taken = sum(number in self for number in self._owners)
        return taken, self.last - self.first + 1 - taken

    def owner(self, number: int) -> str | None:
        """Who owns the number; None: it is free."""
        return self._owners.get(number)

    def take(self, number: int, owner: str) -> None:
        """Write an owner down."""
        self._owners[number] = owner

    def release(self, number: int, owner: str) -> None:
        """Free the number, unless it is somebody else's."""
        if self._owners.get(number) == owner:
            del self._owners[number]

    def draw(self, random: Random, taken: set[int]) -> int:
        """A free number that is not in `taken` either. Raises Exhausted."""
        for first, last in ((self.first + self._reserved, self.last), (self.first, self.last)):
            if first > last:
                continue
            start = random.randint(first, last)
            for number in chain(range(start, last + 1), range(first, start)):
                if number not in self._owners and number not in taken:
                    return number
        raise Exhausted
