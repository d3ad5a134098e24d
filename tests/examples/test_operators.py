"""The examples of operators, each in a whole cluster."""

from typing import Any

import pytest

from examples.healer import ENABLED, Healer
from examples.queue_scaler import WORKERS, QueueScaler
from examples.team_labels import CONFIGURATION, URL, TeamCounter, check
from examples.websites import WEBSITES, Websites
from orchestrator import Cluster
from orchestrator.api.apps.v1 import Deployment
from orchestrator.api.core.v1 import ConfigMap, Event, Pod, Service
from orchestrator.apiserver.admission import Admission
from orchestrator.protocol import ApiError, Invalid
from tests.manifests import deployment


def _website(**spec: Any) -> dict[str, Any]:
    metadata = {"name": "shop", "namespace": "default"}
    return {"apiVersion": "example.com/v1", "kind": "Website", "metadata": metadata, "spec": spec}


async def _replicas(cluster: Cluster, name: str) -> int | None:
    found = await cluster.client.get(Deployment, name)
    return found.spec.replicas if found.spec is not None else None


async def test_a_website_has_children_and_a_status(cluster: Cluster) -> None:
    """They follow it, come back, and go with it; its rule is kept."""
    await cluster.client.create(WEBSITES.definition())
    await cluster.clock.sleep(1)
    await cluster.run_controller(Websites)
    with pytest.raises(Invalid, match="name a version"):
        await cluster.apply([_website(image="shop:latest")])
    await cluster.apply([_website(image="shop:1", replicas=2)])
    await cluster.client.wait(Deployment, "shop", "condition=Available")
    await cluster.clock.sleep(5)
    resource = cluster.scheme.by_kind("example.com/v1", "Website")
    site: Any = await cluster.client.get(resource, "shop")
    assert site.content["status"] == {"replicas": 2, "url": "http://shop.default.svc"}
    await cluster.client.scale(resource, "shop", 3)
    await cluster.client.delete(Service, "shop")
    await cluster.clock.sleep(30)
    assert await _replicas(cluster, "shop") == 3
    assert (await cluster.client.get(Service, "shop")).metadata.owner_references[0].name == "shop"
    await cluster.client.delete(resource, "shop")
    await cluster.client.wait(Deployment, "shop", "delete")


async def test_workers_follow_the_queue(cluster: Cluster) -> None:
    """At once to more, and to fewer when the queue has been short for a while."""
    await cluster.run_controller(QueueScaler)
    await cluster.apply([deployment("workers", replicas=1)])

    async def long(length: str) -> None:
        metadata = {"name": "queue", "namespace": "default", "annotations": {WORKERS: "workers"}}
        queue = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}
        await cluster.apply([{**queue, "data": {"length": length}}])

    await long("45")
    await cluster.clock.sleep(5)
    assert await _replicas(cluster, "workers") == 5
    await long("1")
    await cluster.clock.sleep(290)
    assert await _replicas(cluster, "workers") == 5
    await cluster.clock.sleep(20)
    assert await _replicas(cluster, "workers") == 1
    told = [e.message for e in await cluster.client.list(Event) if e.reason == "ScaledByQueue"]
    assert told == ["workers has 5 workers for 45 jobs", "workers has 1 workers for 1 jobs"]


async def test_what_is_stuck_is_replaced(cluster: Cluster) -> None:
    """One pod of an owner each ten minutes."""
    await cluster.run_controller(Healer)
    stuck = deployment("stuck", replicas=2)
    template = stuck["spec"]["template"]
    template["metadata"]["annotations"] = {ENABLED: "true"}
    template["spec"]["nodeSelector"] = {"no": "such"}
    await cluster.apply([stuck, deployment("well", replicas=2)])
    await cluster.clock.sleep(590)
    before = {p.metadata.name for p in await cluster.client.list(Pod)}
    assert len(before) == 4
    await cluster.clock.sleep(60)
    after = {p.metadata.name for p in await cluster.client.list(Pod)}
    assert len(after) == 4
    assert len(before - after) == 1
    assert all(name.startswith("stuck-") for name in before - after)
    told = [e.message for e in await cluster.client.list(Event) if e.reason == "Healed"]
    assert len(told) == 1


async def test_deployments_name_their_team_and_are_counted() -> None:
    """The webhook refuses, the controller counts."""
    async with Cluster(nodes=1, admission=Admission(webhooks={URL: check})) as cluster:
        await cluster.apply([CONFIGURATION])
        await cluster.run_controller(TeamCounter)
        with pytest.raises(ApiError, match="the label team is missing"):
            await cluster.apply([deployment("nobodys")])
        for name, team in (("a", "red"), ("b", "red"), ("c", "blue")):
            made = deployment(name, replicas=1)
            made["metadata"]["labels"] = {"team": team}
            await cluster.apply([made])
        await cluster.clock.sleep(5)
        teams = await cluster.client.get(ConfigMap, "teams", namespace="default")
        assert teams.data == {"red": "2", "blue": "1"}
        await cluster.client.delete(Deployment, "b", namespace="default")
        await cluster.clock.sleep(30)
        teams = await cluster.client.get(ConfigMap, "teams", namespace="default")
        assert teams.data == {"red": "1", "blue": "1"}
