"""Where a pod goes: the filter and score cycle, with a memory for each shape of pod.

The answer is exactly the one of computing everything for each pod; `shape` says how it is had for
less.
"""

from array import array
from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from random import Random
from typing import Final, ParamSpec, TypeAlias, TypeVar

import numpy as np

from orchestrator.api.core.v1 import Pod, PodSpec
from orchestrator.machinery.errors import MachineryError
from orchestrator.scheduler.adapters import counted, filter_kernel_of, score_kernel_of
from orchestrator.scheduler.changes import promised_to
from orchestrator.scheduler.content import content_of, identity_of, is_without_disks
from orchestrator.scheduler.errors import PluginError
from orchestrator.scheduler.framework import Plugin, TieBreak
from orchestrator.scheduler.kernels import FilterKernel, ScoreKernel
from orchestrator.scheduler.nominations import Nominations, priority_of
from orchestrator.scheduler.profile import Profile
from orchestrator.scheduler.promised import Blamed, Promised, Remembered
from orchestrator.scheduler.refusals import Refusal, unavailable
from orchestrator.scheduler.rotation import Rotation, enough
from orchestrator.scheduler.shape import Local, Shape, best, only_nodes, without
from orchestrator.scheduler.snapshot import Rows, Snapshot
from orchestrator.scheduler.trials import Trials

P = ParamSpec("P")
T = TypeVar("T")

_SHAPES: Final = 256  # shapes remembered
_SPECS: Final = 8192  # specs whose shape is remembered

Kernels: TypeAlias = tuple[list[tuple[Plugin, FilterKernel]], list[tuple[Plugin, int, ScoreKernel]]]
# The same with a place for each plugin that filters or scores, in their order; None: it has nothing to say.
_Places: TypeAlias = tuple[list[FilterKernel | None], list[ScoreKernel | None]]


class Placement:
    """Chooses nodes for pods by a profile."""

    def __init__(
        self,
        profile: Profile,
        nodes: Snapshot,
        nominations: Nominations | None = None,
        rotation: Rotation | None = None,
    ) -> None:
        self.nodes = nodes
        self.nominations = Nominations() if nominations is None else nominations
        self._profile = profile
        self._percentage = profile.percentage_of_nodes_to_score
        self._rotation = rotation or Rotation(nodes)
        self._filters = profile.at("filter")
        self._scorers = [(p, w) for p in profile.at("score") if (w := profile.weight(p))]
        breaking = (p.break_tie for p, _ in self._scorers if isinstance(p, TieBreak))
        self._tie_break = next(breaking, None)
        # Who asks plugins for their kernels, which a stopwatch may do.
        self.kernels_by = filter_kernel_of, score_kernel_of
        self.shapes_made = 0
        self._shapes: dict[Hashable, Shape] = {}
        self._locals: dict[Hashable, Local] = {}
        self._refusals: dict[Shape, tuple[int, Refusal]] = {}  # with the version of the snapshot
        # By the id of the spec, which is held, so that its id stays its own, and by what else of a
        # pod kernels look at.
        self._of_spec: dict[Hashable, tuple[PodSpec | None, Shape]] = {}
        judges: tuple[Plugin, ...] = (*self._filters, *(plugin for plugin, _ in self._scorers))
        self._by_content = all(plugin.by_content for plugin in judges)
        self._of_content: dict[
            Hashable, Shape
        ] = {}  # by what is in specs, where that is all that counts
        self._places: dict[Hashable, _Places] = {}  # by the same, for pods whose volumes count, too
        self._facts = -1  # those of the snapshot of which both are true
        # By shape and row: who would refuse it with the pods that it was promised to.
        self._with_others: dict[tuple[Shape, int], Remembered] = {}
        self._trials: dict[tuple[Shape, int], Trials] = {}  # by shape and priority
        self._promised: dict[tuple[Shape, int], Promised] = {}  # by the same

    def choose(self, pod: Pod, random: Random) -> str | Refusal:
        """The name of the best node; among equals one by chance, as kube-scheduler does."""
        return self._tried(self._best, pod, random)

    def promised(self, pod: Pod) -> str | None:
        """The name of the node that a pod was promised, if it can take it; None: nobody else is to be preferred."""
        found = self._tried(lambda: self._own_promise(pod, self.shape_of(pod)))
        return self.nodes.names[found] if isinstance(found, int) else None

    def candidates(self, pod: Pod) -> list[str] | Refusal:
        """The names of all nodes that could take a pod, in their order."""

        def names() -> list[str] | Refusal:
            shape = self.shape_of(pod)
            rows = self._sampled(self._left_by_nominated(pod, shape.feasible(), shape), shape)
            found = [self.nodes.names[row] for row in rows.tolist()]
            return found or self._refusal(shape, pod)

        return self._tried(names)

    def choose_among(
        self, pod: Pod, names: Collection[str], scores: Mapping[str, int], random: Random
    ) -> str | Refusal:
        """The best of some of the candidates, where these scores count beside the plugins'."""

        def best_of() -> str | Refusal:
            shape = self.shape_of(pod)
            there = [row for name in names if (row := self.nodes.row_of(name)) is not None]
            rows = np.intersect1d(np.array(there, np.intp), shape.feasible())
            if not len(rows):
                return self._refusal(shape, pod)
            more = np.array([scores.get(self.nodes.names[row], 0) for row in rows], np.int64)
            leaders = best(rows, shape.totals(rows) + more).tolist()
            name: str = self.nodes.names[leaders[random.randrange(len(leaders))]]
            return name

        return self._tried(best_of)

    def refused_elsewhere(
        self, pod: Pod, refused: Mapping[str, str], hopeless: Mapping[str, str], by: str
    ) -> Refusal:
        """The explanation when somebody else refused the nodes that were left, each with a reason."""
        own = self._explain_counted(self.shape_of(pod), pod)
        counts = own[0] + Counter((*refused.values(), *hopeless.values()))
        rows = (self.nodes.row_of(name) for name in refused)
        helpable = (*own[2], *(row for row in rows if row is not None))
        words = unavailable(len(self.nodes), counts)
        return Refusal(words, frozenset((*own[1], by)), helpable)

    def _tried(self, decide: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T | Refusal:
        """A decision; what plugins do wrong makes it a refusal."""
        try:
            return decide(*arguments, **named)
        except PluginError as error:
            words = str(error)
        except MachineryError as error:
            words = str(error)
        except Exception as error:  # a kernel's: the pod has to say so, and the others go on
            words = f"running a plugin's kernel: {str(error) or type(error).__name__}"
        self.forget()  # what was half looked at must not be believed
        return Refusal(words, frozenset(), fault=True)

    def _best(self, pod: Pod, random: Random) -> str | Refusal:
        shape = self.shape_of(pod)
        rows: array[int] | Rows
        if self.nominations or self._percentage is not None:
            rows = self._nominated(pod, shape)
        else:
            rows = shape.leaders()
        count = len(rows)
        if not count:
            return self._refusal(shape, pod)
        if count == 1:
            return self.nodes.names[rows[0]]
        if self._tie_break is not None:
            return self.nodes.names[self._tie_break(self.nodes, rows)]
        return self.nodes.names[rows[random.randrange(count)]]

    def forget(self) -> None:
        """Look at everything anew."""
        self._shapes.clear()
        self._locals.clear()
        self._of_spec.clear()
        self._of_content.clear()
        self._places.clear()
        self._refusals.clear()
        self._with_others.clear()
        self._trials.clear()
        self._promised.clear()

    # --- shapes ----------------------------------------------------------------------------

    def shape_of(self, pod: Pod) -> Shape:
        """What is known of the nodes for pods like this one. Raises PluginError."""
        if self._facts != self.nodes.facts:
            self._facts = self.nodes.facts
            self._of_spec.clear()
            self._of_content.clear()
            self._places.clear()
            self._refusals.clear()
        if self.nodes.uses_devices(pod):
            return self._shape_of_volumes(pod)  # each pod has claims of its own
        identity = identity_of(pod)
        known = self._of_spec.get(identity)
        if known is not None:
            return known[1]
        shape = self._shape_by_content(pod)
        if len(self._of_spec) >= _SPECS:
            self._of_spec.clear()
        self._of_spec[identity] = (pod.spec, shape)
        return shape

    def _shape_by_content(self, pod: Pod) -> Shape:
        """The shape of a pod whose spec was not seen yet, though perhaps one that says the same."""
        if pod.spec is not None and not is_without_disks(pod.spec):
            return self._shape_of_volumes(pod)
        content = content_of(pod) if self._by_content else None
        shape = self._of_content.get(content) if content is not None else None
        if shape is None:
            shape = self._shape_for(self.kernels_of(pod))
            if content is not None:
                if len(self._of_content) >= _SPECS:
                    self._of_content.clear()
                self._of_content[content] = shape
        return shape

    def _shape_of_volumes(self, pod: Pod) -> Shape:
        """The shape of a pod with volumes or claims of its own: only plugins that look at these are asked."""
        content = content_of(pod) if self._by_content else None
        if content is None:
            return self._shape_for(self.kernels_of(pod))
        known = self._places.get(content)
        if known is None:
            if len(self._places) >= _SPECS:
                self._places.clear()
            known = self._places[content] = self._places_of(pod)
        return self._shape_for(self._taken(self._places_of(pod, known)))

    def kernels_of(self, pod: Pod) -> Kernels:
        """What filters and scores a pod, anew. Raises PluginError."""
        return self._taken(self._places_of(pod))

    def _places_of(self, pod: Pod, known: _Places | None = None) -> _Places:
        """What each plugin judges a pod by; with `known`, of one that says the same but for its volumes."""
        nodes = self.nodes
        filters, scorers = known or ((), ())
        filter_of, score_of = self.kernels_by
        return (
            [
                filters[place]
                if filters and not plugin.of_volumes
                else filter_of(plugin, pod, nodes)
                for place, plugin in enumerate(self._filters)
            ],
            [
                scorers[place]
                if scorers and not plugin.of_volumes
                else score_of(plugin, pod, nodes)
                for place, (plugin, _) in enumerate(self._scorers)
            ],
        )

    def _taken(self, places: _Places) -> Kernels:
        filters, scorers = places
        return (
            [(p, k) for p, k in zip(self._filters, filters, strict=True) if k is not None],
            [(p, w, k) for (p, w), k in zip(self._scorers, scorers, strict=True) if k is not None],
        )

    def _shape_for(self, kernels: Kernels) -> Shape:
        filters, scorers = kernels
        every: list[tuple[str, str, FilterKernel | ScoreKernel]] = [
            *(("filter", plugin.name, kernel) for plugin, kernel in filters),
            *(("score", plugin.name, scorer) for plugin, _, scorer in scorers),
        ]
        key = tuple((point, name, kernel.traits) for point, name, kernel in every)
        shape = self._shapes.get(key)
        if shape is not None:
            return shape
        self.shapes_made += 1
        if len(self._shapes) >= _SHAPES:
            self.forget()
        own = tuple(each for each, (_, _, k) in zip(key, every, strict=True) if not k.spanning)
        local = self._locals.get(own)
        if local is None:
            local = self._locals[own] = Local(
                [k for _, k in filters if not k.spanning],
                [(w, k) for _, w, k in scorers if not k.spanning],
                self.nodes,
            )
        shape = self._shapes[key] = Shape(
            [(p.name, k) for p, k in filters], [(w, k) for _, w, k in scorers], local, self.nodes
        )
        return shape

    # --- nominated pods --------------------------------------------------------------------

    def _nominated(self, pod: Pod, shape: Shape) -> "array[int] | Rows":
        """The leaders where other pods have been promised room, and the pod itself perhaps."""
        own = self._own_promise(pod, shape)
        if own is not None:
            return np.array((own,), np.intp)
        refused = self._promised_away(pod, shape)
        if self._percentage is None:
            return shape.leaders_without(refused)
        rows = self._sampled(without(shape.feasible(), refused), shape)
        return shape.best_of(rows)

    def _own_promise(self, pod: Pod, shape: Shape) -> int | None:
        """The row that the pod was promised, if it can take it. Nothing else is looked at before, and what fails
        there is told only if it fails again when all are looked at. Its status may not say so yet.
        """
        name = self.nominations.node_of(pod.metadata.uid) or promised_to(pod)
        row = self.nodes.row_of(name) if name else None
        if row is None:
            return None
        try:
            takes = (
                shape.may_take(row)
                and self._refused_with_nominated(pod, row, shape) is None
                and shape.can_take(row)
            )
        except (PluginError, MachineryError):
            return None
        return row if takes else None

    def _sampled(self, rows: Rows, shape: Shape) -> Rows:
        """The feasible rows that are scored."""
        if self._percentage is None:
            return rows
        only = only_nodes(kernel for _, kernel in shape.filters)
        count = len(self.nodes if only is None else self.nodes.rows_of(only))
        wanted = enough(count, self._percentage) if self._scorers else 1
        return self._rotation.some(rows, count, wanted)

    def _left_by_nominated(self, pod: Pod, rows: Rows, shape: Shape) -> Rows:
        """The rows that could take the pod, too, if all pods that were promised room had come."""
        return without(rows, self._promised_away(pod, shape))

    def _promised_away(self, pod: Pod, shape: Shape) -> list[int]:
        """The rows that have room only as long as the pods to which it was promised have not come."""
        rows = shape.may_take_of(self.nodes.rows_of(self.nominations.nodes()))
        return [
            row
            for row in rows.tolist()
            if self._refused_with_nominated(pod, row, shape) is not None
        ]

    def _refused_with_nominated(self, pod: Pod, row: int, shape: Shape) -> Blamed | None:
        """Who would refuse the row if the pods that were promised room there had come."""
        others = self.nominations.others(self.nodes.names[row], pod)
        if not others:
            return None
        known = self._with_others.get((shape, row))
        if known is not None and known.holds(others, self._as_it_is_since(row, shape)):
            return known.answer
        with self.supposing(row, adding=others):
            answer = self._blamed(row, shape)
        if not self.nodes.supposes:  # versions of what is but supposed come again, with other pods
            self._with_others[shape, row] = Remembered(self.nodes.version, others, answer)
        return answer

    def _refused_as_promised(
        self, pod: Pod, shape: Shape, among: Rows | None
    ) -> tuple[Promised, ...]:
        """The rows, or some of them, that would be refused if those had come to whom they were promised."""
        nodes = self.nodes

        def look(row: int) -> Blamed | None:
            return self._refused_with_nominated(pod, row, shape)

        own = nodes.row_of(self.nominations.node_of(pod.metadata.uid))
        apart = Promised(nodes, self.nominations, spans=shape.spans)
        if among is not None or nodes.supposes:
            rows = nodes.all_rows() if among is None else among
            apart.catch_up(None, look, frozenset(rows.tolist()))
            return (apart,)
        found = self._promised.get((shape, priority_of(pod)))
        if found is None:
            found = Promised(nodes, self.nominations, spans=shape.spans)
            self._promised[shape, priority_of(pod)] = found
        found.catch_up(own, look)
        if own is not None:  # the pod sees it otherwise than those that wait beside it
            apart.catch_up(None, look, frozenset((own,)))
        return found, apart

    def _blamed(self, row: int, shape: Shape) -> Blamed | None:
        """Who refuses a row as things stand."""
        found = shape.named_refusing(row)
        if found is None:
            return None
        name, kernel = found
        one = np.array((row,), np.intp)
        return Blamed(name, counted(kernel, one), not kernel.unresolvable(one)[0])

    def _as_it_is_since(self, row: int, shape: Shape) -> int:
        """The version since which filters of a shape see a row as it is."""
        return self.nodes.version if shape.spans else self.nodes.touched_at(row)

    def trials(self, pod: Pod) -> Trials:
        """What is known of evictions for pods like this one, up to date. Raises PluginError."""
        shape = self.shape_of(pod)
        key = shape, priority_of(pod)
        found = self._trials.get(key)
        if found is None:
            found = self._trials[key] = Trials(self.nodes, self.nominations, spans=shape.spans)
        found.catch_up()
        return found

    def why_not(self, pod: Pod, row: int, shape: Shape) -> Mapping[str, int] | None:
        """Why a row is refused as things stand, promised room counted, each reason counted; None: it is not."""
        blamed = self._refused_with_nominated(pod, row, shape) or self._blamed(row, shape)
        return None if blamed is None else blamed.reasons

    @contextmanager
    def supposing(
        self, row: int, *, adding: tuple[Pod, ...] = (), removing: tuple[Pod, ...] = ()
    ) -> Iterator[None]:
        """Inside the block the snapshot is as if these pods had come to a row, and those gone.

        A pod that was promised its node may be there already, on its way to be bound: it is not taken off again.
        """
        nodes, name = self.nodes, self.nodes.names[row]
        adding = tuple(pod for pod in adding if not nodes.holds(pod.metadata.uid))
        with nodes.aside(row):
            for pod in removing:
                nodes.remove_pod(pod.metadata.uid, name)
            for pod in adding:
                nodes.add_pod(pod.metadata.uid, pod, name)
            try:
                yield
            finally:
                for pod in adding:
                    nodes.remove_pod(pod.metadata.uid, name)
                for pod in removing:
                    nodes.add_pod(pod.metadata.uid, pod, name)

    def left_out(self, row: int, pods: Iterable[Pod], pod: Pod, shape: Shape) -> list[Pod]:
        """Put pods back to a row one after another, as long as another pod fits there; answers who finds no place.

        The snapshot is as it was afterwards.
        """
        nodes, name = self.nodes, self.nodes.names[row]
        back: list[Pod] = []
        out: list[Pod] = []
        try:
            for each in pods:
                nodes.add_pod(each.metadata.uid, each, name)
                back.append(each)
                if self.why_not(pod, row, shape) is not None:
                    nodes.remove_pod(each.metadata.uid, name)
                    out.append(back.pop())
        finally:
            for each in back:
                nodes.remove_pod(each.metadata.uid, name)
        return out

    # --- explanations ----------------------------------------------------------------------

    def _refusal(self, shape: Shape, pod: Pod) -> Refusal:
        """The explanation; while nothing changes, one for all pods of a shape."""
        if self.nominations:
            return self._explain(shape, pod)
        known = self._refusals.get(shape)
        version = self.nodes.version
        if known is None or known[0] != version:
            known = self._refusals[shape] = (version, self._explain(shape, pod))
        return known[1]

    def _explain(self, shape: Shape, pod: Pod) -> Refusal:
        """For each node the reasons of the first plugin that refuses it, counted."""
        left = self.nodes.all_rows()
        total = len(left)
        if not total:
            # No plugin was asked, so as after an error time alone brings the pod back, as in kube-scheduler.
            return Refusal("no nodes available to schedule pods", frozenset(), stage="later")
        if shape.refusal:
            name, words = shape.refusal
            message = f"0/{total} nodes are available: {words}."
            return Refusal(message, frozenset((name,)), stage="preFilter")
        counts, refusing, helpable = self._explain_counted(shape, pod)
        return Refusal(unavailable(total, counts), frozenset(refusing), tuple(helpable))

    def _explain_counted(self, shape: Shape, pod: Pod) -> tuple[Counter[str], set[str], list[int]]:
        """The reasons, counted; the plugins that refuse; the rows that an eviction may help."""
        left = self.nodes.all_rows()
        counts: Counter[str] = Counter()
        refusing: set[str] = set()
        helpable: list[int] = []
        only = only_nodes(kernel for _, kernel in shape.filters)
        if only is not None:
            narrowing = sorted(name for name, kernel in shape.filters if kernel.only is not None)
            kept = self.nodes.rows_of(only)
            if len(kept) < len(left):
                words = f"node(s) didn't satisfy plugin(s) [{','.join(narrowing)}]"
                counts[words] = len(left) - len(kept)
                refusing.update(narrowing)
            left = kept
        if self.nominations:
            # As kube-scheduler asks: first as if the pods had come that a node was promised to.
            for promised in self._refused_as_promised(pod, shape, None if only is None else left):
                refusing.update(name for name, count in promised.plugins.items() if count)
                counts.update(promised.reasons)
                helpable += promised.helpable
                left = without(left, list(promised.blamed))
            counts = +counts  # without those that no row has any more
        for name, kernel in shape.filters:
            passes = kernel.rows(left)
            refused = left[~passes]
            if len(refused):
                refusing.add(name)
                counts.update(counted(kernel, refused))
                helpable += refused[~kernel.unresolvable(refused)].tolist()
            left = left[passes]
        return counts, refusing, helpable
