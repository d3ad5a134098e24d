"""The API's schemas: OpenAPI v2 in one document, v3 in one a group and version.

Both are made at the first request, which takes some 20 ms for v2 and 5 for core/v1, and are kept
with their compressed form. Only v2 has a protobuf form, too, since kubectl reads it in no other.
"""

import hashlib
from functools import lru_cache
from typing import Final, NamedTuple

import msgspec

from orchestrator.api import document, openapi_protobuf
from orchestrator.api.scheme import DEFAULT
from orchestrator.apiserver.http.errors import no_such_path, not_acceptable
from orchestrator.apiserver.http.negotiation import clauses
from orchestrator.apiserver.http.replies import gzip
from orchestrator.apiserver.http.version import GIT_VERSION

_JSON: Final = ("application/json", "application/*", "*/*")
_V2_FORMS: Final = (*_JSON[:1], *openapi_protobuf.MEDIA_TYPES)


class Schema(NamedTuple):
    """A document, as it is and in gzip."""

    data: bytes
    gzipped: bytes
    etag: str
    media_type: str = "application/json"


def schema_at(parts: list[str], accept: str) -> Schema:
    """The document at /openapi/...; raises NotFound and NotAcceptable."""
    if parts == ["openapi", "v2"]:
        wanted = next((c.media_type for c in clauses(accept) if c.media_type in _V2_FORMS), "")
        if wanted in openapi_protobuf.MEDIA_TYPES:
            return _v2_protobuf()
    if accept and not any(clause.media_type in _JSON for clause in clauses(accept)):
        raise not_acceptable(_V2_FORMS if parts[1:] == ["v2"] else ("application/json",))
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


def _schema(data: bytes, media_type: str = "application/json") -> Schema:
    etag = f'"{hashlib.sha512(data).hexdigest().upper()}"'
    return Schema(data, gzip(data), etag, media_type)


@lru_cache(maxsize=1)
def _v2() -> Schema:
    return _schema(msgspec.json.encode(document.swagger()))


@lru_cache(maxsize=1)
def _v2_protobuf() -> Schema:
    return _schema(openapi_protobuf.swagger(), openapi_protobuf.MEDIA_TYPES[1])


@lru_cache(maxsize=128)
def _v3(group: str, version: str) -> Schema:
    body = document.openapi_v3(group, version)
    if body is None:
        raise no_such_path()
    return _schema(msgspec.json.encode(body))


@lru_cache(maxsize=1)
def _v3_index() -> Schema:
    paths = {}
    for group in DEFAULT.groups():
        for version in DEFAULT.versions(group):
            path = f"apis/{group}/{version}" if group else f"api/{version}"
            url = f"/openapi/v3/{path}?hash={_hash(path)}"
            paths[path] = {"serverRelativeURL": url}
    return _schema(msgspec.json.encode({"paths": paths}))


def _hash(path: str) -> str:
    """By this a client knows that its copy is still good.

    The documents follow from the version that they are generated from, so the path and the version
    say as much as the text would, and the index can be made without making them all.
    """
    return hashlib.sha256(f"{GIT_VERSION} {path}".encode()).hexdigest().upper()
