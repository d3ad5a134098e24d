"""DefaultStorageClass and DefaultIngressClass: who names no class gets the cluster's default."""

from typing import Any, Final

from msgspec.structs import replace

from orchestrator.api.core.v1 import PersistentVolumeClaim, PersistentVolumeClaimSpec
from orchestrator.api.networking.v1 import Ingress, IngressClass, IngressSpec
from orchestrator.api.scheme import Resource
from orchestrator.api.storage.v1 import StorageClass
from orchestrator.apiserver.admission.interface import (
    AdmissionPlugin,
    AdmissionRequest,
    Operation,
    Reader,
)
from orchestrator.machinery.default_classes import STORAGE_MARKS, default_name

_DEFAULT_INGRESS: Final = ("ingressclass.kubernetes.io/is-default-class",)
_OLD_STORAGE: Final = "volume.beta.kubernetes.io/storage-class"
_OLD_INGRESS: Final = "kubernetes.io/ingress.class"


class DefaultStorageClass(AdmissionPlugin):
    """Gives claims without a class the default StorageClass."""

    name = "DefaultStorageClass"

    def handles(self, operation: Operation, resource: Resource, subresource: str) -> bool:
        """As `AdmissionPlugin.handles`."""
        return (
            operation == "CREATE" and resource.key == "persistentvolumeclaims" and not subresource
        )

    def admit(self, request: AdmissionRequest, reader: Reader) -> Any:
        """The claim with a class, if the cluster has a default."""
        claim: PersistentVolumeClaim = request.object
        spec = claim.spec or PersistentVolumeClaimSpec()
        # "" asks for a volume of no class.
        if spec.storage_class_name is not None or _OLD_STORAGE in claim.metadata.annotations:
            return claim
        name = default_name(reader.list(StorageClass), STORAGE_MARKS)
        return replace(claim, spec=replace(spec, storage_class_name=name)) if name else claim


class DefaultIngressClass(AdmissionPlugin):
    """Gives ingresses without a class the default IngressClass."""

    name = "DefaultIngressClass"

    def handles(self, operation: Operation, resource: Resource, subresource: str) -> bool:
        """As `AdmissionPlugin.handles`."""
        known = resource.key == "ingresses.networking.k8s.io"
        return operation == "CREATE" and known and not subresource

    def admit(self, request: AdmissionRequest, reader: Reader) -> Any:
        """The ingress with a class, if the cluster has a default."""
        ingress: Ingress = request.object
        spec = ingress.spec or IngressSpec()
        if spec.ingress_class_name is not None or _OLD_INGRESS in ingress.metadata.annotations:
            return ingress
        name = default_name(reader.list(IngressClass), _DEFAULT_INGRESS)
        return replace(ingress, spec=replace(spec, ingress_class_name=name)) if name else ingress
