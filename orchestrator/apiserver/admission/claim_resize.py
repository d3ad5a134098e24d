"""PersistentVolumeClaimResize: a claim grows only where its class says that volumes can."""

from typing import Final

from orchestrator.api.core.v1 import PersistentVolumeClaim
from orchestrator.api.scalars import Quantity
from orchestrator.api.scheme import Resource
from orchestrator.api.storage.v1 import StorageClass
from orchestrator.apiserver.admission.interface import (
    AdmissionPlugin,
    AdmissionRequest,
    Operation,
    Reader,
)
from orchestrator.apiserver.errors import forbidden
from orchestrator.machinery import quantities

_OLD_CLASS: Final = "volume.beta.kubernetes.io/storage-class"
_NOT_BOUND: Final = "Only bound persistent volume claims can be expanded"
_CANNOT: Final = (
    "only dynamically provisioned pvc can be resized and "
    "the storageclass that provisions the pvc must support resize"
)


class PersistentVolumeClaimResize(AdmissionPlugin):
    """Refuses to let other claims grow."""

    name = "PersistentVolumeClaimResize"

    def handles(self, operation: Operation, resource: Resource, subresource: str) -> bool:
        """As `AdmissionPlugin.handles`."""
        claims = resource.key == "persistentvolumeclaims"
        return operation == "UPDATE" and claims and not subresource

    def validate(self, request: AdmissionRequest, reader: Reader) -> None:
        """Errors: Forbidden."""
        new, old = request.object, request.old_object
        if quantities.compare(_size(new), _size(old)) <= 0:
            return
        if old.status is None or old.status.phase != "Bound":
            raise forbidden(request.resource, request.name, _NOT_BOUND)
        name = _class_of(new)
        found = reader.get(StorageClass, name) if name and name == _class_of(old) else None
        if found is None or not found.allow_volume_expansion:
            raise forbidden(request.resource, request.name, _CANNOT)


def _size(claim: PersistentVolumeClaim) -> Quantity:
    resources = claim.spec.resources if claim.spec is not None else None
    return "0" if resources is None else resources.requests.get("storage", "0")


def _class_of(claim: PersistentVolumeClaim) -> str:
    old = claim.metadata.annotations.get(_OLD_CLASS)
    if old is not None:
        return old
    return (claim.spec.storage_class_name if claim.spec is not None else None) or ""
