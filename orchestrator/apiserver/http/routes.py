"""What a request for a resource asks for, as far as its line and its headers say.

Clients ask the same again and again, of other objects: so what does not depend on the object's name is a route, which
is worked out at the first of such requests. It holds as long as the scheme has that resource there, by the same
definition.
"""

from functools import cached_property
from typing import Any, Final, TypeAlias, TypeVar

from aiohttp import hdrs
from aiohttp.web import BaseRequest
from msgspec import Struct
from msgspec.structs import replace

from orchestrator.api.protobuf_writer import has_form
from orchestrator.api.scheme import Scheme
from orchestrator.api.unstructured import Unstructured
from orchestrator.apiserver.authorization import Attributes
from orchestrator.apiserver.http import bodies, parameters
from orchestrator.apiserver.http.bodies import BodyMedia, Expected
from orchestrator.apiserver.http.errors import no_representation, no_such_path, not_acceptable
from orchestrator.apiserver.http.heads import Head
from orchestrator.apiserver.http.metrics import Labels, labelled
from orchestrator.apiserver.http.negotiation import Form, is_pretty, is_representable, negotiate
from orchestrator.apiserver.http.parameters import Query, WriteOptions, wants_watch
from orchestrator.apiserver.http.paths import CONNECTIONS, Target, target_of, verb_of
from orchestrator.apiserver.http.subresource_kinds import class_of
from orchestrator.apiserver.http.warnings import deprecation_of
from orchestrator.apiserver.kinds import kind_of
from orchestrator.apiserver.validation.registered import UNREADABLE_SCALE

# How metrics call the verbs of requests that are not called as their methods are.
_METHODS: Final = {"create": "POST", "update": "PUT"}
_OPTIONS: Final = {"create": "CreateOptions", "update": "UpdateOptions", "patch": "PatchOptions"}
# Subresources that are shown as tables; of the others only the documents are.
_IN_TABLES: Final = frozenset({"", "scale", "status"})
# Of whose statuses there are documents only.
_STATUS_WITHOUT_TABLE: Final = frozenset(
    {
        "apiservices.apiregistration.k8s.io",
        "customresourcedefinitions.apiextensions.k8s.io",
        "resourceclaims.resource.k8s.io",
    }
)
# What is asked again in the same words; lists and watches begin at ever other versions.
_REPEATED: Final = frozenset({"get", "create", "update", "patch", "delete"})
_MOST: Final = 1024
_LONGEST: Final = 1024  # characters that a route is known by

Words: TypeAlias = tuple[str, ...]
Line: TypeAlias = tuple[str, str, Words]
W = TypeVar("W", Words, Line)


class Route(Struct, frozen=True, dict=True, eq=False):
    """`target` and `asked` name no object. `knowledge`: what the server knew of the kind."""

    target: Target
    asked: Attributes
    verb: str
    query: Query
    form: Form
    pretty: bool
    agent: str
    content_type: str
    labels: Labels
    deprecated: bool
    knowledge: Any

    @cached_property
    def media(self) -> BodyMedia:
        """What the body is written in. Raises UnsupportedMediaType."""
        return bodies.media_of(self.content_type)

    @cached_property
    def options(self) -> WriteOptions:
        """What a write asks for. Raises Invalid."""
        applies = self.labels.verb == "APPLY"
        return parameters.write_options(
            self.query, _OPTIONS[self.verb], self.agent, applies=applies
        )

    @cached_property
    def expected(self) -> Expected:
        """What the body must hold. Raises PageNotFound."""
        resource, subresource = self.target.resource, self.target.subresource
        if subresource is None:
            unknown = kind_of(resource).unknown
            return Expected(resource.type, resource.api_version, resource.kind, unknown)
        kind = class_of(resource, subresource)
        if kind is None:
            raise no_such_path()
        group, version = subresource.group, subresource.version
        api_version = f"{group}/{version}" if group else version
        unknown = kind_of(resource).unknown if kind is resource.type else None
        is_scale_of_custom = resource.type is Unstructured and kind is not Unstructured
        refusal = UNREADABLE_SCALE if is_scale_of_custom else ""
        return Expected(kind, api_version, subresource.kind, unknown, refusal)

    def target_named(self, name: str) -> Target:
        """The object of this name, or its part; "": the collection."""
        if not name:
            return self.target
        it = self.target
        return Target(it.resource, it.namespace, name, it.subresource, it.watch, it.part)

    def asked_named(self, name: str) -> Attributes:
        """The same in the words of authorization."""
        return replace(self.asked, name=name) if name else self.asked


class Routes:
    """The routes of a server that serves the resources of a scheme."""

    def __init__(self, scheme: Scheme) -> None:
        self._scheme = scheme
        # By what follows in the path of the collection: nothing, a name, or a name and a subresource.
        self._of_collection: dict[Line, Route] = {}
        self._of_object: dict[Words, Route] = {}
        self._of_part: dict[Words, Route] = {}

    def known(self, request: BaseRequest, head: Head) -> tuple[Route, str] | None:
        """The route of a request, and the name of its object; None for one that is like none before."""
        route, name = self._of_collection.get(_line(request, head)), ""
        if route is None:
            path, words = _words(request, head)
            above, _, name = path.rpartition("/")
            route = self._of_object.get((above, *words))
            if route is None:
                part, (above, _, name) = name, above.rpartition("/")
                route = self._of_part.get((above, part, *words))
            if route is None or not name:
                return None
        return (route, name) if self._holds(route) else None

    def find(self, request: BaseRequest, parts: list[str], asked: Attributes) -> tuple[Route, str]:
        """The route of any request for a resource; `parts` are those of its path, `asked` what it asks.

        Raises NotFound, MethodNotAllowed and NotAcceptable.
        """
        query, headers = request.query, request.headers
        target = target_of(parts, self._scheme)
        verb = verb_of(target, request.method, watch=wants_watch(query))
        accept = "" if target.is_proxy else headers.get(hdrs.ACCEPT, "")  # that is for who answers
        form = _form_of(target, verb, accept)
        agent, content_type = headers.get(hdrs.USER_AGENT, ""), headers.get(hdrs.CONTENT_TYPE, "")
        route = Route(
            target=replace(target, name=""),
            asked=replace(asked, name="") if target.name else asked,
            verb=verb,
            query=query,
            form=form,
            pretty=is_pretty(query.get("pretty"), agent),
            agent=agent,
            content_type=content_type,
            labels=_labels_of(target, verb, query, content_type),
            deprecated=deprecation_of(target.resource) is not None,
            knowledge=target.resource.knowledge,
        )
        return route, target.name

    def remember(self, request: BaseRequest, head: Head, route: Route, name: str) -> None:
        """From now on requests are known that are like this one."""
        path, words = _words(request, head)
        part = route.target.part
        if route.verb not in _REPEATED or part in CONNECTIONS or path != request.path:
            return
        if len(path) + sum(map(len, words)) > _LONGEST:
            return
        ending = "".join(f"/{each}" for each in (name, part) if each)
        if not path.endswith(ending):
            return
        above = path.removesuffix(ending)
        if part:
            _keep(self._of_part, (above, part, *words), route)
        elif name:
            _keep(self._of_object, (above, *words), route)
        else:
            _keep(self._of_collection, _line(request, head), route)

    def _holds(self, route: Route) -> bool:
        resource = route.target.resource
        place = resource.group, resource.version, resource.plural
        served = self._scheme.by_path(*place) is resource
        return served and resource.knowledge is route.knowledge


def _keep(routes: dict[W, Route], words: W, route: Route) -> None:
    if len(routes) >= _MOST:
        routes.clear()
    routes[words] = route


def _line(request: BaseRequest, head: Head) -> Line:
    """All that a request for a collection is known by."""
    return request.method, request.raw_path, head.wording


def _words(request: BaseRequest, head: Head) -> tuple[str, Words]:
    """The path as it was sent, and all else that a request is known by; no path where it may mean another one."""
    path, _, query = request.raw_path.partition("?")
    if "%" in path or "#" in query or "#" in path or not path.isascii():
        path = ""
    return path, (request.method, query, *head.wording)


def _form_of(target: Target, verb: str, accept: str) -> Form:
    """Raises NotAcceptable."""
    resource = target.resource
    if not is_representable(accept):
        if resource.type is Unstructured:
            raise not_acceptable()  # custom resources have a front of their own in the original
        raise no_representation(collection=verb in ("list", "watch"))
    tables = target.part in _IN_TABLES and "get" in resource.verbs
    if target.part == "status" and resource.key in _STATUS_WITHOUT_TABLE:
        tables = False
    form = negotiate(accept, has_form(resource.api_version, resource.kind), tables)
    if form is None:
        raise not_acceptable()
    return form


def _labels_of(target: Target, verb: str, query: Query, content_type: str) -> Labels:
    """What the metrics say of a request."""
    resource = target.resource
    word = _METHODS.get(verb, verb.upper())
    if word == "PATCH" and "apply-patch" in content_type:
        word = "APPLY"
    scope = "cluster"
    if target.name or verb == "create":
        scope = "resource"
    elif target.namespace:
        scope = "namespace"
    run = "All" if "All" in query.getall("dryRun", []) else ""
    return labelled(
        word, resource.group, resource.version, resource.plural, target.part, scope, run
    )
