"""What happens to one pod under one profile, extension point by extension point.

A plugin's mistake is the pod's: it becomes a Refusal with the plugin's words, never an exception.
"""

from collections.abc import Callable, Sequence
from functools import partial
from inspect import iscoroutine
from random import Random
from typing import Any, Final, ParamSpec, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from orchestrator.api.core.v1 import Node, Pod
from orchestrator.machinery.errors import MachineryError
from orchestrator.scheduler.adapters import called
from orchestrator.scheduler.answers import check, check_room, key_of, wrong
from orchestrator.scheduler.errors import PluginError, Rejected
from orchestrator.scheduler.extenders import (
    MAX_PRIORITY,
    Extender,
    Victims,
    filtered,
    judged,
    victims_left,
)
from orchestrator.scheduler.extenders import PLUGIN as EXTENDER
from orchestrator.scheduler.framework import Nomination, Preparation, Remedy, Unreserve, Wait, Write
from orchestrator.scheduler.kernels import MAX_NODE_SCORE
from orchestrator.scheduler.nominations import Candidate, Nominations
from orchestrator.scheduler.on_request import answer
from orchestrator.scheduler.placement import Placement
from orchestrator.scheduler.plugins.priority_sort import PrioritySort
from orchestrator.scheduler.preparing import taken_back
from orchestrator.scheduler.profile import Profile
from orchestrator.scheduler.queue import SortKey, by_priority
from orchestrator.scheduler.refusals import Refusal, unavailable
from orchestrator.scheduler.rotation import Rotation
from orchestrator.scheduler.snapshot import Snapshot
from orchestrator.scheduler.stopwatch import Stopwatch, status_of

P = ParamSpec("P")
T = TypeVar("T")

_DEVICES: Final = frozenset(("DynamicResources",))
_OF_CLAIMS: Final = ("VolumeBinding", "DynamicResources")


def _waiting(plugin: str, wait: Wait) -> Preparation:
    """A wait at Permit, as something that is looked at until it is over."""

    def done() -> bool:
        allowed = wait.allowed()
        if isinstance(allowed, str) and allowed:
            raise Rejected(plugin, allowed)
        return allowed is True

    return Preparation((), _nothing, done, wait.seconds, plugin=plugin, at_permit=True)


def _nothing() -> None:
    """A wait has nothing to give back."""


class Room(Struct, frozen=True):
    """What PostFilter came to: the refusal with its last words, and the promise that was made.

    `nominated` is the node that the pod's status should name; None: what it says already. `writes` are to be
    made, too. `by` is the plugin that made the promise.
    """

    refusal: Refusal
    nomination: Nomination | None = None
    nominated: str | None = None
    writes: tuple[Write, ...] = ()
    by: str = ""


def _among(ask: Callable[[Pod, Snapshot], str], nodes: Snapshot) -> Callable[[Pod], str]:
    return lambda pod: ask(pod, nodes)


def _sorting(plugin: Any) -> SortKey:
    """How a plugin sorts pods; those that it fails for, which their gate tells of, by their priority."""
    if isinstance(plugin, PrioritySort):
        return by_priority

    def sort_key(pod: Pod, queued_at: float) -> tuple[float, ...]:
        try:
            key: tuple[float, ...] = key_of(plugin, plugin.sort_key, pod, queued_at)
        except Exception:
            return by_priority(pod, queued_at)
        return key

    return sort_key


def _sortable(plugin: Any, pod: Pod) -> str:
    """Nothing: what a plugin raises that cannot sort a pod keeps it outside."""
    called(plugin, "QueueSort", partial(key_of, plugin, plugin.sort_key), pod, 0.0)
    return ""


class Cycle:
    """A profile at work."""

    def __init__(
        self,
        profile: Profile,
        nodes: Snapshot,
        nominations: Nominations,
        rotation: Rotation | None = None,
    ) -> None:
        self.profile = profile
        self.name = profile.scheduler_name
        self._nodes = nodes
        self._placement = Placement(profile, nodes, nominations, rotation)
        gates: tuple[Any, ...] = profile.at("preEnqueue")
        self._gates: list[tuple[Any, Callable[[Pod], str]]] = [
            (
                p,
                _among(p.enqueue_gate, nodes) if hasattr(p, "enqueue_gate") else p.pre_enqueue,
            )
            for p in gates
        ]
        self._post_filters: tuple[Any, ...] = profile.at("postFilter")
        reservers: tuple[Any, ...] = profile.at("reserve")
        self._waits: dict[str, list[Preparation]] = {}  # of pods that were just chosen a node
        self._reservers: list[tuple[Any, Callable[[Pod, str], str | Wait]]] = [
            (p, p.reserve) for p in reservers if hasattr(p, "reserve")
        ]
        permitters: tuple[Any, ...] = profile.at("permit")
        self._permitters: list[tuple[Any, Callable[[Pod, str], str | Wait]]] = [
            (
                p,
                partial(p.permit_among, nodes=nodes) if hasattr(p, "permit_among") else p.permit,
            )
            for p in permitters
        ]
        self._asks_before_binding = bool(self._reservers or self._permitters)
        self._preparers: tuple[Any, ...] = profile.at("preBind")
        # Kubernetes' own write for claims alone, so that pods without any are not asked about.
        self.always_prepares = any(p.name not in _OF_CLAIMS for p in self._preparers)
        self._binders: tuple[Any, ...] = profile.at("bind")
        self.binds = bool(self._binders)  # whether it may, in the API server's place
        self._unreservers = [p for p in reservers if isinstance(p, Unreserve)]
        self._post_binders: tuple[Any, ...] = profile.at("postBind")
        self.acts_on_binding = bool(self._post_binders)
        sorters: tuple[Any, ...] = profile.at("queueSort")
        self.sort_key = _sorting(sorters[0]) if sorters else by_priority
        if sorters and self.sort_key is not by_priority:  # the pod says so that it fails for
            self._gates.append((sorters[0], partial(_sortable, sorters[0])))
        self.stopwatch: Stopwatch | None = None  # where it is of use

    def measure(self, stopwatch: Stopwatch) -> None:
        """Have a stopwatch tell from now on how long plugins take."""
        self.stopwatch = stopwatch
        self._placement.kernels_by = stopwatch.filter_kernel_of, stopwatch.score_kernel_of
        self._placement.forget()

    def gate(self, pod: Pod) -> str | PluginError:
        """The plugin by which the pod must not enter the queue; empty: it may."""
        for plugin, ask in self._gates:
            try:
                reason: str = called(plugin, "preEnqueue", ask, pod)
                if reason:
                    check(plugin, "preEnqueue", reason, str)
                    return str(plugin.name)
            except PluginError as error:
                return error
        return ""

    def choose(self, pod: Pod, random: Random) -> str | Refusal:
        """The pod's node, reserved and permitted."""
        choice = self.choose_unasked(pod, random)
        if isinstance(choice, str) and self._asks_before_binding:
            return self._refused_before_binding(pod, choice) or choice
        return choice

    def explain(self, pod: Pod) -> str:
        """What the plugins say of each node for a pod that asks for it, as the text of an annotation."""
        return answer(pod, self._placement, self._nodes)

    def choose_unasked(self, pod: Pod, random: Random) -> str | Refusal:
        """The pod's node, before anybody reserves or permits."""
        if self.stopwatch is None:
            return self._placement.choose(pod, random)
        return self._measured(self.stopwatch, self._placement.choose, pod, random)

    def _measured(
        self, watch: Stopwatch, decide: Callable[P, T], *arguments: P.args, **named: P.kwargs
    ) -> T:
        """A decision under the stopwatch."""
        made = self._placement.shapes_made
        watch.begins()
        found = decide(*arguments, **named)
        watch.decided(anew=self._placement.shapes_made > made)
        return found

    async def choose_with(
        self,
        extenders: Sequence[Extender],
        pod: Pod,
        node_of: Callable[[str], Node | None],
        random: Random,
    ) -> str | Refusal:
        """The same where extenders have a word, too; on the node that was promised to the pod before all others."""
        promised = await self._promised_with(extenders, pod, node_of)
        if promised is not None:
            return self._refused_before_binding(pod, promised) or promised
        candidates = partial(self._placement.candidates, pod)
        watch = self.stopwatch
        found = candidates() if watch is None else self._measured(watch, candidates)
        if isinstance(found, Refusal):
            return found
        try:
            verdict = await judged(extenders, pod, found, node_of, MAX_NODE_SCORE // MAX_PRIORITY)
        except PluginError as error:
            return Refusal(str(error), frozenset(), fault=True)
        if not verdict.names:
            return self._placement.refused_elsewhere(
                pod, verdict.refused, verdict.hopeless, EXTENDER
            )
        choice = self._placement.choose_among(pod, verdict.names, verdict.scores, random)
        if isinstance(choice, str) and self._asks_before_binding:
            return self._refused_before_binding(pod, choice) or choice
        return choice

    async def _promised_with(
        self, extenders: Sequence[Extender], pod: Pod, node_of: Callable[[str], Node | None]
    ) -> str | None:
        """The node that a pod was promised, if plugins and extenders let it go there; who fails is asked again."""
        name = self._placement.promised(pod)
        if name is None:
            return None
        try:
            verdict = await filtered(extenders, pod, (name,), node_of)
        except PluginError:
            return None
        return name if verdict.names else None

    async def reviewed(self, extenders: Sequence[Extender], pod: Pod, refusal: Refusal) -> Refusal:
        """Ask extenders about the nodes where evictions would make room, where plugins know of some."""
        asked = [each for each in extenders if each.preempt_verb]
        plugin = next((p for p in self._post_filters if hasattr(p, "candidates")), None)
        if not asked or plugin is None or refusal.fault or refusal.stage != "filter":
            return refusal
        try:
            found = called(plugin, "postFilter", plugin.candidates, pod, refusal, self._placement)
            if isinstance(found, str):
                return refusal
            names = self._nodes.names
            victims = {names[c.row]: Victims(c.victims, c.violations) for c in found}
            left = await victims_left(asked, pod, victims)
        except PluginError as error:
            return replace(refusal, reviewed=str(error))
        rows = ((self._nodes.row_of(node), each) for node, each in left.items())
        return replace(
            refusal,
            reviewed=tuple(
                Candidate(row, each.pods, each.violations) for row, each in rows if row is not None
            ),
        )

    def _refused_before_binding(self, pod: Pod, node: str) -> Refusal | None:
        """Reserve, then permit; the first plugin that says no undoes what was reserved."""
        return self.reserve(pod, node) or self.permit_or_wait(pod, node)

    def reserve(self, pod: Pod, node: str) -> Refusal | None:
        """Have plugins reserve what the pod needs; why one does not, when all is given back."""
        found = self._asked("Reserve", self._reservers, pod, node)
        return found if isinstance(found, Refusal) else None

    def permit(self, pod: Pod, node: str) -> list[tuple[str, Wait]] | Refusal:
        """What the pod has to wait for, by plugin; or why it may not go, when all is given back."""
        return self._asked("Permit", self._permitters, pod, node)

    def permit_or_wait(self, pod: Pod, node: str) -> Refusal | None:
        """The same; what there is to wait for, `waits` answers."""
        found = self.permit(pod, node)
        if isinstance(found, Refusal):
            return found
        if found:
            waiting = [_waiting(plugin, wait) for plugin, wait in found]
            self._waits[pod.metadata.uid] = waiting
        return None

    def _asked(
        self,
        point: str,
        plugins: Sequence[tuple[Any, Callable[[Pod, str], str | Wait]]],
        pod: Pod,
        node: str,
    ) -> list[tuple[str, Wait]] | Refusal:
        watch = self.stopwatch if plugins else None
        began = watch.now() if watch is not None else 0.0
        found = self._asked_all(point, plugins, pod, node)
        if watch is not None:
            watch.ended(point, began, status_of(found))
        return found

    def _asked_all(
        self,
        point: str,
        plugins: Sequence[tuple[Any, Callable[[Pod, str], str | Wait]]],
        pod: Pod,
        node: str,
    ) -> list[tuple[str, Wait]] | Refusal:
        waits: list[tuple[str, Wait]] = []
        for plugin, ask in plugins:
            fault = False
            try:
                reason = called(plugin, point, ask, pod, node)
                if reason:
                    check(plugin, point, reason, str, Wait)
            except PluginError as error:
                reason, fault = str(error), True
            if isinstance(reason, Wait):
                waits.append((plugin.name, reason))
                continue
            if reason:
                self.unreserve(pod, node)
                if fault:
                    return Refusal(reason, frozenset(), fault=True)
                return Refusal(
                    unavailable(1, {reason: 1}), frozenset((plugin.name,)), stage="later"
                )
        return waits

    def waits(self, pod: Pod) -> list[Preparation]:
        """What a pod with a node has to wait for at Permit; told once."""
        return self._waits.pop(pod.metadata.uid, []) if self._waits else []

    def prepare(self, pod: Pod, node: str) -> list[Preparation] | Refusal:
        """PreBind: what is to be written before the pod is bound."""
        watch = self.stopwatch if self._preparers else None
        began = watch.now() if watch is not None else 0.0
        answer = self._prepared(pod, node)
        if watch is not None:
            watch.ended("PreBindPreFlight", began, status_of(answer))
        return answer

    def _prepared(self, pod: Pod, node: str) -> list[Preparation] | Refusal:
        found: list[Preparation] = []
        for plugin in self._preparers:
            try:
                answer = called(plugin, "PreBind", plugin.pre_bind, pod, node, self._nodes)
                check(plugin, "PreBind", answer, Preparation)
            except (PluginError, MachineryError) as error:
                for preparation in found:
                    taken_back(preparation)
                self.unreserve(pod, node)
                return Refusal(str(error), frozenset(), fault=True)
            if answer is not None:
                found.append(replace(answer, plugin=plugin.name))
        return found

    def unreserve(self, pod: Pod, node: str) -> None:
        """Give back what was reserved."""
        for plugin in reversed(self._unreservers):
            try:
                called(plugin, "Reserve", plugin.unreserve, pod, node)
            except PluginError:
                continue  # the others' reservations must be given back, too

    def binding(self, pod: Pod, node: str) -> tuple[str, Write] | None:
        """The first plugin that binds the pod itself, by its name, and how; None: none does. Raises PluginError."""
        for plugin in self._binders:
            write = called(plugin, "Bind", plugin.bind, pod, node)
            if write is not None:
                if not callable(write):
                    raise wrong(plugin, "Bind", write, "what binds, or None")
                return plugin.name, write
        return None

    def bound(self, pod: Pod, node: str) -> str:
        """Tell the plugins; answers what one of them raised, in words."""
        words = ""
        watch = self.stopwatch if self._post_binders else None
        began = watch.now() if watch is not None else 0.0
        for plugin in self._post_binders:
            try:
                answer = called(plugin, "PostBind", plugin.post_bind, pod, node)
                if iscoroutine(answer):
                    raise wrong(plugin, "PostBind", answer, "None")
            except PluginError as error:
                words = str(error)
        if watch is not None:
            watch.ended("PostBind", began)
        return words

    def make_room(self, pod: Pod, refusal: Refusal) -> Room:
        """PostFilter: the first plugin that makes room decides; otherwise all have their word."""
        if refusal.fault or refusal.stage == "later" or not self._post_filters:
            return Room(refusal)
        watch = self.stopwatch
        if watch is None:
            return self._room(pod, refusal)
        began = watch.now()
        made = self._room(pod, refusal)
        watch.ended("PostFilter", began, "Success" if made.nomination else "Unschedulable")
        return made

    def _room(self, pod: Pod, refusal: Refusal) -> Room:
        if refusal.stage == "preFilter" and refusal.plugins != _DEVICES:
            # As kube-scheduler 1.36 ends it: its plugins look for what they noted of the pod.
            return Room(replace(refusal, message=f"{refusal.message} not found"))
        words = []
        writes: list[Write] = []
        nominated: str | None = None
        for plugin in self._post_filters:
            try:
                answer = called(
                    plugin, "postFilter", plugin.post_filter, pod, refusal, self._placement
                )
                check_room(plugin, answer, self._nodes)
            except PluginError as error:
                return Room(replace(refusal, message=f"{refusal.message} {error}"))
            if isinstance(answer, Nomination):
                return Room(refusal, answer, answer.node, tuple(writes), plugin.name)
            if isinstance(answer, Remedy):
                writes.append(answer.write)
                answer = answer.words
            if answer:
                words.append(answer)
            if hasattr(plugin, "withdraws") and plugin.withdraws(answer):
                nominated = ""
        tail = f" {', '.join(words)}" if words else ""
        refusal = replace(refusal, message=refusal.message + tail)
        return Room(refusal, None, nominated, tuple(writes))
