"""What clients say of `metadata.managedFields` when they write an object."""

from collections.abc import Sequence
from typing import Any, Final

from orchestrator.api.meta.v1 import ManagedFieldsEntry
from orchestrator.machinery.errors import FieldSetError
from orchestrator.machinery.managed_fields.ledger import Ledger
from orchestrator.machinery.managed_fields.managers import entries_of, managers_of

_RESET: Final = (ManagedFieldsEntry(),)


def claimed(sent: Any, present: Any) -> Any:
    """The managedFields that a write begins with: the present ones, or what its client sent.

    A client may take managers away or edit them. One empty entry takes all of them away; what is no
    valid list of entries counts for nothing.
    """
    if type(sent) is Ledger or not sent:
        return present
    if sent == _RESET:
        return ()
    if sent == tuple(present):
        return present
    return _valid(sent) or present


def _valid(sent: Sequence[ManagedFieldsEntry]) -> tuple[ManagedFieldsEntry, ...]:
    try:
        return entries_of(managers_of(sent))
    except FieldSetError:
        return ()
