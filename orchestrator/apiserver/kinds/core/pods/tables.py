"""What `kubectl get` shows of the kinds of `pods`."""

from collections.abc import Sequence
from typing import Any, Final

from orchestrator.api.core.v1 import (
    ContainerState,
    ContainerStatus,
    Pod,
    PodSpec,
    PodStatus,
    PodTemplate,
)
from orchestrator.apiserver.printing import (
    NONE,
    Printer,
    Row,
    age,
    containers_and_images,
    since,
)
from orchestrator.machinery.conditions import find, is_true
from orchestrator.machinery.labels import format_labels

_NO_SPEC: Final = PodSpec()


_NO_STATUS: Final = PodStatus()


_NO_STATE: Final = ContainerState()


_GATED: Final = "SchedulingGated"


# The node controller's word for pods of a node that it lost.
_NODE_LOST: Final = "NodeLost"


_TERMINAL: Final = ("Succeeded", "Failed")


class _Summary:
    """What is counted while a pod's containers are gone through."""

    __slots__ = ("last_restart", "ready", "reason", "restarts", "total")

    def __init__(self, reason: str, total: int) -> None:
        self.reason = reason
        self.total = total
        self.ready = 0
        self.restarts = 0
        self.last_restart = ""  # a Time; they compare as texts

    def count_restarts(self, status: ContainerStatus) -> None:
        """Add a container's restarts, and remember when the last of all was."""
        self.restarts += status.restart_count
        ended = status.last_state.terminated if status.last_state is not None else None
        if ended is not None and ended.finished_at and ended.finished_at > self.last_restart:
            self.last_restart = ended.finished_at

    def restarts_text(self, now: float) -> str:
        """`2 (5m ago)`."""
        if self.restarts and self.last_restart:
            return f"{self.restarts} ({since(self.last_restart, now)} ago)"
        return str(self.restarts)


def pod_cells(pod: Pod, now: float) -> Row:
    """The nine cells of a pod."""
    spec, status = pod.spec or _NO_SPEC, pod.status or _NO_STATUS
    summary = summarize(pod, spec, status)
    return (
        pod.metadata.name,
        f"{summary.ready}/{summary.total}",
        summary.reason,
        summary.restarts_text(now),
        age(pod, now),
        (status.pod_ips[0].ip if status.pod_ips else "") or NONE,
        spec.node_name or NONE,
        status.nominated_node_name or NONE,
        _readiness_gates(spec, status),
    )


def summarize(pod: Pod, spec: PodSpec, status: PodStatus) -> _Summary:
    """The one word for a pod's state, and its counts.

    The phase is too coarse for people. A pod that is deleted is Terminating; else one whose init
    containers are not done says how far they are or what ails them; else the first container that
    waits or has ended lends its reason; else it is the phase.
    """
    sidecars = {c.name for c in spec.init_containers if c.restart_policy == "Always"}
    summary = _Summary(_phase_or_reason(status), len(spec.containers) + len(sidecars))
    seen, initializing = _init_containers(summary, spec, status, sidecars)
    if not initializing or is_true(status.conditions, "Initialized"):
        if seen:
            _restart_counts(summary, status.init_container_statuses[:seen], sidecars)
        _containers(summary, status)
    if pod.metadata.deletion_timestamp is not None:
        if status.reason == _NODE_LOST:
            summary.reason = "Unknown"
        elif status.phase not in _TERMINAL:
            summary.reason = "Terminating"
    return summary


def _phase_or_reason(status: PodStatus) -> str:
    scheduled = find(status.conditions, "PodScheduled")
    if scheduled is not None and scheduled.reason == _GATED:
        return _GATED
    return status.reason or status.phase


def _init_containers(
    summary: _Summary, spec: PodSpec, status: PodStatus, sidecars: set[str]
) -> tuple[int, bool]:
    """How many were looked at, and whether the pod still initializes; then the reason says how far it is."""
    for index, each in enumerate(status.init_container_statuses):
        summary.count_restarts(each)
        state = each.state or _NO_STATE
        if state.terminated is not None and state.terminated.exit_code == 0:
            continue
        if each.name in sidecars and each.started:
            summary.ready += each.ready
            continue
        if state.terminated is not None:
            summary.reason = f"Init:{_ended(state)}"
        elif state.waiting is not None and state.waiting.reason not in ("", "PodInitializing"):
            summary.reason = f"Init:{state.waiting.reason}"
        else:
            summary.reason = f"Init:{index}/{len(spec.init_containers)}"
        return index + 1, True
    return len(status.init_container_statuses), False


def _restart_counts(summary: _Summary, seen: Sequence[ContainerStatus], sidecars: set[str]) -> None:
    """Once a pod runs, of its init containers only the restarts of sidecars count.

    Those behind the first that is not up (any more) were not seen, as in Kubernetes.
    """
    summary.restarts, summary.last_restart = 0, ""
    for each in seen:
        if each.name in sidecars:
            summary.count_restarts(each)


def _containers(summary: _Summary, status: PodStatus) -> None:
    running, failure = False, ""
    # Backwards: the first container that has something to say has the last word.
    for each in reversed(status.container_statuses):
        summary.count_restarts(each)
        state = each.state or _NO_STATE
        if state.waiting is not None and state.waiting.reason:
            summary.reason = state.waiting.reason
        elif state.terminated is not None:
            summary.reason = _ended(state)
            if state.terminated.exit_code:
                failure = summary.reason
        elif each.ready and state.running is not None:
            running = True
            summary.ready += 1
    if summary.reason == "Completed":
        # The first container ended well; that is not what is to be said of the pod if others did not, or run.
        if running and is_true(status.conditions, "Ready"):
            summary.reason = "Running"
        elif failure:
            summary.reason = failure
        elif running:
            summary.reason = "NotReady"


def _ended(state: ContainerState) -> str:
    ended = state.terminated
    assert ended is not None
    if ended.reason:
        return ended.reason
    return f"Signal:{ended.signal}" if ended.signal else f"ExitCode:{ended.exit_code}"


def _readiness_gates(spec: PodSpec, status: PodStatus) -> str:
    gates = spec.readiness_gates
    if not gates:
        return NONE
    passed = sum(is_true(status.conditions, gate.condition_type) for gate in gates)
    return f"{passed}/{len(gates)}"


_DONE: Final = {
    "Succeeded": "The pod has completed successfully.",
    "Failed": "The pod failed.",
}


def pod_conditions(pod: Pod) -> list[dict[str, Any]] | None:
    """A row of a pod that is done says so."""
    phase = (pod.status or _NO_STATUS).phase
    if phase not in _DONE:
        return None
    return [{"type": "Completed", "status": "True", "reason": phase, "message": _DONE[phase]}]


PODS: Final = Printer(
    cells=pod_cells,
    conditions=pod_conditions,
)


def _template_cells(obj: PodTemplate, now: float) -> Row:
    template = obj.template
    names, images = containers_and_images(template.spec if template else None)
    labels = format_labels(template.metadata.labels) if template else NONE
    return obj.metadata.name, names, images, labels


TEMPLATES: Final = Printer(
    cells=_template_cells,
)
