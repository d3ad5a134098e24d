"""Who owns which fields of an object: the entries of `metadata.managedFields`."""

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from msgspec import Struct

from orchestrator.api.meta.v1 import ManagedFieldsEntry, Time
from orchestrator.machinery.errors import FieldSetError
from orchestrator.machinery.field_errors import quote
from orchestrator.machinery.managed_fields.field_sets import FieldSet, read, union, written
from orchestrator.machinery.memo import IdentityMemo, remembered
from orchestrator.machinery.times import parse_time

APPLY: Final = "Apply"
UPDATE: Final = "Update"
FIELDS_TYPE: Final = "FieldsV1"
BEFORE_FIRST_APPLY: Final = "before-first-apply"
_ANCIENT: Final = "ancient-changes"
# Kubernetes keeps as many; the oldest of more are told as one.
MAX_UPDATE_MANAGERS: Final = 10


class Manager(NamedTuple):
    """Who, and by what. Who applies in another version is the same one; `api_version` is "" then."""

    name: str
    operation: str
    api_version: str = ""
    subresource: str = ""

    def __str__(self) -> str:
        """As conflicts name it."""
        text = quote(self.name)
        if self.subresource:
            text += f" with subresource {quote(self.subresource)}"
        return f"{text} using {self.api_version}" if self.operation == UPDATE else text


class Ownership(Struct, frozen=True, gc=False):
    """What a manager owns, and when that last changed."""

    fields: FieldSet
    api_version: str
    time: Time | None = None


Managers = dict[Manager, Ownership]


def applier(name: str, subresource: str = "") -> Manager:
    """The identity of who applies."""
    return Manager(name or "unknown", APPLY, "", subresource)


@remembered(4096)
def updater(name: str, api_version: str, subresource: str = "") -> Manager:
    """The identity of who creates, replaces or patches."""
    return Manager(name or "unknown", UPDATE, api_version, subresource)


def owned_otherwise(before: Managers, after: Managers) -> bool:
    """Whether somebody owns something else than before. An apply that changes nothing but times is none."""
    if before.keys() != after.keys():
        return True
    for manager, owned in after.items():
        was = before[manager]
        if was is not owned and (
            was.api_version != owned.api_version or was.fields != owned.fields
        ):
            return True
    return False


def with_explicit_reset(document: Any) -> Any:
    """A document whose empty list of managedFields is one empty entry, which means the same.

    Both say that nobody is to own anything; but an object cannot tell an empty list from none.
    """
    metadata = document.get("metadata") if isinstance(document, dict) else None
    if not isinstance(metadata, dict) or metadata.get("managedFields") != []:
        return document
    return {**document, "metadata": {**metadata, "managedFields": [{}]}}


def managers_of(entries: Iterable[ManagedFieldsEntry]) -> Managers:
    """The managers that an object names. Raises FieldSetError for entries that are none."""
    found: Managers = {}
    for position, entry in enumerate(entries):
        _check(entry, position)
        version = entry.api_version if entry.operation == UPDATE else ""
        manager = Manager(entry.manager, entry.operation, version, entry.subresource)
        found[manager] = Ownership(read(entry.fields_v1), entry.api_version, entry.time)
    return found


def _check(entry: ManagedFieldsEntry, position: int) -> None:
    if entry.operation not in (APPLY, UPDATE):
        raise FieldSetError("operation must be `Apply` or `Update`")
    if not entry.api_version:
        raise FieldSetError("apiVersion must not be empty")
    if not entry.fields_type:
        raise FieldSetError(f"missing fieldsType in managed fields entry {position}")
    if entry.fields_type != FIELDS_TYPE:
        raise FieldSetError(
            f"invalid fieldsType {quote(entry.fields_type)} in managed fields entry {position}"
        )


def entries_of(managers: Managers) -> tuple[ManagedFieldsEntry, ...]:
    """The entries in Kubernetes' order: who applies first, then by time and name."""
    ordered = managers if len(managers) < 2 else sorted(managers, key=_order(managers))
    return tuple([_entry(manager, managers[manager]) for manager in ordered])


def _entry(manager: Manager, owned: Ownership) -> ManagedFieldsEntry:
    return ManagedFieldsEntry(
        manager=manager.name,
        operation=manager.operation,
        api_version=owned.api_version,
        time=owned.time,
        fields_type=FIELDS_TYPE,
        fields_v1=_WRITTEN(owned.fields),
        subresource=manager.subresource,
    )


# Pods of one template have one set.
_WRITTEN: Final[IdentityMemo[FieldSet, FieldSet]] = IdentityMemo(written)


def _order(managers: Managers) -> Any:
    def key(manager: Manager) -> tuple[str, float, str, str, str]:
        owned = managers[manager]
        name, operation, _, subresource = manager
        return (operation, _seconds(owned.time), name, owned.api_version, subresource)

    return key


def _seconds(time: Time | None) -> float:
    return 0.0 if time is None else parse_time(time) // 1


def capped(managers: Managers) -> Managers:
    """At most `MAX_UPDATE_MANAGERS` of those that update: the oldest are told as one a version."""
    updating = [manager for manager in managers if manager.operation == UPDATE]
    surplus = len(updating) - MAX_UPDATE_MANAGERS
    if surplus <= 0:
        return managers
    result = dict(managers)
    first: dict[str, Manager] = {}
    for manager in sorted(updating, key=lambda each: (_seconds(managers[each].time), each)):
        if surplus <= 0:
            break
        owned = result[manager]
        bucket = updater(_ANCIENT, owned.api_version)
        if owned.api_version not in first:
            first[owned.api_version] = manager
            continue
        if bucket not in result:
            result[bucket] = result.pop(first[owned.api_version])
        together = union(owned.fields, result[bucket].fields)
        if manager != bucket:
            del result[manager]
        result[bucket] = Ownership(together, owned.api_version, owned.time)
        surplus -= 1
    return result
