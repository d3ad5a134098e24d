"""Who may do what: role bindings and certificate requests. (Roles have the default table.)"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from orchestrator.api.certificates.v1 import (
    CertificateSigningRequest,
    CertificateSigningRequestStatus,
)
from orchestrator.api.rbac.v1 import ClusterRoleBinding, RoleBinding, Subject
from orchestrator.apiserver.http.tables.printer import (
    AGE,
    NAME,
    NONE,
    Printer,
    Row,
    age,
    column,
    wide,
)
from orchestrator.machinery.times import human_duration


def _binding_cells(obj: RoleBinding | ClusterRoleBinding, now: float) -> Row:
    return (
        obj.metadata.name,
        f"{obj.role_ref.kind}/{obj.role_ref.name}",
        age(obj, now),
        _subjects(obj.subjects, "User"),
        _subjects(obj.subjects, "Group"),
        _subjects(obj.subjects, "ServiceAccount"),
    )


def _subjects(subjects: Iterable[Subject], kind: str) -> str:
    account = kind == "ServiceAccount"
    return ", ".join(
        f"{s.namespace}/{s.name}" if account else s.name for s in subjects if s.kind == kind
    )


_BINDINGS: Final = Printer(
    columns=(
        NAME,
        column("Role", "The role that is given."),
        AGE,
        wide("Users", "The users that it is given to."),
        wide("Groups", "The groups that it is given to."),
        wide("ServiceAccounts", "The service accounts that it is given to."),
    ),
    cells=_binding_cells,
)


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


_REQUESTS: Final = Printer(
    columns=(
        NAME,
        AGE,
        column("SignerName", "Who is asked to sign."),
        column("Requestor", "Who asks."),
        column("RequestedDuration", "How long the certificate is to be valid."),
        column("Condition", "What became of it."),
    ),
    cells=_request_cells,
)

TABLES: Final[Mapping[type[Any], Printer[Any]]] = {
    RoleBinding: _BINDINGS,
    ClusterRoleBinding: _BINDINGS,
    CertificateSigningRequest: _REQUESTS,
}
