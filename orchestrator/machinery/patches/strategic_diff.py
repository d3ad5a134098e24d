"""Make strategic merge patches: from two versions of an object, or from three.

The three-way patch is `kubectl apply`: what the user last applied (`original`), what they apply
now (`modified`) and what the cluster has (`current`). Additions and changes are found between
current and modified, deletions between original and modified, so whatever others added to the
object stays. Both halves are patches; the second is composed onto the first.
"""

from collections.abc import Hashable, Iterator

from msgspec import Struct
from msgspec.structs import replace

from orchestrator.machinery.documents import (
    MAX_DEPTH,
    Json,
    Object,
    equal,
    kind_of,
    text_of,
    too_deep,
)
from orchestrator.machinery.errors import PatchSizeError
from orchestrator.machinery.patches.rules import (
    DELETE_FROM,
    DIRECTIVE,
    ELEMENT_ORDER,
    RETAIN_KEYS,
    FieldRule,
    Rules,
    element_kind,
    merge_value,
    positions,
)
from orchestrator.machinery.patches.strategic import compose


def create_strategic_patch(
    original: Object, modified: Object, rules: Rules, kind: Hashable = None
) -> Object:
    """The patch that makes `modified` of `original`; {} when they are equal.

    Raises PatchFormatError for lists that cannot be merged (an item without its merge key), and
    PatchSizeError for documents that nest too deep.
    """
    _check_depth(original, modified)
    return _Diff(rules).objects(original, modified, kind)


def create_three_way_strategic_patch(
    original: Object, modified: Object, current: Object, rules: Rules, kind: Hashable = None
) -> Object:
    """The patch that `kubectl apply` sends for a kind whose type is known. Raises likewise."""
    _check_depth(original, modified, current)
    delta = _Diff(rules, deletions=False).objects(current, modified, kind)
    deletions = _Diff(rules, changes=False).objects(original, modified, kind)
    return compose(deletions, delta, rules, kind)


def _check_depth(*documents: Object) -> None:
    if any(map(too_deep, documents)):
        raise PatchSizeError(f"exceeded max depth {MAX_DEPTH}")


class _Diff(Struct, frozen=True):
    """What to look for: `changes` (and additions), `deletions`."""

    rules: Rules
    changes: bool = True
    deletions: bool = True
    retain_keys: bool = False

    def objects(self, original: Object, modified: Object, kind: Hashable) -> Object:
        patch: Object = {}
        for name, value in modified.items():
            if name not in original:
                if self.changes:
                    patch[name] = value
            elif name != DIRECTIVE:
                self._member(patch, name, original[name], value, kind)
        if self.deletions:
            patch.update({name: None for name in original if name not in modified})
        if self.retain_keys:
            _retain(patch, original, modified)
        return patch

    def _member(self, patch: Object, name: str, before: Json, after: Json, kind: Hashable) -> None:
        same_kind = kind_of(before) == kind_of(after)
        if same_kind and isinstance(after, dict):
            self._object_member(patch, name, before, after, self.rules(kind, name))
        elif same_kind and isinstance(after, list):
            self._list_member(patch, name, before, after, self.rules(kind, name))
        elif self.changes and not equal(before, after):
            patch[name] = after

    def _object_member(
        self, patch: Object, name: str, before: Object, after: Object, rule: FieldRule
    ) -> None:
        if rule.strategy == "replace":
            if self.changes and not equal(before, after):
                patch[name] = after
            return
        diff = self._retaining(rule)
        if inner := diff.objects(before, after, rule.inner):
            patch[name] = inner

    def _retaining(self, rule: FieldRule) -> "_Diff":
        if rule.retain_keys == self.retain_keys:
            return self
        return replace(self, retain_keys=rule.retain_keys)

    def _list_member(
        self, patch: Object, name: str, before: list[Json], after: list[Json], rule: FieldRule
    ) -> None:
        if rule.strategy != "merge":
            if self.changes and not equal(before, after):
                patch[name] = after
            return
        if not before:
            if after and self.changes:
                patch[name] = after
            return
        if element_kind(before, after) == "object":
            self._maps(patch, name, before, after, rule)
        else:
            self._scalars(patch, name, before, after)

    def _maps(
        self, patch: Object, name: str, before: list[Json], after: list[Json], rule: FieldRule
    ) -> None:
        key = rule.merge_key
        diff = self._retaining(rule)
        changed: list[Object] = []
        deleted: list[Object] = []
        for old, new in _paired(before, after, key):
            if old is None:
                changed += [new] if new is not None and self.changes else []
            elif new is None:
                deleted += [{key: old[key], DIRECTIVE: "delete"}] if self.deletions else []
            elif inner := diff.objects(old, new, rule.inner):
                changed.append(inner | {key: new[key]})
        where = positions(after, key)
        changed.sort(key=lambda item: where[merge_value(item, key)])
        if items := changed + deleted:
            patch[name] = items
        moved = [merge_value(item, key) for item in before] != [
            merge_value(item, key) for item in after
        ]
        if after and ((self.changes and (items or moved)) or (self.deletions and items)):
            patch[ELEMENT_ORDER + name] = [{key: item[key]} for item in after]

    def _scalars(self, patch: Object, name: str, before: list[Json], after: list[Json]) -> None:
        old, new = positions(before, ""), positions(after, "")
        added = [item for item in after if merge_value(item, "") not in old]
        deleted = sorted(
            {merge_value(item, ""): item for item in before}.items(),
            key=lambda pair: text_of(pair[1]),
        )
        gone = [item for identity, item in deleted if identity not in new]
        if added and self.changes:
            patch[name] = added
        if gone and self.deletions:
            patch[DELETE_FROM + name] = gone
        changed = self.changes and not equal(before, after)
        if after and (changed or (self.deletions and gone)):
            patch[ELEMENT_ORDER + name] = after


def _paired(
    before: list[Json], after: list[Json], key: str
) -> Iterator[tuple[Object | None, Object | None]]:
    """The items of both lists by the text of their merge keys: both, only old, or only new."""

    def text(item: Json) -> str:
        return text_of(merge_value(item, key)[1])

    # Lists, not dictionaries: a key may stand twice (a port of two protocols), and pairs off.
    old, new = sorted(before, key=text, reverse=True), sorted(after, key=text, reverse=True)
    while old and new:
        if text(old[-1]) == text(new[-1]):
            yield old.pop(), new.pop()
        elif text(old[-1]) < text(new[-1]):
            yield old.pop(), None
        else:
            yield None, new.pop()
    yield from ((each, None) for each in reversed(old))
    yield from ((None, each) for each in reversed(new))


def _retain(patch: Object, original: Object, modified: Object) -> None:
    """Name the members of a union that stay, if anything about it changes."""
    kept = sorted(name for name, value in modified.items() if value is not None)
    cleared = any(value is not None and name not in modified for name, value in original.items())
    if kept and (patch or cleared):
        patch[RETAIN_KEYS] = kept
