"""Owner references: whose object this is, and which controller manages it."""

from collections.abc import Sequence
from typing import Any, Final, Protocol, TypeVar

from msgspec.structs import replace

from orchestrator.api.meta.v1 import ObjectMeta, OwnerReference
from orchestrator.machinery.errors import MachineryError


class Owned(Protocol):
    """Any object with metadata."""

    @property
    def metadata(self) -> ObjectMeta: ...


class Owner(Owned, Protocol):
    """An object that knows its kind: a generated class, or an `Unstructured`."""

    @property
    def api_version(self) -> str: ...
    @property
    def kind(self) -> str: ...


T = TypeVar("T", bound=Owned)

EVENT: Final = ("v1", "Event")  # the one kind that must own nothing


def owner_reference(
    owner: Owner, *, controller: bool = True, block_owner_deletion: bool = True
) -> OwnerReference:
    """A reference to `owner`, by default as the managing controller.

    `block_owner_deletion` makes a foreground deletion of the owner wait for the owned object.
    Raises MachineryError when the owner has no uid: it was never stored.
    """
    metadata = owner.metadata
    if not metadata.uid:
        raise MachineryError(f"{owner.kind} {metadata.name} has no uid to refer to")
    return OwnerReference(
        api_version=owner.api_version,
        kind=owner.kind,
        name=metadata.name,
        uid=metadata.uid,
        controller=controller or None,
        block_owner_deletion=block_owner_deletion or None,
    )


def controller_of(owned: Owned) -> OwnerReference | None:
    """The reference to the controller that manages the object, if one does."""
    for reference in owned.metadata.owner_references:
        if reference.controller:
            return reference
    return None


def is_controlled_by(owned: Owned, owner: Owned) -> bool:
    """Whether `owner`, this very incarnation by its uid, manages the object."""
    reference = controller_of(owned)
    return reference is not None and reference.uid == owner.metadata.uid


def is_owned_by(owned: Owned, uid: str) -> bool:
    """Whether any of the references is to this uid."""
    return any(reference.uid == uid for reference in owned.metadata.owner_references)


def with_owner(owned: T, reference: OwnerReference) -> T:
    """The object with the reference added, or put in place of the one to the same uid."""
    others = [each for each in owned.metadata.owner_references if each.uid != reference.uid]
    if len(others) == len(owned.metadata.owner_references):
        return _with_references(owned, (*others, reference))
    references = tuple(
        reference if each.uid == reference.uid else each for each in owned.metadata.owner_references
    )
    return (
        owned
        if references == owned.metadata.owner_references
        else _with_references(owned, references)
    )


def without_owner(owned: T, uid: str) -> T:
    """The object without its references to this uid; the same object when there are none."""
    references = tuple(each for each in owned.metadata.owner_references if each.uid != uid)
    if len(references) == len(owned.metadata.owner_references):
        return owned
    return _with_references(owned, references)


def _with_references(owned: T, references: tuple[OwnerReference, ...]) -> T:
    changed: Any = replace(owned.metadata, owner_references=references)
    return replace(owned, metadata=changed)  # type: ignore[type-var]  # every object is a Struct


def two_controllers(references: Sequence[OwnerReference]) -> tuple[str, str] | None:
    """The first two `kind/name` that both claim to be the controller; only one may."""
    claims = [f"{each.kind}/{each.name}" for each in references if each.controller]
    return (claims[0], claims[1]) if len(claims) > 1 else None
