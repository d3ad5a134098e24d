"""Each of the protocol's messages as the request that Kubernetes' REST API has for it."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

import msgspec
from msgspec import Struct

from orchestrator.api import codec
from orchestrator.api.scheme import Resource
from orchestrator.protocol import (
    Create,
    Delete,
    DeleteCollection,
    Get,
    List,
    Patch,
    PatchType,
    Update,
)

_JSON: Final = "application/json"
_PATCHES: Final[Mapping[PatchType, str]] = {
    "json": "application/json-patch+json",
    "merge": "application/merge-patch+json",
    "strategic": "application/strategic-merge-patch+json",
    "apply": "application/apply-patch+yaml",  # of which JSON is a part
}


class HttpRequest(Struct, frozen=True):
    """One request; `body` is None where it has none."""

    method: str
    path: str
    query: Mapping[str, str] = {}
    body: bytes | None = None
    content_type: str = _JSON


def path_of(resource: Resource, namespace: str, name: str = "", subresource: str = "") -> str:
    """The path of a resource's collection, of one object, or of a part of it."""
    parts = ["apis", resource.group] if resource.group else ["api"]
    parts.append(resource.version)
    if resource.namespaced and namespace:
        parts += ["namespaces", namespace]
    parts += [each for each in (resource.plural, name, subresource) if each]
    return "".join(f"/{quote(part, safe='')}" for part in parts)


def selecting(label_selector: str, field_selector: str) -> dict[str, str]:
    """The query of a selection."""
    return _said(labelSelector=label_selector, fieldSelector=field_selector)


def request_for(message: Any) -> HttpRequest:
    """The request of a message, but for watches. Raises TypeError for what is no message of the protocol."""
    match message:
        case Get():
            path = path_of(message.resource, message.namespace, message.name, message.subresource)
            return HttpRequest("GET", path)
        case List():
            return _list(message)
        case Create():
            return _create(message)
        case Update():
            path = path_of(message.resource, message.namespace, message.name, message.subresource)
            return HttpRequest("PUT", path, _writing(message), codec.encode(message.object))
        case Patch():
            return _patch(message)
        case Delete():
            path = path_of(message.resource, message.namespace, message.name)
            return HttpRequest("DELETE", path, body=_deletion(message, _preconditions(message)))
        case DeleteCollection():
            query = selecting(message.label_selector, message.field_selector)
            path = path_of(message.resource, message.namespace)
            return HttpRequest("DELETE", path, query, _deletion(message, {}))
    raise TypeError(f"{type(message).__name__} is no request of the protocol")


def _list(message: List) -> HttpRequest:
    query = {
        **selecting(message.label_selector, message.field_selector),
        **_said(
            limit=str(message.limit) if message.limit else "",
            resourceVersion=message.resource_version,
            resourceVersionMatch=message.match,
        ),
    }
    query.update(_said(**{"continue": message.continue_token}))
    return HttpRequest("GET", path_of(message.resource, message.namespace), query)


def _create(message: Create) -> HttpRequest:
    # Only a part of an object is posted to its name: a new object's stands in itself.
    name = message.name if message.subresource else ""
    path = path_of(message.resource, message.namespace, name, message.subresource)
    return HttpRequest("POST", path, _writing(message), codec.encode(message.object))


def _patch(message: Patch) -> HttpRequest:
    path = path_of(message.resource, message.namespace, message.name, message.subresource)
    query = {
        **_writing(message),
        **_said(force="true" if message.force else "", fieldValidation=message.field_validation),
    }
    body = msgspec.json.encode(message.body)
    return HttpRequest("PATCH", path, query, body, _PATCHES[message.patch_type])


def _writing(message: Create | Update | Patch) -> dict[str, str]:
    return _said(dryRun="All" if message.dry_run else "", fieldManager=message.field_manager)


def _said(**query: str) -> dict[str, str]:
    return {name: value for name, value in query.items() if value}


def _preconditions(message: Delete) -> dict[str, str]:
    return _said(uid=message.uid or "", resourceVersion=message.resource_version or "")


def _deletion(message: Delete | DeleteCollection, preconditions: Mapping[str, str]) -> bytes:
    options: dict[str, Any] = {"apiVersion": "v1", "kind": "DeleteOptions"}
    if message.grace_period_seconds is not None:
        options["gracePeriodSeconds"] = message.grace_period_seconds
    if message.propagation_policy:
        options["propagationPolicy"] = message.propagation_policy
    if message.dry_run:
        options["dryRun"] = ["All"]
    if preconditions:
        options["preconditions"] = preconditions
    return msgspec.json.encode(options)
