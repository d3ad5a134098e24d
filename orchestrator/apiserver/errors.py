"""The API's errors with the sentences that Kubernetes gives them.

The classes are protocol's; here is how each is worded. kubectl, scripts and people match on these
texts, so they are part of the interface.
"""

from collections.abc import Sequence
from typing import Final, Protocol

from orchestrator.api.scheme import Resource
from orchestrator.api.unstructured import Unstructured
from orchestrator.machinery import field_errors
from orchestrator.machinery.errors import ApplyConflictError
from orchestrator.machinery.field_errors import FieldError, quote
from orchestrator.machinery.names import path_segment_errors
from orchestrator.protocol import (
    AlreadyExists,
    BadRequest,
    Cause,
    Conflict,
    Expired,
    Forbidden,
    Identity,
    InternalError,
    Invalid,
    MethodNotAllowed,
    NotFound,
    ServerTimeout,
    TooManyRequests,
    Unclassified,
)

_MODIFIED = (
    "the object has been modified; please apply your changes to the latest version and try again"
)
_CONTINUE_EXPIRED = (
    "The provided continue parameter is too old to display a consistent list result. "
    "You can start a new list without the continue parameter, or use the continue token in this response to "
    "retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - "
    "objects that were created, modified, or deleted between the time the first chunk was returned and now may "
    "show up in the list."
)
_LIST_EXPIRED = "The resourceVersion for the provided list is too old."


# Resources whose handlers know them by another name.
_NOT_FOUND: Final = {"componentstatuses": "componentstatus"}


def _qualified(plural: str, group: str) -> str:
    """`deployments.apps`, `pods`."""
    return f"{plural}.{group}" if group else plural


def not_found(resource: Resource, name: str) -> NotFound:
    """`pods "x" not found`."""
    plural = _NOT_FOUND.get(resource.key, resource.plural)
    return NotFound(
        f"{_qualified(plural, resource.group)} {quote(name)} not found",
        kind=plural,
        group=resource.group,
        name=name,
    )


def check_name(name: str) -> None:
    """Raises BadRequest for a name under which nothing can be stored."""
    if faults := path_segment_errors(name):
        raise BadRequest(f"Name parameter invalid: {quote(name)}: {';'.join(faults)}")


def no_such_resource() -> NotFound:
    """There is no such path: an unknown resource or subresource."""
    return NotFound("the server could not find the requested resource", has_details=True)


def method_not_allowed(resource: Resource, verb: str) -> MethodNotAllowed:
    """The resource is there, but not for this verb."""
    return MethodNotAllowed(
        f"{verb} is not supported on resources of kind {quote(resource.key)}",
        kind=resource.plural,
        group=resource.group,
    )


_ENDING: Final = "object is being deleted: "


def already_exists(resource: Resource, name: str, *, ending: bool = False) -> AlreadyExists:
    """`deployments.apps "x" already exists`; `ending`: and is being deleted."""
    return AlreadyExists(
        f"{_ENDING if ending else ''}{resource.key} {quote(name)} already exists",
        kind=resource.plural,
        group=resource.group,
        name=name,
    )


def name_not_generated(resource: Resource, name: str, *, ending: bool = False) -> AlreadyExists:
    """A name is taken of an object that has a `generateName`, whether the name came of it or not."""
    return AlreadyExists(
        f"{_ENDING if ending else ''}{resource.key} {quote(name)} already exists, "
        "the server was not able to generate a unique name for the object",
        kind=resource.plural,
        group=resource.group,
        name=name,
        retry_after_seconds=1,
    )


def conflict(resource: Resource, name: str, why: str, *, subresource: str = "") -> Conflict:
    """`Operation cannot be fulfilled on pods "x": <why>`."""
    plural = f"{resource.plural}/{subresource}" if subresource else resource.plural
    return Conflict(
        f"Operation cannot be fulfilled on {_qualified(plural, resource.group)} "
        f"{quote(name)}: {why}",
        kind=plural,
        group=resource.group,
        name=name,
    )


def modified(resource: Resource, name: str) -> Conflict:
    """The caller wrote from an old read."""
    return conflict(resource, name, _MODIFIED)


def version_required(resource: Resource, name: str) -> Invalid:
    """This resource is not updated blindly. Kubernetes gives the resource where others give the kind."""
    error = field_errors.invalid("metadata.resourceVersion", 0, "must be specified for an update")
    causes = (Cause(error.reason, error.body, error.field),)
    return invalid(resource.plural, resource.group, name, causes)


def version_on_create() -> Unclassified:
    """A new object cannot have a version; Kubernetes answers 500, and says nothing of a reason."""
    return Unclassified("resourceVersion should not be set on objects to be created")


def unparsable_version(text: str) -> Unclassified:
    """A resourceVersion that is no number."""
    return Unclassified(_unparsable(text))


def no_version(text: str) -> Unclassified:
    """The same, of an object that is written."""
    return Unclassified(_not_a_number(text))


def _unparsable(text: str) -> str:
    return f"resourceVersion: Invalid value: {quote(text)}: {_not_a_number(text)}"


def _not_a_number(text: str) -> str:
    why = "value out of range" if text.isascii() and text.isdecimal() else "invalid syntax"
    return f"strconv.ParseUint: parsing {quote(text)}: {why}"


def invalid_version(text: str) -> BadRequest:
    """The same, of a list."""
    return BadRequest(f"invalid resource version: {_unparsable(text)}")


def uid_of_nothing(resource: Resource, name: str, uid: str) -> Conflict:
    """An apply that means one object, where there is none."""
    why = f"uid mismatch: the provided object specified uid {uid}, and no existing object was found"
    return conflict(resource, name, why)


def apply_conflict(error: ApplyConflictError) -> Conflict:
    """An apply would change what others own; each field has its cause."""
    causes = tuple(
        Cause("FieldManagerConflict", f"conflict with {each.manager}", each.field)
        for each in error.conflicts
    )
    return Conflict(str(error), causes=causes)


def uid_immutable(resource: Resource, name: str, uid: str) -> Invalid:
    """A patch would make another object of this one; Kubernetes finds that twice."""
    error = field_errors.invalid("metadata.uid", uid, "field is immutable")
    return invalid_field(resource, name, error, error)


def uid_mismatch(
    resource: Resource, namespace: str, name: str, expected: str, present: str, *, dry_run: bool
) -> Conflict:
    """The writer means another object of the same name. Kubernetes shows where its store has it.

    A dry run does not come as far as the root of the store.
    """
    compared = f"UID in precondition: {expected}, UID in object meta: {present}"
    return _store_mismatch(resource, namespace, name, compared, dry_run=dry_run)


def revision_mismatch(
    resource: Resource, namespace: str, name: str, expected: str, present: str, *, dry_run: bool
) -> Conflict:
    """The writer means another state of the object, in the words of `uid_mismatch`."""
    compared = (
        f"ResourceVersion in precondition: {expected}, ResourceVersion in object meta: {present}"
    )
    return _store_mismatch(resource, namespace, name, compared, dry_run=dry_run)


def _store_mismatch(
    resource: Resource, namespace: str, name: str, compared: str, *, dry_run: bool
) -> Conflict:
    parts = ("" if dry_run else "registry", _storage_path(resource), namespace, name)
    key = "/".join(part for part in parts if part)
    why = (
        f"StorageError: invalid object, Code: 4, Key: /{key}, ResourceVersion: 0, "
        f"AdditionalErrorMsg: Precondition failed: {compared}"
    )
    return conflict(resource, name, why)


# Where Kubernetes stores what; other kinds of its own under their plural names.
_STORAGE_PATHS: Final = {
    "endpoints": "services/endpoints",
    "ingresses.networking.k8s.io": "ingress",
    "nodes": "minions",
    "replicationcontrollers": "controllers",
    "services": "services/specs",
}
# Kinds whose deletion the original has written by itself.
_DELETED_APART: Final = ("namespaces", "customresourcedefinitions.apiextensions.k8s.io")
_GROUPED: Final = ("apiextensions.k8s.io", "apiregistration.k8s.io")


def _storage_path(resource: Resource) -> str:
    if resource.group in _GROUPED or resource.type is Unstructured:
        return f"{resource.group}/{resource.plural}"
    return _STORAGE_PATHS.get(resource.key, resource.plural)


def uid_differs(resource: Resource, name: str, expected: str, present: str) -> Conflict:
    """A deletion means another object of the same name. Namespaces and definitions have words of their own."""
    if resource.key in _DELETED_APART:
        compared = f"UID in precondition: {expected}, UID in object meta: {present}"
        return conflict(resource, name, f"Precondition failed: {compared}")
    why = (
        f"the UID in the precondition ({expected}) does not match the UID in record ({present}). "
        "The object might have been deleted and then recreated"
    )
    return _deletion_conflict(resource, name, why)


def revision_differs(resource: Resource, name: str, expected: str, present: str) -> Conflict:
    """A deletion means another state of the object. Namespaces and definitions have words of their own."""
    if resource.key in _DELETED_APART:
        compared = (
            f"ResourceVersion in precondition: {expected}, "
            f"ResourceVersion in object meta: {present}"
        )
        return conflict(resource, name, f"Precondition failed: {compared}")
    why = (
        f"the ResourceVersion in the precondition ({expected}) does not match the ResourceVersion "
        f"in record ({present}). The object might have been modified"
    )
    return _deletion_conflict(resource, name, why)


def _deletion_conflict(resource: Resource, name: str, why: str) -> Conflict:
    kind = _qualified(resource.kind, resource.group)
    return Conflict(
        f"Operation cannot be fulfilled on {kind} {quote(name)}: {why}",
        kind=resource.kind,
        group=resource.group,
        name=name,
    )


def invalid(kind: str, group: str, name: str, causes: Sequence[Cause]) -> Invalid:
    """`Pod "x" is invalid: spec.containers: Required value`; several causes in brackets."""
    texts = list(dict.fromkeys(f"{cause.field}: {cause.message}" for cause in causes))
    text = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
    return Invalid(
        f"{_qualified(kind, group)} {quote(name)} is invalid: {text}",
        kind=kind,
        group=group,
        name=name,
        causes=tuple(causes),
    )


def invalid_field(resource: Resource, name: str, *errors: FieldError) -> Invalid:
    """The same, from field errors that the pipeline itself found."""
    causes = [Cause(error.reason, error.body, error.field) for error in errors]
    return invalid(resource.kind, resource.group, name, causes)


def forbidden(
    resource: Resource, name: str, why: str, *, causes: tuple[Cause, ...] = ()
) -> Forbidden:
    """`pods "x" is forbidden: <why>`, or without a name `pods is forbidden: <why>`."""
    subject = f"{resource.key} {quote(name)}" if name else resource.key
    return Forbidden(
        f"{subject} is forbidden: {why}",
        kind=resource.plural,
        group=resource.group,
        name=name,
        causes=causes,
    )


class Asked(Protocol):
    """What somebody wanted to do: see `authorization.Attributes`."""

    @property
    def verb(self) -> str: ...
    @property
    def is_resource(self) -> bool: ...
    @property
    def group(self) -> str: ...
    @property
    def resource(self) -> str: ...
    @property
    def subresource(self) -> str: ...
    @property
    def namespace(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def path(self) -> str: ...


class NotAllowed(Forbidden):
    """What the authorizer did not allow: nothing else is forbidden by this."""


def refused(identity: Identity, asked: Asked, reason: str = "") -> NotAllowed:
    """The authorizer did not allow it."""
    user, verb = quote(identity.name), asked.verb
    if asked.is_resource:
        path = f"{asked.resource}/{asked.subresource}" if asked.subresource else asked.resource
        where = "at the cluster scope"
        if asked.namespace:
            where = f"in the namespace {quote(asked.namespace)}"
        what = f"resource {quote(path)} in API group {quote(asked.group)} {where}"
    else:
        what = f"path {quote(asked.path)}"
    why = f"User {user} cannot {verb} {what}"
    key = _qualified(asked.resource, asked.group) if asked.group else asked.resource
    subject = ""  # what is of no resource has no name either
    if key:
        subject = f"{key} {quote(asked.name)} is " if asked.name else f"{key} is "
    return NotAllowed(
        f"{subject}forbidden: {why}{f': {reason}' if reason else ''}",
        kind=asked.resource,
        group=asked.group,
        name=asked.name,
        has_details=True,
    )


class AuthorizerFailed(InternalError):
    """Nobody can say whether it is allowed; the text says why."""


def namespace_terminating(resource: Resource, name: str, namespace: str) -> Forbidden:
    """Nothing new begins in a namespace that ends."""
    cause = Cause(
        "NamespaceTerminating", f"namespace {namespace} is being terminated", "metadata.namespace"
    )
    why = f"unable to create new content in namespace {namespace} because it is being terminated"
    return forbidden(resource, name, why, causes=(cause,))


def no_name(url: str) -> BadRequest:
    """An object without a name, where the path has one."""
    return BadRequest(
        f"the name of the object ({url} based on URL) was undeterminable: name must be provided"
    )


def name_differs(body: str, url: str) -> BadRequest:
    """The object in the message is not the one that the message names."""
    return BadRequest(f"the name of the object ({body}) does not match the name on the URL ({url})")


def namespace_differs() -> BadRequest:
    """The object says another namespace than the message."""
    return BadRequest(
        "the namespace of the provided object does not match the namespace sent on the request"
    )


def too_old(revision: int, floor: int) -> Expired:
    """A watch from a compacted revision."""
    return Expired(f"too old resource version: {revision} ({floor})")


def list_expired() -> Expired:
    """A list at a compacted revision."""
    return Expired(_LIST_EXPIRED)


def continue_expired(continue_token: str) -> Expired:
    """A further page of a list whose revision was compacted; the token leads on in the present state."""
    return Expired(_CONTINUE_EXPIRED, continue_token=continue_token)


def too_large(revision: int, present: int) -> ServerTimeout:
    """A revision that was not committed yet."""
    return ServerTimeout(
        f"Timeout: Too large resource version: {revision}, current: {present}",
        causes=(Cause("ResourceVersionTooLarge", "Too large resource version", ""),),
        retry_after_seconds=1,
    )


def internal(error: Exception, fault: str) -> InternalError:
    """A fault of the server's own; `fault` is the id under which the log tells of it.

    The exception itself is the `__cause__`, which in-process callers see in the traceback.
    """
    why = f"{type(error).__name__} (logged with id {fault})"
    refusal = InternalError(f"Internal error occurred: {why}", causes=(Cause("", why, ""),))
    refusal.__cause__ = error
    return refusal


def budget_exceeded(message: str, *, retry_after_seconds: int | None = None) -> TooManyRequests:
    """A disruption budget does not allow the eviction; `message` says why."""
    return TooManyRequests(
        "Cannot evict pod as it would violate the pod's disruption budget.",
        causes=(Cause("DisruptionBudget", message, ""),),
        retry_after_seconds=retry_after_seconds,
    )


__all__ = [
    "already_exists",
    "budget_exceeded",
    "conflict",
    "continue_expired",
    "forbidden",
    "internal",
    "invalid",
    "invalid_field",
    "invalid_version",
    "list_expired",
    "method_not_allowed",
    "modified",
    "name_differs",
    "name_not_generated",
    "namespace_differs",
    "namespace_terminating",
    "no_name",
    "no_such_resource",
    "not_found",
    "refused",
    "revision_differs",
    "revision_mismatch",
    "too_large",
    "too_old",
    "uid_differs",
    "uid_mismatch",
    "unparsable_version",
    "version_on_create",
    "version_required",
]
