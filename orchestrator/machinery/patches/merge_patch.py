"""JSON merge patch (RFC 7386): an object of what changes, where null removes.

Lists are values: a patch replaces them whole. This is the patch for custom resources, whose
lists Kubernetes knows nothing about.
"""

from orchestrator.machinery.documents import MAX_DEPTH, Json, Object, equal, kind_of, too_deep
from orchestrator.machinery.errors import PatchFormatError, PatchSizeError


def apply_merge_patch(document: Object, patch: Json) -> Object:
    """The document with the patch merged into it; unchanged parts are shared.

    Raises PatchFormatError when the patch is no object, PatchSizeError when it nests too deep.
    """
    if patch is None:
        raise PatchFormatError("Invalid JSON Patch")
    if not isinstance(patch, dict):
        raise PatchFormatError(
            f"error decoding patch: json: cannot unmarshal {kind_of(patch)} into Go value of type "
            "map[string]interface {}"
        )
    if too_deep(patch):
        raise PatchSizeError(f"exceeded max depth {MAX_DEPTH}")
    return _merged_objects(document, patch)


def merge(target: Json, patch: Json) -> Json:
    """RFC 7386's MergePatch for any two values; the caller bounds their depth.

    Beyond the RFC, and like the API server, nulls vanish also from objects inside a new list.
    """
    if isinstance(patch, dict):
        return _merged_objects(target if isinstance(target, dict) else {}, patch)
    return patch if isinstance(target, dict) else _without_nulls(patch)


def _without_nulls(value: Json) -> Json:
    if isinstance(value, dict):
        return {name: _without_nulls(each) for name, each in value.items() if each is not None}
    if isinstance(value, list):
        return [_without_nulls(each) for each in value]
    return value


def _merged_objects(target: Object, patch: Object) -> Object:
    result = dict(target)
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge(result.get(key), value)
    return result


def create_merge_patch(original: Object, modified: Object) -> Object:
    """The smallest merge patch that makes `modified` of `original`.

    A null inside `modified` cannot be expressed (it removes); Kubernetes lives with that.
    """
    patch: Object = {key: None for key in original if key not in modified}
    for key, value in modified.items():
        if key not in original:
            patch[key] = value
            continue
        before = original[key]
        if kind_of(before) == kind_of(value) == "object":
            if inner := create_merge_patch(before, value):
                patch[key] = inner
        elif not equal(before, value):
            patch[key] = value
    return patch
