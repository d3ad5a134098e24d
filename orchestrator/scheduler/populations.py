"""How many pods of a kind each node holds: columns that follow the pods one by one.

Affinity and spreading ask "how many pods that match this selector are in each zone". A `Query` is
such a question; its answer is a column over the rows of nodes, counted once over all pods and then
kept in step with each pod that comes and goes. The sum over a zone is one `bincount` over the column
of the nodes' zones. `Held` is the other direction: which terms the pods that are there hold against
(or for) those that come. While nobody asks and no pod holds a term, pods cost nothing here.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Final, Literal, TypeAlias

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from orchestrator.api.core.v1 import Pod
from orchestrator.scheduler.affinity_terms import Labels, LabelsOfNamespace, PodSet, Terms, terms_of

Int64: TypeAlias = NDArray[np.int64]


class Query(Struct, frozen=True):
    """Pods that are in all of the sets; `living` leaves out those that are being deleted."""

    sets: tuple[PodSet, ...]
    living: bool = False


class Held(Struct, frozen=True):
    """A term that pods hold: for `anti` and `affinity` what they require, else what they prefer."""

    kind: Literal["anti", "affinity", "prefer"]
    pods: PodSet
    topology_key: str


class Population:
    """How many pods of a query each row holds, as a column and, where there are any, by row."""

    __slots__ = ("by_row", "column")

    def __init__(self, size: int) -> None:
        self.column: Int64 = np.zeros(size, np.int64)
        self.by_row: dict[int, int] = {}

    def add(self, row: int, sign: int) -> None:
        """A pod more, or less."""
        count = self.by_row.get(row, 0) + sign
        self.column[row] = count
        if count:
            self.by_row[row] = count
        else:
            del self.by_row[row]


class Populations:
    """The columns of all queries and of all terms that are held."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._counts: dict[Query, Population] = {}
        self._held: dict[Held, Int64] = {}
        self._holders: dict[Held, int] = {}
        # By what sets look at of a pod, the columns that count it: most pods come in replicas.
        self._counting: dict[Hashable, list[Population]] = {}
        self.labels_of: LabelsOfNamespace = _no_labels
        self.terms_changed = 0  # how often the set of held terms has changed

    @property
    def held(self) -> Mapping[Held, Int64]:
        """By term, the column of how many pods hold it (of `prefer`: the sum of their weights)."""
        return self._held

    def of(self, query: Query, pods: Callable[[], Iterable[tuple[Pod, int]]]) -> "Population":
        """The pods of a query; `pods` tells all there are, should the query be new."""
        population = self._counts.get(query)
        if population is None:
            self._counting.clear()
            if len(self._counts) >= _QUERIES:
                self._counts.clear()
            population = self._counts[query] = Population(self._size)
            for pod, row in pods():
                if self._belongs(query, pod):
                    population.add(row, 1)
        return population

    def add(self, pod: Pod, row: int, sign: int) -> None:
        """A pod came to a row (1), or went (-1)."""
        if self._counts:
            for population in self._counted_by(pod):
                population.add(row, sign)
        spec = pod.spec
        if spec is not None and spec.affinity is not None:
            self._hold(terms_of(pod), pod, row, sign)

    def relabelled(self) -> None:
        """A namespace has other labels: what asked for them is counted anew."""
        for query in [q for q in self._counts if any(s.namespace_selector for s in q.sets)]:
            del self._counts[query]
        self._counting.clear()
        self.terms_changed += 1

    def grow(self, size: int) -> None:
        """Make room for more rows."""
        more = size - self._size
        self._size = size
        nothing = np.zeros(more, np.int64)
        for population in self._counts.values():
            population.column = np.concatenate([population.column, nothing])
        for term, column in list(self._held.items()):
            self._held[term] = np.concatenate([column, nothing])

    def _counted_by(self, pod: Pod) -> list[Population]:
        metadata = pod.metadata
        key = (
            metadata.namespace,
            metadata.deletion_timestamp is None,
            tuple(metadata.labels.items()),
        )
        counting = self._counting.get(key)
        if counting is None:
            if len(self._counting) >= _QUERIES:
                self._counting.clear()
            counting = self._counting[key] = [
                population
                for query, population in self._counts.items()
                if self._belongs(query, pod)
            ]
        return counting

    def _belongs(self, query: Query, pod: Pod) -> bool:
        metadata = pod.metadata
        if query.living and metadata.deletion_timestamp is not None:
            return False
        namespace, labels = metadata.namespace, metadata.labels
        for each in query.sets:  # noqa: SIM110  # a generator would cost twice the loop
            if not each.matches(namespace, labels, self.labels_of):
                return False
        return True

    def _hold(self, terms: Terms, pod: Pod, row: int, sign: int) -> None:
        for pods, key in terms.anti:
            self._hold_one(Held("anti", pods, key), row, 1, sign)
        for pods, key in terms.affinity:
            self._hold_one(Held("affinity", pods, key), row, 1, sign)
        for pods, key, weight in terms.preferred:
            self._hold_one(Held("prefer", pods, key), row, weight, sign)

    def _hold_one(self, term: Held, row: int, weight: int, sign: int) -> None:
        column = self._held.get(term)
        if column is None:
            column = self._held[term] = np.zeros(self._size, np.int64)
            self._holders[term] = 0
            self.terms_changed += 1
        column[row] += weight * sign
        self._holders[term] += sign
        if not self._holders[term]:
            del self._held[term], self._holders[term]
            self.terms_changed += 1


_QUERIES: Final = 4096  # columns kept


def _no_labels(_namespace: str) -> Labels:
    return {}
