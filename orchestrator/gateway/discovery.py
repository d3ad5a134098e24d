"""What a cluster serves beside the built-in kinds: its custom resources."""

import logging
from typing import Any, Final

import msgspec
from msgspec import Struct

from orchestrator.api.scheme import Resource, Scheme, Subresource
from orchestrator.gateway.connection import Connection
from orchestrator.gateway.requests import HttpRequest
from orchestrator.protocol import ApiError, NotFound

_log: Final = logging.getLogger("orchestrator")


class _Version(Struct, rename="camel"):
    group_version: str
    version: str


class _Group(Struct, rename="camel"):
    name: str
    versions: list[_Version] = []
    preferred_version: _Version | None = None


class _Groups(Struct):
    groups: list[_Group] = []


class _Served(Struct, rename="camel"):
    name: str
    namespaced: bool
    kind: str
    verbs: tuple[str, ...] = ()
    singular_name: str = ""
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    group: str = ""
    version: str = ""


class _Resources(Struct):
    resources: list[_Served] = []


async def discover(connection: Connection, scheme: Scheme, passed_over: set[str]) -> None:
    """Register what the server's groups serve that the scheme does not know. Raises ApiError.

    A group that another server serves, which is down, is passed over: nobody else has to wait for it. It is told of
    once, by `passed_over`.
    """
    groups: _Groups = await _read(connection, "/apis", _Groups)
    known = {resource.group for resource in scheme.resources() if resource.module}
    for group in groups.groups:
        if group.name in known:
            continue
        for version in group.versions:
            path = f"/apis/{version.group_version}"
            try:
                served: _Resources = await _read(connection, path, _Resources)
            except ApiError as error:
                if version.group_version not in passed_over:
                    _log.warning("the kinds of %s are not known: %s", version.group_version, error)
                    passed_over.add(version.group_version)
                continue
            for resource in _resources(group.name, version.version, served.resources):
                if scheme.by_path(resource.group, resource.version, resource.plural) is None:
                    scheme.register(resource)


async def versions_of(connection: Connection, group: str) -> list[str]:
    """The versions in which a group is served, the preferred one first; none if it is not. Raises ApiError."""
    try:
        found: _Group = await _read(connection, f"/apis/{group}", _Group)
    except NotFound:
        return []
    preferred = [] if found.preferred_version is None else [found.preferred_version]
    return list(dict.fromkeys(each.version for each in (*preferred, *found.versions)))


async def _read(connection: Connection, path: str, type_: Any) -> Any:
    _, body, _ = await connection.send(HttpRequest("GET", path))
    return msgspec.json.decode(body, type=type_)


def _resources(group: str, version: str, served: list[_Served]) -> list[Resource]:
    return [
        Resource(
            group,
            version,
            each.name,
            each.kind,
            namespaced=each.namespaced,
            verbs=each.verbs,
            subresources=tuple(
                Subresource(
                    part.name.partition("/")[2],
                    part.group or group,
                    part.version or version,
                    part.kind,
                    part.verbs,
                )
                for part in served
                if part.name.startswith(f"{each.name}/")
            ),
            short_names=each.short_names,
            categories=each.categories,
            singular=each.singular_name,
        )
        for each in served
        if "/" not in each.name
    ]
