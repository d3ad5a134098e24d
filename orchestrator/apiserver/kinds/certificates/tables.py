"""What `kubectl get` shows of the kinds of `certificates`."""

from typing import Final

from orchestrator.api.certificates.v1 import (
    CertificateSigningRequest,
    CertificateSigningRequestStatus,
)
from orchestrator.apiserver.printing import NONE, Printer, Row, age
from orchestrator.machinery.times import human_duration


def _request_cells(obj: CertificateSigningRequest, now: float) -> Row:
    seconds = obj.spec.expiration_seconds
    return (
        obj.metadata.name,
        age(obj, now),
        obj.spec.signer_name or NONE,
        obj.spec.username or "",
        NONE if seconds is None else human_duration(seconds),
        _request_state(obj.status or CertificateSigningRequestStatus()),
    )


def _request_state(status: CertificateSigningRequestStatus) -> str:
    types = {condition.type for condition in status.conditions}
    words = ["Denied" if "Denied" in types else "Approved" if "Approved" in types else "Pending"]
    if "Failed" in types:
        words.append("Failed")
    if status.certificate:
        words.append("Issued")
    return ",".join(words)


REQUESTS: Final = Printer(
    cells=_request_cells,
)
