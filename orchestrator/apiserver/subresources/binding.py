"""`pods/binding`: the scheduler gives a pod its node."""

from typing import Any, Final

from msgspec.structs import replace

from orchestrator.api.core.v1 import Binding, Pod, PodCondition, PodSpec, PodStatus
from orchestrator.api.meta.v1 import Time
from orchestrator.apiserver import errors
from orchestrator.apiserver.admission.interface import AdmissionRequest
from orchestrator.apiserver.environment import Environment
from orchestrator.apiserver.pipeline.admission import admitted, reviewed
from orchestrator.apiserver.pipeline.decisions import Commit, Decision
from orchestrator.apiserver.pipeline.served import Served
from orchestrator.apiserver.subresources.interface import Subresource, stored_for
from orchestrator.apiserver.validation.field import cause_of
from orchestrator.machinery import field_errors
from orchestrator.machinery.conditions import with_condition
from orchestrator.machinery.memo import MixedMemo
from orchestrator.protocol import BadRequest, Create
from orchestrator.store import Write

_NO_SPEC: Final = PodSpec()
_NO_STATUS: Final = PodStatus()
_KINDS: Final = ("", "Node")


class BindingSubresource(Subresource):
    """Answers the bound Pod (over HTTP it is a Status, as in Kubernetes)."""

    def create(self, env: Environment, served: Served, message: Create) -> Decision:
        """Bind. Errors: NotFound, BadRequest, Invalid, Conflict (bound, gated or being deleted)."""
        binding = message.object
        if type(binding) is not Binding:
            raise BadRequest(f"{type(binding).__name__} in the request is not a Binding")
        if binding.metadata.name and binding.metadata.name != message.name:
            raise BadRequest("name in URL does not match name in Binding object")
        pod: Pod = stored_for(env, served, message)
        plugins = served.plugins("CREATE", "binding")
        if plugins:
            request = AdmissionRequest(
                operation="CREATE",
                resource=served.resource,
                name=message.name,
                identity=message.identity,
                namespace=message.namespace,
                subresource="binding",
                object=binding,
                dry_run=message.dry_run,
            )
            binding = admitted(env, plugins, request)
            reviewed(env, plugins, replace(request, object=binding))
        _check(served, binding, pod)
        new = _bound(env, binding, pod)
        if message.dry_run:
            return new
        return Commit(Write(served.bucket, message.namespace, message.name, new, pod))


def _check(served: Served, binding: Binding, pod: Pod) -> None:
    faults = []
    if binding.target.kind not in _KINDS:
        supported = ("Node", "<empty>")
        faults.append(field_errors.not_supported("target.kind", binding.target.kind, supported))
    if not binding.target.name:
        faults.append(field_errors.required("target.name"))
    name = pod.metadata.name
    if faults:
        raise errors.invalid("Binding", "", name, [cause_of(fault) for fault in faults])
    why = _obstacle(binding, pod)
    if why:
        raise errors.conflict(served.resource, name, why, subresource="binding")


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
        changes["labels"] = {**pod.metadata.labels, **binding.metadata.labels}
    return replace(
        pod,
        metadata=replace(pod.metadata, **changes) if changes else pod.metadata,
        spec=replace(pod.spec or _NO_SPEC, node_name=binding.target.name),
        status=_SCHEDULED(pod.status or _NO_STATUS, env.time()),
    )


def _scheduled(status: PodStatus, now: Time) -> PodStatus:
    condition = PodCondition(type="PodScheduled", status="True")
    return replace(status, conditions=with_condition(status.conditions, condition, now))


# Pods of one template that are bound in the same second go on with the very same status.
_SCHEDULED: Final[MixedMemo[PodStatus, PodStatus]] = MixedMemo(_scheduled)
