"""NamespaceLifecycle: nothing begins in a namespace that is not there or that ends."""

from typing import Any, Final

from orchestrator.api.core.v1 import Namespace
from orchestrator.api.scheme import Resource, resource_of
from orchestrator.apiserver.admission.interface import (
    AdmissionPlugin,
    AdmissionRequest,
    Operation,
    Reader,
)
from orchestrator.apiserver.errors import forbidden, namespace_terminating, not_found

_IMMORTAL: Final = frozenset({"default", "kube-system", "kube-public"})
# Asking whether one may do something in a namespace that is not there is no mistake.
_REVIEWS: Final = "localsubjectaccessreviews.authorization.k8s.io"


class NamespaceLifecycle(AdmissionPlugin):
    """Refuses to create in a missing or ending namespace, and to delete the cluster's own."""

    name = "NamespaceLifecycle"

    def handles(self, operation: Operation, resource: Resource, subresource: str) -> bool:
        """As `AdmissionPlugin.handles`."""
        if operation == "DELETE":
            return resource.key == "namespaces" and not subresource
        return operation == "CREATE" and resource.namespaced and resource.key != _REVIEWS

    def judges(self, operation: Operation, resource: Resource, subresource: str) -> bool:
        """As `AdmissionPlugin.judges`."""
        return operation == "DELETE" and self.handles(operation, resource, subresource)

    def admit(self, request: AdmissionRequest, reader: Reader) -> Any:
        """The object. Errors: NotFound (the namespace), Forbidden (it is being terminated)."""
        namespace = reader.get(Namespace, request.namespace)
        if namespace is None:
            raise not_found(resource_of(Namespace), request.namespace)
        status = namespace.status
        if namespace.metadata.deletion_timestamp is not None or (
            status is not None and status.phase == "Terminating"
        ):
            raise namespace_terminating(request.resource, request.name, request.namespace)
        return request.object

    def validate(self, request: AdmissionRequest, reader: Reader) -> None:
        """Errors: Forbidden (a namespace that must stay)."""
        if request.operation == "DELETE" and request.name in _IMMORTAL:
            raise forbidden(request.resource, request.name, "this namespace may not be deleted")
