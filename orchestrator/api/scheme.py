"""The scheme: kind, type and path of every resource.

`DEFAULT` holds the built-in ones. A server makes its own with `Scheme.builtin()` and registers custom
resources in it; a `Resource` compares by identity, so messages carry it at no cost.
"""

from collections.abc import Iterator
from importlib import import_module
from typing import Any, Final

from orchestrator.api.errors import UnknownKind
from orchestrator.api.merge_table import MERGE
from orchestrator.api.resource_table import RESOURCES
from orchestrator.api.unstructured import Unstructured

# Groups in the order of discovery; the others follow by name.
KUBERNETES_GROUPS: Final = (
    "",
    "apiregistration.k8s.io",
    "apps",
    "events.k8s.io",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "autoscaling",
    "batch",
    "certificates.k8s.io",
    "networking.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "storage.k8s.io",
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "scheduling.k8s.io",
    "coordination.k8s.io",
    "node.k8s.io",
    "discovery.k8s.io",
    "resource.k8s.io",
    "flowcontrol.apiserver.k8s.io",
)

# What a resource takes over of another at its path (`Resource.follow`).
_FOLLOWS: Final = (
    "categories",
    "kind",
    "knowledge",
    "list_kind",
    "namespaced",
    "short_names",
    "singular",
    "storage_version",
    "subresources",
    "verbs",
)


class Subresource:
    """A part of a resource with a path of its own: `pods/binding`, `deployments/scale`."""

    __slots__ = ("group", "kind", "name", "verbs", "version")

    def __init__(
        self, name: str, group: str, version: str, kind: str, verbs: tuple[str, ...]
    ) -> None:
        self.name = name
        self.group = group
        self.version = version
        self.kind = kind
        self.verbs = verbs


class Resource:
    """One resource of one group and version. Compared by identity.

    `key` names it without the version (`pods`, `deployments.apps`): versions share storage.
    `storage_version` is the version that a custom resource is stored in, and `knowledge` what a server
    that serves it knows of its kind; both follow its definition.
    """

    __slots__ = (
        "_type",
        "api_version",
        "categories",
        "group",
        "key",
        "kind",
        "knowledge",
        "list_kind",
        "module",
        "namespaced",
        "plural",
        "short_names",
        "singular",
        "storage_version",
        "subresources",
        "type_name",
        "verbs",
        "version",
    )

    def __init__(
        self,
        group: str,
        version: str,
        plural: str,
        kind: str,
        *,
        namespaced: bool,
        verbs: tuple[str, ...],
        subresources: tuple[Subresource, ...] = (),
        short_names: tuple[str, ...] = (),
        categories: tuple[str, ...] = (),
        singular: str = "",
        list_kind: str = "",
        module: str = "",
        type_name: str = "",
        storage_version: str = "",
        knowledge: Any = None,
    ) -> None:
        self.group = group
        self.version = version
        self.plural = plural
        self.kind = kind
        self.singular = singular or kind.lower()
        self.list_kind = list_kind or f"{kind}List"
        self.namespaced = namespaced
        self.verbs = verbs
        self.subresources = subresources
        self.short_names = short_names
        self.categories = categories
        self.key = f"{plural}.{group}" if group else plural
        self.api_version = f"{group}/{version}" if group else version
        self.module = module
        self.type_name = type_name
        self.storage_version = storage_version
        self.knowledge = knowledge
        self._type: type[Any] | None = None if module else Unstructured

    @property
    def type(self) -> type[Any]:
        """The Struct class, imported on first use; `Unstructured` for a custom resource."""
        if self._type is None:
            found: type[Any] = getattr(import_module(self.module), self.type_name)
            self._type = found
        return self._type

    def subresource(self, name: str) -> Subresource | None:
        """The subresource of that name, if there is one."""
        return next((s for s in self.subresources if s.name == name), None)

    def follow(self, other: "Resource") -> None:
        """Take on what another resource at the same path says, and stay the one that others hold."""
        for field in _FOLLOWS:
            setattr(self, field, getattr(other, field))

    def __repr__(self) -> str:
        return f"<Resource {self.api_version} {self.plural}>"


class Scheme:
    """A set of resources. `gates` are the feature gates that are on where they are served."""

    def __init__(self) -> None:
        self.gates: frozenset[str] = frozenset()
        self._by_path: dict[tuple[str, str, str], Resource] = {}
        self._by_kind: dict[tuple[str, str], Resource] = {}
        self._by_type: dict[type[Any], Resource] = {}
        # Custom resources that somebody names and that are not served: not yet, or not any more.
        self._awaited: dict[tuple[str, str, str], Resource] = {}

    @classmethod
    def builtin(cls) -> "Scheme":
        """A new scheme with all resources of the document; Resources are shared with `DEFAULT`."""
        scheme = cls()
        for resource in _BUILTIN:
            scheme.register(resource)
        return scheme

    def register(self, resource: Resource) -> None:
        """Add a resource, or replace the one of that group, version and plural."""
        self._by_path[resource.group, resource.version, resource.plural] = resource
        # A kind may be served by two resources (pods/eviction is none): the first one counts.
        self._by_kind.setdefault((resource.api_version, resource.kind), resource)

    def serve(self, resource: Resource) -> Resource:
        """Register a resource as the one that who awaits it already holds, and answer that one."""
        awaited = self._awaited.pop((resource.group, resource.version, resource.plural), None)
        if awaited is not None:
            awaited.follow(resource)
            resource = awaited
        self.register(resource)
        return resource

    def own(self, resource: Resource) -> Resource:
        """This scheme's resource at the path of one that a program has made.

        If there is none it is awaited: when its definition comes, the one that is answered is served.
        """
        if resource.module:  # Kubernetes' own are the same in all schemes
            return resource
        path = resource.group, resource.version, resource.plural
        found = self._by_path.get(path) or self._awaited.get(path)
        if found is None:  # a copy: other schemes may have another definition of it
            group, version, plural = path
            found = self._awaited[path] = Resource(
                group,
                version,
                plural,
                resource.kind,
                namespaced=resource.namespaced,
                verbs=resource.verbs,
            )
            found.follow(resource)
        return found

    def unregister(self, resource: Resource) -> None:
        """Take a resource away; who holds it gets it back when it is served again."""
        path = resource.group, resource.version, resource.plural
        if self._by_path.pop(path, None) is resource:
            self._awaited[path] = resource
        if self._by_kind.get((resource.api_version, resource.kind)) is resource:
            del self._by_kind[resource.api_version, resource.kind]
        self._by_type = {t: r for t, r in self._by_type.items() if r is not resource}

    def resources(self) -> Iterator[Resource]:
        """All resources, in the order of registration."""
        return iter(list(self._by_path.values()))

    def by_path(self, group: str, version: str, plural: str) -> Resource | None:
        """The resource at `/apis/<group>/<version>/<plural>`, if there is one."""
        return self._by_path.get((group, version, plural))

    def by_kind(self, api_version: str, kind: str) -> Resource:
        """The resource that serves a kind. Raises UnknownKind."""
        resource = self._by_kind.get((api_version, kind))
        if resource is None:
            raise UnknownKind(api_version, kind)
        return resource

    def by_type(self, type_: type[Any]) -> Resource:
        """The resource of a Struct class. Raises UnknownKind."""
        resource = self._by_type.get(type_)
        if resource is None:
            if not hasattr(type_, "api_version"):
                raise UnknownKind("", type_.__name__)
            resource = self._by_type[type_] = self.by_kind(type_.api_version, type_.kind)
        return resource

    def groups(self) -> list[str]:
        """The groups in the order of discovery."""
        present = {r.group for r in self._by_path.values()}
        known = [g for g in KUBERNETES_GROUPS if g in present]
        return known + sorted(present - set(known))

    def versions(self, group: str) -> list[str]:
        """The versions of a group, the preferred one first (v2 before v1 before v1beta1)."""
        found = {r.version for r in self._by_path.values() if r.group == group}
        return sorted(found, key=version_order)

    def storage(self, resource: Resource) -> Resource:
        """The version of a resource that is stored: the preferred one of its group that has it.

        Events are stored as core/v1, whichever of their two groups they come by.
        """
        if resource.key == "events.events.k8s.io":
            return self._by_path["", "v1", "events"]
        if resource.storage_version:
            path = (resource.group, resource.storage_version, resource.plural)
            return self._by_path.get(path, resource)
        for version in self.versions(resource.group):
            found = self._by_path.get((resource.group, version, resource.plural))
            if found is not None:
                return found
        return resource


def version_order(version: str) -> tuple[int, int, int]:
    """Stable before beta before alpha; then the higher number first."""
    for rank, word in enumerate(("beta", "alpha"), start=1):
        major, found, minor = version.removeprefix("v").partition(word)
        if found and major.isdecimal() and minor.isdecimal():
            return rank, -int(major), -int(minor)
    number = version.removeprefix("v")
    return 0, -int(number) if number.isdecimal() else 0, 0


def _from_row(row: tuple[Any, ...]) -> Resource:
    group, version, plural, kind, namespaced, verbs, subresources, short, categories, *home = row
    return Resource(
        group,
        version,
        plural,
        kind,
        namespaced=namespaced,
        verbs=verbs,
        subresources=tuple(Subresource(*sub) for sub in subresources),
        short_names=short,
        categories=categories,
        module=home[0],
        type_name=home[1],
    )


_BUILTIN: Final = tuple(_from_row(row) for row in RESOURCES)
DEFAULT: Final = Scheme.builtin()


def resource_of(type_: type[Any]) -> Resource:
    """The built-in resource of a Struct class. Raises UnknownKind."""
    return DEFAULT.by_type(type_)


class MergeInfo:
    """How a field merges: Kubernetes' patch strategy, and the keys of its lists."""

    __slots__ = ("list_map_keys", "list_type", "merge_key", "strategies")

    def __init__(
        self, strategy: str, merge_key: str, list_type: str, list_map_keys: tuple[str, ...]
    ) -> None:
        self.strategies = tuple(strategy.split(",")) if strategy else ()
        self.merge_key = merge_key
        self.list_type = list_type
        self.list_map_keys = list_map_keys


def merge_info(type_: type[Any], wire_field: str) -> MergeInfo | None:
    """How a field (by its name on the wire) of a Struct class merges; None: nothing special."""
    rules = MERGE.get(_document_name(type_))
    rule = rules.get(wire_field) if rules is not None else None
    return None if rule is None else MergeInfo(*rule)


def _document_name(type_: type[Any]) -> str:
    """`core.v1.PodSpec`, wherever in the package of core/v1 the class lives."""
    parts = type_.__module__.split(".")
    return ".".join((*parts[2:4], type_.__name__))
