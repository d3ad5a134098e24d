"""Patch: the present state as a document, changed, and read back."""

from collections.abc import Callable, Hashable
from typing import Any, Final, cast

import msgspec
from msgspec.structs import replace

from orchestrator.api import codec
from orchestrator.api.errors import DecodeError
from orchestrator.api.unstructured import Unstructured
from orchestrator.apiserver import errors
from orchestrator.apiserver.environment import Environment
from orchestrator.apiserver.kinds import kind_of
from orchestrator.apiserver.pipeline.course import Course, pure
from orchestrator.apiserver.pipeline.draft import Draft, Step
from orchestrator.apiserver.pipeline.objects import check_place
from orchestrator.apiserver.pipeline.patch_text import text_of
from orchestrator.apiserver.validation.field import cause_of
from orchestrator.apiserver.validation.registered import (
    SCALES,
    type_fault,
    unconvertible,
    unregistered,
)
from orchestrator.machinery import field_errors
from orchestrator.machinery.documents import go_plain
from orchestrator.machinery.errors import (
    PatchConflictError,
    PatchError,
    PatchFormatError,
    PatchMergeError,
    PatchSizeError,
)
from orchestrator.machinery.managed_fields.managers import with_explicit_reset
from orchestrator.machinery.patches import (
    apply_json_patch,
    apply_merge_patch,
    apply_strategic_patch,
    check_fields,
    scheme_rules,
)
from orchestrator.protocol import (
    ApiError,
    BadRequest,
    Conflict,
    Invalid,
    Patch,
    RequestEntityTooLarge,
    Unclassified,
    UnsupportedMediaType,
)

_MANAGERS: Final = "managedFields"


@pure
def patch(course: Course) -> tuple[Step, ...]:
    """The object that the message's patch makes of the stored one.

    Errors: BadRequest, UnsupportedMediaType, Conflict, Invalid, RequestEntityTooLarge.
    """
    served = course.served
    to_version, from_request = served.to_version, served.from_request

    def step(_env: Environment, draft: Draft) -> None:
        new, draft.document = patched_noting(draft.message, to_version(draft.old))
        draft.new = from_request(new)
        if not draft.new.metadata.name:
            raise errors.no_name(draft.name)
        check_place(draft)

    return (step,)


def patched(message: Patch, present: Any) -> Any:
    """The object that the patch makes of the present one."""
    return patched_noting(message, present)[0]


def patched_noting(message: Patch, present: Any) -> tuple[Any, dict[str, Any]]:
    """The object that the patch makes of the present one, and its document."""
    strange: list[str] = []
    try:
        if message.patch_type == "json" and message.field_validation in ("Warn", "Strict"):
            strange = [f'json patch unknown field "{path}"' for path in check_fields(message.body)]
        before = _document(message, present)
        document = with_explicit_reset(_apply(message, before, type(present)))
        document = _with_kind(message, document, present)
    except PatchError as error:
        raise _refusal(message, error) from error
    try:
        wraps = message.patch_type == "strategic"
        new, unknown = codec.decode_changed(document, before, present, wraps=wraps)
        find = kind_of(message.resource).unknown if type(present) is Unstructured else None
        if find is not None:
            unknown = (*unknown, *find(new))
    except DecodeError as error:
        why = error.patch_words if message.patch_type == "strategic" else error.words
        raise _undecodable(message, present, why) from error
    if message.field_validation != "Ignore" and (unknown or message.repeated or strange):
        of = "json patch " if message.patch_type == "json" else ""
        faults = [f'{of}duplicate field "{path}"' for path in message.repeated]
        faults += strange
        _note(message, present, [*faults, *(f'unknown field "{path}"' for path in unknown)])
    return new, document


def _note(message: Patch, present: Any, faults: list[str]) -> None:
    if message.field_validation == "Strict":
        raise _undecodable(message, present, f"strict decoding error: {', '.join(faults)}")
    if message.warn is not None:
        for fault in faults:
            message.warn(fault)


def _undecodable(message: Patch, present: Any, why: str) -> Invalid:
    """What the patch makes is no object of the kind; the whole of it is shown, or a strategic patch."""
    if message.patch_type == "strategic":
        text = go_plain(message.body)
    else:
        before = msgspec.json.decode(codec.encode(present))  # its maps are in order
        text = text_of(_apply(message, before, type(present)), message.body)
    cause = field_errors.invalid("patch", text, why)
    return errors.invalid("", "", "", [cause_of(cause)])


def _document(message: Patch, present: Any) -> dict[str, Any]:
    """The present state; with its managedFields, which cost, only if the patch is about them."""
    if not _concerns_managers(message.body):
        metadata = replace(present.metadata, managed_fields=())
        present = replace(present, metadata=metadata)
    return codec.to_dict(present)


def _concerns_managers(body: Any) -> bool:
    if isinstance(body, dict):
        metadata = body.get("metadata")
        return isinstance(metadata, dict) and _MANAGERS in metadata
    operations = body if isinstance(body, list) else ()
    return any(
        str(operation.get(field, "/")).startswith((f"/metadata/{_MANAGERS}",))
        or operation.get(field) in ("", "/metadata")
        for operation in operations
        if isinstance(operation, dict)
        for field in ("path", "from")
    )


def _apply(message: Patch, document: dict[str, Any], kind: type[Any]) -> Any:
    match message.patch_type:
        case "json":
            return apply_json_patch(document, message.body)
        case "merge":
            return apply_merge_patch(document, message.body)
        case "strategic" if kind is not Unstructured:
            typed = cast("Hashable", kind)
            return apply_strategic_patch(document, message.body, scheme_rules, typed)
    raise unsupported_patch(kind)


def unsupported_patch(kind: type[Any]) -> UnsupportedMediaType:
    """A patch of a format that objects of this kind do not know."""
    accepted = ["application/json-patch+json", "application/merge-patch+json"]
    if kind is not Unstructured:
        accepted.append("application/strategic-merge-patch+json")
    return UnsupportedMediaType(
        "the body of the request was in an unknown format - accepted media types include: "
        + ", ".join(accepted)
    )


def _with_kind(message: Patch, document: Any, present: Any) -> Any:
    """A patch changes fields; it does not make another kind of an object.

    Raises Invalid; a strategic patch may say what it likes, as it is read into the struct itself.
    """
    if not isinstance(document, dict):
        raise PatchFormatError("the patch does not leave an object")
    kind, api_version = (document.get(name) for name in ("kind", "apiVersion"))
    is_custom = type(present) is Unstructured
    if kind in (None, present.kind) and (
        api_version == present.api_version or (is_custom and api_version is None)
    ):
        return document
    if message.patch_type == "strategic":
        for each in (kind, api_version):
            if fault := _no_text(each):
                raise _undecodable(message, present, fault)
        return {**document, "kind": present.kind, "apiVersion": present.api_version}
    if fault := type_fault(document):
        raise _undecodable(message, present, fault)
    if not api_version and not is_custom:
        raise errors.no_name(present.metadata.name)  # read without a version it has no fields
    if is_custom:
        said = f"{api_version}, Kind={kind}"
        raise PatchFormatError(f"the patch makes {said} of a {present.kind}")
    if not kind and api_version == present.api_version:
        return {**document, "kind": present.kind}
    made = str(api_version), kind or present.kind, present.api_version
    if message.resource.type is Unstructured:
        raise _undecodable(message, present, unregistered(*made, SCALES))
    why = unconvertible(*made, present.kind)
    raise _undecodable(message, present, why)


def _no_text(value: Any) -> str:
    """What Go's conversion of a tree into a struct says of a value where text is expected."""
    if value is None or isinstance(value, str):
        return ""
    number = {int: "int64", float: "float64"}.get(type(value))
    return f"cannot convert {number} to string" if number else "unrecognized type: string"


_NOT_APPLICABLE = "the server rejected our request due to an error in our request"
_REFUSALS: dict[type[PatchError], Callable[[str], ApiError]] = {
    PatchFormatError: BadRequest,
    PatchSizeError: RequestEntityTooLarge,
    PatchConflictError: Conflict,
    PatchMergeError: Unclassified,
}


def _refusal(message: Patch, error: PatchError) -> ApiError:
    refuse = _REFUSALS.get(type(error))
    if refuse is not None:
        return refuse(str(error))
    # What exactly does not apply is not said, as in Kubernetes.
    return Invalid(_NOT_APPLICABLE, has_details=True)
