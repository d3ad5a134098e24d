"""The API's schemas as clients ask for them: OpenAPI v2 in one document, v3 in one a group and version.

Documents are made at the first request, kept, and made again when what is served
has changed. Making v2 takes some 20 ms, core/v1 of v3 some 10; in protobuf they take some 500 and 300, in a thread.
"""

import hashlib
from collections.abc import Callable
from functools import partial
from typing import Any, Final, Literal, NamedTuple, TypeAlias

import msgspec

from orchestrator.api.scheme import Resource, Scheme
from orchestrator.apiserver.aside import aside
from orchestrator.apiserver.http.errors import PageNotFound
from orchestrator.apiserver.http.negotiation import clauses
from orchestrator.apiserver.http.replies import gzip
from orchestrator.apiserver.http.version import GIT_VERSION
from orchestrator.apiserver.kinds import kind_of
from orchestrator.apiserver.openapi import protobuf
from orchestrator.apiserver.openapi.documents import Documents, Own

Version: TypeAlias = Literal["v2", "v3"]

_JSON: Final = "application/json"
# JSON it is all the same; Kubernetes does not say so.
_INDEX_TYPE: Final = "text/plain; charset=utf-8"


class Schema(NamedTuple):
    """A document, and when it was made; the index has no tag. Only version 2 is sent in gzip."""

    data: bytes
    gzipped: bytes | None
    etag: str
    moment: float
    media_type: str = _JSON


class Moved(Exception):
    """The document has another hash than the client says: it is at `location`."""

    def __init__(self, location: str, etag: str) -> None:
        super().__init__(location)
        self.location = location
        self.etag = etag


class NoDocument(PageNotFound):
    """There is no document at the path; version 3 says so with nothing else."""


class NoForm(Exception):
    """The client takes none of the document's forms; the answer says so with nothing else."""


class OpenApi:
    """The documents of one scheme; `now` tells the time."""

    def __init__(self, scheme: Scheme, now: Callable[[], float]) -> None:
        self._scheme = scheme
        self._now = now
        self._served: tuple[tuple[Resource, int], ...] = ()
        self._documents: Documents  # made at the first request: it reads all the facts
        self._kept: dict[str, Schema] = {}

    async def find(self, parts: list[str], accept: str, hash_: str = "") -> Schema:
        """The document at /openapi/... for an Accept header, and the hash that the client expects.

        Raises NoDocument, NoForm and Moved. The index of version 3 comes to whatever the client says that it takes.
        """
        self._refresh()
        if parts[1:] == ["v2"]:
            return await self._in_form("v2", "v2", self._version_2(), accept)
        if parts[1:] == ["v3"]:
            return self._keep("", msgspec.json.encode(self._index()), "", _INDEX_TYPE)
        if parts[1:2] != ["v3"]:
            raise NoDocument
        part = "/".join(parts[2:])
        found = await self._in_form("v3", part, self._version_3(part), accept)
        present = found.etag.strip('"')
        if hash_ and hash_ != present:
            raise Moved(f"/{'/'.join(parts)}?hash={present}", found.etag)
        return found

    def _refresh(self) -> None:
        """Forget what was made of other resources; a definition changes what is known of its own."""
        served = tuple((each, id(each.knowledge)) for each in self._scheme.resources())
        if served != self._served:
            self._documents = Documents(self._scheme, _own)
            self._served, self._kept = served, {}

    async def _in_form(self, version: Version, name: str, plain: Schema, accept: str) -> Schema:
        """A document as the client wants it. Raises NoForm."""
        media_type = _media_type(accept, version)
        if media_type == _JSON:
            return plain
        name, kept = f"{name} {media_type}", self._kept
        found = kept.get(name)
        if found is None:
            document = msgspec.json.decode(plain.data)
            data = await aside(partial(protobuf.encode, document, version))
            found = Schema(
                data, await aside(partial(gzip, data)), plain.etag, plain.moment, media_type
            )
            kept[name] = found
        return found

    def _version_2(self) -> Schema:
        found = self._kept.get("v2")
        if found is None:
            text = msgspec.json.encode(self._documents.version_2())
            found = self._keep("v2", text, hashlib.sha512(text).hexdigest().upper())
            found = self._kept["v2"] = found._replace(gzipped=gzip(text))
        return found

    def _version_3(self, part: str) -> Schema:
        """Raises NoDocument."""
        found = self._kept.get(part)
        if found is None:
            document = self._documents.version_3(part)
            if document is None:
                raise NoDocument
            text = msgspec.json.encode(document)
            found = self._keep(part, text, self._hash(part, text))
        return found

    def _keep(self, name: str, text: bytes, hash_: str, media_type: str = _JSON) -> Schema:
        etag = f'"{hash_}"' if hash_ else ""
        found = self._kept[name] = Schema(text, None, etag, self._now(), media_type)
        return found

    def _index(self) -> dict[str, Any]:
        return {
            "paths": {
                part: {"serverRelativeURL": f"/openapi/v3/{part}?hash={self._hash(part)}"}
                for part in self._documents.parts()
            }
        }

    def _hash(self, part: str, text: bytes = b"") -> str:
        """By this a client knows that its copy is still good.

        Built-in documents follow from the version, so that and the path say as much as the text would,
        and the index can be made without making them all. Of others the text is asked.
        """
        if not self._documents.is_custom(part):
            return hashlib.sha512(f"{GIT_VERSION} {part}".encode()).hexdigest().upper()
        if not text:
            text = msgspec.json.encode(self._documents.version_3(part))
        return hashlib.sha512(text).hexdigest().upper()


def _own(resource: Resource) -> Own:
    """What a custom resource's definition says."""
    kind = kind_of(resource)
    return Own(kind.schema, tuple(kind.selectable))


def _media_type(accept: str, version: Version) -> str:
    """Which of a document's forms the client likes best. Raises NoForm."""
    sent, other = protobuf.MEDIA_TYPES[version]
    for clause in clauses(accept or "*/*"):
        wanted = clause.media_type.replace("*/", "application/", 1)
        if wanted in (_JSON, "application/*"):
            return _JSON
        if wanted in (sent, other):
            return sent
    raise NoForm
