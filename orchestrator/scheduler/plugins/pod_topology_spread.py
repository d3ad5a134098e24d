"""PodTopologySpread: pods of one kind evenly over zones, nodes, or any label's values.

A pod without constraints gets the profile's default ones, over the pods that its Services and its
owner select. Counts come from `Snapshot.population`, a column that follows the pods; the sum over
domains is one pass over it.
"""

from collections.abc import Hashable, Iterator, Mapping
from math import log
from typing import Any, Final

import numpy as np
from msgspec import Struct

from orchestrator.api.apps.v1 import ReplicaSet, StatefulSet
from orchestrator.api.core.v1 import (
    Node,
    Pod,
    ReplicationController,
    Service,
    TopologySpreadConstraint,
)
from orchestrator.machinery import labels, node_affinity
from orchestrator.machinery.labels import Selector
from orchestrator.machinery.owners import controller_of
from orchestrator.machinery.requirements import Requirement
from orchestrator.machinery.taints import untolerated
from orchestrator.scheduler.affinity_terms import PodSet, with_labels_of
from orchestrator.scheduler.events import ClusterEvent
from orchestrator.scheduler.framework import Plugin
from orchestrator.scheduler.groups import Groups
from orchestrator.scheduler.kernels import MAX_NODE_SCORE, FilterKernel, Known, ScoreKernel
from orchestrator.scheduler.plugins.spread_lead import SpreadLead
from orchestrator.scheduler.populations import Population, Query
from orchestrator.scheduler.snapshot import Bool, Int64, Rows, Snapshot
from orchestrator.scheduler.tallies import Tally

HOSTNAME: Final = "kubernetes.io/hostname"
ZONE: Final = "topology.kubernetes.io/zone"

SYSTEM_DEFAULTS: Final = (
    TopologySpreadConstraint(
        topology_key=HOSTNAME, when_unsatisfiable="ScheduleAnyway", max_skew=3
    ),
    TopologySpreadConstraint(topology_key=ZONE, when_unsatisfiable="ScheduleAnyway", max_skew=5),
)
_MANY_ZONES: Final = 24  # beyond so many a look at each row costs less
_BY_PAIR: Final = "one pair of the selector"
_SKEWED: Final = "node(s) didn't match pod topology spread constraints"
_UNLABELLED: Final = f"{_SKEWED} (missing required label)"


class PodTopologySpread(Plugin):
    """Filters by constraints that say DoNotSchedule, scores by those that say ScheduleAnyway.

    `defaults` are for pods without constraints; None: the system's, of hostnames and zones.
    """

    name = "PodTopologySpread"
    by_content = True
    weight = 2
    helped_by = frozenset(
        (
            ClusterEvent.NODE_ADDED,
            ClusterEvent.NODE_REMOVED,
            ClusterEvent.NODE_LABELS,
            ClusterEvent.NODE_TAINTS,
            ClusterEvent.POD_ADDED,
            ClusterEvent.POD_REMOVED,
            ClusterEvent.POD_LABELS,
            ClusterEvent.OWN_LABELS,
            ClusterEvent.OWN_TOLERATIONS,
        )
    )
    watches = (Service, ReplicationController, ReplicaSet, StatefulSet)

    def __init__(self, defaults: tuple[TopologySpreadConstraint, ...] | None = None) -> None:
        self._system = defaults is None
        self._defaults = SYSTEM_DEFAULTS if defaults is None else defaults

    def helps(self, pod: Pod, event: ClusterEvent, old: Any, new: Any, nodes: Snapshot) -> bool:
        """A pod that is counted otherwise than before, a node that counts or not, or is elsewhere now."""
        constraints = self._constraints(pod, nodes, "DoNotSchedule")
        if isinstance(old or new, Node):
            return _counts_otherwise(constraints, old, new)
        if event is ClusterEvent.OWN_TOLERATIONS and any(c.honours_taints for c in constraints):
            return True
        some = [each for each in (old, new) if each is not None]
        if any(each.metadata.namespace != pod.metadata.namespace for each in some):
            return False
        return any(
            (old is not None and c.selector.matches(old.metadata.labels))
            != (new is not None and c.selector.matches(new.metadata.labels))
            for c in constraints
        )

    def filter_kernel(self, pod: Pod, nodes: Snapshot) -> FilterKernel | None:
        """As `FilterRule.filter_kernel`."""
        constraints = self._constraints(pod, nodes, "DoNotSchedule")
        return _Skew(pod, constraints, nodes) if constraints else None

    def score_kernel(self, pod: Pod, nodes: Snapshot) -> ScoreKernel | None:
        """As `ScoreRule.score_kernel`."""
        constraints = self._constraints(pod, nodes, "ScheduleAnyway")
        if not constraints:
            return None
        own = pod.spec is not None and bool(pod.spec.topology_spread_constraints)
        return _Evenness(pod, constraints, nodes, need_all=own or not self._system)

    def _constraints(self, pod: Pod, nodes: Snapshot, action: str) -> tuple["Constraint", ...]:
        own = pod.spec.topology_spread_constraints if pod.spec is not None else ()
        some = [c for c in own or self._defaults if c.when_unsatisfiable == action]
        if not some:
            return ()
        if own:
            selectors = [with_labels_of(c.label_selector, pod, c.match_label_keys) for c in some]
        else:
            selector = default_selector(pod, nodes)
            if selector.empty:
                return ()
            selectors = [selector] * len(some)
        return tuple(_constraint(c, selector) for c, selector in zip(some, selectors, strict=True))


class Constraint(Struct, frozen=True):
    """One constraint with its selector."""

    key: str
    max_skew: int
    selector: Selector
    min_domains: int
    honours_affinity: bool
    honours_taints: bool


def _counts_otherwise(
    constraints: tuple["Constraint", ...], old: Node | None, new: Node | None
) -> bool:
    """Whether a node's change makes a difference to what is counted over it."""

    def places(node: Node | None) -> tuple[str, ...] | None:
        if node is None or any(c.key not in node.metadata.labels for c in constraints):
            return None
        return tuple(node.metadata.labels[c.key] for c in constraints)

    before, after = places(old), places(new)
    if before != after:
        return True
    tainted = [each.spec.taints if each is not None and each.spec else () for each in (old, new)]
    return after is not None and tainted[0] != tainted[1]


def _constraint(given: TopologySpreadConstraint, selector: Selector) -> Constraint:
    return Constraint(
        key=given.topology_key,
        max_skew=given.max_skew,
        selector=selector,
        min_domains=1 if given.min_domains is None else given.min_domains,
        honours_affinity=(given.node_affinity_policy or "Honor") == "Honor",
        honours_taints=given.node_taints_policy == "Honor",
    )


def default_selector(pod: Pod, nodes: Snapshot) -> Selector:
    """The pods that a pod's Services and its owner select; empty where there are none."""
    namespace, own = pod.metadata.namespace, pod.metadata.labels
    merged: dict[str, str] = {}
    for service in _services(nodes, namespace, own):
        wanted = service.spec.selector
        if labels.all_equal(own, tuple(wanted.items())):
            merged.update(wanted)
    owner = controller_of(pod)
    more: tuple[Requirement, ...] = ()
    kinds = {
        "ReplicationController": ReplicationController,
        "ReplicaSet": ReplicaSet,
        "StatefulSet": StatefulSet,
    }
    if owner is not None and owner.kind in kinds:
        found = nodes.objects.get(kinds[owner.kind])
        obj = found.get(namespace, owner.name) if found is not None else None
        if obj is None:
            nodes.missed.add((kinds[owner.kind], namespace, owner.name))
        elif obj.spec is not None:
            if owner.kind == "ReplicationController":
                merged.update(obj.spec.selector)
            else:
                more = labels.of_struct(obj.spec.selector).requirements
    base = labels.of_pairs(merged)
    return Selector(dict.fromkeys((*base.requirements, *more))) if more else base


def _services(nodes: Snapshot, namespace: str, own: Mapping[str, str]) -> Iterator[Any]:
    """The Services that may select a pod: one pair of their selector is among its labels."""
    services = nodes.objects.get(Service)
    if services is None:
        return
    services.add_index(_BY_PAIR, _one_pair)
    for key, value in own.items():
        yield from services.by_index(_BY_PAIR, f"{namespace}/{key}={value}")


def _one_pair(service: Service) -> tuple[str, ...]:
    selector = service.spec.selector if service.spec is not None else {}
    if not selector:
        return ()
    key = min(selector)
    return (f"{service.metadata.namespace}/{key}={selector[key]}",)


class _Spread:
    """What filter and score have in common: which rows count, and how many pods are there."""

    def __init__(self, pod: Pod, constraints: tuple[Constraint, ...], nodes: Snapshot) -> None:
        self._pod, self._nodes, self._constraints = pod, nodes, constraints
        namespace = frozenset((pod.metadata.namespace,))
        self._queries = [
            Query((PodSet(namespace, None, c.selector),), living=True)
            if not c.selector.empty
            else None
            for c in constraints
        ]
        self._eligible_at = -1
        self._eligible: list[Bool] = []
        self._pods: Population | None = None
        self._pods_of = -1  # the generation of populations that it is of

    def _counted(self, query: Query) -> Population:
        """The pods of a query."""
        generation = self._nodes.populations.generation
        if self._pods is None or self._pods_of != generation:
            self._pods, self._pods_of = self._nodes.population(query), generation
        return self._pods

    def _tally(self, groups: Groups, pods: Population) -> Tally:
        """How many of the pods each group has."""
        tally = pods.followers.get(groups.key)
        if not isinstance(tally, Tally) or tally.groups is not groups:
            tally = pods.followers[groups.key] = Tally(pods, groups)
        return tally

    def _traits(self) -> Hashable:
        spec = self._pod.spec
        policies: Hashable = None
        if spec is not None:
            affinity = spec.affinity.node_affinity if spec.affinity is not None else None
            policies = (tuple(sorted(spec.node_selector.items())), affinity, spec.tolerations)
        return self._pod.metadata.namespace, self._constraints, policies

    def _counts(self, index: int) -> Int64:
        query = self._queries[index]
        if query is None:
            return np.zeros(self._nodes.valid.size, np.int64)
        return self._nodes.population(query).column

    def _labelled(self) -> Bool:
        """The rows that have the labels of all constraints."""
        labelled = self._nodes.valid.copy()
        for constraint in self._constraints:
            labelled &= self._nodes.domains(constraint.key) >= 0
        return labelled

    def _eligibles(self, need_all: bool) -> list[Bool]:
        """For each constraint the rows whose pods count; remembered while nodes stay as they are."""
        nodes = self._nodes
        if self._eligible_at != nodes.nodes_version:
            self._eligible_at = nodes.nodes_version
            base = self._labelled() if need_all else nodes.valid.copy()
            self._eligible = [self._included(base, c) for c in self._constraints]
        return self._eligible

    def _included(self, base: Bool, constraint: Constraint) -> Bool:
        nodes, spec = self._nodes, self._pod.spec
        included = base & (nodes.domains(constraint.key) >= 0)
        if spec is None:
            return included
        if constraint.honours_affinity and (spec.node_selector or spec.affinity is not None):
            matches = node_affinity.required(spec)
            for row in np.flatnonzero(included):
                included[row] = matches(nodes.labels[row], nodes.names[row])
        if constraint.honours_taints:
            for row in np.flatnonzero(included & nodes.tainted):
                included[row] = untolerated(nodes.taints[row], spec.tolerations) is None
        return included


class _Skew(_Spread, FilterKernel):
    spanning = True

    def __init__(self, pod: Pod, constraints: tuple[Constraint, ...], nodes: Snapshot) -> None:
        super().__init__(pod, constraints, nodes)
        own = pod.metadata.labels
        self._self = [int(c.selector.matches(own)) for c in constraints]
        self.traits = (self._traits(), tuple(self._self))
        self._there_at = -1
        self._there: list[int] | None = None

    def leaders(self, local: Known) -> Rows | None:
        """The leaders of the zones that may have one more pod: what a row scores is `Known`'s business."""
        query, there = self._queries[0], self._zones()
        if query is None or there is None:
            return None
        constraint = self._constraints[0]
        groups = local.groups(constraint.key)
        if len(groups.feasible) > _MANY_ZONES:
            return None
        sums = self._tally(groups, self._counted(query)).sums
        lowest = 0
        if there and len(there) >= constraint.min_domains:
            lowest = min(sums[number] for number in there)
        most = constraint.max_skew + lowest - self._self[0]
        return groups.leaders_among(
            [n for n in range(1, len(sums)) if groups.feasible[n] and sums[n] <= most]
        )

    def _zones(self) -> list[int] | None:
        """The groups with a node, where there is one constraint and all nodes count; None: it is not so.

        Remembered while nodes stay as they are.
        """
        nodes = self._nodes
        if self._there_at != nodes.nodes_version:
            self._there_at, self._there = nodes.nodes_version, None
            if len(self._constraints) == 1:
                domains = nodes.domains(self._constraints[0].key)
                eligible = self._eligibles(True)[0]
                if bool((eligible == (nodes.valid & (domains >= 0))).all()):
                    self._there = (np.unique(domains[eligible]) + 1).tolist()
        return self._there

    def rows(self, rows: Rows) -> Bool:
        answers = np.ones(len(rows), np.bool_)
        for index in range(len(self._constraints)):
            domains = self._nodes.domains(self._constraints[index].key)[rows]
            answers &= domains >= 0
            answers &= self._even(index, rows, domains)
        return answers

    def _even(self, index: int, rows: Rows, domains: Int64) -> Bool:
        constraint, nodes = self._constraints[index], self._nodes
        eligible = self._eligibles(True)[index]
        all_domains = nodes.domains(constraint.key)
        size = nodes.domain_count(constraint.key)
        where = all_domains[eligible]
        there = np.bincount(where, minlength=size) > 0
        counts = np.bincount(where, self._counts(index)[eligible], size).astype(np.int64)
        present = int(there.sum())
        lowest = int(counts[there].min()) if present and present >= constraint.min_domains else 0
        if not size:
            return np.ones(len(rows), np.bool_)
        skew = counts[np.maximum(domains, 0)] + self._self[index] - lowest
        return np.asarray(skew <= constraint.max_skew)

    def reasons(self, row: int) -> tuple[str, ...]:
        """The first constraint in their order that the row does not meet decides."""
        rows = np.array((row,), np.intp)
        for index, constraint in enumerate(self._constraints):
            domains = self._nodes.domains(constraint.key)[rows]
            if domains[0] < 0:
                return (_UNLABELLED,)
            if not self._even(index, rows, domains)[0]:
                break
        return (_SKEWED,)

    def unresolvable(self, rows: Rows) -> Bool:
        return np.array([self.reasons(int(row)) == (_UNLABELLED,) for row in rows], np.bool_)


class _Evenness(_Spread, ScoreKernel):
    spanning = True

    def __init__(
        self, pod: Pod, constraints: tuple[Constraint, ...], nodes: Snapshot, *, need_all: bool
    ) -> None:
        super().__init__(pod, constraints, nodes)
        self._need_all = need_all
        self._plain_at = -1
        self._is_plain = False
        self._lead: SpreadLead | None = None
        self.traits = (self._traits(), need_all)

    def rows(self, rows: Rows) -> Int64:
        scored = self._labelled()[rows] if self._need_all else np.ones(len(rows), np.bool_)
        some = rows[scored]
        if not len(some):
            return np.zeros(len(rows), np.int64)
        raw = np.zeros(len(some), np.float64)
        for index, constraint in enumerate(self._constraints):
            raw += self._weighed(index, constraint, some)
        scores = np.zeros(len(rows), np.int64)
        scores[scored] = _normalized(np.floor(raw + 0.5).astype(np.int64))
        return scores

    def leaders(self, local: Known, weight: int) -> Rows | None:
        """The rows with the highest total, without a look at each; None: look at each.

        Rows of one zone without any of the pods have one score. So of these only the rows count that
        lead in their zone by everything else, which `Known` knows; the few others are looked at.
        """
        keys = [c.key for c in self._constraints if c.key != HOSTNAME]
        if len(keys) > 1 or not self._plain():
            return None
        groups = local.groups(keys[0] if keys else "")
        if len(groups.feasible) > _MANY_ZONES or groups.total == 0:
            return None
        if self._need_all and keys and groups.feasible[0]:
            return None  # some rows are without the label
        query = self._queries[0]
        if query is None:
            return None
        pods = self._counted(query)
        tally = self._tally(groups, pods)
        lead = self._lead
        if lead is None or lead.tally is not tally or lead.weight != weight:
            skews = {c.key: c.max_skew for c in self._constraints}
            lead = self._lead = SpreadLead(
                skews.pop(HOSTNAME, None), *skews.values(), tally=tally, pods=pods, weight=weight
            )
        return lead.rows(local)

    def _plain(self) -> bool:
        """Whether all rows that can count do: remembered while nodes stay as they are."""
        if self._plain_at != self._nodes.nodes_version:
            self._plain_at = self._nodes.nodes_version
            nodes = self._nodes
            named = nodes.domains(HOSTNAME)[nodes.valid] >= 0
            included = zip(self._eligibles(self._need_all), self._constraints, strict=True)
            self._is_plain = bool(named.all()) and all(
                bool((eligible == (nodes.valid & (nodes.domains(c.key) >= 0))).all())
                for eligible, c in included
            )
            if len(set(self._queries)) != 1:
                self._is_plain = False
        return self._is_plain

    def _weighed(self, index: int, constraint: Constraint, rows: Rows) -> Any:
        """What a constraint adds for each row: the pods of its domain, smaller topologies weigh less."""
        nodes = self._nodes
        counts = self._counts(index)
        domains = nodes.domains(constraint.key)
        here = domains[rows]
        if constraint.key == HOSTNAME:
            sums: Any = counts[rows]
            size = len(rows)
        else:
            eligible = self._eligibles(self._need_all)[index]
            total = np.bincount(
                domains[eligible], counts[eligible], nodes.domain_count(constraint.key)
            )
            # A row without the label has an empty domain of its own.
            sums = total[np.maximum(here, 0)] if len(total) else np.zeros(len(rows))
            size = len(np.unique(here))
        weight = log(size + 2)
        return np.where(here >= 0, sums * weight + (constraint.max_skew - 1), 0.0)


def _scaled(raw: Int64, high: int, low: int) -> Int64:
    """The fewest pods get 100."""
    if high == 0:
        return np.full(len(raw), MAX_NODE_SCORE, np.int64)
    return MAX_NODE_SCORE * (high + low - raw) // high


def _normalized(raw: Int64) -> Int64:
    return _scaled(raw, int(raw.max()), int(raw.min()))
