"""`pods/binding`: the scheduler gives a pod its node."""

from collections.abc import Mapping
from typing import Any, Final

from msgspec.structs import replace

from orchestrator.api.core.v1 import Binding, Pod, PodCondition, PodSpec, PodStatus
from orchestrator.api.meta.v1 import Time
from orchestrator.api.scheme import Resource
from orchestrator.apiserver import errors
from orchestrator.apiserver.environment import Environment
from orchestrator.apiserver.pipeline.admission import admit, review, review_outside
from orchestrator.apiserver.pipeline.authorize import authorize
from orchestrator.apiserver.pipeline.commit import commit_changed
from orchestrator.apiserver.pipeline.course import Course
from orchestrator.apiserver.pipeline.draft import Draft, Step
from orchestrator.apiserver.pipeline.objects import read
from orchestrator.apiserver.pipeline.part import Part
from orchestrator.machinery import field_errors
from orchestrator.machinery.conditions import with_condition
from orchestrator.machinery.memo import MixedMemo
from orchestrator.protocol import BadRequest, Unclassified

_NO_SPEC: Final = PodSpec()
_NO_STATUS: Final = PodStatus()
_KINDS: Final = ("", "Node")


def _take(course: Course) -> tuple[Step, ...]:
    """The Binding of the message. Errors: BadRequest."""

    def step(_env: Environment, draft: Draft) -> None:
        binding = draft.message.object
        if type(binding) is not Binding:
            raise BadRequest(f"{type(binding).__name__} in the request is not a Binding")
        namespace = binding.metadata.namespace
        if namespace and namespace != draft.namespace:
            raise errors.namespace_differs()
        if binding.metadata.name != draft.name:
            raise BadRequest("name in URL does not match name in Binding object")
        draft.new = binding

    return (step,)


def _bind(course: Course) -> tuple[Step, ...]:
    """The pod with its node. Errors: Unclassified (no node), Conflict (bound, gated or being deleted)."""
    resource = course.served.resource

    def step(env: Environment, draft: Draft) -> None:
        binding, pod = draft.new, draft.old
        _check(resource, binding, pod)
        draft.new = _bound(env, binding, pod)

    return (step,)


def _check(resource: Resource, binding: Binding, pod: Pod) -> None:
    faults = []
    if binding.target.kind not in _KINDS:
        supported = ("Node", "<empty>")
        faults.append(field_errors.not_supported("target.kind", binding.target.kind, supported))
    if not binding.target.name:
        faults.append(field_errors.required("target.name"))
    name = pod.metadata.name
    if faults:
        texts = [f"{fault.field}: {fault.body}" for fault in faults]
        raise Unclassified(texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]")
    why = _obstacle(binding, pod)
    if why:
        raise errors.conflict(resource, name, why, subresource="binding")


def _obstacle(binding: Binding, pod: Pod) -> str:
    name, uid, spec = pod.metadata.name, binding.metadata.uid, pod.spec or _NO_SPEC
    if uid and uid != pod.metadata.uid:
        return (
            f"Precondition failed: UID in precondition: {uid}, "
            f"UID in object meta: {pod.metadata.uid}"
        )
    if pod.metadata.deletion_timestamp is not None:
        return f"pod {name} is being deleted, cannot be assigned to a host"
    if spec.node_name:
        return f'pod {name} is already assigned to node "{spec.node_name}"'
    if spec.scheduling_gates:
        return f"pod {name} has non-empty .spec.schedulingGates"
    return ""


def _bound(env: Environment, binding: Binding, pod: Pod) -> Pod:
    changes: dict[str, Any] = {}
    if binding.metadata.annotations:
        changes["annotations"] = {**pod.metadata.annotations, **binding.metadata.annotations}
    if binding.metadata.labels:
        changes["labels"] = _LABELS(pod.metadata.labels, tuple(binding.metadata.labels.items()))
    return replace(
        pod,
        metadata=replace(pod.metadata, **changes) if changes else pod.metadata,
        spec=replace(pod.spec or _NO_SPEC, node_name=binding.target.name),
        status=_SCHEDULED(pod.status or _NO_STATUS, env.time()),
    )


def _scheduled(status: PodStatus, now: Time) -> PodStatus:
    condition = PodCondition(type="PodScheduled", status="True")
    conditions = with_condition(status.conditions, condition, now)
    return replace(status, conditions=conditions, nominated_node_name="")


def _labelled(labels: Mapping[str, str], more: tuple[tuple[str, str], ...]) -> dict[str, str]:
    return {**labels, **dict(more)}


# Pods of one template in one zone go on to share their labels: others remember much by them.
_LABELS: Final[MixedMemo[Mapping[str, str], dict[str, str]]] = MixedMemo(_labelled)
# Pods of one template that are bound in the same second go on with the very same status.
_SCHEDULED: Final[MixedMemo[PodStatus, PodStatus]] = MixedMemo(_scheduled)
# The answer is the bound Pod (over HTTP it is a Status, as in Kubernetes).
BINDING: Final = Part(
    writes={
        "create": (
            authorize,
            _take,
            read,
            admit,
            review_outside,
            review,
            _bind,
            commit_changed,
        )
    },
    readable=False,
)
