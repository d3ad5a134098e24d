"""What measures look at in a pod, found once for each change: its state before, and after."""

from typing import Final, NamedTuple

from orchestrator.api.core.v1 import Pod
from orchestrator.store import Change

ENDED: Final = ("Succeeded", "Failed")


class PodState(NamedTuple):
    """One pod at one moment. Of equal states there is one object, so `is` compares them."""

    phase: str  # empty: there is no such pod
    bound: bool = False
    ready: bool = False
    restarts: int = 0  # of its containers
    started: bool = False  # all of its containers, as far as is reported
    unschedulable: bool = False
    terminating: bool = False  # it is asked to end, and is still there
    serving: bool = False  # it is ready, and not terminating
    running: bool = False  # it takes room on its node: it is bound, and has not ended


ABSENT: Final = PodState("")


class PodStates:
    """The state of every pod that is there."""

    def __init__(self) -> None:
        self._states: dict[str, PodState] = {}  # by uid
        self._known: dict[tuple[str, bool, bool, int, bool, bool, bool], PodState] = {}

    def follow(self, change: Change) -> tuple[PodState, PodState]:
        """The pod's state before a change, and after it."""
        pod: Pod = change.object
        uid = pod.metadata.uid
        states = self._states
        if change.type == "DELETED":
            return states.pop(uid, ABSENT), ABSENT
        before = states.get(uid, ABSENT)
        after = states[uid] = self._state_of(pod)
        return before, after

    def _state_of(self, pod: Pod) -> PodState:
        spec, status = pod.spec, pod.status
        bound = spec is not None and bool(spec.node_name)
        terminating = pod.metadata.deletion_timestamp is not None
        if status is None:
            key = ("Pending", bound, False, 0, False, False, terminating)
        else:
            ready = unschedulable = False
            for condition in status.conditions:
                kind = condition.type
                if kind == "Ready":
                    ready = condition.status == "True"
                elif kind == "PodScheduled":
                    unschedulable = condition.reason == "Unschedulable"
            restarts = started = 0
            for container in status.container_statuses:
                restarts += container.restart_count
                if container.started:
                    started += 1
            wanted = len(spec.containers) if spec is not None else 0
            phase = status.phase or "Pending"
            all_started = started == wanted > 0
            key = (phase, bound, ready, restarts, all_started, unschedulable, terminating)
        state = self._known.get(key)
        if state is None:
            state = self._known[key] = PodState(
                *key, serving=key[2] and not terminating, running=bound and key[0] not in ENDED
            )
        return state
