"""From a URL's path to what it names: a resource, an object, a part of an object.

    /api/v1/namespaces/default/pods/web/log      /apis/apps/v1/deployments
    /api/v1/nodes/n1                             /api/v1/watch/pods   (the old way to watch)

Resources are looked up in the server's scheme at each request, so custom resources are served from
the moment in which they are registered.
"""

from typing import Final

from msgspec import Struct

from orchestrator.api.scheme import KUBERNETES_GROUPS, Resource, Scheme, Subresource
from orchestrator.apiserver import errors
from orchestrator.apiserver.http.errors import PageNotFound, method_not_allowed, no_such_path
from orchestrator.apiserver.kinds import kind_of
from orchestrator.protocol import ApiError, BadRequest

# Subresources that connect a client with somebody else.
CONNECTIONS: Final = frozenset({"log", "exec", "attach", "portforward", "proxy"})
# Below /api/v1/namespaces/<name> these are parts of the namespace, all else is something in it.
NAMESPACE_PARTS: Final = ("status", "finalize")


class Target(Struct, frozen=True):
    """What a path names. `name` is "" for the collection, `part` the subresource's name, "" for none."""

    resource: Resource
    namespace: str = ""
    name: str = ""
    subresource: Subresource | None = None
    watch: bool = False  # by the old path
    part: str = ""

    @property
    def is_proxy(self) -> bool:
        """Whether somebody else answers."""
        return self.part == _PROXY


def is_resource_path(parts: list[str]) -> bool:
    """Whether the path is long enough to name a resource: the others are discovery's."""
    return (parts[0] == "api" and len(parts) > 2) or (parts[0] == "apis" and len(parts) > 3)


def split(path: str) -> list[str]:
    """The parts of a path; [""] for the root. One that begins with two slashes has a first part that is empty."""
    return path.removeprefix("/").rstrip("/").split("/")


def target_of(parts: list[str], scheme: Scheme) -> Target:
    """What a resource path names. Raises NotFound, as PageNotFound where no route of Kubernetes' own is."""
    if parts[0] == "api":
        group, version, rest = "", parts[1], parts[2:]
    else:
        group, version, rest = parts[1], parts[2], parts[3:]
    watch = rest[0] == "watch"
    if watch:
        rest = rest[1:]
    namespace = ""
    if len(rest) > 2 and rest[0] == "namespaces" and rest[2] not in NAMESPACE_PARTS:
        namespace, rest = rest[1], rest[2:]
        if not namespace:
            raise no_such_path()
    if not all(rest) or not rest:
        raise no_such_path()
    resource = scheme.by_path(group, version, rest[0])
    if resource is None and group and group not in KUBERNETES_GROUPS:
        raise PageNotFound
    if resource is None:
        raise no_such_path()
    if namespace and not resource.namespaced:
        raise PageNotFound if kind_of(resource).custom else no_such_path()
    return _target(resource, namespace, rest[1:], watch)


def _target(resource: Resource, namespace: str, rest: list[str], watch: bool) -> Target:
    if not rest:
        return Target(resource, namespace, watch=watch)
    if resource.namespaced and not namespace:
        raise PageNotFound if kind_of(resource).custom else no_such_path()
    if len(rest) == 1:
        return Target(resource, namespace, rest[0], watch=watch)
    subresource = resource.subresource(rest[1])
    if subresource is None and kind_of(resource).custom:
        raise errors.not_found(resource, rest[0])
    if subresource is None or watch or (len(rest) > 2 and subresource.name != _PROXY):
        raise no_such_path()
    return Target(resource, namespace, rest[0], subresource, part=subresource.name)


_OBJECT_VERBS: Final = {
    "GET": "get",
    "PUT": "update",
    "PATCH": "patch",
    "DELETE": "delete",
}
_COLLECTION_VERBS: Final = {"GET": "list", "POST": "create", "DELETE": "deletecollection"}
_PART_VERBS: Final = {**_OBJECT_VERBS, "POST": "create"}
_PROXY: Final = "proxy"
# What is passed on has methods of its own.
_PROXY_VERBS: Final = {**_PART_VERBS, "HEAD": "get", "OPTIONS": "get"}


def verb_of(target: Target, method: str, *, watch: bool) -> str:
    """Kubernetes' verb for a method on a target.

    Raises NotFound where the path has no verb at all, else MethodNotAllowed: for OPTIONS, too, but of a proxy, and
    for HEAD, but of that and of custom resources.

    `watch`: the query asks for one; it counts for collections only, as in Kubernetes.
    """
    resource = target.resource
    if method == "HEAD" and kind_of(resource).custom:
        method = "GET"  # one handler has all their paths, which goes by the verb
    if target.subresource is not None:
        verb = (_PROXY_VERBS if target.is_proxy else _PART_VERBS).get(method, "")
        allowed = target.subresource.verbs
    elif target.name and not target.watch:
        if "create" in resource.verbs and "get" not in resource.verbs:
            raise no_such_path()  # what is posted only has no objects
        # One handler has all paths of custom resources, and creates by that of an object, too.
        verbs = _PART_VERBS if kind_of(resource).custom else _OBJECT_VERBS
        verb = verbs.get(method, "")
        allowed = resource.verbs
    else:
        verb = _COLLECTION_VERBS.get(method, "")
        everywhere = resource.namespaced and not target.namespace
        if (everywhere or target.watch) and "list" not in resource.verbs:
            raise no_such_path()
        if target.watch and "watch" not in resource.verbs:
            raise no_such_path()
        if verb == "list" and (watch or target.watch):
            verb = "watch"
        elif target.watch or (everywhere and verb != "list"):
            verb = ""
        allowed = resource.verbs
    # What is listed and not watched is refused by its handler, in other words.
    if ("list" if verb == "watch" else verb) not in allowed:
        if kind_of(resource).custom:
            raise _custom_refusal(target, method)
        raise method_not_allowed()
    return verb


def _custom_refusal(target: Target, method: str) -> ApiError:
    """What is said of a method that custom resources do not know: one handler has all their paths.

    PageNotFound where the path must have a namespace.
    """
    if target.resource.namespaced and not target.namespace:
        return PageNotFound()
    verb = _PART_VERBS.get(method, "")
    if not target.name and verb in ("update", "patch"):
        return BadRequest("name must be provided")
    return errors.method_not_allowed(target.resource, verb)
