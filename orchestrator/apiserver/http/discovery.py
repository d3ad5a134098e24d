"""Which groups, versions and resources there are: the documents by which clients find paths.

There are two forms. The old one is a document for each step: /apis, /apis/apps, /apis/apps/v1. The
aggregated one is a single document for all of /apis (and one for /api), which newer clients ask for
by the Accept header. Both are made from the scheme, and made again when it has changed.
"""

import base64
import hashlib
from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple, Protocol

import msgspec

from orchestrator.api.scheme import Resource, Scheme, Subresource
from orchestrator.apiserver.http.errors import no_representation, not_acceptable
from orchestrator.apiserver.http.negotiation import (
    Form,
    clauses,
    is_representable,
    media_of,
)

# By these a client asks for the aggregated form, and is told that it has it.
_AGGREGATED: Final = {"g": "apidiscovery.k8s.io", "v": "v2", "as": "APIGroupDiscoveryList"}
AGGREGATED_PARAMETERS: Final = "".join(f";{name}={value}" for name, value in _AGGREGATED.items())


class Document(NamedTuple):
    """A discovery document in JSON; `etag` is "" for those of the old form."""

    data: bytes
    etag: str = ""


class Discovery:
    """The documents of one scheme."""

    def __init__(self, scheme: Scheme) -> None:
        self.address = ""  # the server's `host:port`
        self._stored = scheme
        self._scheme = scheme  # with what is served beside it
        self._added: tuple[Resource, ...] = ()
        self._resources: tuple[Resource, ...] = ()
        self._known: tuple[tuple[Resource, int], ...] = ()
        self._documents: dict[tuple[str, ...], Document] = {}

    def add(self, resources: tuple[Resource, ...]) -> None:
        """What is served, too, beside the resources of the scheme; in the place of what was added before."""
        self._added = resources

    def find(self, parts: list[str], *, aggregated: bool = False) -> Document | None:
        """The document at /api..., /apis...; None: there is none."""
        resources = (*self._stored.resources(), *self._added)
        known = tuple((each, id(each.knowledge)) for each in resources)  # compared by identity
        if known != self._known:
            self._known, self._resources, self._documents = known, resources, {}
            self._scheme = _scheme_of(resources) if self._added else self._stored
        key = (str(aggregated), *parts)
        document = self._documents.get(key)
        if document is None:
            document = self._made(parts, aggregated)
            if document is not None:  # only what exists is kept: there is no end of other paths
                self._documents[key] = document
        return document

    def paths(self) -> list[str]:
        """Where the documents are."""
        found = ["/api", *(f"/api/{each}" for each in self._scheme.versions("")), "/apis", "/apis/"]
        for group in self._groups():
            found.append(f"/apis/{group}")
            found += (f"/apis/{group}/{each}" for each in self._scheme.versions(group))
        return found

    def _made(self, parts: list[str], aggregated: bool) -> Document | None:
        if aggregated:
            return self._aggregated(parts[0])
        match parts:
            case ["api"]:
                body = self._core_versions()
            case ["apis"]:
                body = {
                    "kind": "APIGroupList",
                    "apiVersion": "v1",
                    "groups": [self._group(group) for group in self._groups()],
                }
            case ["apis", group]:
                if group not in self._groups():
                    return None
                body = {"kind": "APIGroup", "apiVersion": "v1", **self._group(group)}
            case ["api", version] if self._has("", version):
                body = self._resource_list("", version)
            case ["apis", group, version] if group and self._has(group, version):
                body = self._resource_list(group, version)
            case _:
                return None
        return Document(msgspec.json.encode(body))

    # --- the old form ----------------------------------------------------------------------

    def _groups(self) -> list[str]:
        return [group for group in self._scheme.groups() if group]

    def _has(self, group: str, version: str) -> bool:
        return version in self._scheme.versions(group)

    def _core_versions(self) -> dict[str, Any]:
        return {
            "kind": "APIVersions",
            "versions": self._scheme.versions(""),
            "serverAddressByClientCIDRs": [
                {"clientCIDR": "0.0.0.0/0", "serverAddress": self.address}
            ],
        }

    def _group(self, group: str) -> dict[str, Any]:
        versions = [
            {"groupVersion": f"{group}/{version}", "version": version}
            for version in self._scheme.versions(group)
        ]
        return {"name": group, "versions": versions, "preferredVersion": versions[0]}

    def _resource_list(self, group: str, version: str) -> dict[str, Any]:
        group_version = f"{group}/{version}" if group else version
        entries: list[dict[str, Any]] = []
        for resource in self._of(group, version):
            entries.append(self._resource(resource))
            entries.extend(_subresources(resource))
        return {
            "kind": "APIResourceList",
            # The list of the core group is of a time before lists said their own version.
            **({"apiVersion": "v1"} if group else {}),
            "groupVersion": group_version,
            "resources": sorted(entries, key=lambda entry: str(entry["name"])),
        }

    def _of(self, group: str, version: str) -> Iterator[Resource]:
        for resource in self._resources:
            if resource.group == group and resource.version == version:
                yield resource

    def _resource(self, resource: Resource) -> dict[str, Any]:
        entry: dict[str, Any] = {
            "name": resource.plural,
            "singularName": resource.singular,
            "namespaced": resource.namespaced,
            "kind": resource.kind,
            "verbs": _verbs(resource),
        }
        if resource.short_names:
            entry["shortNames"] = list(resource.short_names)
        if resource.categories:
            entry["categories"] = list(resource.categories)
        if "watch" in resource.verbs:  # what is only listed is not stored
            entry["storageVersionHash"] = _storage_hash(self._scheme.storage(resource))
        return entry

    # --- the aggregated form ---------------------------------------------------------------

    def _aggregated(self, root: str) -> Document:
        groups = [""] if root == "api" else self._groups()
        items = [
            {
                "metadata": {"name": group} if group else {},
                "versions": [
                    {
                        "version": each,
                        "resources": [_aggregated_resource(r) for r in self._of(group, each)],
                        "freshness": "Current",
                    }
                    for each in self._scheme.versions(group)
                ],
            }
            for group in groups
        ]
        return _aggregated_document(items)


def _aggregated_document(items: Any) -> Document:
    """The tag is the same in whatever media type it is sent."""
    body = {"metadata": {}, "items": items}
    tag = hashlib.sha512(msgspec.json.encode(body)).hexdigest().upper()
    head = {"kind": _AGGREGATED["as"], "apiVersion": f"{_AGGREGATED['g']}/{_AGGREGATED['v']}"}
    return Document(msgspec.json.encode({**head, **body}), f'"{tag}"')


class OtherGroups(Protocol):
    """Groups that other servers serve, in both forms."""

    def groups(self) -> list[dict[str, Any]]: ...
    def aggregated(self) -> list[dict[str, Any]]: ...
    def place(self, group: str) -> tuple[int, str]:
        """What all groups, the server's own among them, are sorted by."""
        ...


def with_groups(document: Document, others: OtherGroups) -> Document:
    """The document of all groups, in either form, with those of other servers in their places."""
    word = "items" if document.etag else "groups"
    found = others.aggregated() if document.etag else others.groups()
    if not found:
        return document
    body = msgspec.json.decode(document.data)
    together = sorted([*body[word], *found], key=lambda each: others.place(_name_of(each)))
    if document.etag:
        return _aggregated_document(together)
    return Document(msgspec.json.encode({**body, word: together}))


def _name_of(group: dict[str, Any]) -> str:
    name: str = group["metadata"]["name"] if "metadata" in group else group["name"]
    return name


# What is left of a custom resource whose definition is being deleted.
_LAST_VERBS: Final = ("delete", "deletecollection", "get", "list", "watch")


def _verbs(resource: Resource) -> tuple[str, ...]:
    knowledge = resource.knowledge
    return _LAST_VERBS if knowledge is not None and knowledge.ending else resource.verbs


def _scheme_of(resources: Iterable[Resource]) -> Scheme:
    scheme = Scheme()
    for resource in resources:
        scheme.register(resource)
    return scheme


def form_of(accept: str, parts: list[str], *, slash: bool = False) -> tuple[Form, bool]:
    """In which media type a document is sent, and whether in the aggregated form.

    `slash`: the path ends in one, and at /apis/ only the old form is.

    Raises NotAcceptable for a client that wants another one: the list of all groups and the documents of single ones
    are another handler's in Kubernetes, with words of its own.
    """
    of_groups = parts[0] == "apis" and len(parts) < 3 and parts[1:] != ["apiregistration.k8s.io"]
    if not of_groups and not is_representable(accept):
        raise no_representation(collection=False)
    has_both = len(parts) == 1 and not (slash and parts == ["apis"])
    for clause in clauses(accept):
        media, parameters = media_of(clause.media_type), clause.parameters
        if media is None or "sv" in parameters or parameters.get("stream", "watch") != "watch":
            continue
        turned = {name: value for name, value in parameters.items() if name in _AGGREGATED}
        if not turned or (has_both and turned == _AGGREGATED):
            return Form(media, pretty=parameters.get("pretty") == "1"), bool(turned)
    if accept:
        raise not_acceptable()
    return Form(), False


def _subresources(resource: Resource) -> Iterator[dict[str, Any]]:
    for sub in resource.subresources:
        elsewhere = (sub.group, sub.version) != (resource.group, resource.version)
        yield {
            "name": f"{resource.plural}/{sub.name}",
            "singularName": "",
            "namespaced": resource.namespaced,
            **({"group": sub.group, "version": sub.version} if elsewhere else {}),
            "kind": sub.kind,
            "verbs": sub.verbs,
        }


def _aggregated_resource(resource: Resource) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "resource": resource.plural,
        "responseKind": _kind(resource, resource),
        "scope": "Namespaced" if resource.namespaced else "Cluster",
        "singularResource": resource.singular,
        "verbs": _verbs(resource),
    }
    if resource.short_names:
        entry["shortNames"] = list(resource.short_names)
    if resource.categories:
        entry["categories"] = list(resource.categories)
    if resource.subresources:
        entry["subresources"] = [
            {
                "subresource": sub.name,
                "responseKind": _kind(sub, resource),
                "verbs": sub.verbs,
            }
            for sub in resource.subresources
        ]
    return entry


def _kind(served: Resource | Subresource, resource: Resource) -> dict[str, str]:
    """What is answered; of a built-in resource's own group and version only the kind is said."""
    group, version = served.group, served.version
    if resource.module and (group, version) == (resource.group, resource.version):
        group = version = ""
    return {"group": group, "version": version, "kind": served.kind}


# In a version that is not served any more.
_STORED_IN: Final = {"customresourcedefinitions.apiextensions.k8s.io": "v1beta1"}


def _storage_hash(resource: Resource) -> str:
    """Equal hashes mean equal storage: by it clients see that two groups serve the same objects."""
    version = _STORED_IN.get(resource.key, resource.version)
    text = f"{resource.group}/{version}/{resource.kind}"
    return base64.b64encode(hashlib.sha256(text.encode()).digest()[:8]).decode()
