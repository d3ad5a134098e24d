"""As whom Kubernetes' own controllers write."""

import pytest

from orchestrator.apiserver.bootstrap import rules_of
from orchestrator.controllers import CONTROLLERS
from orchestrator.controllers.base import KubernetesController


@pytest.mark.parametrize("controller", CONTROLLERS, ids=lambda each: each.name)
def test_each_writes_as_a_service_account_with_a_role_of_its_own(
    controller: type[KubernetesController],
) -> None:
    """The role is one of those of a new cluster."""
    account = controller.account
    assert rules_of(f"system:controller:{account}" if account else "system:kube-controller-manager")
