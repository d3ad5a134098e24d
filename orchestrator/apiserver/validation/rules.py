"""What there is to say about the validity of one kind: a row of the room's table."""

from collections.abc import Callable, Iterable
from typing import Any

from msgspec import Struct

from orchestrator.apiserver.validation.field import Errors, FieldError, NameRule
from orchestrator.apiserver.validation.metadata import dns_subdomain


def _nothing(_obj: Any) -> Errors:
    return iter(())


def _no_change(_new: Any, _old: Any) -> Errors:
    return iter(())


class Rules(Struct, frozen=True):
    """The rules of a kind beside those of all metadata.

    `spec` is asked about a new object, and about a changed one unless `recheck` is False;
    `update` about what a change may not do; `status` about a new status. Parts of an object that
    an update leaves alone (the very same objects) are not looked at again.
    """

    name: NameRule = dns_subdomain
    spec: Callable[[Any], Iterable[FieldError]] = _nothing
    update: Callable[[Any, Any], Iterable[FieldError]] = _no_change
    status: Callable[[Any, Any], Iterable[FieldError]] = _no_change
    recheck: bool = True
