"""The whole documents: version 2 in one, version 3 in one a group and version."""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple, TypeAlias

from orchestrator.api import document
from orchestrator.api.scheme import Resource, Scheme
from orchestrator.apiserver.openapi import custom_shapes, rendering, schemas
from orchestrator.apiserver.openapi.operations import (
    META,
    Operation,
    Route,
    discovery_routes,
    root,
    routes_of,
)
from orchestrator.apiserver.openapi.schemas import V2, V3, Shape

_BEARER: Final = {
    "BearerToken": {
        "description": "Bearer Token authentication",
        "type": "apiKey",
        "name": "authorization",
        "in": "header",
    }
}


class Own(NamedTuple):
    """What a custom resource's definition says: a schema in JSON's form, and the fields to select by."""

    schema: Shape | None = None
    selectable: tuple[str, ...] = ()


OwnOf: TypeAlias = Callable[[Resource], Own]


def _nothing(_resource: Resource) -> Own:
    """Of built-in resources the facts are known."""
    return _NOTHING


class Described(NamedTuple):
    """What the documents say of one resource: its paths, and its shapes in the two dialects.

    The shapes of built-in kinds are not here; their names are known.
    """

    routes: tuple[Route, ...]
    definitions: Mapping[str, Shape]
    schemas: Mapping[str, Shape]


_NOTHING: Final = Own()
# The original's document is of a server as it comes: of kinds behind feature gates it has no word.
_ANYTHING: Final = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
_GATED: Final = Own(
    {"type": "object", "properties": {"spec": _ANYTHING, "status": _ANYTHING}},
)


def openapi_of(resource: Resource, own: Own = _NOTHING) -> Described:
    """The description of a resource; `own` is what a custom resource's definition says."""
    by_kind = schemas.names_by_kind()
    known = (resource.group, resource.version, resource.kind) in by_kind
    if not resource.module or not known:
        own = own if not resource.module else _GATED
        names = custom_shapes.names_of_custom(resource)
        return Described(
            tuple(routes_of(resource, *names)),
            custom_shapes.custom(resource, own.schema, V2, own.selectable),
            custom_shapes.custom(resource, own.schema, V3, own.selectable),
        )
    name = by_kind[resource.group, resource.version, resource.kind]
    list_name = by_kind.get((resource.group, resource.version, resource.list_kind), "")
    return Described(tuple(routes_of(resource, name, list_name)), {}, {})


class Documents:
    """The documents of one scheme as it is now; `own_of` tells what custom resources' definitions say."""

    def __init__(self, scheme: Scheme, own_of: OwnOf = _nothing) -> None:
        self._described = {
            resource: openapi_of(resource, own_of(resource)) for resource in scheme.resources()
        }
        self._custom = {each.group for each in self._described if not each.module}
        # Custom groups have no operations of their own: their discovery is made elsewhere.
        self._groups = {
            group: scheme.versions(group) for group in scheme.groups() if group not in self._custom
        }
        # Version 3's parts by their path below /openapi/v3: each the routes of one document.
        self._parts: dict[str, list[Route]] = {}
        for route in discovery_routes(self._groups):
            self._parts.setdefault(route.path.strip("/"), []).append(route)
        for resource, described in self._described.items():
            part = root(resource.group, resource.version).strip("/")
            self._parts.setdefault(part, []).extend(described.routes)

    def parts(self) -> list[str]:
        """What version 3 has documents of: `api/v1`, `apis/apps`, `version`, ..."""
        return sorted(self._parts)

    def is_custom(self, part: str) -> bool:
        """Whether the document of a part depends on more than the version of the server."""
        return _of(part)[0] in self._custom

    def version_2(self) -> dict[str, Any]:
        """The one document of version 2."""
        definitions = dict(schemas.builtin())
        for described in self._described.values():
            definitions.update(described.definitions)
        routes = [route for part in self._parts.values() for route in part]
        return {
            "swagger": "2.0",
            "info": _info(),
            "paths": {r.path: rendering.version_2(r) for r in sorted(routes, key=_path)},
            "definitions": dict(sorted(definitions.items())),
            "securityDefinitions": _BEARER,
            "security": [{"BearerToken": []}],
        }

    def version_3(self, part: str) -> dict[str, Any] | None:
        """One document of version 3; None where there is none."""
        routes = self._parts.get(part)
        if routes is None:
            return None
        group, version = _of(part)
        own = {
            name: shape
            for resource, described in self._described.items()
            if (resource.group, resource.version) == (group, version)
            for name, shape in described.schemas.items()
        }
        needed = schemas.with_all_needed([*_mentioned(routes), *schemas.references(dict(own))])
        custom = group in self._custom
        shapes = {
            name: shape if custom else schemas.served_in(shape, group, version)
            for name, shape in needed.items()
        }
        components: dict[str, Any] = {} if custom else {"securitySchemes": _BEARER}
        if shapes or own:
            components["schemas"] = dict(sorted({**shapes, **own}.items()))
        return {
            "openapi": "3.0.0",
            "info": _CUSTOM_INFO if custom else _info(),
            "paths": {r.path: rendering.version_3(r) for r in sorted(routes, key=_path)},
            "components": components,
        }


_CUSTOM_INFO: Final = {"title": "Kubernetes CRD Swagger", "version": "v0.1.0"}


def _info() -> dict[str, str]:
    return {"title": "Kubernetes", "version": document.load()["version"]}


def _path(route: Route) -> str:
    return route.path


def _of(part: str) -> tuple[str, str]:
    """Group and version of `apis/apps/v1`, `api/v1`; empty where there is none."""
    words = part.split("/")
    if words[0] == "api":
        return "", words[1] if len(words) > 1 else ""
    return words[1] if len(words) > 1 else "", words[2] if len(words) > 2 else ""


def _mentioned(routes: list[Route]) -> list[str]:
    operations: list[Operation] = [o for route in routes for o in route.operations.values()]
    names = {o.answer for o in operations} | {o.body for o in operations if o.body is not None}
    if any(o.action == "watchlist" for o in operations):
        names |= {f"{META}WatchEvent"}
    return sorted(name for name in names if name)
