"""What Kubernetes fills in of the kinds of `rbac`."""

from typing import Final

from orchestrator.api.rbac.v1 import (
    ClusterRoleBinding,
    RoleBinding,
    Subject,
)
from orchestrator.apiserver.defaults.change import each, fill_zero, put

_RBAC: Final = "rbac.authorization.k8s.io"


def default_role_binding(binding: RoleBinding) -> RoleBinding:
    """Roles, users and groups are RBAC's."""
    return put(
        binding,
        role_ref=fill_zero(binding.role_ref, api_group=_RBAC),
        subjects=each(binding.subjects, _default_subject),
    )


def default_cluster_role_binding(binding: ClusterRoleBinding) -> ClusterRoleBinding:
    """Roles, users and groups are RBAC's."""
    return put(
        binding,
        role_ref=fill_zero(binding.role_ref, api_group=_RBAC),
        subjects=each(binding.subjects, _default_subject),
    )


def _default_subject(subject: Subject) -> Subject:
    return fill_zero(subject, api_group=_RBAC) if subject.kind in ("User", "Group") else subject
