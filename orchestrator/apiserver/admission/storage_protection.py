"""StorageObjectInUseProtection: claims, volumes and their classes of attributes wait for their users."""

from typing import Any, Final

from msgspec.structs import replace

from orchestrator.api.scheme import Resource
from orchestrator.apiserver.admission.interface import (
    AdmissionPlugin,
    AdmissionRequest,
    Operation,
    Reader,
)

_FINALIZERS: Final = {
    "persistentvolumes": "kubernetes.io/pv-protection",
    "persistentvolumeclaims": "kubernetes.io/pvc-protection",
    "volumeattributesclasses.storage.k8s.io": "kubernetes.io/vac-protection",
}


class StorageObjectInUseProtection(AdmissionPlugin):
    """Adds the finalizer that the protection controllers remove."""

    name = "StorageObjectInUseProtection"

    def handles(self, operation: Operation, resource: Resource, subresource: str) -> bool:
        """As `AdmissionPlugin.handles`."""
        return operation == "CREATE" and resource.key in _FINALIZERS and not subresource

    def admit(self, request: AdmissionRequest, reader: Reader) -> Any:
        """The object with its finalizer."""
        finalizer = _FINALIZERS[request.resource.key]
        meta = request.object.metadata
        if finalizer in meta.finalizers:
            return request.object
        meta = replace(meta, finalizers=(*meta.finalizers, finalizer))
        return replace(request.object, metadata=meta)
