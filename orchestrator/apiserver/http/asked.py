"""What a request asks for in the words of authorization, before anybody knows whether that is there.

So a user who may not see a resource is refused, and not told whether it exists.
"""

from typing import Final

from aiohttp.web import BaseRequest

from orchestrator.apiserver.authorization import Attributes
from orchestrator.apiserver.authorization.access import exact
from orchestrator.apiserver.http.parameters import wants_watch
from orchestrator.apiserver.http.paths import NAMESPACE_PARTS, is_resource_path

_VERBS: Final = {
    "POST": "create",
    "GET": "get",
    "HEAD": "get",
    "PUT": "update",
    "PATCH": "patch",
    "DELETE": "delete",
}


def asked_of(request: BaseRequest, parts: list[str]) -> Attributes:
    """The attributes of a request; `parts` are those of its path."""
    if not is_resource_path(parts):
        return Attributes(request.method.lower(), path=request.path, is_resource=False)
    group, rest = ("", parts[2:]) if parts[0] == "api" else (parts[1], parts[3:])
    verb, namespace = _VERBS.get(request.method, ""), ""
    if rest[0] == "watch" and len(rest) > 1:
        verb, rest = "watch", rest[1:]
    if rest[0] == "namespaces" and len(rest) > 1:
        namespace = rest[1]
        if len(rest) > 2 and rest[2] not in NAMESPACE_PARTS:
            rest = rest[2:]
    version = parts[1] if parts[0] == "api" else parts[2]
    name = rest[1] if len(rest) > 1 else ""
    if not name and verb == "get":
        verb = "watch" if wants_watch(request.query) else "list"
        selector = request.query.get("fieldSelector", "")
        name = exact(selector).get("metadata.name", "") if selector else ""
        return Attributes(verb, group, rest[0], "", namespace, name, version=version)
    if not name and verb == "delete":
        verb = "deletecollection"
    part = rest[2] if len(rest) > 2 and verb != "watch" else ""
    return Attributes(verb, group, rest[0], part, namespace, name, version=version)
