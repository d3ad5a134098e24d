"""The API's schemas as clients ask for them: OpenAPI v2 in one document, v3 in one a group and version.

Documents are made at the first request, kept with their compressed form, and made again when what is served
has changed. Making v2 takes some 20 ms, core/v1 of v3 some 10. Only v2 has a protobuf form, too, since
kubectl reads it in no other.
"""

import hashlib
from typing import Any, Final, NamedTuple

import msgspec

from orchestrator.api import openapi_protobuf
from orchestrator.api.scheme import Resource, Scheme
from orchestrator.apiserver.http.errors import PageNotFound
from orchestrator.apiserver.http.negotiation import clauses
from orchestrator.apiserver.http.replies import gzip
from orchestrator.apiserver.http.version import GIT_VERSION
from orchestrator.apiserver.kinds import kind_of
from orchestrator.apiserver.openapi.documents import Documents, Own

_JSON: Final = ("application/json", "application/*", "*/*")
# JSON it is all the same; Kubernetes does not say so.
_INDEX_TYPE: Final = "text/plain; charset=utf-8"
_V2_FORMS: Final = (*_JSON[:1], *openapi_protobuf.MEDIA_TYPES)


class Schema(NamedTuple):
    """A document, as it is and in gzip; the index has no tag."""

    data: bytes
    gzipped: bytes
    etag: str
    media_type: str = "application/json"


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
    """The documents of one scheme."""

    def __init__(self, scheme: Scheme) -> None:
        self._scheme = scheme
        self._served: tuple[tuple[Resource, int], ...] = ()
        self._documents: Documents  # made at the first request: it reads all the facts
        self._kept: dict[str, Schema] = {}

    def find(self, parts: list[str], accept: str, hash_: str = "") -> Schema:
        """The document at /openapi/... for an Accept header, and the hash that the client expects.

        Raises NoDocument, NoForm and Moved. The index of version 3 comes to whatever the client says that it takes.
        """
        self._refresh()
        if parts[1:] == ["v2"]:
            return self._version_2(accept)
        if parts[1:] == ["v3"]:
            return self._made("v3", self._index, _INDEX_TYPE)._replace(etag="")
        if parts[1:2] != ["v3"]:
            raise NoDocument
        found = self._version_3("/".join(parts[2:]))
        if accept and not any(clause.media_type in _JSON for clause in clauses(accept)):
            raise NoForm
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

    def _made(self, name: str, make: Any, media_type: str = "application/json") -> Schema:
        found = self._kept.get(name)
        if found is None:
            data = make()
            text = data if isinstance(data, bytes) else msgspec.json.encode(data)
            found = self._kept[name] = Schema(text, gzip(text), _tag(text), media_type)
        return found

    def _version_2(self, accept: str) -> Schema:
        wanted = next((c.media_type for c in clauses(accept) if c.media_type in _V2_FORMS), "")
        if wanted in openapi_protobuf.MEDIA_TYPES:
            return self._made("v2 protobuf", self._protobuf, openapi_protobuf.MEDIA_TYPES[1])
        if accept and not any(clause.media_type in _JSON for clause in clauses(accept)):
            raise NoForm
        return self._made("v2", self._documents.version_2)

    def _protobuf(self) -> bytes:
        return openapi_protobuf.encode(self._documents.version_2())

    def _version_3(self, part: str) -> Schema:
        found = self._kept.get(part)
        if found is None:
            document = self._documents.version_3(part)
            if document is None:
                raise NoDocument
            text = msgspec.json.encode(document)
            found = Schema(text, gzip(text), f'"{self._hash(part, text)}"')
            self._kept[part] = found
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


def _tag(data: bytes) -> str:
    return f'"{hashlib.sha512(data).hexdigest().upper()}"'
