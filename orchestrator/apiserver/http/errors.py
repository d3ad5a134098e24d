"""What this room refuses, and Kubernetes' words for it.

    HttpFrontError
    └── RealTimeRequired   the event loop's clock jumps: stop it, or serve in a real loop instead

Everything that a client gets is an `ApiError` of the protocol; the functions here word the ones
that only HTTP knows.
"""

from collections.abc import Iterable
from typing import Final

from orchestrator.machinery.field_errors import FieldError
from orchestrator.protocol import (
    BadRequest,
    Cause,
    GiveUp,
    Invalid,
    MethodNotAllowed,
    NotAcceptable,
    NotFound,
    RequestEntityTooLarge,
    ServerTimeout,
    Unauthorized,
    UnsupportedMediaType,
)


class HttpFrontError(Exception):
    """Base of this room's own errors."""


class RealTimeRequired(HttpFrontError):
    """Clients outside of the process live in real time, the event loop in virtual time."""

    def __init__(self) -> None:
        super().__init__(
            "the API cannot be served over HTTPS in virtual time: a virtual clock jumps to the "
            "next timer whenever nothing is to do, so every deadline of a connection would pass "
            "before the client's next byte arrives; start the program with asyncio.run(main()) or "
            "actors.run(main, virtual=False), or use `with orchestrator.serving() as cluster:`"
        )


class NotImplementedHere(GiveUp):
    """The path exists in Kubernetes, and nothing stands behind it here."""

    code, reason = 501, "NotImplemented"


MEDIA_TYPES: Final = ("application/json", "application/yaml", "application/vnd.kubernetes.protobuf")
STREAMS: Final = (
    "application/json;stream=watch",
    "application/vnd.kubernetes.protobuf;stream=watch",
)


def no_such_path() -> NotFound:
    """No resource, subresource or document is at this path."""
    return NotFound("the server could not find the requested resource", has_details=True)


def method_not_allowed() -> MethodNotAllowed:
    """The path is known, but not with this method."""
    return MethodNotAllowed(
        "the server does not allow this method on the requested resource", has_details=True
    )


def not_acceptable(accepted: Iterable[str] = MEDIA_TYPES) -> NotAcceptable:
    """The client wants none of the forms that there are."""
    types = ", ".join(accepted)
    return NotAcceptable(f"only the following media types are accepted: {types}")


def no_representation(*, collection: bool) -> NotAcceptable:
    """None of the media types that the client names is known at the path at all."""
    return no_representation_but(*MEDIA_TYPES, *(STREAMS if collection else ()))


def no_representation_but(*types: str) -> NotAcceptable:
    """The client wants none of these media types."""
    return NotAcceptable(
        f"406: Not Acceptable\n\nAvailable representations: {', '.join(types)}", has_details=True
    )


def unsupported_patch_type() -> UnsupportedMediaType:
    """The patch is in a format that is not known."""
    return UnsupportedMediaType("415: Unsupported Media Type", has_details=True)


def unsupported_media_type(accepted: Iterable[str] = MEDIA_TYPES) -> UnsupportedMediaType:
    """The body is in a form that is not read."""
    return UnsupportedMediaType(
        "the body of the request was in an unknown format - "
        f"accepted media types include: {', '.join(accepted)}"
    )


def too_large(limit: int) -> RequestEntityTooLarge:
    """The body has more than `limit` bytes."""
    return RequestEntityTooLarge(f"Request entity too large: limit is {limit}")


def timed_out() -> ServerTimeout:
    """The body did not come in time, or the answer."""
    return ServerTimeout("Timeout: request did not complete within the allotted timeout")


class PageNotFound(NotFound):
    """No resource, and no document of the server's: the answer is text, as Go's own."""

    def __init__(self) -> None:
        super().__init__("404 page not found")


def unauthenticated() -> Unauthorized:
    """Nobody knows who asks."""
    return Unauthorized("Unauthorized")


def invalid_options(kind: str, *faults: FieldError) -> Invalid:
    """`ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: ...`."""
    texts = [str(fault) for fault in faults]
    text = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
    return Invalid(
        f'{kind}.meta.k8s.io "" is invalid: {text}',
        kind=kind,
        group="meta.k8s.io",
        causes=tuple(Cause(fault.reason, fault.body, fault.field) for fault in faults),
    )


def cannot_parse(kind: str, value: str) -> BadRequest:
    """A parameter that is no number, as Go's strconv says it."""
    return BadRequest(f'strconv.{kind}: parsing "{value}": invalid syntax')
