"""One cycle for all waiting pods of a group: it is decided for all of them before any is bound.

As kube-scheduler 1.36 does it: each pod gets its node in turn, and the next ones see it there; a pod
for which others are evicted counts as if it stood in their place already. When that is done everything
is thought back. The group can be placed if Permit let one of its pods go; whoever then has a node is bound.
"""

from collections.abc import Callable, Sequence
from random import Random
from typing import Final, Literal

from msgspec import Struct

from orchestrator.api.core.v1 import Pod
from orchestrator.scheduler.cycle import Cycle, Room
from orchestrator.scheduler.framework import Wait
from orchestrator.scheduler.nominations import Nominations
from orchestrator.scheduler.refusals import Refusal
from orchestrator.scheduler.snapshot import Snapshot

UNSCHEDULABLE: Final = "pod group is unschedulable"
_AFTER_EVICTIONS: Final = f"{UNSCHEDULABLE}, pod group is waiting for preemption to complete"
_ASKED_TO_WAIT: Final = "one or more plugins asked to wait and no plugin rejected pod"


class Found(Struct, frozen=True):
    """What was found for one pod: a node, or why there is none.

    `evicts`: others go for it, so that it has a node and a refusal. `waits` is what Permit said of waiting.
    """

    node: str = ""
    room: Room | None = None
    waits: str = ""

    @property
    def evicts(self) -> bool:
        """Whether room has to be made on its node."""
        return bool(self.node) and self.room is not None


class Verdict(Struct, frozen=True):
    """What is said of one pod: its node, or words; `nominated` as in `Room`."""

    node: str = ""
    words: str = ""
    nominated: str | None = ""
    fault: bool = False


class GroupVerdict(Struct, frozen=True):
    """What became of a group: a verdict a pod, and the reason and message of its condition."""

    pods: tuple[Verdict, ...]
    reason: Literal["Scheduled", "Unschedulable", "SchedulerError"]
    message: str = ""


class GroupCycle:
    """Decides for the pods of one group; nothing of it remains in the snapshot.

    `make` performs evictions and other writes that make room; they are not taken back if the group finds no
    place, as in the original. Pods that get a node lose what they were promised. `explain` is told of each pod
    before it is decided about.
    """

    def __init__(
        self,
        cycle: Cycle,
        nodes: Snapshot,
        nominations: Nominations,
        random: Random,
        make: Callable[[Room, Pod], None],
        explain: Callable[[Pod], None],
    ) -> None:
        self._cycle, self._nodes, self._random, self._make = cycle, nodes, random, make
        self._explain = explain
        self._nominations = nominations
        self._assumed: list[tuple[Pod, str]] = []
        self._gone: list[tuple[Pod, str]] = []

    def decide(self, pods: Sequence[Pod]) -> GroupVerdict:
        """What becomes of the group's waiting pods, in the order in which they are tried."""
        found: list[Found] = []
        placed = False
        try:
            for pod in pods:
                one = self._one(pod)
                found.append(one)
                if one.room is not None and one.room.refusal.fault:
                    break
                placed = placed or (bool(one.node) and not one.waits)
        finally:
            self._think_back()
        return _verdict(pods, found, placed)

    def _one(self, pod: Pod) -> Found:
        cycle, room = self._cycle, None
        self._explain(pod)
        choice = cycle.choose_unasked(pod, self._random)
        if isinstance(choice, Refusal):
            room = cycle.make_room(pod, choice)
            self._make(room, pod)
            if room.nomination is None:
                return Found(room=room)
            choice = room.nomination.node
            for victim in room.nomination.victims:
                if self._nodes.remove_pod(victim.metadata.uid, choice):
                    self._gone.append((victim, choice))
        refusal = cycle.reserve(pod, choice)
        if refusal is not None:
            return Found(room=Room(refusal, nominated=""))
        self._nominations.remove(pod.metadata.uid)
        self._nodes.add_pod(pod.metadata.uid, pod, choice)
        self._assumed.append((pod, choice))
        answer = cycle.permit(pod, choice)
        if isinstance(answer, Refusal):
            self._nodes.remove_pod(pod.metadata.uid, choice)
            self._assumed.pop()
            return Found(room=Room(answer, nominated=""))
        return Found(choice, room, _words(answer))

    def _think_back(self) -> None:
        for pod, node in reversed(self._assumed):
            self._cycle.unreserve(pod, node)
            self._nodes.remove_pod(pod.metadata.uid, node)
        for victim, node in self._gone:
            self._nodes.add_pod(victim.metadata.uid, self._nodes.current(victim), node)


def _words(waits: Sequence[tuple[str, Wait]]) -> str:
    words = [wait.words for _, wait in waits if wait.words]
    return ", ".join((*words, _ASKED_TO_WAIT)) if waits else ""


def _verdict(pods: Sequence[Pod], found: Sequence[Found], placed: bool) -> GroupVerdict:
    last = found[-1].room
    if last is not None and last.refusal.fault:
        words = f"failed to schedule other pod from a pod group: {last.refusal.message}"
        others = [Verdict(words=words, fault=True)] * (len(pods) - 1)
        others.insert(len(found) - 1, Verdict(words=last.refusal.message, fault=True))
        return GroupVerdict(tuple(others), "SchedulerError", words)
    evicts = any(each.evicts for each in found)
    if placed and not evicts:
        return GroupVerdict(tuple(_placed(each) for each in found), "Scheduled")
    if placed:
        verdicts = tuple(_after_evictions(each) for each in found)
        return GroupVerdict(verdicts, "Unschedulable", _AFTER_EVICTIONS)
    return GroupVerdict(tuple(_unplaced(each) for each in found), "Unschedulable", UNSCHEDULABLE)


def _refused(found: Found) -> Verdict:
    assert found.room is not None
    return Verdict(words=found.room.refusal.message, nominated=found.room.nominated)


def _placed(found: Found) -> Verdict:
    return Verdict(found.node) if found.room is None else _refused(found)


def _after_evictions(found: Found) -> Verdict:
    if found.room is not None:
        return _refused(found)
    return Verdict(words=_AFTER_EVICTIONS, nominated=found.node)


def _unplaced(found: Found) -> Verdict:
    if not found.node:
        return _refused(found)
    return Verdict(words=f"{UNSCHEDULABLE}, {found.waits}" if found.waits else UNSCHEDULABLE)
