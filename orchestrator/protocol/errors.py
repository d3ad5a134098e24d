"""The API's errors: what a request is refused with, as exceptions, divided by what the caller does next."""

from typing import Any

from msgspec import Struct

from actors import Refusal
from orchestrator.api.meta.v1 import ListMeta, Status, StatusCause, StatusDetails


class Cause(Struct, frozen=True):
    """One field's fault: Kubernetes' `StatusCause`."""

    reason: str  # FieldValueRequired, FieldValueInvalid, FieldValueNotSupported, ...
    message: str
    field: str


class ApiError(Refusal):
    """A request that the API server refused; what `metav1.Status` says, as an exception.

    Subclasses divide the tree by what the caller does next.
    """

    code = 500
    reason = "InternalError"

    def __init__(
        self,
        message: str,
        *,
        kind: str = "",
        group: str = "",
        name: str = "",
        causes: tuple[Cause, ...] = (),
        retry_after_seconds: int | None = None,
        has_details: bool = False,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.kind = kind  # in Status.details; for most reasons the resource's plural
        self.group = group
        self.name = name
        self.causes = causes
        self.retry_after_seconds = retry_after_seconds
        # Kubernetes writes `details: {}` for some errors that have none, and nothing for others.
        self.has_details = has_details or bool(
            kind or group or name or causes or retry_after_seconds
        )


class RetryLater(ApiError):
    """The same request may succeed after a while."""


class ReadAgain(ApiError):
    """What the caller knew is out of date: read again, decide again."""


class GiveUp(ApiError):
    """The request is wrong as it stands; sending it again changes nothing."""


class InternalError(ApiError):
    """A fault of the server's own: report it."""


class Unclassified(ApiError):
    """A failure to which the original gives no reason, only a sentence."""

    code, reason = 500, ""


class TooManyRequests(RetryLater):
    """429: there are too many requests at once, or a disruption budget forbids an eviction for now."""

    code, reason = 429, "TooManyRequests"


class ServiceUnavailable(RetryLater):
    """503: whoever would answer cannot at present."""

    code, reason = 503, "ServiceUnavailable"


class ServerTimeout(RetryLater):
    """504: the answer took longer than a request may; whether something was written is not known."""

    code, reason = 504, "Timeout"


class Conflict(ReadAgain):
    """409: the object is no longer at the revision that was read, or fields belong to another manager."""

    code, reason = 409, "Conflict"


class Expired(ReadAgain):
    """410: the revision asked for was compacted, or a watcher fell too far behind.

    `continue_token` leads to the rest of a list whose revision is gone, as the rest is now.
    """

    code, reason = 410, "Expired"

    def __init__(self, message: str, *, continue_token: str = "", **details: Any) -> None:
        super().__init__(message, **details)
        self.continue_token = continue_token


class NotFound(GiveUp):
    """404: there is no object of this name, or no such resource."""

    code, reason = 404, "NotFound"


class AlreadyExists(GiveUp):
    """409: an object of this name was there before."""

    code, reason = 409, "AlreadyExists"


class Invalid(GiveUp):
    """422: the object was read and does not pass validation; the causes name the fields."""

    code, reason = 422, "Invalid"


class BadRequest(GiveUp):
    """400: the request cannot be understood as it stands."""

    code, reason = 400, "BadRequest"


class Unauthorized(GiveUp):
    """401: who asks could not be found out from what was shown."""

    code, reason = 401, "Unauthorized"


class Forbidden(GiveUp):
    """403: who asks may not do this, or admission does not let it pass."""

    code, reason = 403, "Forbidden"


class MethodNotAllowed(GiveUp):
    """405: the resource has no such verb."""

    code, reason = 405, "MethodNotAllowed"


class NotAcceptable(GiveUp):
    """406: the answer cannot be written in any form that the client takes."""

    code, reason = 406, "NotAcceptable"


class RequestEntityTooLarge(GiveUp):
    """413: the body is longer than the server reads."""

    code, reason = 413, "RequestEntityTooLarge"


class UnsupportedMediaType(GiveUp):
    """415: the body is written in a form that the server does not read there."""

    code, reason = 415, "UnsupportedMediaType"


def status_of(error: ApiError) -> Status:
    """The `metav1.Status` that HTTP clients get for this error."""
    token = error.continue_token if isinstance(error, Expired) else ""
    return Status(
        metadata=ListMeta(continue_=token),
        status="Failure",
        message=error.message,
        reason=error.reason,
        code=error.code,
        details=None
        if not error.has_details
        else StatusDetails(
            name=error.name,
            group=error.group,
            kind=error.kind,
            causes=tuple(
                StatusCause(reason=c.reason, message=c.message, field=c.field) for c in error.causes
            ),
            retry_after_seconds=error.retry_after_seconds,
        ),
    )
