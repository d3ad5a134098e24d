"""What a write does to the managers of an object: the rules of server-side apply.

Whoever changes a field becomes its owner and takes it from all others. Whoever applies owns what
the configuration says, changed or not: two may own one field as long as they say the same. To
change what another manager owns is a conflict, unless it is forced. What a manager applied and no
longer applies is removed, if nobody else owns it.
"""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from orchestrator.api.meta.v1 import Time
from orchestrator.machinery.documents import Json, Object, equal
from orchestrator.machinery.errors import ApplyConflictError, Conflict
from orchestrator.machinery.managed_fields.comparison import Comparison, compare
from orchestrator.machinery.managed_fields.elements import FIELD
from orchestrator.machinery.managed_fields.extraction import fields_of
from orchestrator.machinery.managed_fields.field_sets import (
    FieldSet,
    difference,
    intersection,
    of_paths,
    paths,
    recursive_difference,
    text_of,
    union,
)
from orchestrator.machinery.managed_fields.managers import (
    BEFORE_FIRST_APPLY,
    Manager,
    Managers,
    Ownership,
    applier,
    capped,
    updater,
)
from orchestrator.machinery.managed_fields.merging import merged, without
from orchestrator.machinery.managed_fields.naming import reconciled, with_named_fields
from orchestrator.machinery.managed_fields.shapes import Shape

# Nobody owns an object's identity, nor what the server alone writes.
_METADATA: Final = (
    "name", "namespace", "creationTimestamp", "selfLink", "uid", "clusterName", "generation",
    "managedFields", "resourceVersion",
)  # fmt: skip
_UNOWNED: Final = of_paths(
    (f"{FIELD}apiVersion",),
    (f"{FIELD}kind",),
    (f"{FIELD}metadata",),
    *((f"{FIELD}metadata", FIELD + name) for name in _METADATA),
)


class Writer(Struct, frozen=True, gc=False, kw_only=True):
    """Who writes, through which version and subresource, and what this write cannot change.

    `ignored` are the fields that the path written to resets: the status of the main resource, say.
    """

    name: str
    api_version: str
    subresource: str = ""
    ignored: FieldSet = {}


# --- update --------------------------------------------------------------------------------


def updated(
    old: Object, new: Object, shape: Shape, managers: Managers, writer: Writer, time: Time
) -> Managers:
    """The managers after a create, replace or patch made `new` of `old` (a create: of nothing)."""
    comparison = compare(old, new, shape).without(writer.ignored)
    result = _released(_reconciled(managers, shape), comparison)
    taken = difference(union(comparison.modified, comparison.added), _UNOWNED)
    if not taken:
        return result
    manager = updater(writer.name, writer.api_version, writer.subresource)
    before = result.get(manager)
    fields = taken if before is None else union(taken, before.fields)
    result[manager] = Ownership(fields, writer.api_version, time)
    return capped(result)


def _reconciled(managers: Managers, shape: Shape) -> Managers:
    return {
        manager: replace(owned, fields=reconciled(owned.fields, shape))
        for manager, owned in managers.items()
    }


def _released(managers: Managers, comparison: Comparison) -> Managers:
    """The managers without what was changed or removed; those that own nothing are gone."""
    lost = union(union(comparison.modified, comparison.added), comparison.removed)
    result: Managers = {}
    for manager, owned in managers.items():
        fields = difference(owned.fields, lost)
        if fields:
            result[manager] = owned if fields is owned.fields else replace(owned, fields=fields)
    return result


# --- apply ---------------------------------------------------------------------------------


class Applied(Struct, frozen=True, gc=False):
    """What an apply makes: the object, who owns it, and whether the object changed at all."""

    object: Object
    managers: Managers
    changed: bool


def applied(
    live: Object,
    configuration: Object,
    shape: Shape,
    managers: Managers,
    writer: Writer,
    *,
    force: bool = False,
) -> Applied:
    """Lay a checked configuration over the live object. The writer's time is the caller's to set.

    Raises ApplyConflictError for fields of others that would change, and ShapeError.
    """
    before = _reconciled(managers, shape)
    manager = applier(writer.name, writer.subresource)
    last = before.get(manager)
    fields = recursive_difference(fields_of(configuration, shape), writer.ignored)
    owners = {
        **before,
        manager: Ownership(fields, writer.api_version, None if last is None else last.time),
    }
    new = merged(live, configuration, shape)
    if last is not None and last.fields:
        new = _pruned(new, last.fields, owners, shape)
    comparison = compare(live, new, shape).without(writer.ignored)
    others = {each: owned for each, owned in owners.items() if each != manager}
    if not force:
        _refuse_conflicts(others, comparison)
    result = _released(others, comparison)
    own = difference(fields, _UNOWNED)
    if own:
        result[manager] = replace(owners[manager], fields=own)
    return Applied(new, result, not equal(live, new))


def _refuse_conflicts(others: Managers, comparison: Comparison) -> None:
    changed = union(comparison.modified, comparison.added)
    conflicts: list[Conflict] = []
    for manager in sorted(others, key=str):
        for path in paths(intersection(others[manager].fields, changed)):
            conflicts.append(Conflict(str(manager), text_of(path), path))
    if conflicts:
        raise ApplyConflictError(conflicts)


def _pruned(new: Object, last: FieldSet, owners: Mapping[Manager, Ownership], shape: Shape) -> Json:
    """The object without what its manager applied last and nobody owns any more."""
    named = with_named_fields(last, shape)
    pruned = without(new, named, shape)
    whole = with_named_fields(fields_of(new, shape), shape)
    left = with_named_fields(fields_of(pruned, shape), shape)
    owned: FieldSet = {}
    for each in owners.values():
        owned = union(owned, each.fields)
    kept = union(left, with_named_fields(owned, shape))
    pruned = without(new, difference(whole, kept), shape)
    # Only what this manager owned may go; what is nobody's stays.
    left = with_named_fields(fields_of(pruned, shape), shape)
    return without(new, intersection(difference(whole, left), named), shape)


def adopted(live: Object, empty: Object, shape: Shape, writer: Writer, time: Time) -> Managers:
    """The managers of an object that has none yet, before the first apply to it."""
    first = replace(writer, name=BEFORE_FIRST_APPLY)
    return updated(empty, live, shape, {}, first, time)
