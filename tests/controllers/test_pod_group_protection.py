"""Groups of pods that are to go wait for their pods."""

from typing import Any

import pytest

from orchestrator import Cluster
from orchestrator.api.core.v1 import Pod
from orchestrator.api.rbac.v1 import ClusterRole, ClusterRoleBinding
from orchestrator.api.scheduling.v1alpha2 import PROTECTION, PodGroup
from orchestrator.controllers.pod_group_protection import PodGroupProtectionController
from orchestrator.protocol import NotFound
from tests.manifests import SIMULATION

_VERSION = "scheduling.k8s.io/v1alpha2"


def _group(name: str) -> dict[str, Any]:
    return {
        "apiVersion": _VERSION,
        "kind": "PodGroup",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"schedulingPolicy": {"basic": {}}},
    }


def _pod(name: str, group: str, **annotations: str) -> dict[str, Any]:
    marks = {SIMULATION + key.replace("_", "-"): text for key, text in annotations.items()}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "default", "annotations": marks},
        "spec": {
            "schedulingGroup": {"podGroupName": group},
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": 1,
            "containers": [{"name": "c", "image": "i"}],
        },
    }


def _cluster() -> Cluster:
    return Cluster(
        nodes=1, feature_gates={"GenericWorkload": True}, runtime_config={_VERSION: True}
    )


async def test_a_group_stays_as_long_as_a_pod_of_it_is_active() -> None:
    """One that is deleted lets it go, and one that has ended; a group without pods goes at once."""
    async with _cluster() as cluster:
        await cluster.apply([*map(_group, ("lasting", "ending", "empty")), _pod("a", "lasting")])
        await cluster.apply(_pod("b", "ending", run_seconds="30"))
        for name in ("lasting", "ending", "empty"):
            await cluster.client.delete(PodGroup, name, namespace="default")
        await cluster.clock.sleep(10)
        held = {g.metadata.name: g.metadata.finalizers for g in await cluster.client.list(PodGroup)}
        assert held == {"lasting": (PROTECTION,), "ending": (PROTECTION,)}
        await cluster.clock.sleep(60)
        assert [g.metadata.name for g in await cluster.client.list(PodGroup)] == ["lasting"]
        await cluster.client.delete(Pod, "a", namespace="default")
        await cluster.clock.sleep(10)
        assert not await cluster.client.list(PodGroup)


async def test_its_controller_has_a_role_where_groups_are_served() -> None:
    """And elsewhere there is neither."""
    role = f"system:controller:{PodGroupProtectionController.account}"
    async with _cluster() as cluster:
        rules = (await cluster.client.get(ClusterRole, role)).rules
        assert [rule.resources for rule in rules] == [("podgroups",), ("pods",)]
        subjects = (await cluster.client.get(ClusterRoleBinding, role)).subjects
        assert [each.name for each in subjects] == [PodGroupProtectionController.account]
    async with Cluster(nodes=0) as cluster:
        with pytest.raises(NotFound):
            await cluster.client.get(ClusterRole, role)
