"""An object that somebody outside has changed: shown without what the server owns, and read back."""

from typing import Any, Final

from msgspec.structs import replace

from orchestrator.api import codec
from orchestrator.api.scheme import Resource, Scheme
from orchestrator.apiserver.admission.interface import AdmissionRequest
from orchestrator.apiserver.admission.questions import filled
from orchestrator.apiserver.kinds import kind_of
from orchestrator.apiserver.kinds.conversion import conversion

# What a change of these would say is passed over: the server has settled them.
_OWNED: Final = (
    "name",
    "namespace",
    "uid",
    "creation_timestamp",
    "deletion_timestamp",
    "deletion_grace_period_seconds",
    "generation",
    "resource_version",
    "managed_fields",
)

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
    document: dict[str, Any], request: AdmissionRequest, version: Resource, scheme: Scheme
) -> Any:
    """The changed object as the request has it, with its defaults. Raises DecodeError, Unconverted."""
    old = request.object
    stored = scheme.storage(request.resource)
    if type(old) is not stored.type:
        new = codec.decode(document, type(old))
    else:
        new = codec.decode(document, version.type)
        versions = kind_of(stored).versions
        if versions is not None:
            new = versions.converted(_read_once(new, request), old.api_version)
        else:
            convert = conversion(version, stored)
            new = new if convert is None else convert(new)
    kept = {field: getattr(old.metadata, field) for field in _OWNED}
    new = replace(new, metadata=replace(new.metadata, **kept))
    return filled(new, request, scheme)


def _read_once(new: Any, request: AdmissionRequest) -> Any:
    """The object as it was read before: that which is converted is known by its identity."""
    if request.rounds is None:
        return new
    known: list[Any] = request.rounds.memory.setdefault(_READ, [])
    found = next((each for each in known if each == new), None)
    if found is None:
        known.append(new)
    return found or new
