"""The library that asks whether someone may do something: `authorizer.group("apps").resource(...)`.

A check is a map that the calls fill in; only its last call, `check`, asks. Who answers is set around
an evaluation (`asking`), since expressions take plain values only.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final, TypeAlias

from msgspec import Struct


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
AUTHORIZER: Final[Mapping[str, Any]] = {"@": "authorizer", "v": {}}


@contextmanager
def asking(ask: Ask | None) -> Iterator[None]:
    """Expressions evaluated inside ask this function."""
    token = _ASK.set(ask)
    try:
        yield
    finally:
        _ASK.reset(token)


def request_resource(group: str, resource: str, subresource: str, namespace: str, name: str) -> Any:
    """What stands for `authorizer.requestResource`: a check of what the request is about."""
    about = {
        "group": group,
        "resource": resource,
        "subresource": subresource,
        "namespace": namespace,
        "name": name,
    }
    return {"@": "resource check", "v": about}


def narrowed(kinds: tuple[str, ...], becomes: str, *fields: str) -> Callable[..., Any]:
    """A call that says more of what is asked; it stands on values of these kinds only."""

    def narrow(on: Mapping[str, Any], *values: str) -> dict[str, Any]:
        if on.get("@") not in kinds:
            raise ValueError("no such overload")
        return {"@": becomes, "v": {**on["v"], **dict(zip(fields, values, strict=True))}}

    return narrow


def account(on: Mapping[str, Any], namespace: str, name: str) -> dict[str, Any]:
    """The authorizer, asked for a service account."""
    if on.get("@") != "authorizer":
        raise ValueError("no such overload")
    return {"@": "authorizer", "v": {"user": f"system:serviceaccount:{namespace}:{name}"}}


def checked(on: Mapping[str, Any], verb: str) -> dict[str, Any]:
    """The decision about a verb."""
    if on.get("@") not in ("path check", "resource check"):
        raise ValueError("no such overload")
    ask = _ASK.get()
    if ask is None:
        raise ValueError("there is no authorizer to ask")
    allowed, reason = ask(Question(verb=verb, **on["v"]))
    return {"@": "decision", "v": {"allowed": allowed, "reason": reason}}


def decided(field: str, missing: Any) -> Callable[..., Any]:
    """A part of a decision."""

    def part(on: Mapping[str, Any]) -> Any:
        if on.get("@") != "decision":
            raise ValueError("no such overload")
        return on["v"].get(field, missing)

    return part
