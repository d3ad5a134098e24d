"""The metadata of resources that are embedded in custom resources, and in the defaults of their schemas."""

from typing import Any, Final

from msgspec.structs import replace

from orchestrator.api import codec
from orchestrator.apiserver.validation.field import Errors
from orchestrator.apiserver.validation.metadata import metadata_faults
from orchestrator.machinery.names import path_segment_errors

_NAMELESS: Final = "nameless"


def embedded_metadata_faults(document: Any, path: str) -> Errors:
    """What is wrong with metadata at a path: as of an object that stands alone, but that a name may be missing."""
    metadata = codec.metadata_of(document, path, [])
    metadata = replace(metadata, name=metadata.name or _NAMELESS)
    namespaced = bool(metadata.namespace)
    for fault in metadata_faults(metadata, namespaced, path_segment_errors, finalizer_names=False):
        yield replace(fault, field=path + fault.field.removeprefix("metadata"))
