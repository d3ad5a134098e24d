"""InterPodAffinity: pods near pods, and away from pods, by what both sides say.

Of each term the snapshot has a column: how many pods of a set each node holds, and how many of a
node's pods hold a term themselves. The sum over a topology is one pass over such a column.
"""

from collections.abc import Hashable, Mapping
from typing import Any, Final

import numpy as np

from orchestrator.api.core.v1 import Namespace, Node, Pod
from orchestrator.scheduler.affinity_terms import PodSet, Term, Terms, own_terms_of
from orchestrator.scheduler.errors import InvalidProfile
from orchestrator.scheduler.events import ClusterEvent
from orchestrator.scheduler.framework import Plugin
from orchestrator.scheduler.kernels import MAX_NODE_SCORE, FilterKernel, ScoreKernel
from orchestrator.scheduler.populations import Held, Query
from orchestrator.scheduler.snapshot import Bool, Int64, Rows, Snapshot

_NOT_NEAR: Final = "node(s) didn't match pod affinity rules"
_TOO_NEAR: Final = "node(s) didn't match pod anti-affinity rules"
_UNWELCOME: Final = "node(s) didn't satisfy existing pods anti-affinity rules"


class InterPodAffinity(Plugin):
    """Filters by required terms of both sides, scores by preferred ones.

    `hard_weight` (0 to 100) is what a pod that is there counts for whose required affinity the new
    one meets. Raises InvalidProfile.
    """

    name = "InterPodAffinity"
    by_content = True
    weight = 2
    helped_by = frozenset(
        (
            ClusterEvent.NODE_ADDED,
            ClusterEvent.NODE_LABELS,
            ClusterEvent.POD_ADDED,
            ClusterEvent.POD_REMOVED,
            ClusterEvent.POD_LABELS,
            ClusterEvent.OWN_LABELS,
        )
    )
    watches = (Namespace,)

    def __init__(self, hard_weight: int = 1, *, ignore_preferred_of_others: bool = False) -> None:
        if not 0 <= hard_weight <= 100:
            raise InvalidProfile(f"hardPodAffinityWeight is {hard_weight}: 0 to 100 is right")
        self._hard_weight = hard_weight
        self._ignore = ignore_preferred_of_others

    def helps(self, pod: Pod, event: ClusterEvent, old: Any, new: Any, nodes: Snapshot) -> bool:
        """A pod that is one to be near, or no longer one to be away from; a node of another topology.

        And other labels of the pod's own: others may be away from those that it had.
        """
        if event is ClusterEvent.OWN_LABELS:
            return True
        terms = own_terms_of(pod)
        if isinstance(new, Node):
            return _moves(terms, old, new)
        of = nodes.populations.labels_of

        def belongs(each: Pod, to: tuple[Term, ...]) -> bool:
            namespace, labels = each.metadata.namespace, each.metadata.labels
            return bool(to) and all(pods.matches(namespace, labels, of) for pods, _ in to)

        if old is None:
            return belongs(new, terms.affinity)
        if new is None:
            return belongs(old, terms.anti) or belongs(pod, own_terms_of(old).anti)
        return (not belongs(old, terms.affinity) and belongs(new, terms.affinity)) or (
            belongs(old, terms.anti) and not belongs(new, terms.anti)
        )

    def filter_kernel(self, pod: Pod, nodes: Snapshot) -> FilterKernel | None:
        """As `FilterRule.filter_kernel`."""
        terms = own_terms_of(pod)
        against = _held_about(pod, nodes, ("anti",))
        if not (terms.affinity or terms.anti or against):
            return None
        return _Near(pod, terms, against, nodes)

    def score_kernel(self, pod: Pod, nodes: Snapshot) -> ScoreKernel | None:
        """As `ScoreRule.score_kernel`."""
        terms = own_terms_of(pod)
        if self._ignore and not terms.preferred:
            return None
        about = _held_about(pod, nodes, ("affinity", "prefer"))
        weighed = tuple((held, 1 if held.kind == "prefer" else self._hard_weight) for held in about)
        weighed = tuple((held, weight) for held, weight in weighed if weight)
        if not (terms.preferred or weighed):
            return None
        return _Preferences(terms, weighed, nodes)


def _moves(terms: Terms, old: Node | None, new: Node) -> bool:
    """Whether a node's topology makes a difference to terms, or to those of others where there are none."""
    if old is None:
        near = any(key in new.metadata.labels for _, key in terms.affinity)
        return near or bool(terms.anti) or not terms.affinity
    before, after = old.metadata.labels, new.metadata.labels
    return any(key in after and before.get(key) != after[key] for _, key in terms.affinity) or any(
        key in before and before[key] != after.get(key) for _, key in terms.anti
    )


def _held_about(pod: Pod, nodes: Snapshot, kinds: tuple[str, ...]) -> tuple[Held, ...]:
    """The terms of pods that are there, of some kinds, that speak of a new pod."""
    populations = nodes.populations
    if not populations.held:
        return ()
    namespace, labels = pod.metadata.namespace, pod.metadata.labels
    return tuple(
        held
        for held in populations.held
        if held.kind in kinds and held.pods.matches(namespace, labels, populations.labels_of)
    )


def _sums(nodes: Snapshot, column: Int64, key: str, rows: Rows) -> Int64:
    """For some rows the sum of a column over the row's topology; 0 for a row without the label."""
    domains = nodes.domains(key)
    size = nodes.domain_count(key)
    if not size:
        return np.zeros(len(rows), np.int64)
    here = domains[rows]
    if nodes.has_domains_of_one(key):
        return np.where(here >= 0, column[rows], 0)
    there = (domains >= 0) & nodes.valid
    totals = np.bincount(domains[there], column[there], size).astype(np.int64)
    return np.where(here >= 0, totals[np.maximum(here, 0)], 0)


class _Near(FilterKernel):
    spanning = True

    def __init__(self, pod: Pod, terms: Terms, against: tuple[Held, ...], nodes: Snapshot) -> None:
        self._nodes, self._terms, self._against = nodes, terms, against
        namespace, labels = pod.metadata.namespace, pod.metadata.labels
        of = nodes.populations.labels_of
        self._meets_itself = all(s.matches(namespace, labels, of) for s, _ in terms.affinity)
        self._all = Query(tuple(pods for pods, _ in terms.affinity))
        self.traits: Hashable = (terms.affinity, terms.anti, against, self._meets_itself)

    def rows(self, rows: Rows) -> Bool:
        return self._near(rows) & self._away(rows) & self._welcome(rows)

    def _near(self, rows: Rows) -> Bool:
        """Each topology holds a pod that meets all terms; or nobody does, but the pod itself."""
        nodes, terms = self._nodes, self._terms.affinity
        labelled = np.ones(len(rows), np.bool_)
        if not terms:
            return labelled
        column = nodes.population(self._all).column
        near = labelled.copy()
        anybody = False
        for _, key in terms:
            domains = nodes.domains(key)
            labelled &= domains[rows] >= 0
            near &= _sums(nodes, column, key, rows) > 0
            anybody = anybody or bool(column[(domains >= 0) & nodes.valid].any())
        if not anybody and self._meets_itself:
            return labelled
        return labelled & near

    def _away(self, rows: Rows) -> Bool:
        answers = np.ones(len(rows), np.bool_)
        for pods, key in self._terms.anti:
            column = self._nodes.population(Query((pods,))).column
            answers &= _sums(self._nodes, column, key, rows) <= 0
        return answers

    def _welcome(self, rows: Rows) -> Bool:
        answers = np.ones(len(rows), np.bool_)
        for held in self._against:
            column = self._nodes.populations.held.get(held)
            if column is not None:  # while it is supposed that its holders are gone
                answers &= _sums(self._nodes, column, held.topology_key, rows) <= 0
        return answers

    def reasons(self, row: int) -> tuple[str, ...]:
        rows = np.array((row,), np.intp)
        if not self._near(rows)[0]:
            return (_NOT_NEAR,)
        return (_UNWELCOME,) if self._away(rows)[0] else (_TOO_NEAR,)

    def tally(self, rows: Rows) -> Mapping[str, int]:
        near, away = self._near(rows), self._away(rows)
        return {
            _NOT_NEAR: int((~near).sum()),
            _TOO_NEAR: int((near & ~away).sum()),
            _UNWELCOME: int((near & away).sum()),
        }

    def unresolvable(self, rows: Rows) -> Bool:
        return ~self._near(rows)


class _Preferences(ScoreKernel):
    spanning = True

    def __init__(self, terms: Terms, about: tuple[tuple[Held, int], ...], nodes: Snapshot) -> None:
        self._nodes, self._about = nodes, about
        self._own: tuple[tuple[PodSet, str, int], ...] = terms.preferred
        self.traits: Hashable = (terms.preferred, about)

    def rows(self, rows: Rows) -> Int64:
        nodes = self._nodes
        raw = np.zeros(len(rows), np.int64)
        for pods, key, weight in self._own:
            column = nodes.population(Query((pods,))).column
            raw += weight * _sums(nodes, column, key, rows)
        for held, weight in self._about:
            holders = nodes.populations.held.get(held)
            if holders is not None:
                raw += weight * _sums(nodes, holders, held.topology_key, rows)
        lowest, highest = int(raw.min()), int(raw.max())
        if lowest == highest:
            return np.zeros(len(rows), np.int64)
        share = (raw - lowest).astype(np.float64) / float(highest - lowest)
        return (MAX_NODE_SCORE * share).astype(np.int64)
