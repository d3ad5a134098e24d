"""The library that asks whether someone may do something: `authorizer.group("apps").resource(...)`.

A check is a value that the calls fill in; only its last call, `check`, asks. Who answers is set around
an evaluation (`asking`), since expressions take plain values only.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final, TypeAlias

from msgspec import Struct

from orchestrator.machinery.cel.data import Opaque


class Question(Struct, frozen=True):
    """Whether a user may do something; `user` of "" is the one whose request it is."""

    verb: str
    path: str = ""
    group: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    user: str = ""


# Whether it is allowed, and why.
Ask: TypeAlias = Callable[[Question], tuple[bool, str]]

_ASK: Final[ContextVar[Ask | None]] = ContextVar("ask", default=None)

# What stands for the authorizer among the variables.
AUTHORIZER: Final = Opaque("authorizer", {})


@contextmanager
def asking(ask: Ask | None) -> Iterator[None]:
    """Expressions evaluated inside ask this function."""
    token = _ASK.set(ask)
    try:
        yield
    finally:
        _ASK.reset(token)


def request_resource(
    group: str, resource: str, subresource: str, namespace: str, name: str
) -> Opaque:
    """What stands for `authorizer.requestResource`: a check of what the request is about."""
    about = {
        "group": group,
        "resource": resource,
        "subresource": subresource,
        "namespace": namespace,
        "name": name,
    }
    return Opaque("resource check", about)


def narrowed(becomes: str, *fields: str) -> Callable[..., Opaque]:
    """A call that says more of what is asked."""

    def narrow(on: Opaque, *values: str) -> Opaque:
        return Opaque(becomes, {**on.value, **dict(zip(fields, values, strict=True))})

    return narrow


def account(on: Opaque, namespace: str, name: str) -> Opaque:
    """The authorizer, asked for a service account."""
    return Opaque(on.kind, {"user": f"system:serviceaccount:{namespace}:{name}"})


def checked(on: Opaque, verb: str) -> Opaque:
    """The decision about a verb. Raises ValueError where nobody decides."""
    ask = _ASK.get()
    if ask is None:
        raise ValueError("there is no authorizer to ask")
    allowed, reason = ask(Question(verb=verb, **on.value))
    return Opaque("decision", {"allowed": allowed, "reason": reason})


def decided(field: str, missing: Any) -> Callable[[Opaque], Any]:
    """A part of a decision."""
    return lambda on: on.value.get(field, missing)
