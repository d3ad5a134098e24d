"""The API's schemas: OpenAPI v2 in one document, v3 in one a group and version.

Both are made at the first request, which takes some 20 ms for v2 and 5 for core/v1, and are kept
with their compressed form. Kubernetes' protobuf form of them is not made: a client that wants
nothing else is told so (406), and falls back to JSON or to the other version.
"""

import hashlib
from functools import lru_cache
from typing import Final, NamedTuple

import msgspec

from orchestrator.api import document
from orchestrator.api.scheme import DEFAULT
from orchestrator.apiserver.http.errors import no_such_path, not_acceptable
from orchestrator.apiserver.http.negotiation import clauses
from orchestrator.apiserver.http.replies import gzip
from orchestrator.apiserver.http.version import GIT_VERSION

_JSON: Final = ("application/json", "application/*", "*/*")


class Schema(NamedTuple):
    """A document, as it is and in gzip."""

    data: bytes
    gzipped: bytes
    etag: str


def schema_at(parts: list[str], accept: str) -> Schema:
    """The document at /openapi/...; raises NotFound and NotAcceptable."""
    if accept and not any(clause.media_type in _JSON for clause in clauses(accept)):
        raise not_acceptable(("application/json",))
    match parts:
        case ["openapi", "v2"]:
            return _v2()
        case ["openapi", "v3"]:
            return _v3_index()
        case ["openapi", "v3", "api", version]:
            return _v3("", version)
        case ["openapi", "v3", "apis", group, version]:
            return _v3(group, version)
    raise no_such_path()


def _schema(body: object) -> Schema:
    data = msgspec.json.encode(body)
    return Schema(data, gzip(data), f'"{hashlib.sha512(data).hexdigest().upper()}"')


@lru_cache(maxsize=1)
def _v2() -> Schema:
    return _schema(document.swagger())


@lru_cache(maxsize=128)
def _v3(group: str, version: str) -> Schema:
    body = document.openapi_v3(group, version)
    if body is None:
        raise no_such_path()
    return _schema(body)


@lru_cache(maxsize=1)
def _v3_index() -> Schema:
    paths = {}
    for group in DEFAULT.groups():
        for version in DEFAULT.versions(group):
            path = f"apis/{group}/{version}" if group else f"api/{version}"
            url = f"/openapi/v3/{path}?hash={_hash(path)}"
            paths[path] = {"serverRelativeURL": url}
    return _schema({"paths": paths})


def _hash(path: str) -> str:
    """By this a client knows that its copy is still good.

    The documents follow from the version that they are generated from, so the path and the version
    say as much as the text would, and the index can be made without making them all.
    """
    return hashlib.sha256(f"{GIT_VERSION} {path}".encode()).hexdigest().upper()
