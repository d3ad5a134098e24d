"""What there is to say about the validity of one kind: a row of the room's table."""

from collections.abc import Callable, Iterable
from typing import Any, Final, Literal, TypeAlias

from msgspec import Struct

from orchestrator.apiserver.validation.field import Errors, FieldError, NameRule
from orchestrator.apiserver.validation.metadata import dns_subdomain


def _nothing(_obj: Any) -> Errors:
    return iter(())


def _no_change(_new: Any, _old: Any) -> Errors:
    return iter(())


MetadataCheck: TypeAlias = Literal["change", "whole"]

Recheck: TypeAlias = Literal["before", "twice", "after", "never"]

# What most kinds' update rules ask of metadata that has been asked of every kind's before.
CHANGE: Final[tuple[MetadataCheck, ...]] = ("change",)
WHOLE: Final[tuple[MetadataCheck, ...]] = ("whole",)
CHANGE_AND_WHOLE: Final[tuple[MetadataCheck, ...]] = ("change", "whole")


class Rules(Struct, frozen=True):
    """The rules of a kind beside those of all metadata.

    `spec` is asked about a new object, and about a changed one as `recheck` says: before `update`, twice
    before it, after it, or not; `update` about what a change may not do; `status` about a new status. Parts of an object that
    an update leaves alone (the very same objects) are not looked at again.
    `metadata_again`: every update is asked about its metadata once as a whole and once as a change;
    then most kinds' own rules ask again, the one or the other or both, and so a fault of metadata
    stands in the causes two, three or four times. Clients see it, so it is told as they know it.
    `first`: what is asked of a new object before its metadata.
    `any_finalizer`: the kind's own rules ask of finalizers only what all kinds' do, so that they need
    neither be standard nor have a domain.
    `asides`: what is told beside of a changed object that was just judged, whether it is refused or not.
    """

    name: NameRule = dns_subdomain
    first: Callable[[Any], Iterable[FieldError]] | None = None
    spec: Callable[[Any], Iterable[FieldError]] = _nothing
    update: Callable[[Any, Any], Iterable[FieldError]] = _no_change
    status: Callable[[Any, Any], Iterable[FieldError]] = _no_change
    recheck: Recheck = "before"
    metadata_again: tuple[MetadataCheck, ...] = CHANGE
    any_finalizer: bool = False
    asides: Callable[[Any], Iterable[str]] | None = None
