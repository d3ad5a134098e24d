"""Admin access to devices: only namespaces that are labelled for it may ask for it.

Kubernetes asks this where it validates claims, so it is no plugin that can be named or left out.
"""

from collections.abc import Sequence
from typing import Any, Final

from orchestrator.api.core.v1 import Namespace
from orchestrator.api.resource.v1 import ResourceClaim, ResourceClaimTemplate
from orchestrator.api.scheme import Resource
from orchestrator.apiserver.admission.interface import (
    AdmissionPlugin,
    AdmissionRequest,
    Operation,
    Reader,
)
from orchestrator.apiserver.errors import invalid_field
from orchestrator.apiserver.validation.field import forbidden

LABEL: Final = "resource.kubernetes.io/admin-access"
_KINDS: Final = frozenset(
    ("resourceclaims.resource.k8s.io", "resourceclaimtemplates.resource.k8s.io")
)


class DeviceAdminAccess(AdmissionPlugin):
    """Refuses claims, templates and allocations with admin access in other namespaces."""

    name = "DeviceAdminAccess"

    def handles(self, operation: Operation, resource: Resource, subresource: str) -> bool:
        """As `AdmissionPlugin.handles`."""
        if resource.key not in _KINDS:
            return False
        return (operation, subresource) in (("CREATE", ""), ("UPDATE", "status"))

    def validate(self, request: AdmissionRequest, reader: Reader) -> None:
        """Errors: Invalid."""
        new, old = request.object, request.old_object
        path = _asked(new) if old is None else "" if _granted(old) else _granted(new)
        if not path:
            return
        namespace = reader.get(Namespace, request.namespace)
        if namespace is None or namespace.metadata.labels.get(LABEL) != "true":
            detail = (
                f"admin access to devices requires the `{LABEL}: true` label on the containing "
                "namespace"
            )
            raise invalid_field(request.resource, request.name, forbidden(path, detail))


def _asked(obj: ResourceClaim | ResourceClaimTemplate) -> str:
    """The path of the first request with admin access; empty: there is none."""
    spec = obj.spec.spec if isinstance(obj, ResourceClaimTemplate) else obj.spec
    requests = spec.devices.requests if spec.devices is not None else ()
    access = [r.exactly is not None and bool(r.exactly.admin_access) for r in requests]
    return _path("spec.devices.requests", access)


def _granted(claim: Any) -> str:
    """The path of the first device that is allocated with admin access; empty: there is none."""
    allocation = claim.status.allocation if claim.status is not None else None
    devices = allocation.devices if allocation is not None else None
    results = devices.results if devices is not None else ()
    return _path("status.allocation.devices.results", [bool(r.admin_access) for r in results])


def _path(where: str, access: Sequence[bool]) -> str:
    return f"{where}[{access.index(True)}].adminAccess" if True in access else ""
