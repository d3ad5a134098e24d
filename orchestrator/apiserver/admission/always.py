"""AlwaysAdmit and AlwaysDeny: everything, or nothing."""

from orchestrator.api.scheme import Resource
from orchestrator.apiserver.admission.interface import (
    AdmissionPlugin,
    AdmissionRequest,
    Operation,
    Reader,
)
from orchestrator.apiserver.errors import forbidden


class AlwaysAdmit(AdmissionPlugin):
    """Has nothing to say."""

    name = "AlwaysAdmit"
    default_on = False

    def handles(self, operation: Operation, resource: Resource, subresource: str) -> bool:
        """As `AdmissionPlugin.handles`."""
        return False


class AlwaysDeny(AdmissionPlugin):
    """Refuses every write, the cluster's own components' too."""

    name = "AlwaysDeny"
    default_on = False

    def handles(self, operation: Operation, resource: Resource, subresource: str) -> bool:
        """As `AdmissionPlugin.handles`."""
        return True

    def validate(self, request: AdmissionRequest, reader: Reader) -> None:
        """Errors: Forbidden."""
        why = "admission control is denying all modifications"
        raise forbidden(request.resource, request.name, why)
