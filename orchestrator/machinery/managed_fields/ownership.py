"""What a write does to the managers of an object: the rules of server-side apply.

Whoever changes a field becomes its owner and takes it from all others. Whoever applies owns what
the configuration says, changed or not: two may own one field as long as they say the same. To
change what another manager owns is a conflict, unless it is forced. What a manager applied and no
longer applies is removed, if nobody else owns it.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple, TypeAlias

from msgspec import Struct
from msgspec.json import encode
from msgspec.structs import replace

from orchestrator.api.meta.v1 import Time
from orchestrator.machinery.documents import Json, Object, equal
from orchestrator.machinery.errors import ApplyConflictError, Conflict, ShapeError
from orchestrator.machinery.managed_fields.checking import check
from orchestrator.machinery.managed_fields.comparison import Comparison, compare, from_nothing
from orchestrator.machinery.managed_fields.elements import FIELD
from orchestrator.machinery.managed_fields.extraction import fields_of
from orchestrator.machinery.managed_fields.field_sets import (
    NOTHING,
    FieldSet,
    difference,
    intersection,
    is_member,
    of_paths,
    paths,
    recursive_difference,
    text_of,
    union,
)
from orchestrator.machinery.managed_fields.managers import (
    BEFORE_FIRST_APPLY,
    UPDATE,
    Manager,
    Managers,
    Ownership,
    applier,
    capped,
    updater,
)
from orchestrator.machinery.managed_fields.merging import merged, without
from orchestrator.machinery.managed_fields.naming import reconciled, with_named_fields
from orchestrator.machinery.managed_fields.shapes import MapShape, Shape

# Nobody owns an object's identity, nor what the server alone writes.
_METADATA: Final = frozenset((
    "name", "namespace", "creationTimestamp", "selfLink", "uid", "clusterName", "generation",
    "managedFields", "resourceVersion",
))  # fmt: skip
_NAMING: Final = ("apiVersion", "kind")
_IN_METADATA: Final = f"{FIELD}metadata"
_UNOWNED: Final = of_paths(
    *((FIELD + name,) for name in _NAMING),
    (_IN_METADATA,),
    *((_IN_METADATA, FIELD + name) for name in _METADATA),
)


class Writer(Struct, frozen=True, gc=False, kw_only=True):
    """Who writes, through which version and subresource, and what this write cannot change.

    `ignored` are the fields that the path written to resets: the status of the main resource, say.
    """

    name: str
    api_version: str
    subresource: str = ""
    ignored: FieldSet = NOTHING


# --- update --------------------------------------------------------------------------------


class Pair(NamedTuple):
    """An object before and after a write, in one version, and what that version resets."""

    old: Object
    new: Object
    shape: Shape
    ignored: FieldSet = NOTHING

    @property
    def comparison(self) -> Comparison:
        """What the write changed, but for what it cannot change."""
        return compare(self.old, self.new, self.shape).without(self.ignored)


InVersion: TypeAlias = Callable[[str], Pair | None]
"""The write as another version of the kind sees it; None for a version that is not served."""


def updated(
    pair: Pair, managers: Managers, writer: Writer, time: Time | None, in_version: InVersion
) -> Managers:
    """The managers after a create, replace or patch; a create's `pair.old` is empty."""
    comparison = pair.comparison
    result = _released(managers, _Versions(writer.api_version, pair, comparison, in_version))
    taken = difference(union(comparison.modified, comparison.added), _UNOWNED)
    if not taken:
        return result
    manager = updater(writer.name, writer.api_version, writer.subresource)
    before = result.get(manager)
    fields = taken if before is None else union(taken, before.fields)
    result[manager] = Ownership(fields, writer.api_version, time)
    return capped(result)


def created(new: Object, shape: Shape, ignored: FieldSet) -> FieldSet:
    """What belongs to a manager who creates an object that nobody owns anything of: as `updated` says it, in one pass.

    `shape` is what `ownable` makes of the objects', and of `ignored`.
    """
    fields = from_nothing(new, shape)
    if any(ignored.values()):
        fields = recursive_difference(fields, ignored)
    return _without_metadata(fields)


def ownable(shape: Shape, ignored: FieldSet) -> Shape:
    """The shape of whole objects, that passes over what nobody owns, and over whole fields that are `ignored`.

    So that nobody has to take it out of each object, or of each set.
    """
    if shape.map is None or shape.map.atomic:
        return shape
    names = (*_NAMING, *(element[len(FIELD) :] for element, node in ignored.items() if not node))
    found = _passing_over(shape, names)
    metadata = shape.map.at("metadata")
    if found.map is not None and metadata is not None and metadata.map is not None:
        found.map.fields["metadata"] = _passing_over(metadata, _METADATA)
    return found


def _passing_over(shape: Shape, names: Iterable[str]) -> Shape:
    assert shape.map is not None
    inside = MapShape(shape.map.other, atomic=shape.map.atomic)
    inside.fields = {**shape.map.fields, **dict.fromkeys(names)}
    inside.always, inside.defaults = shape.map.always, shape.map.defaults
    return Shape(shape.scalar, shape.list, inside)


def _without_unowned(document: Object) -> Object:
    """A document without what nobody owns, but for its metadata as a whole."""
    left = {name: part for name, part in document.items() if name not in _NAMING}
    metadata = left.get("metadata")
    if type(metadata) is dict:
        left["metadata"] = {name: metadata[name] for name in metadata if name not in _METADATA}
    return left


def _without_metadata(fields: FieldSet) -> FieldSet:
    """A set without the metadata as a whole, which has no members but those inside it."""
    node = fields.get(_IN_METADATA)
    if node is None or not is_member(node):
        return fields
    return difference(fields, _UNOWNED)


class _Versions:
    """One write as all the versions see it whose fields somebody owns; each is compared once."""

    def __init__(
        self, api_version: str, pair: Pair, comparison: Comparison, in_version: InVersion
    ) -> None:
        self._in_version = in_version
        self._known: dict[str, tuple[Shape, Comparison] | None] = {
            api_version: (pair.shape, comparison)
        }

    def of(self, api_version: str) -> tuple[Shape, Comparison] | None:
        """The shape and the comparison; None for a version that is not served.

        Raises ShapeError if that version has no place for something that the object has.
        """
        if api_version not in self._known:
            pair = self._in_version(api_version)
            if pair is not None:
                _check_fits(pair.old, pair.shape, "failed to convert old object")
                _check_fits(pair.new, pair.shape, "failed to convert new object")
            found = None if pair is None else (pair.shape, pair.comparison)
            self._known[api_version] = found
        return self._known[api_version]


def _check_fits(document: Object, shape: Shape, failure: str) -> None:
    """Refuse what another version does not know. Raises ShapeError, which begins with `failure`."""
    if shape.lasting:  # the versions of a built-in kind convert all that there is
        return
    try:
        check(document, shape)
    except ShapeError as error:
        raise ShapeError(f"{failure}: {error}") from error


def _released(managers: Managers, versions: _Versions) -> Managers:
    """The managers without what was changed or removed; those that own nothing are gone."""
    result: Managers = {}
    for manager, owned in managers.items():
        version = versions.of(owned.api_version)
        if version is None:
            continue
        shape, (removed, modified, added) = version
        before = reconciled(owned.fields, shape)
        fields = difference(before, union(union(modified, added), removed))
        if fields:
            same = fields == owned.fields
            result[manager] = owned if same else replace(owned, fields=fields)
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
    in_version: Callable[[Object, str], Pair | None],
    *,
    force: bool = False,
) -> Applied:
    """Lay a checked configuration over the live object. The writer's time is the caller's to set.

    `in_version` makes a pair of the live and a new object in another version. Raises
    ApplyConflictError for fields of others that would change, and ShapeError.
    """
    manager = applier(writer.name, writer.subresource)
    last = managers.get(manager)
    fields = fields_of(_without_unowned(configuration), shape)
    owned = _without_metadata(recursive_difference(fields, writer.ignored))
    if last is not None and owned == last.fields:
        owned = last.fields  # one set, that is put in order once
    own = Ownership(owned, writer.api_version, None if last is None else last.time)
    others = {each: theirs for each, theirs in managers.items() if each != manager}
    new = merged(live, configuration, shape)
    if last is not None and _is_prunable(new, last, (own, *others.values()), in_version):
        before = reconciled(last.fields, shape)
        if not _says_all(configuration, owned, before):
            said = recursive_difference(fields_of(configuration, shape), writer.ignored)
            new = _pruned(new, before, [said, *(each.fields for each in others.values())], shape)
    pair = Pair(live, new, shape, writer.ignored)
    versions = _Versions(
        writer.api_version, pair, pair.comparison, lambda version: in_version(new, version)
    )
    if not force:
        _refuse_conflicts(others, versions)
    result = _released(others, versions)
    if owned:
        result[manager] = own
    return Applied(new, result, live != new or not equal(live, new))


def _refuse_conflicts(others: Managers, versions: _Versions) -> None:
    conflicts: list[Conflict] = []
    for manager in sorted(others, key=lambda each: _identity(each, others[each])):
        owned = others[manager]
        version = versions.of(owned.api_version)
        if version is not None:
            shape, comparison = version
            changed = union(comparison.modified, comparison.added)
            for path in paths(intersection(reconciled(owned.fields, shape), changed)):
                conflicts.append(Conflict(str(manager), text_of(path), path))
    if conflicts:
        raise ApplyConflictError(conflicts)


def _identity(manager: Manager, owned: Ownership) -> tuple[str, str, str, int, str, str]:
    """Conflicts are told in the order of what identifies their managers to Kubernetes as JSON.

    There `,` comes before `}`, so that who has a subresource comes before who has none.
    """
    time = owned.time if manager.operation == UPDATE else None
    last = 1 if time else 0 if manager.subresource else 2
    return (
        manager.name,
        manager.operation,
        manager.api_version,
        last,
        str(time or ""),
        manager.subresource or "~",
    )


def _is_prunable(
    new: Object,
    last: Ownership,
    owned: Sequence[Ownership],
    in_version: Callable[[Object, str], Pair | None],
) -> bool:
    """Whether what was applied last can go: the version in which that was done is still served.

    Raises ShapeError if this version, or one in which somebody owns something, has no place for what there is now.
    """
    present = owned[0].api_version
    failures = {
        last.api_version: "failed to convert merged object to last applied version",
        **{
            version: "failed add back owned items: "
            f"failed to convert merged object at version {version}"
            for version in sorted({each.api_version for each in owned})
            if version != last.api_version
        },
    }
    for version, failure in failures.items():
        pair = None if version == present else in_version(new, version)
        if pair is not None:
            _check_fits(pair.new, pair.shape, f"failed to prune fields: {failure}")
        elif version == last.api_version != present:
            return False
    return True


def _says_all(configuration: Object, owned: FieldSet, last: FieldSet) -> bool:
    """Whether a configuration says all that its manager applied last, so that it lets nothing go.

    What is said is there, with all above it. But beside a null or an empty map there may be what nobody owns, and
    goes together with that.
    """
    if owned is not last and difference(last, owned):
        return False
    said = encode(configuration)
    return b"null" not in said and b"{}" not in said


def _pruned(new: Object, last: FieldSet, said: Sequence[FieldSet], shape: Shape) -> Json:
    """The object without what its manager applied last and nobody owns any more."""
    named = with_named_fields(last, shape)
    pruned = without(new, named, shape)
    whole = with_named_fields(fields_of(new, shape), shape)
    left = with_named_fields(fields_of(pruned, shape), shape)
    owned: FieldSet = {}
    for each in said:
        owned = union(owned, each)
    kept = union(left, with_named_fields(owned, shape))
    pruned = without(new, difference(whole, kept), shape)
    # Only what this manager owned may go; what is nobody's stays.
    left = with_named_fields(fields_of(pruned, shape), shape)
    return without(new, intersection(difference(whole, left), named), shape)


def adopted(live: Object, shape: Shape, writer: Writer, time: Time) -> Managers:
    """The managers of an object that has none yet, before the first apply to it."""
    first = replace(writer, name=BEFORE_FIRST_APPLY)
    return updated(Pair({}, live, shape, writer.ignored), {}, first, time, _no_other)


def _no_other(_api_version: str) -> None:
    """There are no managers yet, so there is none of another version."""
