"""What the parameters of a log ask for, read and refused as Kubernetes does, before anybody looks for the pod."""

from collections.abc import Iterator
from typing import Final

from orchestrator.apiserver import errors
from orchestrator.apiserver.http.parameters import Query, boolean, integer
from orchestrator.apiserver.validation.field import (
    WHOLE,
    FieldError,
    cause_of,
    forbidden,
    invalid,
)
from orchestrator.machinery.times import parse_time
from orchestrator.protocol import BadRequest
from orchestrator.sessions import LogOptions

_KIND: Final = "PodLogOptions"
_POSITIVE: Final = "must be greater than 0"


def log_options(query: Query, pod: str, now: float) -> LogOptions:
    """`pod` is its name, and `now` seconds since the epoch. Raises BadRequest and Invalid."""
    seconds = _number(query, "sinceSeconds")
    since = _time(query, "sinceTime")
    tail, limit = _number(query, "tailLines"), _number(query, "limitBytes")
    faults = list(_faults(query, seconds, since, tail, limit))
    if faults:
        raise errors.invalid(_KIND, "", pod, [cause_of(each) for each in faults])
    return LogOptions(
        follow=boolean(query, "follow"),
        previous=boolean(query, "previous"),
        since=since if seconds is None else now - seconds,
        tail=tail,
        timestamps=boolean(query, "timestamps"),
        limit_bytes=limit,
    )


def _faults(
    query: Query, seconds: int | None, since: float | None, tail: int | None, limit: int | None
) -> Iterator[FieldError]:
    if tail is not None and tail < 0:
        yield invalid("tailLines", tail, "must be greater than or equal to 0")
    if limit is not None and limit < 1:
        yield invalid("limitBytes", limit, _POSITIVE)
    if seconds is not None and since is not None:
        detail = "at most one of `sinceTime` or `sinceSeconds` may be specified"
        yield forbidden(WHOLE, detail)
    elif seconds is not None and seconds < 1:
        yield invalid("sinceSeconds", seconds, _POSITIVE)
    if "stream" in query:
        yield forbidden("stream", "may not be specified")


def _number(query: Query, name: str) -> int | None:
    return integer(query, name) if name in query else None


def _time(query: Query, name: str) -> float | None:
    text = query.get(name, "")
    try:
        return parse_time(text) if text else None
    except ValueError as error:
        raise BadRequest(str(error)) from error
