"""Client-side apply: the annotation that remembers, and the patch that three versions make.

The annotation `kubectl.kubernetes.io/last-applied-configuration` holds the manifest as it was
applied last, without itself. It is what tells "the user removed this field" from "the user never
set it".
"""

import json
from collections.abc import Callable, Hashable
from typing import Any, Final

import msgspec

from orchestrator.api.go_text import as_go_writes
from orchestrator.machinery.documents import MAX_DEPTH, Object, go_json_float, kind_of, too_deep
from orchestrator.machinery.errors import PatchConflictError, PatchFormatError, PatchSizeError
from orchestrator.machinery.patches.merge_patch import create_merge_patch
from orchestrator.machinery.patches.rules import Rules
from orchestrator.machinery.patches.strategic_diff import create_three_way_strategic_patch

LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"

_CHANGED: Final = "At least one of apiVersion, kind and name was changed"


def three_way_merge(
    original: Object | None,
    modified: Object,
    current: Object,
    rules: Rules | None = None,
    kind: Hashable = None,
) -> Object:
    """The patch that makes of `current` what `modified` says; {} when nothing is to do.

    With `rules` (a kind whose type is known) a strategic merge patch, without (a custom resource)
    a JSON merge patch. `original` is what was applied last, None if nothing was. Raises
    PatchFormatError, PatchSizeError, and for a JSON merge patch PatchConflictError when the identity of
    the object would change.
    """
    if rules is not None:
        return create_three_way_strategic_patch(original or {}, modified, current, rules, kind)
    return three_way_json_merge(original or {}, modified, current)


def three_way_json_merge(original: Object, modified: Object, current: Object) -> Object:
    """The JSON merge patch: additions and changes since `current`, deletions since `original`."""
    if any(map(too_deep, (original, modified, current))):
        raise PatchSizeError(f"exceeded max depth {MAX_DEPTH}")
    changes = _without_nulls(create_merge_patch(current, modified))
    deletions = _only_nulls(create_merge_patch(original, modified))
    patch = _laid_over(deletions, changes)
    metadata = patch.get("metadata")
    if "apiVersion" in patch or "kind" in patch or (metadata and "name" in metadata):
        raise PatchConflictError(_CHANGED)
    return patch


def _filtered(patch: Object, keep: Callable[[Any], bool]) -> Object:
    result: Object = {}
    for name, value in patch.items():
        if isinstance(value, dict) and value:
            if inner := _filtered(value, keep):
                result[name] = inner
        elif keep(value):
            result[name] = value
    return result


def _without_nulls(patch: Object) -> Object:
    return _filtered(patch, lambda value: value is not None)


def _only_nulls(patch: Object) -> Object:
    return _filtered(patch, lambda value: value is None)


def _laid_over(first: Object, second: Object) -> Object:
    """Both patches in one. They cannot disagree: what one deletes the other does not mention."""
    result = dict(first)
    for name, value in second.items():
        before = result.get(name)
        both = isinstance(before, dict) and isinstance(value, dict)
        result[name] = _laid_over(before, value) if both else value  # type: ignore[arg-type]
    return result


# --- the annotation ------------------------------------------------------------------------


def with_last_applied(manifest: Object) -> Object:
    """The manifest with the annotation that says so; what kubectl sends as `modified`."""
    bare = without_last_applied(manifest)
    metadata = dict(bare.get("metadata") or {})
    metadata["annotations"] = {
        **(metadata.get("annotations") or {}),
        LAST_APPLIED: last_applied_text(bare),
    }
    return {**bare, "metadata": metadata}


def last_applied_text(bare: Object) -> str:
    """What the annotation says of a manifest that has none: as Go writes it, with a newline, since tools compare."""
    return as_go_writes(msgspec.json.encode(_with_go_floats(bare), order="sorted")).decode() + "\n"


def _with_go_floats(value: Any) -> Any:
    if type(value) is dict:
        return {name: _with_go_floats(part) for name, part in value.items()}
    if type(value) is list:
        return [_with_go_floats(part) for part in value]
    return msgspec.Raw(go_json_float(value).encode()) if type(value) is float else value


def without_last_applied(manifest: Object) -> Object:
    """The manifest without the annotation; an annotation map is there, if only an empty one."""
    metadata = dict(manifest.get("metadata") or {})
    annotations = metadata.get("annotations") or {}
    if not isinstance(annotations, dict):
        raise PatchFormatError(f"metadata.annotations is a {kind_of(annotations)}")
    metadata["annotations"] = {
        name: value for name, value in annotations.items() if name != LAST_APPLIED
    }
    return {**manifest, "metadata": metadata}


def last_applied(live: Object) -> Object | None:
    """What was applied last to a live object; None when it was never applied.

    Raises PatchFormatError when the annotation is no JSON object.
    """
    annotations = (live.get("metadata") or {}).get("annotations") or {}
    text = annotations.get(LAST_APPLIED)
    if text is None:
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise PatchFormatError(f"the annotation {LAST_APPLIED} is no JSON: {error}") from None
    if not isinstance(found, dict):
        raise PatchFormatError(f"the annotation {LAST_APPLIED} is no JSON object")
    return found
