"""How many pods of a kind each node holds: columns that follow the pods one by one.

Affinity and spreading ask "how many pods that match this selector are in each zone". A `Query` is
such a question; its answer is a column over the rows of nodes, counted once over all pods and then
kept in step with each pod that comes and goes. The sum over a zone is one `bincount` over the column
of the nodes' zones. `Held` is the other direction: which terms the pods that are there hold against
(or for) those that come. While nobody asks and no pod holds a term, pods cost nothing here.
"""

from collections.abc import Hashable, Mapping
from typing import Final, Literal, Protocol, TypeAlias

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from orchestrator.api.core.v1 import Pod
from orchestrator.scheduler.affinity_terms import Labels, LabelsOfNamespace, PodSet, Terms, terms_of

Int64: TypeAlias = NDArray[np.int64]
Pair: TypeAlias = tuple[str, str]


class Query(Struct, frozen=True):
    """Pods that are in all of the sets; `living` leaves out those that are being deleted."""

    sets: tuple[PodSet, ...]
    living: bool = False


class Held(Struct, frozen=True):
    """A term that pods hold: for `anti` and `affinity` what they require, else what they prefer."""

    kind: Literal["anti", "affinity", "prefer"]
    pods: PodSet
    topology_key: str


class Follower(Protocol):
    """Who keeps something in step with a population."""

    def changes(self, row: int, before: int, after: int) -> None:
        """A row is about to have another number of pods."""


class Population:
    """How many pods of a query each row holds, as a column and, where there are any, by row.

    `followers` hear of each change; each has a name, so that one that is out of date is replaced.
    """

    __slots__ = ("by_row", "column", "followers")

    def __init__(self, size: int) -> None:
        self.column: Int64 = np.zeros(size, np.int64)
        self.by_row: dict[int, int] = {}
        self.followers: dict[str, Follower] = {}

    def add(self, row: int, more: int) -> None:
        """Pods more, or less."""
        before = self.by_row.get(row, 0)
        count = before + more
        for follower in self.followers.values():
            follower.changes(row, before, count)
        self.column[row] = count
        if count:
            self.by_row[row] = count
        else:
            del self.by_row[row]


class _Alike:
    """Pods that no query tells apart, since namespace and labels are equal; who counts them."""

    __slots__ = ("by_row", "counted_by", "labels", "living", "namespace")

    def __init__(self, namespace: str, labels: Labels, living: bool) -> None:
        self.namespace, self.labels, self.living = namespace, labels, living
        self.by_row: dict[int, int] = {}
        self.counted_by: list[Population] = []


class Populations:
    """The populations of all queries, and the columns of all terms that are held."""

    def __init__(self, size: int) -> None:
        self._size = size
        self.generation = 0  # grows whenever all populations are let go
        self._counts: dict[Query, Population] = {}
        # Queries by a pair of labels that their pods must have, and pods by each pair that they have, so
        # that a new one of either is compared with those alone that may belong to it.
        self._asking: dict[Pair | None, dict[Query, Population]] = {}
        self._having: dict[Pair, dict[Hashable, _Alike]] = {}
        # All pods by what queries look at: most come in replicas.
        self._alike: dict[Hashable, _Alike] = {}
        self.labels_of: LabelsOfNamespace = _no_labels
        self._held: dict[Held, Int64] = {}
        self._holders: dict[Held, int] = {}
        self.terms_changed = 0  # how often the set of held terms has changed

    @property
    def held(self) -> Mapping[Held, Int64]:
        """By term, the column of how many pods hold it (of `prefer`: the sum of their weights)."""
        return self._held

    def of(self, query: Query) -> Population:
        """How many pods of a query each row holds; follows them from now on. Not to be changed."""
        population = self._counts.get(query)
        if population is None:
            if len(self._counts) >= _QUERIES:
                self._forget()
            population = self._counts[query] = Population(self._size)
            pair = _needed_pair(query)
            self._asking.setdefault(pair, {})[query] = population
            some = self._alike if pair is None else self._having.get(pair, {})
            for alike in some.values():
                if self._belong(query, alike):
                    alike.counted_by.append(population)
                    for row, count in alike.by_row.items():
                        population.add(row, count)
        return population

    def _forget(self) -> None:
        self.generation += 1
        self._counts.clear()
        self._asking.clear()
        for alike in self._alike.values():
            alike.counted_by.clear()

    def add(self, pod: Pod, row: int, sign: int) -> None:
        """A pod came to a row (1), or went (-1)."""
        metadata = pod.metadata
        living = metadata.deletion_timestamp is None
        key = (metadata.namespace, living, tuple(metadata.labels.items()))
        alike = self._alike.get(key)
        if alike is None:
            alike = self._alike[key] = _Alike(metadata.namespace, metadata.labels, living)
            for pair in alike.labels.items():
                self._having.setdefault(pair, {})[key] = alike
            for each in (None, *alike.labels.items()):
                queries = self._asking.get(each, {}).items()
                alike.counted_by += [p for q, p in queries if self._belong(q, alike)]
        count = alike.by_row.get(row, 0) + sign
        if count:
            alike.by_row[row] = count
        else:
            del alike.by_row[row]
            if not alike.by_row:
                self._leave(key, alike)
        for population in alike.counted_by:
            population.add(row, sign)
        spec = pod.spec
        if spec is not None and spec.affinity is not None:
            self._hold(terms_of(pod), pod, row, sign)

    def _leave(self, key: Hashable, alike: _Alike) -> None:
        """The last pod of its kind went."""
        del self._alike[key]
        for pair in alike.labels.items():
            having = self._having[pair]
            del having[key]
            if not having:
                del self._having[pair]

    def relabelled(self) -> None:
        """A namespace has other labels: all is counted anew when it is asked for."""
        self._forget()
        self.terms_changed += 1

    def grow(self, size: int) -> None:
        """Make room for more rows."""
        more = size - self._size
        self._size = size
        nothing = np.zeros(more, np.int64)
        for population in self._counts.values():
            population.column = np.concatenate([population.column, nothing])
            population.followers.clear()  # they know of no such rows
        for term, column in list(self._held.items()):
            self._held[term] = np.concatenate([column, nothing])

    def _belong(self, query: Query, pods: _Alike) -> bool:
        if query.living and not pods.living:
            return False
        for each in query.sets:  # noqa: SIM110  # a generator would cost twice the loop
            if not each.matches(pods.namespace, pods.labels, self.labels_of):
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


def _needed_pair(query: Query) -> Pair | None:
    """A pair of labels without which no pod belongs to a query."""
    for each in query.sets:
        for requirement in each.selector.requirements:
            if requirement.operator in ("=", "in") and len(requirement.values) == 1:
                return requirement.key, requirement.values[0]
    return None


_QUERIES: Final = 4096  # columns kept


def _no_labels(_namespace: str) -> Labels:
    return {}
