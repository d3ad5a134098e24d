"""What `kubectl get` shows of the kinds of `rbac`."""

from collections.abc import Iterable
from typing import Final

from orchestrator.api.rbac.v1 import ClusterRoleBinding, RoleBinding, Subject
from orchestrator.apiserver.printing import Printer, Row, age


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


BINDINGS: Final = Printer(
    cells=_binding_cells,
)
