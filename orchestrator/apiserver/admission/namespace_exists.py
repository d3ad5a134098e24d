"""NamespaceExists: nothing is written in a namespace that is not there."""

from orchestrator.api.core.v1 import Namespace
from orchestrator.api.scheme import Resource, resource_of
from orchestrator.apiserver.admission.interface import (
    AdmissionPlugin,
    AdmissionRequest,
    Operation,
    Reader,
)
from orchestrator.apiserver.errors import not_found


class NamespaceExists(AdmissionPlugin):
    """Refuses writes in missing namespaces, deletions and changes as well."""

    name = "NamespaceExists"
    default_on = False

    def handles(self, operation: Operation, resource: Resource, subresource: str) -> bool:
        """As `AdmissionPlugin.handles`."""
        return resource.namespaced and operation != "CONNECT"

    def validate(self, request: AdmissionRequest, reader: Reader) -> None:
        """Errors: NotFound (the namespace)."""
        if reader.get(Namespace, request.namespace) is None:
            raise not_found(resource_of(Namespace), request.namespace)
