"""Why nodes that were promised to others are refused, kept from one attempt to the next.

As many nodes are promised as pods wait for their victims to go. Each attempt tells of all of them, and few have
changed since the last: so they are counted once, and then those that changed.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct

from orchestrator.api.core.v1 import Pod
from orchestrator.scheduler.nominations import Nominations
from orchestrator.scheduler.snapshot import Snapshot


class Blamed(Struct, frozen=True):
    """Who refuses a row, why (each reason counted), and whether evictions may help."""

    plugin: str
    reasons: Mapping[str, int]
    helpable: bool


class Remembered(Struct, frozen=True):
    """Who refuses a row, true of a version of the snapshot and of the pods that the row was promised to."""

    version: int
    promised: tuple[Pod, ...]
    answer: Blamed | None

    def holds(self, promised: tuple[Pod, ...], since: int) -> bool:
        """Whether it is true still; `since` is when the row became as it is."""
        return self.version >= since and self.promised == promised


class Promised:
    """The refusals of rows for pods of one shape and priority. `spans`: filters look at other rows, too.

    `blamed` has them by row, `reasons` and `plugins` are counted; an eviction may help the rows of `helpable`.
    """

    def __init__(self, nodes: Snapshot, nominations: Nominations, *, spans: bool) -> None:
        self._nodes, self._nominations, self._spans = nodes, nominations, spans
        self._version = self._seen = -1
        self._unknown: set[int] = set()
        self.blamed: dict[int, Blamed] = {}
        self.reasons: Counter[str] = Counter()
        self.plugins: Counter[str] = Counter()
        self.helpable: dict[int, None] = {}

    def catch_up(
        self,
        own: int | None,
        look: Callable[[int], Blamed | None],
        among: frozenset[int] | None = None,
    ) -> None:
        """Look at what may have changed, but for the row that was promised to the pod that asks: it sees another.

        With `among`, at some rows alone.
        """
        self._unknown |= self._changed() if among is None else self._of_promised(among)
        if own is not None:
            self._unknown.add(own)
        for row in self._unknown:
            self._forget(row)
        for row in self._unknown - {own}:
            found = look(row)
            if found is not None:
                self._count(row, found)
        self._unknown = set() if own is None else {own}

    def _count(self, row: int, found: Blamed) -> None:
        """A row is refused."""
        self.blamed[row] = found
        self.reasons.update(found.reasons)
        self.plugins[found.plugin] += 1
        if found.helpable:
            self.helpable[row] = None

    def _changed(self) -> set[int]:
        nodes, nominations = self._nodes, self._nominations
        names = nominations.changed_since(self._seen)
        touched: list[int] | None = None
        if self._version == nodes.version:
            touched = []
        elif not self._spans:
            touched = nodes.touched_since(self._version)
        self._seen, self._version = nominations.version, nodes.version
        if names is None or touched is None:
            rows = {*map(nodes.row_of, nominations.nodes()), *self.blamed}
        else:
            rows = {*map(nodes.row_of, names), *self.blamed.keys() & touched}
            rows |= self._of_promised(touched)
        return {row for row in rows if row is not None}

    def _of_promised(self, rows: Iterable[int]) -> set[int]:
        """Those of some rows whose nodes were promised to somebody."""
        names = self._nodes.names
        return {row for row in rows if self._nominations.is_promised(names[row])}

    def _forget(self, row: int) -> None:
        was = self.blamed.pop(row, None)
        if was is not None:
            self.reasons.subtract(was.reasons)
            self.plugins[was.plugin] -= 1
            self.helpable.pop(row, None)
