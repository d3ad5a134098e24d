"""`scale`: how many replicas, for whoever need not know what of."""

from collections.abc import Mapping
from typing import Any, Final, Protocol

from msgspec.structs import replace

from orchestrator.api.autoscaling.v1 import Scale, ScaleSpec, ScaleStatus
from orchestrator.api.meta.v1 import LabelSelector, ObjectMeta
from orchestrator.apiserver import errors
from orchestrator.apiserver.admission.interface import AdmissionRequest
from orchestrator.apiserver.environment import Environment
from orchestrator.apiserver.kinds.validating import validate_update
from orchestrator.apiserver.pipeline.admission import admitted, refuse_invalid, reviewed
from orchestrator.apiserver.pipeline.decisions import Commit, Decision
from orchestrator.apiserver.pipeline.metadata import check_identity
from orchestrator.apiserver.pipeline.patch import patched
from orchestrator.apiserver.pipeline.served import Served
from orchestrator.apiserver.pipeline.update import check_place
from orchestrator.apiserver.subresources.interface import Subresource, stored_for
from orchestrator.apiserver.validation.field import cause_of
from orchestrator.machinery import field_errors, labels
from orchestrator.protocol import BadRequest, Get, Patch, Update
from orchestrator.store import Change, Write


class _Spec(Protocol):
    """What the specs of scalable kinds share."""

    @property
    def replicas(self) -> int | None: ...
    @property
    def selector(self) -> LabelSelector | Mapping[str, str] | None: ...


_ABSENT: Final = 1  # what a spec without `replicas` means


def scale_of(stored: Any) -> Scale:
    """A scalable object as a Scale."""
    metadata: ObjectMeta = stored.metadata
    return Scale(
        metadata=ObjectMeta(
            name=metadata.name,
            namespace=metadata.namespace,
            uid=metadata.uid,
            resource_version=metadata.resource_version,
            creation_timestamp=metadata.creation_timestamp,
        ),
        spec=ScaleSpec(replicas=_replicas(stored)),
        status=ScaleStatus(
            replicas=0 if stored.status is None else stored.status.replicas or 0,
            selector=_selector(stored.spec),
        ),
    )


def _replicas(stored: Any) -> int:
    replicas = None if stored.spec is None else stored.spec.replicas
    return _ABSENT if replicas is None else replicas


def _selector(spec: _Spec | None) -> str:
    selector = None if spec is None else spec.selector
    if selector is None:
        return ""
    if isinstance(selector, LabelSelector):
        return str(labels.of_struct(selector))
    return str(labels.of_pairs(selector))


class ScaleSubresource(Subresource):
    """Deployments, replica sets, stateful sets and replication controllers."""

    def get(self, env: Environment, served: Served, message: Get) -> Any:
        """The Scale. Raises NotFound."""
        return scale_of(stored_for(env, served, message))

    def update(self, env: Environment, served: Served, message: Update) -> Decision:
        """Errors: NotFound, BadRequest, Conflict, Invalid."""
        present = stored_for(env, served, message)
        if type(message.object) is not Scale:
            raise BadRequest(f"{type(message.object).__name__} in the request is not a Scale")
        return _scaled(env, served, message, message.object, present)

    def patch(self, env: Environment, served: Served, message: Patch) -> Decision:
        """Errors: as `update`, and those of the patch."""
        present = stored_for(env, served, message)
        return _scaled(env, served, message, patched(message, scale_of(present)), present)


def _scaled(
    env: Environment, served: Served, message: Update | Patch, scale: Scale, present: Any
) -> Decision:
    check_place(message, scale)
    check_identity(served.resource, scale.metadata, present.metadata, unconditional=True)
    plugins = served.plugins("UPDATE", "scale")
    if plugins:
        request = AdmissionRequest(
            operation="UPDATE",
            resource=served.resource,
            name=message.name,
            identity=message.identity,
            namespace=message.namespace,
            subresource="scale",
            object=scale,
            old_object=scale_of(present),
            dry_run=message.dry_run,
        )
        scale = admitted(env, plugins, request)
        reviewed(env, plugins, replace(request, object=scale))
    replicas = _checked_replicas(scale, message.name)
    if replicas == _replicas(present):
        return scale_of(present)
    new = _with_replicas(present, replicas)
    refuse_invalid(served, message.name, validate_update(served.stored, new, present))
    if message.dry_run:
        return scale_of(new)
    return Commit(Write(served.bucket, message.namespace, message.name, new, present), _reply)


def _checked_replicas(scale: Scale, name: str) -> int:
    replicas = 0 if scale.spec is None else scale.spec.replicas or 0
    if replicas < 0:
        fault = field_errors.invalid(
            "spec.replicas", replicas, "must be greater than or equal to 0"
        )
        raise errors.invalid("Scale", "autoscaling", name, [cause_of(fault)])
    return replicas


def _with_replicas(stored: Any, replicas: int) -> Any:
    metadata = replace(stored.metadata, generation=(stored.metadata.generation or 0) + 1)
    return replace(stored, metadata=metadata, spec=replace(stored.spec, replicas=replicas))


def _reply(change: Change) -> Scale:
    return scale_of(change.object)
