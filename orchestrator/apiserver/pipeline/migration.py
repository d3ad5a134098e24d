"""Between client-side and server-side apply, for whoever uses kubectl's manager.

What kubectl applied client-side stands in an annotation and belongs to managers that update, so
the first server-side apply would conflict with kubectl itself. Fields that still are as that
annotation says may be taken over. And while the annotation is there it is kept up to date, so that
one may go back.
"""

from typing import Final

from msgspec.structs import replace

from orchestrator.api import codec
from orchestrator.api.errors import DecodeError
from orchestrator.machinery.documents import Object
from orchestrator.machinery.errors import ApplyConflictError, ShapeError
from orchestrator.machinery.managed_fields.comparison import compare
from orchestrator.machinery.managed_fields.extraction import fields_of
from orchestrator.machinery.managed_fields.field_sets import NOTHING, FieldSet, contains, difference
from orchestrator.machinery.managed_fields.ownership import Applied, Writer
from orchestrator.machinery.managed_fields.shapes import Shape
from orchestrator.machinery.patches import LAST_APPLIED, last_applied_text

_KUBECTL: Final = "kubectl"
_ANNOTATIONS_LIMIT: Final = 256 * 1024  # bytes of all keys and values together


def refuse_unmigrated(
    api_version: str, shape: Shape, writer: Writer, live: Object, error: ApplyConflictError
) -> None:
    """Return if a conflict is only with what the same client applied before.

    Raises the conflict, or what is left of it.
    """
    if writer.name != _KUBECTL:
        raise error
    own = _applied_before(api_version, shape, live)
    left = [each for each in error.conflicts if not contains(own, each.path)]
    if left:
        raise ApplyConflictError(left) from error


def _applied_before(api_version: str, shape: Shape, live: Object) -> FieldSet:
    """The fields of the annotation that are still as it says."""
    text = _annotations(live).get(LAST_APPLIED)
    try:
        before = codec.loads(text) if isinstance(text, str) and text else None
    except DecodeError:
        return NOTHING
    if not isinstance(before, dict) or before.get("apiVersion") != api_version:
        return NOTHING
    try:
        fields = fields_of(before, shape)
        for changed in compare(before, live, shape):
            fields = difference(fields, changed)
    except ShapeError:
        return NOTHING
    return fields


def annotated(writer: Writer, body: Object, result: Applied) -> Applied:
    """The result with the annotation as a client-side apply would have written it."""
    if writer.name != _KUBECTL:
        return result
    annotations = _annotations(result.object)
    if not annotations.get(LAST_APPLIED):
        return result
    annotations = {**annotations, LAST_APPLIED: last_applied_text(_bare(body))}
    if sum(len(k.encode()) + len(v.encode()) for k, v in annotations.items()) > _ANNOTATIONS_LIMIT:
        del annotations[LAST_APPLIED]
    if annotations == _annotations(result.object):
        return result
    metadata = {**result.object["metadata"], "annotations": annotations}
    return replace(result, object={**result.object, "metadata": metadata}, changed=True)


def _bare(body: Object) -> Object:
    """A configuration without the annotation, and without annotations that are null."""
    metadata = body.get("metadata") or {}
    if "annotations" not in metadata:
        return body
    annotations = metadata["annotations"]
    if annotations is None:
        return {
            **body,
            "metadata": {name: metadata[name] for name in metadata if name != "annotations"},
        }
    kept = {name: value for name, value in annotations.items() if name != LAST_APPLIED}
    return {**body, "metadata": {**metadata, "annotations": kept}}


def _annotations(document: Object) -> Object:
    found: Object = (document.get("metadata") or {}).get("annotations") or {}
    return found
