"""How long the scheduler takes over each change in the cluster, by kube-scheduler's names for changes."""

from collections.abc import Callable
from typing import Any, Final

from orchestrator.api.core.v1 import Pod
from orchestrator.client import Change
from orchestrator.scheduler.metrics import Observations, kind_label

_ASSIGNED: Final = ("AssignedPodAdd", "AssignedPodUpdate", "AssignedPodDelete")
_WAITING: Final = ("UnschedulablePodAdd", "UnschedulablePodUpdate", "UnschedulablePodDelete")

Handler = Callable[[Change[Any]], None]


def timed(handle: Handler, now: Callable[[], float], handled: Observations) -> Handler:
    """A handler that notes how long it took."""

    def handle_timed(change: Change[Any]) -> None:
        began = now()
        handle(change)
        handled.observe(now() - began, change_label(change))

    return handle_timed


def change_label(change: Change[Any]) -> str:
    """What kube-scheduler calls a change: of a pod by whether it has a node, which it is assigned to when it gets it."""
    old, new = change.old, change.new
    latest = old if new is None else new
    if type(latest) is not Pod:
        return kind_label(type(latest), old, new)
    assigned = latest.spec is not None and bool(latest.spec.node_name)
    if assigned and new is not None and old is not None and not (old.spec and old.spec.node_name):
        old = None  # it was bound
    labels = _ASSIGNED if assigned else _WAITING
    return labels[0 if old is None else 1 if new is not None else 2]
