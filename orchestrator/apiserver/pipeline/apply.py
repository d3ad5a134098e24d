"""Server-side apply: what a manager wants of an object becomes part of it.

The configuration is laid over the present object, and what the manager applied last and does not
name any more is removed. What others own is changed only by force. An object that is not there is
created. What follows is as for any update: admission, defaults, validation.
"""

from typing import Any, Protocol

from msgspec.structs import replace

from orchestrator.api import codec
from orchestrator.api.errors import DecodeError
from orchestrator.apiserver import errors
from orchestrator.apiserver.environment import Environment
from orchestrator.apiserver.pipeline.course import Course, Maker, make_steps, pure
from orchestrator.apiserver.pipeline.draft import Draft, Instead, Step
from orchestrator.apiserver.pipeline.migration import annotated, refuse_unmigrated
from orchestrator.apiserver.pipeline.own_fields import manager_of
from orchestrator.apiserver.pipeline.write_path import WritePath
from orchestrator.machinery.documents import Json, Object, kind_of
from orchestrator.machinery.errors import ApplyConflictError, ShapeError
from orchestrator.machinery.managed_fields.checking import check
from orchestrator.machinery.managed_fields.ledger import hides, managers_in, settled
from orchestrator.machinery.managed_fields.managers import Managers, applier, owned_otherwise
from orchestrator.machinery.managed_fields.ownership import Applied, Pair, Writer, adopted, applied
from orchestrator.machinery.managed_fields.shapes import Shape
from orchestrator.protocol import BadRequest, Create, Patch, Unclassified


def read_or_apply(makers: tuple[Maker, ...]) -> Maker:
    """The stored object; if there is none, one that the configuration makes, by other steps."""

    def make(course: Course) -> tuple[Step, ...]:
        path = WritePath(course.served, course.scheme, course.subresource)
        resource, bucket = course.served.resource, course.served.bucket
        creation = replace(course, action="create", instead=True, creates_applied=True)
        create = make_steps(creation, makers)

        def step(env: Environment, draft: Draft) -> Instead | None:
            draft.old = env.store.get(bucket, draft.namespace, draft.name)
            if draft.old is not None:
                return None
            errors.check_name(draft.name)
            if course.subresource and not course.served.strategy.traits.created_by_status:
                raise errors.not_found(resource, draft.name)
            return Instead(_creation(env, path, draft), create)

        return (step,)

    return make


def _creation(env: Environment, path: WritePath, draft: Draft) -> Create:
    """The creation of what a configuration describes."""
    message: Patch = draft.message
    body = configuration_of(path, message)
    uid = (body.get("metadata") or {}).get("uid")
    if uid:
        raise errors.uid_of_nothing(message.resource, message.name, uid)
    result = lay_over(env, path, message, body, {}, {})
    new = object_of(path, result.object, body)
    owners: Any = settled(result.managers)
    return Create(
        resource=message.resource,
        object=replace(new, metadata=replace(new.metadata, managed_fields=owners)),
        namespace=message.namespace,
        name=message.name,
        dry_run=message.dry_run,
        field_manager=message.field_manager,
        identity=message.identity,
        warn=message.warn,
        annotate=message.annotate,
        options=message.options,
        document=body,
    )


@pure
def own_applied(course: Course) -> tuple[Step, ...]:
    """The owners of an object that an apply creates are known."""

    def step(_env: Environment, draft: Draft) -> None:
        draft.owners = draft.message.object.metadata.managed_fields

    return (step,)


@pure
def apply(course: Course) -> tuple[Step, ...]:
    """The object that an applied configuration makes. Errors: BadRequest, Conflict, Unclassified."""
    path = WritePath(course.served, course.scheme, course.subresource)
    from_request, to_version = course.served.from_request, course.served.to_version

    def step(env: Environment, draft: Draft) -> None:
        message, old = draft.message, draft.old
        live = path.document(old)
        before = managers_in(old.metadata.managed_fields)
        managers = before or _adopted(env, path, live)
        body = configuration_of(path, message, is_there=True)
        result = lay_over(env, path, message, body, live, managers, old)
        check_said(message, body, is_there=True)
        new = old
        if result.changed:
            new = from_request(object_of(path, result.object, body, live, to_version(old)))
        if new.metadata is not old.metadata:
            owners = old.metadata.managed_fields
            new = replace(new, metadata=replace(new.metadata, managed_fields=owners))
        draft.new = new
        draft.owners = settled(result.managers)
        draft.owners_changed = owned_otherwise(before, result.managers) or hides(
            old.metadata.managed_fields
        )

    return (step,)


def _adopted(env: Environment, path: WritePath, live: Object) -> Managers:
    """The managers of an object whose fields nobody owns yet."""
    try:
        check(live, path.shape, twice=True)
        return adopted(live, path.shape, path.writer(""), env.time())
    except ShapeError as error:
        raise Unclassified(
            f"failed to create manager for existing fields: failed to convert new object "
            f"({what(path, live)}) to smd typed: {error}"
        ) from error


class Applicable(Protocol):
    """What can be applied: an object by its path, or a part of it as an object of another kind."""

    @property
    def api_version(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def type(self) -> type[Any]: ...
    @property
    def shape(self) -> Shape: ...
    def writer(self, name: str) -> Writer:
        """Who applies."""

    def to_stored(self, received: Any) -> Any:
        """An object of this version as it is stored."""

    def merged_pair(self, old: Any, new: Any, api_version: str) -> Pair | None:
        """Two stored objects as documents of a version; None for one that is not served."""


# --- the configuration ---------------------------------------------------------------------


def configuration_of(path: Applicable, message: Patch, *, is_there: bool = False) -> Object:
    """The configuration, which must be one of this kind and object.

    What `is_there` need not be named again; a name that is said to be empty takes away the one it has.
    """
    body = check_kind(path, message.body)
    metadata = body.get("metadata") or {}
    if not isinstance(metadata, dict):
        metadata = {}
    if metadata.get("managedFields") is not None:
        raise BadRequest("metadata.managedFields must be nil")
    try:
        check(body, path.shape)
    except ShapeError as error:
        which = what(path, {"metadata": metadata})
        raise Unclassified(f"failed to create typed patch object ({which}): {error}") from error
    if not is_there:
        check_said(message, body, is_there=False)
    return body


def check_kind(path: Applicable, body: Json) -> Object:
    """What is applied, which must be an object of this kind. Raises BadRequest."""
    body = {} if body is None else body
    if not isinstance(body, dict):
        raise BadRequest(
            "error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal "
            f"{kind_of(body)} into Go value of type map[string]interface {{}}"
        )
    api_version, kind = (
        value if isinstance(value := body.get(name), str) else "" for name in ("apiVersion", "kind")
    )
    if api_version != path.api_version or kind != path.kind:
        group, _, version = api_version.rpartition("/")
        raise BadRequest(f"invalid object type: {group}/{version}, Kind={kind}")
    return body


def check_said(message: Patch, body: Object, *, is_there: bool) -> None:
    """A configuration names the object to which it goes. Of one that there is conflicts are told first."""
    metadata = body.get("metadata")
    if not isinstance(metadata, dict):
        metadata = {}
    name, namespace = metadata.get("name"), metadata.get("namespace")
    if namespace and namespace != message.namespace and message.resource.namespaced:
        raise errors.namespace_differs()
    if not name and (not is_there or "name" in metadata):
        raise errors.no_name(message.name)
    if name and name != message.name:
        raise errors.name_differs(name, message.name)


def what(path: Applicable, document: Object) -> str:
    """An object, as Kubernetes says which one it means."""
    group, _, version = path.api_version.rpartition("/")
    return f"{_where(document)}; {group}/{version}, Kind={path.kind}"


def _where(document: Json) -> str:
    metadata = document.get("metadata") or {}
    said = (metadata.get(each) for each in ("namespace", "name"))
    return "/".join(each if isinstance(each, str) else "" for each in said)


def lay_over(
    env: Environment,
    path: Applicable,
    message: Patch,
    body: Object,
    live: Object,
    managers: Managers,
    old: Any = None,
) -> Applied:
    """The merged object, and its owners with the time of now for who changed it."""
    writer = path.writer(manager_of(message))

    def in_version(new: Object, api_version: str) -> Pair | None:
        return path.merged_pair(old, path.to_stored(object_of(path, new, body)), api_version)

    def lay(force: bool) -> Applied:
        return applied(live, body, path.shape, managers, writer, in_version, force=force)

    try:
        try:
            result = lay(message.force)
        except ApplyConflictError as conflict:
            refuse_unmigrated(path.api_version, path.shape, writer, live, conflict)
            result = lay(True)
    except ApplyConflictError as error:
        raise errors.apply_conflict(error) from error
    except ShapeError as error:
        raise Unclassified(str(error)) from error
    result = annotated(writer, body, result)
    own = applier(writer.name, writer.subresource)
    if result.changed and own in result.managers:
        timed = replace(result.managers[own], time=env.time())
        result = replace(result, managers={**result.managers, own: timed})
    return result


def object_of(
    path: Applicable, document: Json, body: Object, live: Object | None = None, present: Any = None
) -> Any:
    """The document as an object of the requested version; a complaint names what the configuration `body` does.

    `present` is the object as it was, in that version, and `live` its document.
    """
    try:
        if live is None:
            return codec.decode_noting(document, path.type, wraps=True)[0]
        return codec.decode_changed(document, live, present, wraps=True)[0]
    except DecodeError as error:
        group, _, version = path.api_version.rpartition("/")
        kind = f"{group}/{version}, Kind={path.kind}"
        why = error.message if error.patch_words == str(error) else error.patch_words
        raise Unclassified(
            f"failed to convert new object ({what(path, body)}) to proper version: "
            f"unable to convert unstructured object to {kind}: {why}"
        ) from error
