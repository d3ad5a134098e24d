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
from orchestrator.apiserver.pipeline.course import Course
from orchestrator.apiserver.pipeline.draft import Draft, Step
from orchestrator.apiserver.pipeline.objects import check_place
from orchestrator.apiserver.validation.field import cause_of
from orchestrator.machinery import field_errors
from orchestrator.machinery.errors import (
    PatchConflictError,
    PatchError,
    PatchFormatError,
    PatchSizeError,
)
from orchestrator.machinery.managed_fields.managers import with_explicit_reset
from orchestrator.machinery.patches import (
    apply_json_patch,
    apply_merge_patch,
    apply_strategic_patch,
    scheme_rules,
)
from orchestrator.protocol import (
    ApiError,
    BadRequest,
    Conflict,
    Invalid,
    Patch,
    RequestEntityTooLarge,
    UnsupportedMediaType,
)

_MANAGERS: Final = "managedFields"


def patch(course: Course) -> tuple[Step, ...]:
    """The object that the message's patch makes of the stored one.

    Errors: BadRequest, UnsupportedMediaType, Conflict, Invalid, RequestEntityTooLarge.
    """
    served = course.served
    to_version, from_request = served.to_version, served.from_request

    def step(_env: Environment, draft: Draft) -> None:
        draft.new = from_request(patched(draft.message, to_version(draft.old)))
        check_place(draft)

    return (step,)


def patched(message: Patch, present: Any) -> Any:
    """The object that the patch makes of the present one."""
    try:
        document = with_explicit_reset(_apply(message, _document(message, present), type(present)))
        _check_kind(document, present)
    except PatchError as error:
        raise _refusal(message, error) from error
    try:
        new, unknown = codec.decode_noting(document, type(present))
        find = kind_of(message.resource).unknown if type(present) is Unstructured else None
        if find is not None:
            unknown = (*unknown, *find(new))
    except DecodeError as error:
        raise _undecodable(document, error.words) from error
    if (unknown or message.repeated) and message.field_validation != "Ignore":
        faults = [f'duplicate field "{path}"' for path in message.repeated]
        _note_faults(message, document, [*faults, *(f'unknown field "{path}"' for path in unknown)])
    return new


def _note_faults(message: Patch, document: Any, faults: list[str]) -> None:
    if message.field_validation == "Strict":
        raise _undecodable(document, f"strict decoding error: {', '.join(faults)}")
    if message.warn is not None:
        for fault in faults:
            message.warn(fault)


def _undecodable(document: Any, why: str) -> Invalid:
    """What the patch makes is no object of the kind; the whole of it is shown."""
    text = msgspec.json.encode(document).decode() + "\n"
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


def _check_kind(document: Any, present: Any) -> None:
    """A patch changes fields; it does not make another kind of an object."""
    if not isinstance(document, dict):
        raise PatchFormatError("the patch does not leave an object")
    for field, value in (("kind", present.kind), ("apiVersion", present.api_version)):
        if document.get(field) not in (None, value):
            raise PatchFormatError(f"the patch changes {field} from {value} to {document[field]}")


_NOT_APPLICABLE = "the server rejected our request due to an error in our request"
_REFUSALS: dict[type[PatchError], Callable[[str], ApiError]] = {
    PatchFormatError: BadRequest,
    PatchSizeError: RequestEntityTooLarge,
    PatchConflictError: Conflict,
}


def _refusal(message: Patch, error: PatchError) -> ApiError:
    refuse = _REFUSALS.get(type(error))
    if refuse is not None:
        return refuse(str(error))
    # What exactly does not apply is not said, as in Kubernetes.
    return Invalid(_NOT_APPLICABLE, has_details=True)
