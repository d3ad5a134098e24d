"""DenyServiceExternalIPs: nobody takes other people's addresses for a Service of theirs.

CVE-2020-8554: whoever may write Services could catch the traffic to any address by naming it as an
external one.
"""

from orchestrator.api.scheme import Resource
from orchestrator.apiserver.admission.interface import (
    AdmissionPlugin,
    AdmissionRequest,
    Operation,
    Reader,
)
from orchestrator.apiserver.errors import forbidden


class DenyServiceExternalIPs(AdmissionPlugin):
    """Refuses external addresses that the Service does not have already."""

    name = "DenyServiceExternalIPs"
    default_on = False

    def handles(self, operation: Operation, resource: Resource, subresource: str) -> bool:
        """As `AdmissionPlugin.handles`."""
        written = operation in ("CREATE", "UPDATE")
        return written and resource.key == "services" and not subresource

    def validate(self, request: AdmissionRequest, reader: Reader) -> None:
        """Errors: Forbidden."""
        new, old = (
            () if each is None or each.spec is None else each.spec.external_ips
            for each in (request.object, request.old_object)
        )
        if not set(new) <= set(old):
            why = "Use of external IPs is denied by admission control"
            raise forbidden(request.resource, request.name, why)
