"""Which objects are whose: a controller's claim to those that its object's selector matches.

A claim has three parts. What the object controls and its selector still matches is kept. What it controls
and no longer matches is released, and is an orphan then. An orphan that matches is adopted; but only
after a live look at the owner, because a cache may not know yet that the owner is going, or that another
object has its name by now, and what such an owner adopts the garbage collector deletes. An owner that is
going claims nothing and lets go of nothing.

Every write holds on to the version of the object that was seen, so two owners never both adopt.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from msgspec import Struct, to_builtins

from orchestrator.client import Client
from orchestrator.machinery.objects import with_finalizer, without_finalizer
from orchestrator.machinery.owners import owner_reference, with_owner, without_owner
from orchestrator.protocol import NotFound

T = TypeVar("T")


class Claim(Struct, Generic[T], frozen=True):
    """What an owner has to do with the objects around it."""

    keep: tuple[T, ...] = ()
    release: tuple[T, ...] = ()
    adopt: tuple[T, ...] = ()


def claim_of(
    owner: Any,
    owned: Iterable[T],
    orphans: Iterable[T],
    matches: Callable[[Mapping[str, str]], bool],
) -> Claim[T]:
    """The claim of `owner`; `matches` is its selector, asked of labels."""
    if owner.metadata.deletion_timestamp is not None:
        return Claim(keep=tuple(each for each in owned if matches(_labels(each))))
    keep: list[T] = []
    release: list[T] = []
    for each in owned:
        (keep if matches(_labels(each)) else release).append(each)
    adopt = [each for each in orphans if not _is_going(each) and matches(_labels(each))]
    return Claim(tuple(keep), tuple(release), tuple(adopt))


async def settle(
    client: Client, owner: Any, claim: Claim[T], *, finalizer: str = ""
) -> Sequence[T]:
    """Adopt and release as the claim says; answers what `owner` has then.

    With a `finalizer` an adopted object is held by it, and one that is released is let go. Raises
    `protocol.ApiError`s: Conflict when an object has changed since it was seen.
    """
    adopted = await _adopt(client, owner, claim.adopt, finalizer) if claim.adopt else []
    for each in claim.release:
        free: Any = without_owner(each, owner.metadata.uid)  # type: ignore[type-var]
        try:
            await _write(client, without_finalizer(free, finalizer) if finalizer else free)
        except NotFound:
            continue  # it is nobody's
    return (*claim.keep, *adopted)


async def _adopt(client: Client, owner: Any, orphans: Iterable[T], finalizer: str) -> list[T]:
    metadata = owner.metadata
    try:
        fresh = await client.get(type(owner), metadata.name, namespace=metadata.namespace)
    except NotFound:
        return []
    if fresh.metadata.uid != metadata.uid or _is_going(fresh):
        return []
    reference = owner_reference(owner, controller=True)
    adopted: list[T] = []
    for orphan in orphans:
        mine: Any = with_owner(orphan, reference)  # type: ignore[type-var]
        held = with_finalizer(mine, finalizer) if finalizer else mine
        adopted.append(await _write(client, held))
    return adopted


async def _write(client: Client, obj: Any) -> Any:
    """Write whose the object is, by a patch: to update pods is not granted to their controllers."""
    metadata = obj.metadata
    body = {
        "metadata": {
            "uid": metadata.uid,
            "resourceVersion": metadata.resource_version,
            "ownerReferences": to_builtins(metadata.owner_references),
            "finalizers": list(metadata.finalizers),
        }
    }
    return await client.patch(type(obj), metadata.name, body, namespace=metadata.namespace)


def _labels(obj: Any) -> Mapping[str, str]:
    labels: Mapping[str, str] = obj.metadata.labels
    return labels


def _is_going(obj: Any) -> bool:
    return obj.metadata.deletion_timestamp is not None
