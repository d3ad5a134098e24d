"""The typed client, against a whole cluster."""

import asyncio

import pytest
from msgspec.structs import replace

from orchestrator import Cluster
from orchestrator.api.apps.v1 import Deployment
from orchestrator.api.core.v1 import (
    ConfigMap,
    Container,
    Namespace,
    Pod,
    PodSpec,
    ResourceRequirements,
)
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.client import Key, WaitTimeout
from orchestrator.protocol import AlreadyExists, Conflict, Invalid, NotFound
from tests.manifests import deployment, pod


def _config(name: str, **data: str) -> ConfigMap:
    return ConfigMap(metadata=ObjectMeta(name=name, namespace="default"), data=data)


async def test_objects_are_created_read_changed_and_deleted(cluster: Cluster) -> None:
    """With the type that was asked for."""
    client = cluster.client
    made = await client.create(_config("a", k="1"))
    assert made.metadata.uid
    with pytest.raises(AlreadyExists):
        await client.create(_config("a"))
    changed = await client.update(replace(made, data={"k": "2"}))
    with pytest.raises(Conflict):
        await client.update(replace(made, data={"k": "3"}))
    patched = await client.patch(ConfigMap, "a", {"data": {"l": "4"}}, namespace="default")
    assert dict(patched.data) == {"k": "2", "l": "4"}
    assert patched.metadata.resource_version > changed.metadata.resource_version
    read = await client.get(ConfigMap, "a", namespace="default")
    assert read == patched
    assert (await client.delete(ConfigMap, "a", namespace="default")).gone
    with pytest.raises(NotFound):
        await client.get(ConfigMap, "a", namespace="default")


async def test_many_are_created_and_patched_together(cluster: Cluster) -> None:
    """An error stands in the place of what failed."""
    client = cluster.client
    assert await client.create_all([]) == []
    await client.create(_config("b"))
    first, second, third = await client.create_all([_config("a"), _config("b"), _config("c")])
    assert isinstance(first, ConfigMap)
    assert isinstance(second, AlreadyExists)
    assert isinstance(third, ConfigMap)
    patches = [(Key("default", name), {"data": {"k": name}}) for name in ("a", "x", "c")]
    answers = await client.merge_all(ConfigMap, patches)
    assert isinstance(answers[1], NotFound)
    assert [dict(a.data) for a in answers if isinstance(a, ConfigMap)] == [{"k": "a"}, {"k": "c"}]


async def test_lists_are_selected_and_paged(cluster: Cluster) -> None:
    """By labels, by fields, by pages."""
    client = cluster.client
    for number in range(7):
        labels = {"even": str(number % 2 == 0)}
        made = _config(f"c{number}")
        await client.create(replace(made, metadata=replace(made.metadata, labels=labels)))
    found = await client.list(ConfigMap, namespace="default", label_selector="even=True")
    assert [c.metadata.name for c in found] == ["c0", "c2", "c4", "c6"]
    found = await client.list(ConfigMap, namespace="default", field_selector="metadata.name=c3")
    assert [c.metadata.name for c in found] == ["c3"]
    gone = await client.delete_collection(
        ConfigMap, namespace="default", label_selector="even=False"
    )
    assert len(gone.items) == 3


async def test_apply_creates_changes_and_takes_away_as_kubectl_does(cluster: Cluster) -> None:
    """What a manifest no longer says goes; what others set stays."""
    manifest = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "a", "labels": {"x": "1", "y": "2"}},
        "data": {"k": "v"},
    }
    await cluster.apply([manifest])
    await cluster.client.patch(
        ConfigMap, "a", {"metadata": {"labels": {"other": "o"}}}, namespace="default"
    )
    (after,) = await cluster.apply([{**manifest, "metadata": {"name": "a", "labels": {"x": "3"}}}])
    assert dict(after.metadata.labels) == {"x": "3", "other": "o"}
    (again,) = await cluster.apply([{**manifest, "metadata": {"name": "a", "labels": {"x": "3"}}}])
    assert again.metadata.resource_version == after.metadata.resource_version


async def test_a_watch_tells_what_happens_from_then_on(cluster: Cluster) -> None:
    """First what is there, then every change in order."""
    await cluster.client.create(_config("before"))
    seen: list[tuple[str, str]] = []

    async def look() -> None:
        async with cluster.client.watch(
            ConfigMap, namespace="default", field_selector="metadata.name!=kube-root-ca.crt"
        ) as events:
            async for event in events:
                seen.append((event.type, event.object.metadata.name))
                if event.type == "DELETED":
                    return

    looking = asyncio.ensure_future(look())
    await cluster.clock.sleep(1)
    made = await cluster.client.create(_config("after"))
    await cluster.client.update(replace(made, data={"k": "v"}))
    await cluster.client.delete(ConfigMap, "after", namespace="default")
    await looking
    assert seen == [
        ("ADDED", "before"),
        ("ADDED", "after"),
        ("MODIFIED", "after"),
        ("DELETED", "after"),
    ]


async def test_waiting_is_what_kubectl_wait_does(cluster: Cluster) -> None:
    """For conditions, fields, creation and deletion."""
    client = cluster.client
    waiting = asyncio.ensure_future(client.wait(Deployment, "web", "create", namespace="default"))
    await cluster.clock.sleep(1)
    await cluster.apply([deployment(replicas=2)])
    assert (await waiting) is not None
    web = await client.wait(
        Deployment, "web", "jsonpath={.status.readyReplicas}=2", namespace="default"
    )
    assert web is not None
    await client.delete(Deployment, "web", namespace="default", propagation_policy="Foreground")
    assert await client.wait(Deployment, "web", "delete", namespace="default") is None
    with pytest.raises(WaitTimeout) as late:
        await client.wait(Pod, "absent", "condition=Ready", namespace="default", timeout=5)
    assert "it does not exist" in str(late.value)
    with pytest.raises(TypeError, match="timeout is a number of seconds, not '5s'"):
        await client.wait(Pod, "absent", "delete", namespace="default", timeout="5s")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="cannot wait for"):
        await client.wait(Pod, "absent", "happiness", namespace="default")


async def test_a_wait_that_ends_says_why_the_condition_does_not_hold(cluster: Cluster) -> None:
    """In the words of the condition's author: here the scheduler's."""
    container = Container(
        name="a", image="a", resources=ResourceRequirements(requests={"cpu": "999"})
    )
    big = Pod(metadata=ObjectMeta(name="big"), spec=PodSpec(containers=(container,)))
    await cluster.client.create(big)
    with pytest.raises(WaitTimeout, match=r"PodScheduled=False \(0/3 nodes are .*Insufficient cpu"):
        await cluster.client.wait(Pod, "big", "condition=Ready", timeout=5)


async def test_scale_bind_and_evict_are_subresources(cluster: Cluster) -> None:
    """Of the typed objects."""
    client = cluster.client
    await cluster.apply([deployment(replicas=1)])
    await client.scale(Deployment, "web", 3, namespace="default")
    await cluster.clock.sleep(10)
    pods = await client.list(Pod, namespace="default")
    assert len(pods) == 3
    await client.evict(pods[0])
    await cluster.apply([pod("loose", schedulerName="nobody")])
    loose = await client.get(Pod, "loose", namespace="default")
    await client.bind(loose, "node-1")
    await client.wait(Pod, "loose", "condition=Ready", namespace="default", timeout=30)
    names = {p.metadata.name for p in await client.list(Pod, namespace="default")}
    assert pods[0].metadata.name not in names
    assert len(names) == 4


async def test_errors_carry_what_was_wrong(cluster: Cluster) -> None:
    """Fields and causes."""
    with pytest.raises(Invalid) as refused:
        await cluster.client.create(Namespace(metadata=ObjectMeta(name="Not_A_Name")))
    assert "metadata.name" in str(refused.value)
