"""The nodes' topology as columns: for each label that anybody asks about, a number for each of its values."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Int64: TypeAlias = NDArray[np.int64]


class Domains:
    """Columns over rows whose labels somebody else keeps: -1 where the label is missing."""

    def __init__(self, labels: Sequence[Mapping[str, str]]) -> None:
        self._labels = labels
        self._columns: dict[str, Int64] = {}
        self._numbers: dict[str, dict[str, int]] = {}

    def of(self, key: str, rows: Iterable[int], size: int) -> Int64:
        """The column of a label; if nobody asked before, it is made of the labels of these rows."""
        column = self._columns.get(key)
        if column is None:
            self._numbers[key] = {}
            self._columns[key] = column = np.full(size, -1, np.int64)
            for row in rows:
                column[row] = self._number(key, row)
        return column

    def count(self, key: str) -> int:
        """How many values a label has had; the label was asked for before."""
        return len(self._numbers[key])

    def put(self, row: int) -> None:
        """A row has other labels."""
        for key, column in self._columns.items():
            column[row] = self._number(key, row)

    def grow(self, more: int) -> None:
        """There are so many more rows, without labels yet."""
        for key, column in list(self._columns.items()):
            self._columns[key] = np.concatenate([column, np.full(more, -1, np.int64)])

    def _number(self, key: str, row: int) -> int:
        value = self._labels[row].get(key)
        numbers = self._numbers[key]
        return -1 if value is None else numbers.setdefault(value, len(numbers))
