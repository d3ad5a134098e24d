"""What `kubectl get` shows of the kinds of `apiregistration`."""

from typing import Final

from orchestrator.api.apiregistration.v1 import APIService, APIServiceSpec, APIServiceStatus
from orchestrator.apiserver.printing import Printer, Row, age
from orchestrator.machinery.conditions import find


def _service_cells(obj: APIService, now: float) -> Row:
    spec, status = obj.spec or APIServiceSpec(), obj.status or APIServiceStatus()
    service = spec.service
    available = find(status.conditions, "Available")
    if available is None:
        word = "Unknown"
    elif available.status == "True" or not available.reason:
        word = available.status
    else:
        word = f"{available.status} ({available.reason})"
    return (
        obj.metadata.name,
        "Local" if service is None else f"{service.namespace}/{service.name}",
        word,
        age(obj, now),
    )


SERVICES: Final = Printer(
    cells=_service_cells,
)
