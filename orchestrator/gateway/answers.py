"""What an API server answers, as objects and as the protocol's errors."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec
from msgspec import Struct

from orchestrator.api import codec
from orchestrator.api.errors import DecodeError, UnknownKind
from orchestrator.api.meta.v1 import Status
from orchestrator.api.scheme import Resource, Scheme
from orchestrator.api.unstructured import Unstructured
from orchestrator.protocol import ApiError, Cause, Page, Unclassified


class _Meta(Struct, rename="camel"):
    resource_version: str = ""
    continue_: str = msgspec.field(default="", name="continue")
    remaining_item_count: int | None = None


class _List(Struct):
    metadata: _Meta = msgspec.field(default_factory=_Meta)
    items: list[msgspec.Raw] | None = None


class _Head(Struct, rename="camel"):
    api_version: str = ""
    kind: str = ""


def page_of(body: bytes, resource: Resource) -> Page:
    """A list's objects. Raises DecodeError."""
    try:
        found = msgspec.json.decode(body, type=_List)
    except msgspec.MsgspecError as error:
        raise DecodeError("", str(error)) from None
    meta = found.metadata
    return Page(
        tuple(codec.decode(bytes(item), resource.type) for item in found.items or ()),
        revision_of(meta.resource_version),
        meta.continue_,
        meta.remaining_item_count,
    )


def object_of(body: bytes, resource: Resource, scheme: Scheme) -> Any:
    """An object of a resource, or of another kind that one of its parts has. Raises DecodeError."""
    try:
        head = msgspec.json.decode(body, type=_Head)
    except msgspec.MsgspecError as error:
        raise DecodeError("", str(error)) from None
    if head.kind == resource.kind:
        return codec.decode(body, resource.type)
    if head.kind == Status.kind:
        return codec.decode(body, Status)
    try:
        return codec.decode(body, scheme.by_kind(head.api_version, head.kind).type)
    except UnknownKind:
        return codec.decode(body, Unstructured)


def revision_of(version: str) -> int:
    """A resource version as the number that it is; 0 where there is none."""
    return int(version) if version.isascii() and version.isdecimal() else 0


def error_of(code: int, body: bytes, headers: Mapping[str, str]) -> ApiError:
    """The error that a response tells: its Status, or what can be made of another body."""
    try:
        status = codec.decode(body, Status)
    except DecodeError:
        status = Status()
    if not status.reason and not status.message:
        text = body.decode(errors="replace").strip()
        status = Status(message=text[:1000] or f"the server answered {code}")
    return error_of_status(status, code, headers.get("Retry-After", ""))


def error_of_status(status: Status, code: int = 0, retry_after: str = "") -> ApiError:
    """The error that a Status tells."""
    code = status.code or code
    details = status.details
    seconds = int(retry_after) if retry_after.isdecimal() else None
    error = _class_for(status.reason, code)(
        status.message,
        kind=details.kind if details is not None else "",
        group=details.group if details is not None else "",
        name=details.name if details is not None else "",
        causes=tuple(
            Cause(each.reason, each.message, each.field)
            for each in (details.causes if details is not None else ())
        ),
        retry_after_seconds=(details.retry_after_seconds if details is not None else None)
        or seconds,
        has_details=details is not None,
    )
    if not error.reason:
        error.code = code
    return error


def _subclasses(of: type[ApiError]) -> Iterator[type[ApiError]]:
    for each in of.__subclasses__():
        yield each
        yield from _subclasses(each)


_BY_REASON: Final = {each.reason: each for each in _subclasses(ApiError) if "reason" in vars(each)}
_BY_CODE: Final = {each.code: each for each in reversed([*_BY_REASON.values()]) if each.reason}


def _class_for(reason: str, code: int) -> type[ApiError]:
    found = _BY_REASON.get(reason) if reason else _BY_CODE.get(code)
    return found or _BY_CODE.get(code) or Unclassified
