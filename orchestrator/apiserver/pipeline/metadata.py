"""The parts of `metadata` that the server owns, whatever a client says."""

from typing import Any, Final

from msgspec.structs import replace

from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.api.scheme import Resource
from orchestrator.apiserver import errors
from orchestrator.apiserver.environment import Environment
from orchestrator.machinery.digits import is_unsigned, whole
from orchestrator.machinery.names import generate_name
from orchestrator.protocol import BadRequest, Patch

# As many names as Kubernetes tries; five random characters collide seldom enough.
_ATTEMPTS: Final = 8


def namespace_of(resource: Resource, metadata: ObjectMeta, requested: str) -> str:
    """The namespace that request and object agree on; "" for cluster-scoped kinds.

    Raises BadRequest.
    """
    written = metadata.namespace
    if not resource.namespaced:
        if requested:
            raise errors.namespace_differs()
        return ""  # what is written is cleared
    if requested and (not written or written == requested):  # as nearly all say
        return requested
    namespace = agreed(written, requested)
    if not namespace:
        raise BadRequest("an empty namespace may not be set during creation")
    return namespace


def agreed(written: str, requested: str) -> str:
    """The namespace that an object says, or else its path. Raises BadRequest where they differ."""
    if written and requested and written != requested:
        raise errors.namespace_differs()
    return written or requested


def stamped(
    env: Environment,
    resource: Resource,
    metadata: ObjectMeta,
    *,
    namespace: str,
    name: str,
    generation: int | None,
    dry_run: bool,
) -> ObjectMeta:
    """The metadata of a new object: named, dated, identified. Raises AlreadyExists, BadRequest.

    The store takes a version away that its client has sent, and a dry run does not come as far.
    """
    if name and metadata.name and metadata.name != name:
        raise errors.name_differs(metadata.name, name)
    final = metadata.name or name
    if not final and metadata.generate_name:
        final = _generated(env, resource, namespace, metadata.generate_name)
    return replace(
        metadata,
        name=final,
        namespace=namespace,
        uid=env.uid(),
        creation_timestamp=env.time(),
        # A kind that does not count its generations keeps what its client wrote.
        generation=metadata.generation if generation is None else generation,
        resource_version=metadata.resource_version if dry_run else "",
        deletion_timestamp=None,
        deletion_grace_period_seconds=None,
        managed_fields=(),
    )


def is_version(text: str) -> bool:
    """Whether a new object says that it is stored already. What is no number is passed over."""
    return is_unsigned(text) and whole(text) > 0


def _generated(env: Environment, resource: Resource, namespace: str, prefix: str) -> str:
    for _ in range(_ATTEMPTS):
        name = generate_name(prefix, env.random)
        if env.store.get(resource.key, namespace, name) is None:
            return name
    raise errors.name_not_generated(resource, name)


def check_identity(
    resource: Resource,
    metadata: ObjectMeta,
    present: ObjectMeta,
    message: Any,
    *,
    unconditional: bool,
) -> None:
    """The update must mean this object, and the state of it that it knows.

    Raises Conflict; Unclassified for a resourceVersion that is no number; Invalid where the resource demands
    a resourceVersion and there is none. A patch of the uid is left to the rules of all metadata.
    """
    name = present.name
    if metadata.uid and metadata.uid != present.uid and type(message) is not Patch:
        raise errors.uid_mismatch(
            resource,
            present.namespace,
            name,
            metadata.uid,
            present.uid,
            dry_run=message.dry_run,
        )
    version = metadata.resource_version
    if version not in ("", "0"):
        if version != present.resource_version:
            check_version(metadata)
            raise errors.modified(resource, name)
    elif not unconditional:
        raise errors.version_required(resource, name)


def check_uid(resource: Resource, metadata: ObjectMeta, present: ObjectMeta) -> None:
    """Raises Invalid if a part is written of what has another uid."""
    if metadata.uid and metadata.uid != present.uid:
        raise errors.uid_immutable(resource, present.name, metadata.uid)


def check_version(metadata: ObjectMeta) -> None:
    """Raises Unclassified for a resourceVersion that is no number."""
    version = metadata.resource_version
    if version and not is_unsigned(version):
        raise errors.no_version(version)


def kept(
    metadata: ObjectMeta, present: ObjectMeta, generation: int | None, managed_fields: Any
) -> ObjectMeta:
    """An update's metadata with what an update cannot change.

    The very same metadata if the update brought it back unchanged, as most do.
    """
    if metadata is present and generation == present.generation:
        return present
    return replace(
        metadata,
        name=present.name,
        namespace=present.namespace,
        # Who sets what only the server sets is refused by the rules of all metadata.
        uid=metadata.uid or present.uid,
        creation_timestamp=present.creation_timestamp,
        generation=generation,
        resource_version=present.resource_version,
        deletion_timestamp=present.deletion_timestamp or metadata.deletion_timestamp,
        deletion_grace_period_seconds=(
            present.deletion_grace_period_seconds
            if metadata.deletion_grace_period_seconds is None
            else metadata.deletion_grace_period_seconds
        ),
        managed_fields=managed_fields,
    )


def is_finished(new: Any, present: Any) -> bool:
    """Whether an update took the last thing that held a deleted object back."""
    metadata = new.metadata
    return (
        present.metadata.deletion_timestamp is not None
        and not metadata.finalizers
        and not present.metadata.deletion_grace_period_seconds
    )
