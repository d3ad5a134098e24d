"""POST, PUT, PATCH and DELETE."""

from typing import Any, Final

from aiohttp.web import StreamResponse

from orchestrator.api import codec
from orchestrator.api.meta.v1 import ObjectMeta, StatusDetails
from orchestrator.apiserver import errors
from orchestrator.apiserver.aside import BULKY_BYTES
from orchestrator.apiserver.errors import invalid_version
from orchestrator.apiserver.http import bodies, parameters
from orchestrator.apiserver.http.connect import connect
from orchestrator.apiserver.http.front import Call, Front
from orchestrator.apiserver.http.paths import CONNECTIONS, Target
from orchestrator.apiserver.http.replies import object_reply, page_reply, status_reply, success
from orchestrator.apiserver.http.strictness import duplicate_fields
from orchestrator.apiserver.kinds import kind_of
from orchestrator.apiserver.kinds.stored_only import (
    names_in,
    shows_warnings,
    stored_only_warnings,
)
from orchestrator.apiserver.listing import decode_token
from orchestrator.protocol import (
    BadRequest,
    Create,
    Created,
    Delete,
    DeleteCollection,
    Deleted,
    Patch,
    Update,
)

# What is posted to these is done, and has no object to show.
_DEEDS: Final = ("binding", "eviction")
_BINDINGS: Final = "bindings"
# A few copies make much of little.
_COPY: Final = b'"copy"'
_TOKEN_REVIEWS: Final = "tokenreviews.authentication.k8s.io"


async def create(front: Front, call: Call) -> StreamResponse:
    """Create an object, or post to a part of one."""
    target = call.target
    if target.part in CONNECTIONS:
        return await connect(front, call)
    media = call.route.media
    data = call.body
    options = call.route.options
    received = await bodies.apart(
        bodies.decode, data, media, call.route.expected, options.field_validation
    )
    call.warnings.extend(received.warnings)
    call.note_object(received.object)
    created = await front.ask(
        Create(
            resource=target.resource,
            object=received.object,
            document=received.document,
            namespace=target.namespace,
            name=target.name
            if target.part
            else "",  # a custom resource may be posted to another's path
            subresource=target.part,
            dry_run=options.dry_run,
            field_manager=options.field_manager,
            identity=call.identity,
            warn=call.warnings.append,
            annotate=call.annotate,
            options=options.said,
            bulky=len(data) > BULKY_BYTES,
        )
    )
    _warn_of_stored_only(call, received.object)
    if target.resource.key == _TOKEN_REVIEWS:
        created = await front.reviewed(created)
    if target.part in _DEEDS or target.resource.key == _BINDINGS:
        return status_reply(call, success(201))
    return await object_reply(front, call, created, status=201)


async def update(front: Front, call: Call) -> StreamResponse:
    """Replace an object, or a part of it."""
    target = call.target
    if target.part in CONNECTIONS:
        return await connect(front, call)
    data = call.body
    options = call.route.options
    media = call.route.media
    received = await bodies.apart(
        bodies.decode, data, media, call.route.expected, options.field_validation
    )
    call.warnings.extend(received.warnings)
    call.note_object(received.object)
    _check_identity(received.object.metadata, target)
    updated = await front.ask(
        Update(
            resource=target.resource,
            object=received.object,
            document=received.document,
            name=target.name,
            namespace=target.namespace,
            subresource=target.part,
            dry_run=options.dry_run,
            field_manager=options.field_manager,
            identity=call.identity,
            warn=call.warnings.append,
            annotate=call.annotate,
            options=options.said,
            bulky=len(data) > BULKY_BYTES or front.is_large(target),
        )
    )
    _warn_of_stored_only(call, received.object)
    return await _changed_reply(front, call, updated)


async def _changed_reply(front: Front, call: Call, answer: Any) -> StreamResponse:
    """The object that was changed, or made because there was none."""
    if type(answer) is Created:
        return await object_reply(front, call, answer.object, status=201)
    return await object_reply(front, call, answer)


def _check_identity(metadata: ObjectMeta, target: Target) -> None:
    """The object in the body is the one that the path names. Raises BadRequest."""
    if target.namespace and metadata.namespace and metadata.namespace != target.namespace:
        raise BadRequest(
            "the namespace of the provided object does not match the namespace sent on the request"
        )
    if not metadata.name:
        raise errors.no_name(target.name)
    if metadata.name != target.name:
        raise BadRequest(
            f"the name of the object ({metadata.name}) does not match "
            f"the name on the URL ({target.name})"
        )


async def patch(front: Front, call: Call) -> StreamResponse:
    """Change an object, or a part of it."""
    target = call.target
    if target.part in CONNECTIONS:
        return await connect(front, call)
    patch_type = bodies.patch_type_of(
        call.route.content_type, typed=kind_of(target.resource).strategic
    )
    data = call.body
    applies = patch_type == "apply"
    options = call.route.options
    repeated: tuple[str, ...] = ()
    if applies:
        decode = bodies.decode_configuration
        received = await bodies.apart(decode, data, options.field_validation)
        body = received.object
        call.warnings.extend(received.warnings)
    else:
        try:
            body = await bodies.apart(
                bodies.decode_patch, data, patch_type, options.field_validation
            )
        except BadRequest:
            await _check_patched(front, call)
            raise
        if options.field_validation != "Ignore":
            repeated = await bodies.apart(duplicate_fields, data, body)
    if kind_of(target.resource).custom:
        body = bodies.as_custom(body, data)
    call.note(body)
    patched = await front.ask(
        Patch(
            resource=target.resource,
            name=target.name,
            patch_type=patch_type,
            body=body,
            namespace=target.namespace,
            subresource=target.part,
            dry_run=options.dry_run,
            field_manager=options.field_manager,
            force=options.force,
            field_validation=options.field_validation,
            repeated=repeated,
            identity=call.identity,
            warn=call.warnings.append,
            annotate=call.annotate,
            options=options.said,
            bulky=len(data) > BULKY_BYTES or _COPY in data or front.is_large(target),
        )
    )
    if shows_warnings(call.agent):
        changed = patched.object if type(patched) is Created else patched
        _warn_of_stored_only(call, changed, names_in(body))
    return await _changed_reply(front, call, patched)


def _warn_of_stored_only(call: Call, obj: Any, among: frozenset[str] | None = None) -> None:
    """Tell people of fields that have no effect; `among` names those that a patch speaks of."""
    if shows_warnings(call.agent):
        call.warnings.extend(stored_only_warnings(obj, among))


async def _check_patched(front: Front, call: Call) -> None:
    """A patch is read when there is an object for it. Raises Forbidden, NotFound and the like."""
    target = call.target
    await front.ask(
        Patch(
            resource=target.resource,
            name=target.name,
            patch_type="merge",
            body={},
            namespace=target.namespace,
            subresource=target.part,
            dry_run=True,
            identity=call.identity,
        )
    )


# --- deleting ------------------------------------------------------------------------------


async def delete(front: Front, call: Call) -> StreamResponse:
    """Delete an object, or begin to."""
    target = call.target
    if target.part in CONNECTIONS:
        return await connect(front, call)
    choice = await _delete_choice(call)
    _warn_of_dependents(call, choice)
    deleted = await front.ask(
        Delete(
            resource=target.resource,
            name=target.name,
            namespace=target.namespace,
            grace_period_seconds=choice.grace_period_seconds,
            propagation_policy=choice.propagation_policy,
            uid=choice.uid,
            resource_version=choice.resource_version,
            dry_run=choice.dry_run,
            identity=call.identity,
            warn=call.warnings.append,
            annotate=call.annotate,
        )
    )
    if deleted.gone and not kind_of(target.resource).answers_deleted:
        return status_reply(call, success(details=_details(target, deleted)))
    status = 202 if choice.cascades and not deleted.gone else 200
    return await object_reply(front, call, deleted.object, status=status)


def _details(target: Target, deleted: Deleted) -> StatusDetails:
    resource = target.resource
    return StatusDetails(
        name=target.name,
        group=resource.group,
        kind=resource.plural,
        uid=deleted.object.metadata.uid,
    )


async def delete_collection(front: Front, call: Call) -> StreamResponse:
    """Delete all objects that the selectors match."""
    target = call.target
    options = parameters.list_options(call.query, watch=False)
    if (version := options.resource_version) and not (version.isascii() and version.isdecimal()):
        raise invalid_version(version)
    if options.continue_token:
        decode_token(options.continue_token)
    choice = await _delete_choice(call)
    _warn_of_dependents(call, choice)
    page = await front.ask(
        DeleteCollection(
            resource=target.resource,
            namespace=target.namespace,
            label_selector=options.label_selector,
            field_selector=options.field_selector,
            grace_period_seconds=choice.grace_period_seconds,
            propagation_policy=choice.propagation_policy,
            uid=choice.uid,
            resource_version=choice.resource_version,
            dry_run=choice.dry_run,
            identity=call.identity,
            warn=call.warnings.append,
            annotate=call.annotate,
        )
    )
    return await page_reply(front, call, page)


def _warn_of_dependents(call: Call, choice: parameters.DeleteChoice) -> None:
    warning = kind_of(call.target.resource).deletion_warning
    if warning and not choice.propagation_policy:
        call.warnings.append(warning)


async def _delete_choice(call: Call) -> parameters.DeleteChoice:
    """From the body, or from the query if there is no body: never from both."""
    data = call.body
    if not data:
        return parameters.delete_choice(parameters.delete_options_of(call.query))
    media = call.route.media
    options = await bodies.apart(bodies.decode_delete_options, data, media)
    # The original reads them as a version of its own, and says so.
    call.note({**codec.to_dict(options), "apiVersion": "meta.k8s.io/__internal"})
    return parameters.delete_choice(options)
