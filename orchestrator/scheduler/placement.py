"""Where a pod goes: the filter and score cycle, with a memory for each shape of pod.

The answer is exactly the one of computing everything for each pod; `shape` says how it is had for
less.
"""

from collections import Counter
from collections.abc import Hashable
from random import Random
from typing import Final

from msgspec import Struct

from orchestrator.api.core.v1 import Pod, PodSpec
from orchestrator.scheduler.framework import Profile
from orchestrator.scheduler.shape import Shape
from orchestrator.scheduler.snapshot import Snapshot

_SHAPES: Final = 256  # shapes remembered
_SPECS: Final = 8192  # specs whose shape is remembered


class Refusal(Struct, frozen=True):
    """A pod fits nowhere: kube-scheduler's message, and the plugins that refused it somewhere."""

    message: str
    plugins: frozenset[str]


class Placement:
    """Chooses nodes for pods by a profile."""

    def __init__(self, profile: Profile, nodes: Snapshot) -> None:
        self._profile = profile
        self._nodes = nodes
        self._looking = [p for p in profile.plugins if p.has("filter") or p.has("score")]
        self._shapes: dict[Hashable, Shape] = {}
        self._refusals: dict[Shape, tuple[int, Refusal]] = {}  # with the version of the snapshot
        # By the id of the spec, which is held, so that its id stays its own.
        self._of_spec: dict[int, tuple[PodSpec | None, Shape]] = {}

    def choose(self, pod: Pod, random: Random) -> str | Refusal:
        """The name of the best node; among equals one by chance, as kube-scheduler does."""
        shape = self._shape_of(pod)
        rows = shape.leaders()
        count = len(rows)
        if not count:
            return self._refusal(shape, pod)
        return self._nodes.names[rows[0] if count == 1 else rows[random.randrange(count)]]

    def _shape_of(self, pod: Pod) -> Shape:
        known = self._of_spec.get(id(pod.spec))
        if known is not None:
            return known[1]
        key = self._key_of(pod)
        shape = self._shapes.get(key)
        if shape is None:
            if len(self._shapes) >= _SHAPES:
                self._shapes.clear()
                self._of_spec.clear()
                self._refusals.clear()
            shape = self._shapes[key] = Shape(pod, self._profile, self._nodes)
        elif len(self._of_spec) >= _SPECS:
            self._of_spec.clear()
        self._of_spec[id(pod.spec)] = (pod.spec, shape)
        return shape

    def _key_of(self, pod: Pod) -> Hashable:
        """What pods of one shape have in common: all that plugins look at, or else the spec."""
        traits = tuple(plugin.traits_of(pod) for plugin in self._looking)
        return _Same(pod.spec) if None in traits else traits

    def _refusal(self, shape: Shape, pod: Pod) -> Refusal:
        """The explanation; while nothing changes, one for all pods of a shape."""
        known = self._refusals.get(shape)
        if known is None or known[0] != shape.version:
            known = self._refusals[shape] = (shape.version, self._explain(shape, pod))
        return known[1]

    def _explain(self, shape: Shape, pod: Pod) -> Refusal:
        """For each node the reasons of the first plugin that refuses it, counted."""
        nodes = self._nodes
        counts: Counter[str] = Counter()
        refusing: set[str] = set()
        left = nodes.all_rows()
        if not len(left):
            everybody = frozenset(p.name for p in self._profile.plugins)
            return Refusal("no nodes available to schedule pods", everybody)
        total = len(left)
        for plugin in shape.filters:
            passes = plugin.filter(pod, nodes, left)
            refused = left[~passes]
            if len(refused):
                refusing.add(plugin.name)
                counts.update(plugin.tally_of(pod, nodes, refused))
            left = left[passes]
        reasons = ", ".join(sorted(f"{count} {reason}" for reason, count in counts.items()))
        return Refusal(f"0/{total} nodes are available: {reasons}.", frozenset(refusing))


class _Same:
    """A spec as a key: equal to the very same spec only."""

    __slots__ = ("spec",)

    def __init__(self, spec: PodSpec | None) -> None:
        self.spec = spec

    def __hash__(self) -> int:
        return id(self.spec)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.spec is self.spec
