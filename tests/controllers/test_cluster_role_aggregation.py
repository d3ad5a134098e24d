"""ClusterRoles that are made of others."""

from typing import Any

import pytest

from orchestrator import Cluster
from orchestrator.api.rbac.v1 import ClusterRole
from orchestrator.protocol import Conflict
from tests.manifests import Manifest


def _role(name: str, resource: str = "", **fields: Any) -> Manifest:
    rules = [{"apiGroups": [""], "resources": [resource], "verbs": ["get"]}] if resource else []
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": name, "labels": {"part-of": "whole"} if resource else {}},
        "rules": rules,
        **fields,
    }


async def _resources(cluster: Cluster) -> list[str]:
    role = await cluster.client.get(ClusterRole, "whole")
    return [resource for rule in role.rules for resource in rule.resources]


async def test_a_role_has_the_rules_of_its_parts(cluster: Cluster) -> None:
    """By name, each once; and loses those of a part that goes."""
    selector = {"clusterRoleSelectors": [{"matchLabels": {"part-of": "whole"}}]}
    await cluster.apply([_role("b", "pods"), _role("a", "secrets"), _role("c", "pods")])
    await cluster.apply([_role("whole", aggregationRule=selector)])
    await cluster.clock.sleep(1)
    assert await _resources(cluster) == ["secrets", "pods"]
    await cluster.client.delete(ClusterRole, "a")
    await cluster.apply([_role("d", "nodes")])
    await cluster.clock.sleep(1)
    assert await _resources(cluster) == ["pods", "nodes"]


async def test_the_rules_are_applied(cluster: Cluster) -> None:
    """So that who applies rules of her own hears of the controller; without a part there are none."""
    selector = {"clusterRoleSelectors": [{"matchLabels": {"part-of": "whole"}}]}
    whole = _role("whole", aggregationRule=selector)
    await cluster.apply([_role("a", "secrets"), whole])
    await cluster.clock.sleep(1)
    whole["rules"] = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]
    with pytest.raises(Conflict, match=r'with "clusterrole-aggregation-controller": \.rules'):
        await cluster.client.apply_server_side(whole)
    await cluster.client.delete(ClusterRole, "a")
    await cluster.clock.sleep(1)
    assert await _resources(cluster) == []
