"""Strategic merge patch: a merge patch that knows which lists are really maps.

A field's rule says whether its list is replaced or merged, and by which key items are matched.
Directives in the patch say the rest:

    $patch: delete | replace | merge     of an object, or of an item of a merged list
    $deleteFromPrimitiveList/x: [...]    scalars to take out of the merged list x
    $setElementOrder/x: [...]            the order that the sender wants of x
    $retainKeys: [...]                   members of a union; all others go

Two callers differ in what becomes of nulls and directives. *Applying* a patch to a document
executes them. *Composing* (`compose`) lays one patch over another, and keeps them; the three-way
patch is made so.

`element_order` says in which order a merged list comes out.
"""

from collections.abc import Hashable
from typing import Final

from orchestrator.machinery.documents import (
    MAX_DEPTH,
    Json,
    Object,
    go_plain,
    go_text,
    go_type,
    kind_of,
    too_deep,
)
from orchestrator.machinery.errors import PatchFormatError, PatchMergeError, PatchSizeError
from orchestrator.machinery.patches.element_order import (
    check_order,
    interleaved,
    order_after,
    sorted_like,
    split,
)
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


def apply_strategic_patch(
    document: Object, patch: Json, rules: Rules, kind: Hashable = None
) -> Object:
    """The document with the patch merged in; neither argument is changed, parts are shared.

    `kind` is the type of the document, as `rules` knows it. Raises PatchFormatError for a patch
    that contradicts itself or the rules, PatchSizeError when it nests too deep.
    """
    return _checked(document, patch, _Merge(rules, applying=True), kind)


def compose(first: Object, second: Object, rules: Rules, kind: Hashable = None) -> Object:
    """One patch that does what `first` and then `second` do; `second` wins."""
    return _checked(first, second, _Merge(rules, applying=False), kind)


def _checked(document: Object, patch: Json, merge: "_Merge", kind: Hashable) -> Object:
    if patch is None:  # Go's map of nothing
        return document
    if not isinstance(patch, dict):
        raise PatchFormatError(
            f"json: cannot unmarshal {kind_of(patch)} into Go value of type map[string]interface {{}}"
        )
    if too_deep(document) or too_deep(patch):
        raise PatchSizeError(f"exceeded max depth {MAX_DEPTH}")
    return merge.objects(document, patch, kind)


class _Merge:
    """The rules, and whether directives are executed or kept."""

    def __init__(self, rules: Rules, *, applying: bool) -> None:
        self._rules = rules
        self._applying = applying

    def objects(self, original: Object, patch: Object, kind: Hashable) -> Object:
        if DIRECTIVE in patch:
            directive = patch[DIRECTIVE]
            patch = {key: value for key, value in patch.items() if key != DIRECTIVE}
            if directive == "replace":
                if self._applying:  # as it is: a null in a map is then an empty value
                    return patch
                replacement: Object = self._taken(patch)
                return replacement
            if directive == "delete":
                return {}
            if directive != "merge":
                raise _unknown_directive({DIRECTIVE: directive, **patch})
        result, rest = dict(original), dict(patch)
        if RETAIN_KEYS in rest:
            self._retain(result, rest)
        for name in [name for name in rest if name.startswith(ELEMENT_ORDER)]:
            self._ordered_list(result, rest, name, kind)
        for name, value in rest.items():
            if name.startswith(DELETE_FROM):
                self._delete_from(result, name, value, kind)
            else:
                self._member(result, name, value, kind)
        return result

    def _member(self, result: Object, name: str, value: Json, kind: Hashable) -> None:
        if value is None:
            # Composing keeps the null, so that the document's member goes later.
            result.pop(name, None)
            if not self._applying:
                result[name] = None
            return
        present: Json = result.get(name)
        if name not in result or kind_of(present) != kind_of(value):
            self._set(result, name, value)
            return
        rule = self._rules(kind, name)
        if isinstance(value, dict):
            replaced = rule.strategy == "replace"
            result[name] = value if replaced else self.objects(present, value, rule.inner)
        elif isinstance(value, list):
            merged = rule.strategy == "merge"
            result[name] = self._lists(present, value, rule) if merged else value
        else:
            result[name] = value

    def _set(self, result: Object, name: str, value: Json) -> None:
        """Take a value that has no counterpart: without its directives, which have no object."""
        value = self._taken(value)
        if value is _DROPPED:
            result.pop(name, None)
        else:
            result[name] = value

    def _taken(self, value: Json) -> Json:
        return _cleaned(value) if self._applying else _without_dropped(value)

    # --- directives ---

    def _retain(self, result: Object, patch: Object) -> None:
        wanted = patch.pop(RETAIN_KEYS)
        if not self._applying:
            if result.setdefault(RETAIN_KEYS, wanted) != wanted:
                raise PatchFormatError("the two patches retain different keys", RETAIN_KEYS)
            return
        if not isinstance(wanted, list):
            raise PatchFormatError("invalid patch format of retainKeys", RETAIN_KEYS)
        kept = frozenset(key for key in wanted if isinstance(key, str))
        for name, value in patch.items():
            directive = name.startswith((DELETE_FROM, ELEMENT_ORDER))
            if value is not None and not directive and name not in kept:
                raise PatchFormatError("invalid patch format of retainKeys", name)
        for name in [name for name in result if name not in kept]:
            del result[name]

    def _delete_from(self, result: Object, name: str, value: Json, kind: Hashable) -> None:
        if not self._applying:
            result[name] = value
            return
        field = name.removeprefix(DELETE_FROM)
        if value is None:
            result.pop(field, None)
        present = result.get(field)
        if not (isinstance(value, list) and isinstance(present, list)):
            return  # as to Go, which compares the two types and passes over what differs
        if self._rules(kind, field).strategy != "merge":
            result[field] = value
        elif element_kind(present, value) != "object":
            gone = {merge_value(item, "") for item in value}
            result[field] = [item for item in present if merge_value(item, "") not in gone]

    def _ordered_list(self, result: Object, patch: Object, name: str, kind: Hashable) -> None:
        """Merge list `x` and bring it into the order of `$setElementOrder/x`."""
        order = patch.pop(name)
        if not isinstance(order, list):
            raise PatchMergeError(
                f"expected a []interface {{}}, but received a {go_type(order)}", name
            )
        if not self._applying and result.setdefault(name, order) != order:
            raise PatchFormatError("invalid patch format of setElementOrder list", name)
        field = name.removeprefix(ELEMENT_ORDER)
        if field in patch and patch[field] is None:
            return  # the list is to go, in whatever order
        present, given = result.get(field), patch.pop(field, None)
        for each in (present, given):
            if each is not None and not isinstance(each, list):
                message = f"expected a []interface {{}}, but received a {kind_of(each)}"
                raise PatchFormatError(message, field)
        rule = self._rules(kind, field)
        if given:
            check_order(given, order, rule.merge_key, field)
        if present is None and given is None:
            return
        merged = self._merged_for_order(present, given, rule)
        if not merged:
            result[field] = merged
            return
        key = rule.merge_key
        ordered, others = split(merged, order, key)
        known = order_after(present or [], given or [], key)
        result[field] = interleaved(
            sorted_like(others, known, key), sorted_like(ordered, order, key), known, key
        )

    def _merged_for_order(
        self, present: list[Json] | None, given: list[Json] | None, rule: FieldRule
    ) -> list[Json]:
        if given is None:
            return present or []
        if present is None:
            taken: list[Json] = self._taken(given)
            return taken
        return self._lists(present, given, rule) if rule.strategy == "merge" else given

    # --- lists ---

    def _lists(self, original: list[Json], patch: list[Json], rule: FieldRule) -> list[Json]:
        kind = element_kind(original, patch)
        if kind != "object":
            return _union(original, patch)
        key = rule.merge_key
        if not key:
            raise PatchFormatError("cannot merge lists without merge key")
        original, patch = self._special_items(original, patch, key)
        merged = list(original)
        where = positions(merged, key)
        for item in patch:
            identity = merge_value(item, key)
            if identity in where:
                position = where[identity]
                merged[position] = self.objects(merged[position], item, rule.inner)
            else:
                where[identity] = len(merged)
                taken = self._taken(item)
                merged.append(taken if key in taken else {**taken, key: None})
        patched, others = split(merged, patch, key)
        return interleaved(
            sorted_like(others, original, key), sorted_like(patched, patch, key), original, key
        )

    def _special_items(
        self, original: list[Json], patch: list[Json], key: str
    ) -> tuple[list[Json], list[Json]]:
        """Execute the items of a patch list that are directives; answer what is left to merge."""
        plain: list[Json] = []
        gone: set[tuple[str, Json]] = set()
        replace = False
        for item in patch:
            directive = item.get(DIRECTIVE)
            if DIRECTIVE not in item:
                plain.append(item)
            elif directive == "delete":
                gone.add(merge_value(item, key))
            elif directive == "replace":
                replace = True
            elif directive == "merge":
                raise PatchFormatError("merging lists cannot yet be specified in the patch")
            else:
                raise _unknown_directive(item)
        if replace:
            return self._taken(plain), []
        if gone:
            original = [item for item in original if merge_value(item, key) not in gone]
        return original, plain


def _union(original: list[Json], patch: list[Json]) -> list[Json]:
    """Scalars of both, each once, the patch's in its order."""
    unique = list({merge_value(item, ""): item for item in [*original, *patch]}.values())
    patched, others = split(unique, patch, "")
    return interleaved(
        sorted_like(others, original, ""), sorted_like(patched, patch, ""), original, ""
    )


def _unknown_directive(item: Object) -> PatchMergeError:
    message = f"unknown patch type: {go_text(item[DIRECTIVE])} in map: {go_plain(item)}"
    return PatchMergeError(message, DIRECTIVE)


# --- values without counterpart ------------------------------------------------------------

_DROPPED: Final = object()


def _without_dropped(value: Json) -> Json:
    """A value taken whole into another patch: objects that carry `$patch` vanish."""
    if isinstance(value, dict):
        if DIRECTIVE in value:
            return _DROPPED
        items = {name: _without_dropped(each) for name, each in value.items()}
        return {name: each for name, each in items.items() if each is not _DROPPED}
    if isinstance(value, list):
        return [each for each in map(_without_dropped, value) if each is not _DROPPED]
    return value


def _cleaned(value: Json) -> Json:
    """A value taken whole into a document: no directives and no nulls are left."""
    if isinstance(value, dict):
        if value.get(DIRECTIVE) is not None:
            return _DROPPED
        return {
            name: cleaned
            for name, each in value.items()
            if each is not None
            and not (name == RETAIN_KEYS or name.startswith((DELETE_FROM, ELEMENT_ORDER)))
            and (cleaned := _cleaned(each)) is not _DROPPED
        }
    if isinstance(value, list):
        return [each for each in map(_cleaned, value) if each is not _DROPPED]
    return value
