"""Where a controller's keys come from: functions of one change of one object of a watched kind.

A source answers keys, or pairs `(key, seconds)` for keys to look at later. `filtered` lets it hear only of
changes that a predicate is true of.
"""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, TypeAlias

from orchestrator.api.meta.v1 import ObjectMeta, OwnerReference
from orchestrator.api.scheme import Resource
from orchestrator.client.cache import Change, Key, OfMetadata
from orchestrator.machinery.labels import parse
from orchestrator.machinery.memo import IdentityMemo

Source: TypeAlias = Callable[[Change[Any]], Iterable[Key | tuple[Key, float]]]
Predicate: TypeAlias = Callable[[Change[Any]], bool]


def filtered(source: Source, *predicates: Predicate) -> Source:
    """The source, of changes only for which all predicates are true."""

    def of(change: Change[Any]) -> Iterable[Key | tuple[Key, float]]:
        return source(change) if all(predicate(change) for predicate in predicates) else ()

    return OfMetadata(of) if isinstance(source, OfMetadata) else of


def generation_changed(change: Change[Any]) -> bool:
    """Whether the object is new or gone, or what was asked of it has changed: not its status alone.

    The generation of most kinds counts changes of the spec; labels and annotations do not count.
    """
    if change.old is None or change.new is None:
        return True
    return bool(change.old.metadata.generation != change.new.metadata.generation)


def labels_match(selector: str) -> Predicate:
    """Whether the object matches a label selector (`app=web,tier in (a, b)`), or did before the change.

    Raises SelectorError.
    """
    matches = parse(selector).matches

    def of(change: Change[Any]) -> bool:
        return any(
            each is not None and matches(each.metadata.labels) for each in (change.old, change.new)
        )

    return of


def labels_changed(change: Change[Any]) -> bool:
    """Whether the object is new or gone, or its labels have changed."""
    if change.old is None or change.new is None:
        return True
    return bool(change.old.metadata.labels != change.new.metadata.labels)


class OwnerKeys:
    """The owners of one kind before and after a change; one that moves an object concerns both."""

    __slots__ = ("_name_of", "_namespaced")

    def __init__(self, owner_kind: Resource) -> None:
        # All objects that were made alike share their references, and few controllers own many.
        self._name_of: IdentityMemo[tuple[OwnerReference, ...], str] = IdentityMemo(
            partial(_controller_name, owner_kind)
        )
        self._namespaced = owner_kind.namespaced

    def __call__(self, change: Change[Any]) -> tuple[Key, ...]:
        old, new = change.old, change.new
        metadata = change.latest.metadata if new is None else new.metadata
        keys = self._of(metadata)
        if new is None or old is None or old.metadata.owner_references is metadata.owner_references:
            return keys
        before = self._of(old.metadata)
        return keys if before == keys else (*before, *keys)

    def _of(self, metadata: ObjectMeta) -> tuple[Key, ...]:
        name = self._name_of(metadata.owner_references)
        return (Key(metadata.namespace if self._namespaced else "", name),) if name else ()


def both(one: Source, other: Source) -> Source:
    """The keys of two sources of one kind."""

    def of(change: Change[Any]) -> Iterable[Key | tuple[Key, float]]:
        first, second = one(change), other(change)
        return (*first, *second) if second else first

    return of


def no_keys(_change: Change[Any]) -> tuple[Key, ...]:
    """Of a kind that is only read."""
    return ()


def looked_up(_change: Change[Any]) -> tuple[Key, ...]:
    """Of a kind that is looked at when something else has changed, however soon that is: nobody is told of it."""
    return ()


def _controller_name(kind: Resource, references: tuple[OwnerReference, ...]) -> str:
    """The name of the controller among the references, if it is of that kind; otherwise empty."""
    owner = next((r for r in references if r.controller), None)
    if owner is None or owner.kind != kind.kind:
        return ""
    group = owner.api_version.partition("/")[0] if "/" in owner.api_version else ""
    return owner.name if group == kind.group else ""
