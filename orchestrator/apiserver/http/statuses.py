"""Status documents, byte for byte as Kubernetes writes them.

Clients compare them as text now and then, so the keys come in the order of Go's struct, what is empty
is left out, and the document ends with a newline as all of Kubernetes' JSON does.
"""

from typing import Any

import msgspec
from msgspec import UNSET, Struct, UnsetType

from orchestrator.api.meta.v1 import Status, StatusDetails
from orchestrator.protocol import ApiError, status_of


class _Cause(Struct, frozen=True, omit_defaults=True):
    reason: str = ""
    message: str = ""
    field: str = ""


class _Details(Struct, frozen=True, omit_defaults=True, rename="camel"):
    name: str = ""
    group: str = ""
    kind: str = ""
    uid: str = ""
    causes: tuple[_Cause, ...] = ()
    retry_after_seconds: int | None = None


class _Document(Struct, frozen=True, rename="camel"):
    kind: str = "Status"
    api_version: str = "v1"
    metadata: dict[str, Any] = {}
    status: str | UnsetType = UNSET
    message: str | UnsetType = UNSET
    reason: str | UnsetType = UNSET
    details: _Details | UnsetType = UNSET
    code: int | UnsetType = UNSET


def document(status: Status) -> bytes:
    """The JSON document, without the newline that ends an answer."""
    return msgspec.json.encode(
        _Document(
            metadata=msgspec.to_builtins(status.metadata),
            status=status.status or UNSET,
            message=status.message or UNSET,
            reason=status.reason or UNSET,
            details=UNSET if status.details is None else _details(status.details),
            code=status.code or UNSET,
        )
    )


def error_document(error: ApiError) -> bytes:
    """An error's Status."""
    return document(status_of(error))


def _details(details: StatusDetails) -> _Details:
    return _Details(
        details.name,
        details.group,
        details.kind,
        details.uid,
        tuple(_Cause(c.reason, c.message, c.field) for c in details.causes),
        details.retry_after_seconds,
    )
