"""AuthorizationConfiguration: which authorizers are asked, in which order.

As kube-apiserver's `--authorization-config` (apiserver.config.k8s.io/v1), whose rules and words it has.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from orchestrator.apiserver.authorization.interface import Authorizer
from orchestrator.apiserver.authorization.union import AlwaysAllow, AlwaysDeny
from orchestrator.apiserver.authorization.webhook import (
    VARIABLES,
    WebhookAuthorizer,
    WebhookSettings,
)
from orchestrator.apiserver.peers import Peer
from orchestrator.machinery import names
from orchestrator.machinery.cel import CompileError, compile_expression, scope_of
from orchestrator.machinery.cel.types import BOOL, DYN
from orchestrator.machinery.field_errors import quote
from orchestrator.machinery.times import parse_duration

MODES: Final = ("ABAC", "AlwaysAllow", "AlwaysDeny", "Node", "RBAC", "Webhook")
_SERVED: Final = ("AlwaysAllow", "AlwaysDeny", "Node", "RBAC", "Webhook")
_KIND: Final = "AuthorizationConfiguration"
_VERSIONS: Final = ("apiserver.config.k8s.io/v1", "apiserver.config.k8s.io/v1beta1")
_LONGEST_SECONDS: Final = 30.0
_MOST_CONDITIONS: Final = 64


class InvalidAuthorization(ValueError):
    """A configuration that is none; the text says what is wrong and where, a fault a line."""


class _Condition(Struct, frozen=True, forbid_unknown_fields=True):
    expression: str = ""


class _Connection(Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    type: str = ""
    kube_config_file: str | None = None


class _Webhook(Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    authorized_ttl: str = msgspec.field(default="5m", name="authorizedTTL")
    unauthorized_ttl: str = msgspec.field(default="30s", name="unauthorizedTTL")
    cache_authorized_requests: bool = True
    cache_unauthorized_requests: bool = True
    timeout: str = ""
    subject_access_review_version: str = ""
    match_condition_subject_access_review_version: str = ""
    failure_policy: str = ""
    connection_info: _Connection = _Connection()
    match_conditions: tuple[_Condition, ...] = ()


class _Authorizer(Struct, frozen=True, forbid_unknown_fields=True):
    type: str = ""
    name: str = ""
    webhook: _Webhook | None = None


class _Configuration(Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    kind: str = ""
    api_version: str = ""
    authorizers: tuple[_Authorizer, ...] = ()


def load_authorization(
    document: Mapping[str, Any], peer_of: Callable[[Path], Peer]
) -> tuple[str | Authorizer, ...]:
    """The modes that a document lists; `peer_of` reads a webhook's kubeconfig. Raises InvalidAuthorization."""
    try:
        read = msgspec.convert(document, _Configuration)
    except msgspec.ValidationError as error:
        raise InvalidAuthorization(str(error)) from None
    if read.kind != _KIND or read.api_version not in _VERSIONS:
        raise InvalidAuthorization(f"expected an {_KIND} of {_VERSIONS[0]}")
    faults = list(_faults(read))
    if faults:
        raise InvalidAuthorization("\n".join(faults))
    return tuple(_mode(each, peer_of) for each in read.authorizers)


def mode_of(name: str) -> str | Authorizer:
    """A mode that needs no more than its name. Raises InvalidAuthorization."""
    match name:
        case "AlwaysAllow":
            return AlwaysAllow()
        case "AlwaysDeny":
            return AlwaysDeny()
        case "Node" | "RBAC":
            return name
    raise InvalidAuthorization(f"{name} is no authorization mode; there are {', '.join(_SERVED)}")


def _mode(read: _Authorizer, peer_of: Callable[[Path], Peer]) -> str | Authorizer:
    webhook = read.webhook
    if webhook is None:
        return mode_of(read.type)
    info = webhook.connection_info
    return WebhookAuthorizer(
        WebhookSettings(
            peer_of(Path(info.kube_config_file or "")),
            timeout=parse_duration(webhook.timeout),
            authorized=_kept(webhook.authorized_ttl, webhook.cache_authorized_requests),
            unauthorized=_kept(webhook.unauthorized_ttl, webhook.cache_unauthorized_requests),
            on_failure="Deny" if webhook.failure_policy == "Deny" else "NoOpinion",
            conditions=tuple(each.expression for each in webhook.match_conditions),
            version=webhook.subject_access_review_version,
            name=read.name,
        )
    )


def _kept(text: str, kept: bool) -> float:
    return parse_duration(text) if kept else 0.0


# --- what is wrong -------------------------------------------------------------------------


def _faults(read: _Configuration) -> Iterator[str]:
    if not read.authorizers:
        yield "authorizers: Required value: at least one authorization mode must be defined"
    types: set[str] = set()
    called: set[str] = set()
    for position, each in enumerate(read.authorizers):
        path = f"authorizers[{position}]"
        fault = _fault_of_type(each.type, types, path)
        if fault:
            yield fault
            continue
        types.add(each.type)
        yield from _faults_of_name(each.name, called, f"{path}.name")
        called.add(each.name)
        if each.type == "Webhook":
            if each.webhook is None:
                yield f"{path}.webhook: Required value: required when type=Webhook"
            else:
                yield from _faults_of_webhook(each.webhook, path)
        elif each.webhook is not None:
            words = "may only be specified when type=Webhook"
            yield f'{path}.webhook: Invalid value: "non-null": {words}'


def _fault_of_type(type_: str, seen: set[str], path: str) -> str:
    if not type_:
        return f"{path}.type: Required value"
    if type_ not in MODES:
        return _unsupported(f"{path}.type", type_, MODES)
    if type_ in seen and type_ != "Webhook":
        return f"{path}.type: Duplicate value: {quote(type_)}"
    if type_ not in _SERVED:
        return f"{path}.type: Invalid value: {quote(type_)}: this server has no such authorizer"
    return ""


def _faults_of_name(name: str, seen: set[str], path: str) -> Iterator[str]:
    if not name:
        yield f"{path}: Required value"
    elif name in seen:
        yield f"{path}: Duplicate value: {quote(name)}"
    elif errors := names.dns1123_subdomain_errors(name):
        words = f"authorizer name is invalid: {', '.join(errors)}"
        yield f"{path}: Invalid value: {quote(name)}: {words}"


def _faults_of_webhook(webhook: _Webhook, path: str) -> Iterator[str]:
    yield from _faults_of_time(webhook.timeout, f"{path}.timeout", _LONGEST_SECONDS)
    yield from _faults_of_time(webhook.authorized_ttl, f"{path}.authorizedTTL")
    yield from _faults_of_time(webhook.unauthorized_ttl, f"{path}.unauthorizedTTL")
    version = webhook.subject_access_review_version
    yield from _chosen(version, ("v1", "v1beta1"), f"{path}.subjectAccessReviewVersion")
    version = webhook.match_condition_subject_access_review_version
    where = f"{path}.matchConditionSubjectAccessReviewVersion"
    if version:
        yield from _chosen(version, ("v1",), where)
    elif webhook.match_conditions:
        yield f"{where}: Required value: required if match conditions are specified"
    yield from _chosen(webhook.failure_policy, ("Deny", "NoOpinion"), f"{path}.failurePolicy")
    yield from _faults_of_connection(webhook.connection_info, f"{path}.connectionInfo")
    yield from _faults_of_conditions(webhook.match_conditions, f"{path}.matchConditions")


def _faults_of_time(text: str, path: str, most: float | None = None) -> Iterator[str]:
    try:
        seconds = parse_duration(text) if text else 0.0
    except ValueError as error:
        yield f"{path}: Invalid value: {quote(text)}: {error}"
        return
    bound = "must be > 0s" if most is None else f"must be > 0s and <= {most:g}s"
    if not seconds:
        yield f"{path}: Required value"
    elif seconds < 0 or (most is not None and seconds > most):
        yield f"{path}: Invalid value: {quote(text)}: {bound}"


def _chosen(value: str, supported: Sequence[str], path: str) -> Iterator[str]:
    if not value:
        yield f"{path}: Required value"
    elif value not in supported:
        yield _unsupported(path, value, supported)


def _unsupported(path: str, value: str, supported: Sequence[str]) -> str:
    listed = ", ".join(map(quote, supported))
    return f"{path}: Unsupported value: {quote(value)}: supported values: {listed}"


def _faults_of_connection(info: _Connection, path: str) -> Iterator[str]:
    file = info.kube_config_file
    if not info.type:
        yield f"{path}.type: Required value"
    elif info.type != "KubeConfigFile":
        # A served cluster is no pod, and has no cluster around it.
        yield _unsupported(f"{path}.type", info.type, ("KubeConfigFile",))
    elif not file:
        yield f"{path}.kubeConfigFile: Required value"
    elif not Path(file).is_absolute():
        yield f"{path}.kubeConfigFile: Invalid value: {quote(file)}: must be an absolute path"
    elif not Path(file).is_file():
        yield f"{path}.kubeConfigFile: Invalid value: {quote(file)}: must be a regular file"


def _faults_of_conditions(conditions: Sequence[_Condition], path: str) -> Iterator[str]:
    if len(conditions) > _MOST_CONDITIONS:
        words = f"must have at most {_MOST_CONDITIONS} items"
        yield f"{path}: Too many: {len(conditions)}: {words}"
        return
    seen: set[str] = set()
    for position, each in enumerate(conditions):
        where, text = f"{path}[{position}].expression", each.expression
        if not text.strip():
            yield f"{where}: Required value"
        elif text in seen:
            yield f"{where}: Duplicate value: {quote(text)}"
        else:
            seen.add(text)
            yield from _faults_of_expression(text, where)


def _faults_of_expression(text: str, path: str) -> Iterator[str]:
    try:
        expression = compile_expression(text, scope_of(VARIABLES))
    except CompileError as error:
        yield f"{path}: Invalid value: {quote(text)}: compilation failed: {error}"
        return
    if expression.type not in (BOOL, DYN):
        yield f"{path}: Invalid value: {quote(text)}: must evaluate to bool"
