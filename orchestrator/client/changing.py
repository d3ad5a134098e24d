"""What a controller writes again and again: finalizers, children, statuses.

Each looks before it writes, so a reconcile that finds the world as it should be writes nothing. They raise
`protocol.ApiError`s: Conflict when the object has changed since it was read, which brings the key back.
"""

from collections.abc import Callable
from typing import Any, Final, TypeVar, cast

from msgspec.structs import replace

from orchestrator.api.unstructured import Unstructured
from orchestrator.client.api import Client
from orchestrator.client.cache import Cache
from orchestrator.machinery.objects import with_finalizer, without_finalizer
from orchestrator.machinery.owners import owner_reference, with_owner
from orchestrator.protocol import AlreadyExists, Conflict, NotFound

K = TypeVar("K")

_ATTEMPTS: Final = 5


async def add_finalizer(client: Client, obj: K, finalizer: str) -> K:
    """The object, which goes only when the finalizer has been removed.

    An object that is going already is answered as it is: Kubernetes lets nobody hold it any more.
    """
    held: Any = with_finalizer(obj, finalizer)  # type: ignore[type-var]
    if held is obj or held.metadata.deletion_timestamp is not None:
        return obj
    return await client.update(held)


async def remove_finalizer(client: Client, obj: K, finalizer: str) -> K | None:
    """The object, let go; None when it went with that."""
    free: Any = without_finalizer(obj, finalizer)  # type: ignore[type-var]
    if free is obj:
        return obj
    try:
        return await client.update(free)
    except NotFound:
        return None


def owned_by(obj: K, owner: Any) -> K:
    """The object as a child that `owner` controls, in its namespace unless it has one.

    It goes with its owner, and a controller that `owns` its kind hears of its changes. Raises
    MachineryError for an owner that was never stored.
    """
    child: Any = with_owner(obj, owner_reference(owner))  # type: ignore[type-var]
    if not child.metadata.namespace and owner.metadata.namespace:
        metadata = replace(child.metadata, namespace=owner.metadata.namespace)
        child = replace(child, metadata=metadata)
    return cast(K, child)


async def create_or_update(
    client: Client, obj: K, change: Callable[[K], K], *, cache: Cache[K] | None = None
) -> K:
    """The object of the name of `obj` as `change` wants it: created from `obj`, or what is there changed.

    `change` answers the object that it is given with what matters set, and leaves alone what others
    may have set; it may be called several times. With a `cache` of the kind nothing is read from the API
    server unless a write shows that the cache is behind. Raises Conflict after five writers came between.
    """
    metadata: Any = obj.metadata  # type: ignore[attr-defined]
    for attempt in range(_ATTEMPTS):
        if cache is not None and attempt == 0:
            present = cache.get(metadata.namespace, metadata.name)
        else:
            present = await _there(client, obj, metadata)
        try:
            if present is None:
                return await client.create(change(obj))
            wanted = change(present)
            return present if wanted == present else await client.update(wanted)
        except (AlreadyExists, Conflict, NotFound):
            if attempt == _ATTEMPTS - 1:
                raise
    raise AssertionError("the last attempt answers or raises")


async def _there(client: Client, obj: K, metadata: Any) -> K | None:
    """What the API server has under the name of an object."""
    kind = client.resource_of(obj)
    try:
        return cast(K, await client.get(kind, metadata.name, namespace=metadata.namespace))
    except NotFound:
        return None


async def write_status(client: Client, obj: K, status: Any) -> K:
    """The object with this status; nothing is written when it has it already.

    That of a custom resource is a mapping.
    """
    changed: Any
    if isinstance(obj, Unstructured):
        if obj.content.get("status") == status:
            return obj
        changed = replace(obj, content={**obj.content, "status": status})
    else:
        if obj.status == status:  # type: ignore[attr-defined]
            return obj
        changed = replace(obj, status=status)  # type: ignore[type-var]
    return await client.update_status(changed)
