"""As whom Kubernetes' own controllers write."""

import pytest

from orchestrator.api.rbac.v1 import ClusterRole, Role
from orchestrator.apiserver.allocation import SERVICE_NETWORK
from orchestrator.apiserver.bootstrap import furniture
from orchestrator.controllers import CONTROLLERS
from orchestrator.controllers.base import KubernetesController

_FURNITURE = furniture("2026-01-01T00:00:00Z", SERVICE_NETWORK, groups=True)
_ROLES = (*_FURNITURE[Role], *_FURNITURE[ClusterRole])
_RULES = {role.metadata.name: role.rules for role in _ROLES}


@pytest.mark.parametrize("controller", CONTROLLERS, ids=lambda each: each.name)
def test_each_writes_as_a_service_account_with_a_role_of_its_own(
    controller: type[KubernetesController],
) -> None:
    """The role is one of those of a new cluster."""
    account = controller.account
    assert _RULES[f"system:controller:{account}" if account else "system:kube-controller-manager"]
