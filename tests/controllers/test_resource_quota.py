"""ResourceQuotas: what their status shows."""

from typing import Any

import pytest

from orchestrator import Cluster
from orchestrator.api.apps.v1 import ReplicaSet
from orchestrator.api.core.v1 import ResourceQuota
from orchestrator.controllers.resource_quota import counted_by
from tests.controllers.test_replicaset import replica_set
from tests.manifests import Manifest


def _quota(**hard: str) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "q", "namespace": "default"},
        "spec": {"hard": hard},
    }


def _sized(replicas: int) -> Manifest:
    resources = {"requests": {"cpu": "300m", "memory": "64Mi"}, "limits": {"cpu": "400m"}}
    spec: dict[str, Any] = {
        "template": {
            "metadata": {"labels": {"app": "set"}},
            "spec": {"containers": [{"name": "c", "image": "i", "resources": resources}]},
        }
    }
    return replica_set(replicas=replicas, **spec)


async def _used(cluster: Cluster) -> dict[str, Any]:
    found = await cluster.client.get(ResourceQuota, "q", namespace="default")
    assert found.status is not None
    assert found.spec is not None
    assert found.status.hard == found.spec.hard
    return dict(found.status.used)


async def test_the_status_follows_what_there_is(cluster: Cluster) -> None:
    """Up to what the quota lets in, and down again."""
    names = {"requests.cpu": "1", "limits.cpu": "2", "count/replicasets.apps": "3"}
    await cluster.apply([_quota(**names)])
    await cluster.clock.sleep(2)
    assert await _used(cluster) == dict.fromkeys(names, "0")
    await cluster.apply([_sized(5)])
    await cluster.clock.sleep(10)
    assert await _used(cluster) == {
        "requests.cpu": "900m",
        "limits.cpu": "1200m",
        "count/replicasets.apps": "1",
    }
    await cluster.client.scale(ReplicaSet, "set", 0, namespace="default")
    await cluster.clock.sleep(60)
    assert (await _used(cluster))["requests.cpu"] == "0"


async def test_a_quota_that_grows_counts_the_new_name_at_once(cluster: Cluster) -> None:
    """Memory in powers of two; other kinds by number."""
    await cluster.apply([_sized(2), _quota(pods="9")])
    await cluster.clock.sleep(10)
    assert await _used(cluster) == {"pods": "2"}
    await cluster.apply([_quota(pods="9", memory="1Gi", configmaps="5")])
    await cluster.clock.sleep(2)
    used = await _used(cluster)
    assert (used["pods"], used["memory"]) == ("2", "128Mi")
    before = int(used["configmaps"])
    config: Manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}
    await cluster.apply([config])
    await cluster.clock.sleep(2)
    assert int((await _used(cluster))["configmaps"]) == before + 1


@pytest.mark.parametrize(
    ("name", "counted"),
    [
        ("pods", "pods"),
        ("limits.memory", "pods"),
        ("requests.nvidia.com/gpu", "pods"),
        ("services.nodeports", "services"),
        ("gold.storageclass.storage.k8s.io/requests.storage", "persistentvolumeclaims"),
        ("count/widgets.example.com", "widgets.example.com"),
    ],
)
def test_names_say_what_they_count(name: str, counted: str) -> None:
    """By their form."""
    assert counted_by(name) == counted
