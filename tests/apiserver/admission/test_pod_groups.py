"""A group of pods is made with a finalizer, and of a template that exists."""

from typing import Any

import pytest

from orchestrator import Cluster
from orchestrator.api.scheduling.v1alpha2 import PROTECTION, PodGroup, Workload
from orchestrator.protocol import Forbidden

_VERSION = "scheduling.k8s.io/v1alpha2"
_BASIC: dict[str, Any] = {"schedulingPolicy": {"basic": {}}}


def _group(name: str, template: str = "", **metadata: Any) -> dict[str, Any]:
    of = {"workload": {"workloadName": "work", "podGroupTemplateName": template}}
    return {
        "apiVersion": _VERSION,
        "kind": "PodGroup",
        "metadata": {"name": name, "namespace": "default", **metadata},
        "spec": _BASIC | ({"podGroupTemplateRef": of} if template else {}),
    }


_WORKLOAD: dict[str, Any] = {
    "apiVersion": _VERSION,
    "kind": "Workload",
    "metadata": {"name": "work", "namespace": "default", "finalizers": ["example.com/kept"]},
    "spec": {"podGroupTemplates": [{"name": "workers", **_BASIC}]},
}


def _cluster() -> Cluster:
    return Cluster(
        nodes=0, feature_gates={"GenericWorkload": True}, runtime_config={_VERSION: True}
    )


async def test_a_group_gets_its_finalizer_once() -> None:
    """Behind those that it has already."""
    async with _cluster() as cluster:
        await cluster.apply([_group("plain"), _group("own", finalizers=[PROTECTION])])
        await cluster.apply(_group("other", finalizers=["example.com/kept"]))
        found = {
            g.metadata.name: g.metadata.finalizers for g in await cluster.client.list(PodGroup)
        }
        assert found == {
            "plain": (PROTECTION,),
            "own": (PROTECTION,),
            "other": ("example.com/kept", PROTECTION),
        }


async def _refusal(cluster: Cluster, template: str) -> str:
    with pytest.raises(Forbidden) as caught:
        await cluster.apply(_group("mine", template))
    return caught.value.message


async def test_a_group_is_of_a_template_that_exists() -> None:
    """There is no Workload; it has no such template; it has one; it goes."""
    said = 'podgroups.scheduling.k8s.io "mine" is forbidden: PodGroup rejected: '
    async with _cluster() as cluster:
        assert await _refusal(cluster, "workers") == said + 'Workload "work" not found'
        await cluster.apply(_WORKLOAD)
        words = 'PodGroupTemplate "drivers" not found in Workload "work"'
        assert await _refusal(cluster, "drivers") == said + words
        await cluster.apply(_group("theirs", "workers"))
        await cluster.client.delete(Workload, "work", namespace="default")
        assert await _refusal(cluster, "workers") == said + 'Workload "work" is being deleted'
