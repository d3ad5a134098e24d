"""Update: a new state in the place of the present one, of the whole or of the status.

A patch is an update whose new state is made from the present one, and takes the same way.
"""

from typing import Any

from msgspec.structs import replace

from orchestrator.apiserver import errors
from orchestrator.apiserver.admission.interface import AdmissionRequest
from orchestrator.apiserver.environment import Environment
from orchestrator.apiserver.kinds.defaulting import apply_defaults
from orchestrator.apiserver.kinds.validating import validate_status_update, validate_update
from orchestrator.apiserver.pipeline.admission import admitted, refuse_invalid, reviewed
from orchestrator.apiserver.pipeline.create import decide_create
from orchestrator.apiserver.pipeline.decisions import Commit, Decision
from orchestrator.apiserver.pipeline.metadata import check_identity, is_finished, kept
from orchestrator.apiserver.pipeline.served import Served
from orchestrator.protocol import Create, Patch, Update
from orchestrator.store import Write


def decide_update(env: Environment, served: Served, message: Update) -> Decision:
    """Put an object in the place of the present one.

    Errors: NotFound, BadRequest, Conflict, Invalid, Forbidden.
    """
    new = served.taken(message.object)
    check_place(message, new)
    present = env.store.get(served.bucket, message.namespace, message.name)
    if present is None:
        if served.strategy.traits.create_on_update and not new.metadata.resource_version:
            return decide_create(env, served, _as_create(message))
        raise errors.not_found(served.resource, message.name)
    return replaced(env, served, message, new, present)


def _as_create(message: Update) -> Create:
    return Create(
        resource=message.resource,
        object=message.object,
        namespace=message.namespace,
        name=message.name,
        dry_run=message.dry_run,
        field_manager=message.field_manager,
        identity=message.identity,
    )


def replaced(
    env: Environment, served: Served, message: Update | Patch, new: Any, present: Any
) -> Decision:
    """The main part of an object changes; its status stays."""
    strategy = served.strategy
    old = present.metadata
    if new.metadata is not old:
        unconditional = strategy.traits.unconditional_update
        check_identity(served.resource, new.metadata, old, unconditional=unconditional)
    metadata = kept(new.metadata, old, old.generation)
    if metadata is not new.metadata:
        new = replace(new, metadata=metadata)
    new = strategy.prepare_for_update(new, present, env)
    plugins = served.plugins("UPDATE", "")
    if plugins:
        request = _request(served, message, new, present)
        new = admitted(env, plugins, request)
    new = apply_defaults(served.stored, new)
    if strategy.traits.generation and strategy.has_changed(new, present):
        metadata = replace(new.metadata, generation=(old.generation or 0) + 1)
        new = replace(new, metadata=metadata)
    refuse_invalid(served, message.name, validate_update(served.stored, new, present))
    new = strategy.allocate(new, present, env)
    if plugins:
        reviewed(env, plugins, replace(request, object=new))
    return written(served, message, new, present)


def decide_status_update(env: Environment, served: Served, message: Update) -> Decision:
    """Put a status in the place of the present one.

    Errors: NotFound, BadRequest, Conflict, Invalid, Forbidden.
    """
    new = served.taken(message.object)
    check_place(message, new)
    present = env.store.get(served.bucket, message.namespace, message.name)
    if present is None:
        raise errors.not_found(served.resource, message.name)
    return status_replaced(env, served, message, new, present)


def status_replaced(
    env: Environment, served: Served, message: Update | Patch, new: Any, present: Any
) -> Decision:
    """The status changes; everything else stays, but for labels and the like of some kinds."""
    strategy = served.strategy
    metadata = present.metadata
    if new.metadata is not metadata:
        check_identity(served.resource, new.metadata, metadata, unconditional=True)
    # Only a writer that knows the present state can mean to change what is beside the status.
    if strategy.traits.status_owns_metadata and new.metadata.resource_version:
        metadata = kept(new.metadata, metadata, metadata.generation)
    if metadata is not new.metadata:
        new = replace(new, metadata=metadata)
    new = strategy.prepare_for_status_update(new, present, env)
    plugins = served.plugins("UPDATE", "status")
    if plugins:
        request = _request(served, message, new, present)
        new = admitted(env, plugins, request)
        reviewed(env, plugins, replace(request, object=new))
    refuse_invalid(served, message.name, validate_status_update(served.stored, new, present))
    return written(served, message, new, present)


def check_place(message: Update | Patch, new: Any) -> None:
    """The new state must be of the object that the message names. Raises BadRequest."""
    metadata = new.metadata
    if metadata.name and metadata.name != message.name:
        raise errors.name_differs(metadata.name, message.name)
    if metadata.namespace and metadata.namespace != message.namespace:
        raise errors.namespace_differs()


def _request(served: Served, message: Update | Patch, new: Any, present: Any) -> AdmissionRequest:
    return AdmissionRequest(
        operation="UPDATE",
        resource=served.resource,
        name=message.name,
        identity=message.identity,
        namespace=message.namespace,
        subresource=message.subresource,
        object=new,
        old_object=present,
        dry_run=message.dry_run,
    )


def written(served: Served, message: Update | Patch, new: Any, present: Any) -> Decision:
    """The last step of every update: nothing, a deletion, or a write.

    An update that changes nothing takes no revision and is no event. One that removes the last
    finalizer of a deleted object removes the object.
    """
    if new is present or new == present:
        return served.given(present)
    if message.dry_run:
        return served.given(new)
    delete = is_finished(new, present) and not served.strategy.is_held(new)
    write = Write(served.bucket, message.namespace, message.name, new, present, delete=delete)
    return Commit(write, served.reply)
