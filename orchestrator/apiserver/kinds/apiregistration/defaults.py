"""What Kubernetes fills in of an APIService."""

from typing import Final

from orchestrator.api.apiregistration.v1 import APIService, ServiceReference
from orchestrator.apiserver.defaults.change import fill, maybe, put

_PORT: Final = 443


def default_api_service(service: APIService) -> APIService:
    """The server behind it listens where servers of HTTPS do."""
    spec = service.spec
    if spec is None:
        return service
    return put(service, spec=put(spec, service=maybe(spec.service, _default_reference)))


def _default_reference(reference: ServiceReference) -> ServiceReference:
    return fill(reference, port=_PORT)
