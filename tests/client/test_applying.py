"""Server-side apply by the typed client, against a whole cluster."""

import pytest
from msgspec.structs import replace

from orchestrator import Cluster
from orchestrator.api.autoscaling import v1, v2
from orchestrator.api.core.v1 import ConfigMap, Pod
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.protocol import Conflict
from tests.manifests import deployment


def _config(**data: str) -> ConfigMap:
    return ConfigMap(metadata=ObjectMeta(name="c", namespace="default"), data=data)


async def test_two_managers_share_an_object(cluster: Cluster) -> None:
    """Each sets fields of its own; the other's are a conflict unless they are forced."""
    client = cluster.client
    await client.apply_server_side(_config(a="1"), field_manager="one")
    both = await client.apply_server_side(_config(b="1"), field_manager="two")
    assert dict(both.data) == {"a": "1", "b": "1"}
    with pytest.raises(Conflict, match="one"):
        await client.apply_server_side(_config(a="2", b="1"), field_manager="two")
    forced = await client.apply_server_side(_config(a="2"), field_manager="two", force=True)
    assert dict(forced.data) == {"a": "2"}


async def test_what_was_read_can_be_applied(cluster: Cluster) -> None:
    """An object with its managedFields is applied without them."""
    client = cluster.client
    made = await client.apply_server_side(_config(a="1"), field_manager="one")
    changed = await client.apply_server_side(replace(made, data={"a": "2"}), field_manager="one")
    assert dict(changed.data) == {"a": "2"}


async def test_components_are_the_managers_of_what_they_write(cluster: Cluster) -> None:
    """A pod of a Deployment was made by the controller manager, and is reported by the kubelet."""
    await cluster.apply([deployment(replicas=1)])
    await cluster.clock.sleep(30.0)
    (pod,) = await cluster.client.list(Pod)
    assert {(each.manager, each.subresource) for each in pod.metadata.managed_fields} == {
        ("kube-controller-manager", ""),
        ("kubelet", "status"),
    }


async def test_owners_by_another_version_keep_and_lose_their_fields(cluster: Cluster) -> None:
    """What one manager set through v2 of a kind another takes through v1, and no more."""
    target = v2.CrossVersionObjectReference(api_version="apps/v1", kind="Deployment", name="web")
    spec = v2.HorizontalPodAutoscalerSpec(max_replicas=5, min_replicas=2, scale_target_ref=target)
    metadata = ObjectMeta(name="web", namespace="default")
    client = cluster.client
    await client.create(v2.HorizontalPodAutoscaler(metadata=metadata, spec=spec))
    body = {"spec": {"maxReplicas": 7}}
    old = v1.HorizontalPodAutoscaler
    await client.patch(old, "web", body, namespace="default")
    read = await client.get(old, "web", namespace="default")
    owners = {each.api_version: each.fields_v1["f:spec"] for each in read.metadata.managed_fields}
    assert owners["autoscaling/v1"] == {"f:maxReplicas": {}}
    assert "f:maxReplicas" not in owners["autoscaling/v2"]
    assert "f:minReplicas" in owners["autoscaling/v2"]
