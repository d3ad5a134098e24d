"""What can be done with a resource: each path, and for each method an operation.

The ids follow Kubernetes' rule, so that clients generated from them have its names:
`readCoreV1NamespacedPodStatus` is verb, group and version, scope, kind of the resource, subresource.
"""

import re
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from orchestrator.api.scheme import Resource, Subresource
from orchestrator.apiserver.openapi import parameters
from orchestrator.apiserver.openapi.parameters import NAMESPACE, PATH, PRETTY, Parameter, name_of

META: Final = "io.k8s.apimachinery.pkg.apis.meta.v1."
TEXT: Final = ""  # the schema of what is no object
_JSON: Final = ("application/json", "application/yaml")
_ALL: Final = (*_JSON, "application/vnd.kubernetes.protobuf")
_STREAMS: Final = (
    "application/json;stream=watch",
    "application/vnd.kubernetes.protobuf;stream=watch",
)
_PATCHES: Final = (
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    "application/apply-patch+yaml",
)
_STRATEGIC: Final = "application/strategic-merge-patch+json"
_ANY: Final = ("*/*",)
_NO_NAME: Final = re.compile(r"\W+")
_CONNECTED: Final = ("get", "put", "post", "delete", "options", "head", "patch")
_METHODS: Final = {
    "get": "get",
    "list": "get",
    "create": "post",
    "update": "put",
    "patch": "patch",
    "delete": "delete",
    "deletecollection": "delete",
}
_WORDS: Final = {
    "get": "read",
    "list": "list",
    "create": "create",
    "update": "replace",
    "patch": "patch",
    "delete": "delete",
    "deletecollection": "delete",
}
_ANSWERS: Final = {"create": (200, 201, 202), "update": (200, 201), "patch": (200, 201)}
# Built-in kinds whose deletion answers the object instead of a Status, as the document says.
_ANSWER_DELETED: Final = frozenset(
    (
        "csidrivers.storage.k8s.io",
        "csinodes.storage.k8s.io",
        "persistentvolumeclaims",
        "persistentvolumes",
        "pods",
        "podtemplates",
        "resourceclaims.resource.k8s.io",
        "resourceclaimtemplates.resource.k8s.io",
        "resourceslices.resource.k8s.io",
        "deviceclasses.resource.k8s.io",
        "resourcequotas",
        "serviceaccounts",
        "services",
        "storageclasses.storage.k8s.io",
        "volumeattachments.storage.k8s.io",
        "volumeattributesclasses.storage.k8s.io",
    )
)


class Operation(Struct, frozen=True):
    """One method of one path.

    `body` and `answer` name schemas, `TEXT` for plain text, None for no body. `kind` is group, version
    and kind of what it is about; None for documents.
    """

    id: str
    description: str
    tag: str
    answer: str
    action: str = ""
    kind: tuple[str, str, str] | None = None
    body: str | None = None
    body_required: bool = False
    parameters: tuple[Parameter, ...] = ()
    consumes: tuple[str, ...] = _ANY
    produces: tuple[str, ...] = _ALL
    codes: tuple[int, ...] = (200,)


class Route(Struct, frozen=True):
    """A path and what its methods do."""

    path: str
    operations: dict[str, Operation]


def routes_of(resource: Resource, schema: str, list_schema: str) -> Iterator[Route]:
    """The paths of a resource; `schema` and `list_schema` name its shapes."""
    return _Routes(resource, schema, list_schema).all()


def root(group: str, version: str = "") -> str:
    """`/api/v1`, `/apis/apps`, `/apis/apps/v1`."""
    path = f"/apis/{group}" if group else "/api"
    return f"{path}/{version}" if version else path


def camel(group: str) -> str:
    """`rbacAuthorization` of `rbac.authorization.k8s.io`; custom groups have all their words."""
    return _identifier((group or "core").removesuffix(".k8s.io"))


def _identifier(text: str) -> str:
    """A text without what no name in a program holds, whose next letter is a capital."""
    first, *rest = _NO_NAME.split(text)
    return first.lstrip("0123456789") + "".join(map(_title, rest))


def _title(word: str) -> str:
    return word[:1].upper() + word[1:]


class _Routes:
    def __init__(self, resource: Resource, schema: str, list_schema: str) -> None:
        self.resource = resource
        self.schema = schema
        self.list_schema = list_schema
        self.builtin = bool(resource.module)
        self.tag = f"{camel(resource.group)}_{resource.version}"
        self.prefix = _title(camel(resource.group)) + _title(resource.version)
        self.scope = "Namespaced" if resource.namespaced else ""
        self.kind = resource.group, resource.version, resource.kind
        self.produces = _ALL if self.builtin else _JSON
        self.consumes = _ANY if self.builtin else _JSON
        base = root(resource.group, resource.version)
        inner = f"namespaces/{{namespace}}/{resource.plural}" if resource.namespaced else ""
        self.base = base
        self.inner = inner or resource.plural
        self.place: tuple[Parameter, ...] = (NAMESPACE,) if resource.namespaced else ()

    def all(self) -> Iterator[Route]:
        resource = self.resource
        everything = f"{self.base}/{resource.plural}"
        if resource.namespaced and "list" in resource.verbs:
            yield Route(everything, {"get": self._list("ForAllNamespaces", ())})
        collection = {
            _METHODS[verb]: self._on_collection(verb)
            for verb in ("list", "create", "deletecollection")
            if verb in resource.verbs
        }
        yield Route(f"{self.base}/{self.inner}", collection)
        item = f"{self.base}/{self.inner}/{{name}}"
        single = {
            _METHODS[verb]: self._on_object(verb)
            for verb in ("get", "update", "delete", "patch")
            if verb in resource.verbs
        }
        if single:
            yield Route(item, single)
        for part in resource.subresources:
            yield from self._part_routes(item, part)
        if self.builtin and "watch" in resource.verbs:
            yield from self._watches(everything)

    def _id(self, verb: str, what: str) -> str:
        return verb + self.prefix + _title(_identifier(what))

    # --- collections -----------------------------------------------------------------------

    def _on_collection(self, verb: str) -> Operation:
        if verb == "list":
            return self._list("", self.place)
        if verb == "create":
            return self._write("create", "", (*self.place, PRETTY))
        how = parameters.DELETE_COLLECTION if self.builtin else parameters.LIST
        return Operation(
            self._id("delete", f"Collection{self.scope}{self.resource.kind}"),
            f"Delete all selected objects of kind {self.resource.kind}.",
            self.tag,
            f"{META}Status",
            "deletecollection",
            self.kind,
            f"{META}DeleteOptions" if self.builtin else None,
            parameters=(*how, *self.place, PRETTY),
            consumes=self.consumes,
            produces=self.produces,
        )

    def _list(self, suffix: str, place: tuple[Parameter, ...]) -> Operation:
        scope = "" if suffix else self.scope
        streams = _STREAMS if self.builtin else ()
        return Operation(
            self._id("list", f"{scope}{self.resource.kind}{suffix}"),
            f"List or watch objects of kind {self.resource.kind}.",
            self.tag,
            self.list_schema,
            "list",
            self.kind,
            parameters=(*parameters.LIST, *place, PRETTY),
            consumes=self.consumes,
            produces=(*self.produces, *streams),
        )

    # --- objects and their parts -----------------------------------------------------------

    def _on_object(self, verb: str) -> Operation:
        kind = self.resource.kind
        place = (name_of(kind), *self.place, PRETTY)
        if verb == "get":
            return self._read("", place, self.schema, self.kind)
        if verb != "delete":
            return self._write(verb, "", place)
        answered = self.schema if self.resource.key in _ANSWER_DELETED else f"{META}Status"
        return Operation(
            self._id("delete", f"{self.scope}{kind}"),
            f"Delete one {kind}.",
            self.tag,
            answered,
            "delete",
            self.kind,
            f"{META}DeleteOptions",
            parameters=(*parameters.DELETE, *place),
            consumes=self.consumes,
            produces=self.produces,
            codes=(200, 202),
        )

    def _read(
        self, part: str, place: tuple[Parameter, ...], schema: str, kind: tuple[str, str, str]
    ) -> Operation:
        what = f"{part} of one {self.resource.kind}" if part else f"one {self.resource.kind}"
        return Operation(
            self._id("read", f"{self.scope}{self.resource.kind}{_title(part)}"),
            f"Read {what}.",
            self.tag,
            schema,
            "get",
            kind,
            parameters=place if self.builtin else (parameters.READ, *place),
            consumes=self.consumes,
            produces=self.produces,
        )

    def _write(
        self,
        verb: str,
        part: str,
        place: tuple[Parameter, ...],
        schema: str = "",
        kind: tuple[str, str, str] | None = None,
    ) -> Operation:
        patch = verb == "patch"
        types = _PATCHES if self.builtin else tuple(t for t in _PATCHES if t != _STRATEGIC)
        shape = schema or self.schema
        what = f"{part} of one {self.resource.kind}" if part else f"one {self.resource.kind}"
        return Operation(
            self._id(_WORDS[verb], f"{self.scope}{self.resource.kind}{_title(part)}"),
            f"{_title(_WORDS[verb])} {what}.",
            self.tag,
            shape,
            _METHODS[verb],
            kind or self.kind,
            f"{META}Patch" if patch else shape,
            body_required=True,
            parameters=(*(parameters.PATCH if patch else parameters.WRITE), *place),
            consumes=types if patch else self.consumes,
            produces=self.produces,
            codes=(200,) if patch and not self.builtin else _ANSWERS[verb],
        )

    def _part_routes(self, item: str, part: Subresource) -> Iterator[Route]:
        path = f"{item}/{part.name}"
        if part.kind.endswith("Options"):
            methods = _CONNECTED if part.name == "proxy" else ("get", "post")
            yield Route(path, {m: self._connect(part, m, "") for m in methods})
            if part.name == "proxy":
                behind = {m: self._connect(part, m, "WithPath") for m in methods}
                yield Route(f"{path}/{{path}}", behind)
            return
        own = part.kind == self.resource.kind
        schema = self.schema if own else _part_schema(part)
        # Of custom resources the scale, too, is told as one of the resource's operations.
        kind = (part.group, part.version, part.kind) if self.builtin else self.kind
        place = (name_of(part.kind), *self.place, PRETTY)
        found: dict[str, Operation] = {}
        for verb in ("get", "update", "create", "patch"):
            if verb not in part.verbs:
                continue
            if verb == "get" and part.name == "log":
                found["get"] = self._log(place)
            elif verb == "get":
                found["get"] = self._read(part.name, place, schema, kind)
            else:
                found[_METHODS[verb]] = self._write(verb, part.name, place, schema, kind)
        yield Route(path, found)

    def _log(self, place: tuple[Parameter, ...]) -> Operation:
        operation = self._read("log", place, TEXT, self.kind)
        return Operation(
            operation.id,
            "Read what a container has written.",
            self.tag,
            TEXT,
            "get",
            self.kind,
            parameters=(*parameters.LOG, *place),
            produces=("text/plain", *self.produces),
        )

    def _connect(self, part: Subresource, method: str, suffix: str) -> Operation:
        path = (PATH,) if suffix else ()
        name = self.resource.kind + _title(part.name)
        return Operation(
            f"connect{self.prefix}{_title(method)}{self.scope}{name}{suffix}",
            f"Connect to {part.name} of one {self.resource.kind}.",
            self.tag,
            TEXT,
            "connect",
            (part.group, part.version, part.kind),
            parameters=(
                *parameters.CONNECT[part.kind],
                name_of(part.kind),
                *self.place,
                *path,
            ),
            produces=_ANY,
        )

    # --- the old paths of watches ----------------------------------------------------------

    def _watches(self, everything: str) -> Iterator[Route]:
        kind = self.resource.kind
        watched = self.base + "/watch/"
        if self.resource.namespaced:
            all_of_them = self._watch(f"{kind}ListForAllNamespaces", "watchlist", ())
            yield Route(everything.replace(self.base + "/", watched, 1), {"get": all_of_them})
        many = self._watch(f"{self.scope}{kind}List", "watchlist", self.place)
        yield Route(f"{watched}{self.inner}", {"get": many})
        one = self._watch(f"{self.scope}{kind}", "watch", (name_of(kind), *self.place))
        yield Route(f"{watched}{self.inner}/{{name}}", {"get": one})

    def _watch(self, name: str, action: str, place: tuple[Parameter, ...]) -> Operation:
        return Operation(
            f"watch{self.prefix}{name}",
            "Watch by the old path; lists with the parameter `watch` do the same.",
            self.tag,
            f"{META}WatchEvent",
            action,
            self.kind,
            parameters=(*parameters.LIST, *place, PRETTY),
            produces=(*_ALL, *_STREAMS),
        )


# Kinds of subresources that belong to another group than their resource.
_PARTS: Final = {
    "Binding": "io.k8s.api.core.v1.Binding",
    "Eviction": "io.k8s.api.policy.v1.Eviction",
    "Scale": "io.k8s.api.autoscaling.v1.Scale",
    "TokenRequest": "io.k8s.api.authentication.v1.TokenRequest",
}


def _part_schema(part: Subresource) -> str:
    """The shape of a subresource that is of another kind than its resource."""
    return _PARTS[part.kind]


def discovery_routes(groups: dict[str, list[str]]) -> Iterator[Route]:
    """The paths of discovery and of the version; `groups` are versions by group."""
    for group, versions in groups.items():
        words = "Core" if not group else _title(camel(group))
        answer = "APIVersions" if not group else "APIGroup"
        name = f"get{words}{answer if not group else 'APIGroup'}"
        tag = camel(group)
        yield _document(
            f"{root(group)}/", name, tag, META + answer, "Read the versions of a group."
        )
        for version in versions:
            yield _document(
                f"{root(group, version)}/",
                f"get{words}{_title(version)}APIResources",
                f"{tag}_{version}",
                f"{META}APIResourceList",
                "Read the resources of a version.",
            )
    yield _document("/apis/", "getAPIVersions", "apis", f"{META}APIGroupList", "Read the groups.")
    info = "io.k8s.apimachinery.pkg.version.Info"
    yield Route(
        "/version/",
        {
            "get": Operation(
                "getCodeVersion",
                "Read which Kubernetes this is.",
                "version",
                info,
                consumes=_JSON[:1],
                produces=_JSON[:1],
            )
        },
    )
    yield _issuers(
        "/.well-known/openid-configuration/",
        "getServiceAccountIssuerOpenIDConfiguration",
        "Read who signs the tokens of service accounts.",
        "WellKnown",
        _JSON[0],
    )
    yield _issuers(
        "/openid/v1/jwks/",
        "getServiceAccountIssuerOpenIDKeyset",
        "Read the keys that verify the tokens of service accounts.",
        "openid",
        "application/jwk-set+json",
    )


def _issuers(path: str, name: str, description: str, tag: str, media_type: str) -> Route:
    """A document of who issues service accounts' tokens."""
    operation = Operation(name, description, tag, TEXT, consumes=(), produces=(media_type,))
    return Route(path, {"get": operation})


def _document(path: str, name: str, tag: str, answer: str, description: str) -> Route:
    operation = Operation(name, description, tag, answer, consumes=_ALL)
    return Route(path, {"get": operation})
