"""The example of a custom controller, in a whole cluster."""

from typing import Any

from examples.reloader import ENABLED, Reloader
from orchestrator import Cluster
from orchestrator.api.apps.v1 import Deployment
from orchestrator.api.core.v1 import ConfigMap, Pod


def _manifests(setting: str, annotations: dict[str, str]) -> list[dict[str, Any]]:
    labels = {"app": "web"}
    return [
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "settings", "namespace": "default"},
            "data": {"setting": setting},
        },
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "web", "namespace": "default", "annotations": annotations},
            "spec": {
                "replicas": 3,
                "selector": {"matchLabels": labels},
                "template": {
                    "metadata": {"labels": labels},
                    "spec": {
                        "containers": [
                            {
                                "name": "web",
                                "image": "web:1",
                                "envFrom": [{"configMapRef": {"name": "settings"}}],
                            }
                        ]
                    },
                },
            },
        },
    ]


async def _pods_after_a_change(
    cluster: Cluster, annotations: dict[str, str]
) -> tuple[set[str], ...]:
    await cluster.run_controller(Reloader)
    await cluster.apply(_manifests("old", annotations))
    await cluster.clock.sleep(60)
    before = {p.metadata.uid for p in await cluster.client.list(Pod, namespace="default")}
    await cluster.apply(_manifests("new", annotations)[:1])
    await cluster.clock.sleep(120)
    after = {p.metadata.uid for p in await cluster.client.list(Pod, namespace="default")}
    return before, after


async def test_a_changed_config_map_rolls_out_new_pods(cluster: Cluster) -> None:
    before, after = await _pods_after_a_change(cluster, {ENABLED: "true"})
    assert len(before) == len(after) == 3
    assert not before & after
    web = await cluster.client.get(Deployment, "web", namespace="default")
    assert web.status is not None
    assert web.status.available_replicas == 3


async def test_a_deployment_that_does_not_ask_keeps_its_pods(cluster: Cluster) -> None:
    before, after = await _pods_after_a_change(cluster, {})
    assert before == after


async def test_an_equal_write_changes_nothing(cluster: Cluster) -> None:
    await cluster.run_controller(Reloader)
    await cluster.apply(_manifests("old", {ENABLED: "true"}))
    await cluster.clock.sleep(60)
    before = await cluster.client.get(Deployment, "web", namespace="default")
    settings = await cluster.client.get(ConfigMap, "settings", namespace="default")
    await cluster.client.update(settings)
    await cluster.clock.sleep(60)
    after = await cluster.client.get(Deployment, "web", namespace="default")
    assert after.metadata.generation == before.metadata.generation
