"""What a token says of its service account, and whether that is still so.

A token may be bound to a pod, a node or a secret; it ends with that, with its account, or with its time.
"""

from collections.abc import Mapping
from typing import Any, Final, Protocol, TypeVar

from msgspec import Struct

from actors import Request
from orchestrator.api.core.v1 import Node, Pod, Secret, ServiceAccount
from orchestrator.api.scheme import Resource
from orchestrator.machinery import service_accounts
from orchestrator.machinery.times import parse_time
from orchestrator.protocol import AUTHENTICATED, Identity

K = TypeVar("K")

_PRIVATE: Final = "kubernetes.io"
_EXTRA: Final = "authentication.kubernetes.io"
# How long a token outlives the deletion of what it is bound to, while that takes its time.
_LEEWAY_SECONDS: Final = 60.0
_INVALIDATED: Final = "service account token has been invalidated"


class Objects(Protocol):
    """What is asked of the server: its time, and the objects that it stores."""

    def now(self) -> float: ...
    def get(self, kind: type[K], name: str, namespace: str = "") -> K | None: ...
    def later(self, request: Request[Any]) -> None: ...
    def resource_of(self, api_version: str, kind: str) -> Resource: ...


class TokenError(Exception):
    """A token of this server's that is none any more; says why."""


class Bound(Struct, frozen=True):
    """What a token is bound to. A pod brings the node on which it is, which may be gone."""

    pod: Pod | None = None
    node: Node | None = None
    secret: Secret | None = None


def private_claims(
    account: ServiceAccount, bound: Bound, warn_after: float | None
) -> dict[str, Any]:
    """Kubernetes' own part of the claims."""
    claims: dict[str, Any] = {
        "namespace": account.metadata.namespace,
        "serviceaccount": _reference(account),
    }
    for name, obj in (("pod", bound.pod), ("node", bound.node), ("secret", bound.secret)):
        if obj is not None:
            claims[name] = _reference(obj)
    if warn_after is not None:
        claims["warnafter"] = int(warn_after)
    return {_PRIVATE: claims}


def _reference(obj: Any) -> dict[str, str]:
    metadata = obj.metadata
    found = {"name": metadata.name, "uid": metadata.uid}
    return {key: value for key, value in found.items() if value}


def identity_of(claims: Mapping[str, Any], objects: Objects) -> Identity:
    """Who shows a token of this server with these claims now. Raises TokenError."""
    now = objects.now()
    _check_time(claims, now)
    said = claims.get(_PRIVATE)
    if not isinstance(said, Mapping):
        raise TokenError("service account token claims could not be validated")
    namespace, account = str(said.get("namespace", "")), _named(said, "serviceaccount")
    stored = objects.get(ServiceAccount, account["name"], namespace)
    if stored is None:
        raise TokenError(f'serviceaccounts "{account["name"]}" not found')
    if stored.metadata.uid != account["uid"]:
        raise TokenError(
            f"service account UID ({stored.metadata.uid}) does not match claim ({account['uid']})"
        )
    if _is_gone(stored, now):
        raise TokenError(f"service account {namespace}/{account['name']} has been deleted")
    for kind, name in ((Secret, "secret"), (Pod, "pod")):
        if name in said:
            _check_bound(objects.get(kind, _named(said, name)["name"], namespace), said, name, now)
    if "node" in said and "pod" not in said:
        _check_bound(objects.get(Node, _named(said, "node")["name"]), said, "node", now)
    return Identity(
        service_accounts.user_name(namespace, account["name"]),
        (*service_accounts.groups_of(namespace), AUTHENTICATED),
        account["uid"],
        _extra(claims, said),
    )


def secret_of(claims: Mapping[str, Any], objects: Objects) -> Secret | None:
    """The Secret that a token of this server is bound to."""
    said = claims[_PRIVATE]
    if "secret" not in said:
        return None
    return objects.get(Secret, _named(said, "secret")["name"], str(said.get("namespace", "")))


def account_of(claims: Mapping[str, Any]) -> str:
    """The name of the account that a token of this server is of."""
    return _named(claims[_PRIVATE], "serviceaccount")["name"]


def _check_time(claims: Mapping[str, Any], now: float) -> None:
    if now > float(claims.get("exp", now)) + _LEEWAY_SECONDS:
        raise TokenError("service account token has expired")
    if now < float(claims.get("nbf", now)) - _LEEWAY_SECONDS:
        raise TokenError("service account token is not valid yet")


def _check_bound(stored: Any, said: Mapping[str, Any], name: str, now: float) -> None:
    if stored is None:
        raise TokenError(_INVALIDATED)
    claimed = _named(said, name)["uid"]
    if stored.metadata.uid != claimed:
        raise TokenError(
            f"{name} UID ({stored.metadata.uid}) does not match service account {name} ref "
            f"claim ({claimed})"
        )
    if _is_gone(stored, now):
        raise TokenError(_INVALIDATED)


def _is_gone(stored: Any, now: float) -> bool:
    at = stored.metadata.deletion_timestamp
    return at is not None and parse_time(at) < now - _LEEWAY_SECONDS


def _named(said: Mapping[str, Any], name: str) -> dict[str, str]:
    found = said.get(name)
    if not isinstance(found, Mapping):
        raise TokenError("service account token claims could not be validated")
    return {key: str(found.get(key, "")) for key in ("name", "uid")}


def credential_of(identifier: str) -> str:
    """What a token is called where it is spoken of, by its `jti`."""
    return f"JTI={identifier}"


def _extra(claims: Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    extra: dict[str, tuple[str, ...]] = {}
    if claims.get("jti"):
        extra[f"{_EXTRA}/credential-id"] = (credential_of(claims["jti"]),)
    for name in ("node", "pod"):
        if name in said:
            reference = _named(said, name)
            for key in ("name", "uid"):
                if reference[key]:
                    extra[f"{_EXTRA}/{name}-{key}"] = (reference[key],)
    return extra
