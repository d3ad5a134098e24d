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
from orchestrator.apiserver.pipeline.course import Course, make_steps
from orchestrator.apiserver.pipeline.draft import Draft, Instead, Step
from orchestrator.apiserver.pipeline.objects import read
from orchestrator.apiserver.pipeline.own_fields import manager_of
from orchestrator.apiserver.pipeline.part import Part
from orchestrator.apiserver.pipeline.served import Served
from orchestrator.apiserver.pipeline.write_path import WritePath
from orchestrator.machinery import field_errors
from orchestrator.machinery.conditions import with_condition
from orchestrator.machinery.managed_fields.ledger import Ledger
from orchestrator.machinery.memo import MixedMemo
from orchestrator.protocol import BadRequest, Unclassified

_NO_SPEC: Final = PodSpec()
_NO_STATUS: Final = PodStatus()
BINDINGS: Final = "bindings"
_KINDS: Final = ("", "Node")


def _take(course: Course) -> tuple[Step, ...]:
    """The Binding of the message. Errors: BadRequest."""
    is_old = course.served.bucket == BINDINGS
    bindings = Served(course.scheme.by_type(Binding), course.scheme, ())
    path = WritePath(bindings, course.scheme, course.subresource)

    def step(env: Environment, draft: Draft) -> None:
        message, binding = draft.message, draft.message.object
        if type(binding) is not Binding:
            raise BadRequest(f"{type(binding).__name__} in the request is not a Binding")
        metadata = binding.metadata
        if metadata.namespace and metadata.namespace != draft.namespace:
            raise errors.namespace_differs()
        if is_old:
            draft.name = metadata.name
        if message.warn is not None:  # admission sees whose it is
            owners = Ledger((), path, manager_of(message), env.now(), None, binding)
            metadata = replace(metadata, namespace=draft.namespace, managed_fields=owners)
            binding = replace(binding, metadata=metadata)
        draft.new = binding

    return (step,)


def _check_name(course: Course) -> tuple[Step, ...]:
    """Whether the Binding names the pod of its path. Errors: BadRequest."""

    def step(_env: Environment, draft: Draft) -> None:
        if draft.new.metadata.name != draft.name:
            raise BadRequest("name in URL does not match name in Binding object")

    return (step,)


def _to_pod(course: Course) -> tuple[Step, ...]:
    """Bind the pod as its own path does, which nobody is asked about again. Errors: BadRequest."""
    pods = course.scheme.by_type(Pod)
    at_pod = replace(course, served=Served(pods, course.scheme, ()), subresource="binding")
    steps = make_steps(at_pod, (_take, read, _bind, commit_changed))

    def step(_env: Environment, draft: Draft) -> Instead:
        if not draft.name:
            raise BadRequest("Name parameter required.")
        message = replace(
            draft.message, resource=pods, name=draft.name, subresource="binding", object=draft.new
        )
        return Instead(message, steps)

    return (step,)


def _check_target(_course: Course) -> tuple[Step, ...]:
    """Whether the Binding says a node, before anybody looks for the pod. Errors: Unclassified."""

    def step(_env: Environment, draft: Draft) -> None:
        target, faults = draft.new.target, []
        if target.kind not in _KINDS:
            supported = ("Node", "<empty>")
            faults.append(field_errors.not_supported("target.kind", target.kind, supported))
        if not target.name:
            faults.append(field_errors.required("target.name"))
        if faults:
            texts = [f"{fault.field}: {fault.body}" for fault in faults]
            raise Unclassified(texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]")

    return (step,)


def _bind(course: Course) -> tuple[Step, ...]:
    """The pod with its node. Errors: Conflict (another pod or state, bound, gated or being deleted)."""
    resource = course.served.resource

    def step(env: Environment, draft: Draft) -> None:
        binding, pod = draft.new, draft.old
        _check_preconditions(resource, binding, pod, dry_run=draft.message.dry_run)
        why = _obstacle(binding, pod)
        if why:
            raise errors.conflict(resource, pod.metadata.name, why, subresource="binding")
        draft.new = _bound(env, binding, pod)

    return (step,)


def _check_preconditions(resource: Resource, binding: Binding, pod: Pod, *, dry_run: bool) -> None:
    wanted, present = binding.metadata, pod.metadata
    for expected, found, mismatch in (
        (wanted.uid, present.uid, errors.uid_mismatch),
        (wanted.resource_version, present.resource_version, errors.revision_mismatch),
    ):
        if expected and expected != found:
            namespace, name = present.namespace, present.name
            raise mismatch(resource, namespace, name, expected, found, dry_run=dry_run)


def _obstacle(binding: Binding, pod: Pod) -> str:
    name, spec = pod.metadata.name, pod.spec or _NO_SPEC
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
_ASK: Final = (authorize, _take, admit, _check_name, _check_target, review_outside, review)
# The answer is the bound Pod (over HTTP it is a Status, as in Kubernetes).
BINDING: Final = Part(writes={"create": (*_ASK, read, _bind, commit_changed)}, readable=False)
# The old path of a pod's binding.
LEGACY_BINDING: Final = Part(writes={"create": (*_ASK, _to_pod)}, readable=False)
