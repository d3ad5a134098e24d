"""What the scheduler says of a pod: its PodScheduled condition, its nominated node, and events."""

from typing import Any, Final

from actors import Context
from orchestrator.api.core.v1 import Pod
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.api.scheduling.v1alpha2 import POD_GROUPS, PodGroup
from orchestrator.api.scheme import Resource, resource_of
from orchestrator.client import EventSeriesRecorder
from orchestrator.machinery.times import format_time
from orchestrator.protocol import ApiRef, Identity, Patch, PatchType
from orchestrator.scheduler.on_request import EXPLANATION

FIELD_MANAGER: Final = "kube-scheduler"  # who has written what the scheduler writes

_PODS = resource_of(Pod)
_GATED = "Scheduling is blocked due to non-empty scheduling gates"


class Reports:
    """Writes without waiting; what cannot be written is said again at the next attempt."""

    def __init__(
        self, ctx: Context, api: ApiRef, events: EventSeriesRecorder, identity: Identity
    ) -> None:
        self._ctx, self._api, self._events, self._identity = ctx, api, events, identity

    def scheduled(self, pod: Pod, node: str) -> None:
        """The pod is bound."""
        name = f"{pod.metadata.namespace}/{pod.metadata.name}"
        note = f"Successfully assigned {name} to {node}"
        self._events.event(pod, "Normal", "Scheduled", "Binding", note)

    def gated(self, pod: Pod) -> None:
        """The pod waits outside the queue."""
        self._write(pod, "SchedulingGated", _GATED, None)

    def unschedulable(self, pod: Pod, message: str, *, nominated: str | None, fault: bool) -> None:
        """The pod got no node; `nominated` is the node promised to it (empty: none any more)."""
        reason = "SchedulerError" if fault else "Unschedulable"
        self._events.event(pod, "Warning", "FailedScheduling", "Scheduling", message)
        self._write(pod, reason, message, nominated)

    def preempted(self, victim: Pod, by: Pod, node: str, *, in_memory: bool = False) -> None:
        """A pod has to go for another, which is named by its uid alone, as in kube-scheduler 1.36; one that is not bound stays."""
        message = f"Preempted by pod {by.metadata.uid} on node {node}"
        if in_memory:
            message += " (in kube-scheduler memory)."
        self._events.event(victim, "Normal", "Preempted", "Preempting", message)

    def explained(self, pod: Pod, explanation: str) -> None:
        """How it is decided about a pod that asks for that."""
        if pod.metadata.annotations.get(EXPLANATION) != explanation:
            annotations = {EXPLANATION: explanation}
            metadata = {"uid": pod.metadata.uid, "annotations": annotations}
            self._patch_status(_PODS, pod.metadata, "strategic", {"metadata": metadata})

    def expected(self, pod: Pod, node: str) -> None:
        """The pod is about to be bound, and others should know where: something comes before its binding."""
        if pod.status is None or pod.status.nominated_node_name != node:
            self._patch(pod, {"nominatedNodeName": node})

    def no_longer_nominated(self, pod: Pod) -> None:
        """Somebody more important was promised the node."""
        self._patch(pod, {"nominatedNodeName": None})

    def _write(self, pod: Pod, reason: str, message: str, nominated: str | None) -> None:
        """PodScheduled False; nothing is written when the pod says so already."""
        status: dict[str, Any] = {}
        conditions = pod.status.conditions if pod.status is not None else ()
        was = next((c for c in conditions if c.type == "PodScheduled"), None)
        if was is None or (was.status, was.reason, was.message) != ("False", reason, message):
            at = format_time(self._ctx.clock.now())
            since = was.last_transition_time if was is not None and was.status == "False" else at
            condition = {
                "type": "PodScheduled",
                "status": "False",
                "reason": reason,
                "message": message,
                "lastTransitionTime": since,
                "observedGeneration": pod.metadata.generation,
            }
            status["conditions"] = [condition]
        known = (pod.status.nominated_node_name if pod.status is not None else None) or ""
        if nominated is not None and nominated != known:
            status["nominatedNodeName"] = nominated or None
        if status:
            self._patch(pod, status)

    def disrupted(self, victim: Pod, scheduler_name: str) -> None:
        """The victim's DisruptionTarget condition, which comes before its deletion."""
        condition = {
            "type": "DisruptionTarget",
            "status": "True",
            "reason": "PreemptionByScheduler",
            "message": f"{scheduler_name}: preempting to accommodate a higher priority pod",
            "lastTransitionTime": format_time(self._ctx.clock.now()),
            "observedGeneration": victim.metadata.generation,
        }
        self._patch(victim, {"conditions": [condition]})

    def group(self, group: PodGroup, body: dict[str, Any]) -> None:
        """What became of a group of pods, as a merge patch of its status."""
        self._patch_status(POD_GROUPS, group.metadata, "merge", body)

    def _patch(self, pod: Pod, status: dict[str, Any]) -> None:
        body = {"metadata": {"uid": pod.metadata.uid}, "status": status}
        self._patch_status(_PODS, pod.metadata, "strategic", body)

    def _patch_status(
        self, resource: Resource, of: ObjectMeta, patch_type: PatchType, body: dict[str, Any]
    ) -> None:
        """Patch a status; nobody waits for the answer."""
        self._ctx.request(
            self._api,
            Patch(
                resource=resource,
                name=of.name,
                namespace=of.namespace,
                patch_type=patch_type,
                body=body,
                subresource="status",
                field_manager=FIELD_MANAGER,
                identity=self._identity,
            ),
            then=None,
            failed=_nothing,
        )


def _nothing(*_: object) -> None:
    """The next attempt reports again."""
