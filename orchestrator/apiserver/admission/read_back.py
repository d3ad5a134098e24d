"""An object that somebody outside has changed: shown without what the server owns, and read back."""

from typing import Any, Final

from msgspec.structs import replace

from orchestrator.api import codec
from orchestrator.api.errors import DecodeError
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.api.scheme import Resource, Scheme
from orchestrator.apiserver import errors
from orchestrator.apiserver.admission.interface import AdmissionRequest
from orchestrator.apiserver.admission.questions import filled
from orchestrator.apiserver.kinds import kind_of
from orchestrator.apiserver.kinds.conversion import conversion
from orchestrator.machinery.field_errors import quote

# What a change of these would say is passed over: the server has settled them.
_SETTLED: Final = ("creation_timestamp", "generation", "managed_fields")
_OF_NEW: Final = (*_SETTLED, "uid", "deletion_timestamp", "deletion_grace_period_seconds")
_OF_OTHERS: Final = (*_OF_NEW, "name", "namespace", "resource_version")

_READ: Final = "read back"


def shown(document: dict[str, Any], request: AdmissionRequest) -> dict[str, Any]:
    """The document of a new object, as it is before the server names, dates and identifies it."""
    if request.operation != "CREATE":
        return document
    metadata = dict(document.get("metadata") or {})
    for field in ("uid", "creationTimestamp", "generation"):
        metadata.pop(field, None)
    message = request.message
    if message is not None and not message.name and not message.object.metadata.name:
        metadata.pop("name", None)
    return {**document, "metadata": metadata}


def read_back(
    document: dict[str, Any],
    request: AdmissionRequest,
    version: Resource,
    scheme: Scheme,
    *,
    strict: bool = False,
) -> Any:
    """The changed object as the request has it, with its defaults; `strict`: which may have no unknown fields.

    Raises DecodeError, Unconverted; BadRequest for another namespace, Conflict for another version.
    """
    old = request.object
    stored = scheme.storage(request.resource)
    if type(old) is not stored.type:
        new = codec.decode(document, type(old))
    else:
        new, unknown = codec.decode_noting(document, version.type)
        if unknown and strict:
            words = ", ".join(f"unknown field {quote(each)}" for each in unknown)
            raise DecodeError("", words, words=f"strict decoding error: {words}")
        versions = kind_of(stored).versions
        if versions is not None:
            new = versions.converted(_read_once(new, request), old.api_version)
        else:
            convert = conversion(version, stored)
            new = new if convert is None else convert(new)
    new = replace(new, metadata=_settled(new.metadata, request))
    return filled(new, request, scheme)


def _settled(metadata: ObjectMeta, request: AdmissionRequest) -> ObjectMeta:
    """The metadata with what nobody outside changes. What else may not be changed is left to the rules of all metadata."""
    old: ObjectMeta = request.object.metadata
    if request.subresource not in ("", "status"):
        return replace(metadata, **{field: getattr(old, field) for field in _OF_OTHERS})
    if metadata.namespace and metadata.namespace != old.namespace and request.resource.namespaced:
        raise errors.namespace_differs()
    begins, version = request.operation == "CREATE", metadata.resource_version
    if version and version != old.resource_version:
        if begins:
            raise errors.version_on_create()
        raise errors.modified(request.resource, request.name)
    kept = {field: getattr(old, field) for field in (_OF_NEW if begins else _SETTLED)}
    if begins and not metadata.name and old.generate_name:
        kept["name"] = old.name  # which the server has made
    return replace(
        metadata,
        **kept,
        namespace=old.namespace,
        resource_version=old.resource_version,
        **({} if begins else {"uid": metadata.uid or old.uid}),
    )


def _read_once(new: Any, request: AdmissionRequest) -> Any:
    """The object as it was read before: that which is converted is known by its identity."""
    if request.rounds is None:
        return new
    known: list[Any] = request.rounds.memory.setdefault(_READ, [])
    found = next((each for each in known if each == new), None)
    if found is None:
        known.append(new)
    return found or new
