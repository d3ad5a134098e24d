"""Controllers of custom kinds: the program says the resource, the cluster serves its definition."""

from typing import Any

import pytest
from msgspec.structs import replace

from orchestrator import Cluster
from orchestrator.api.apiextensions.v1 import CustomResourceDefinition
from orchestrator.api.core.v1 import ConfigMap
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.api.unstructured import Unstructured
from orchestrator.client import Controller, Key, create_or_update, owned_by, write_status
from orchestrator.protocol import NotFound
from tests.widgets import WIDGETS, definition, widget


class Widgets(Controller):
    """Gives each widget a ConfigMap, and says its size in the status."""

    name = "widgets"
    kind = WIDGETS
    owns = (ConfigMap,)

    async def reconcile(self, key: Key) -> None:
        """Write one child and one status."""
        asked: Any = self.cache_of(WIDGETS).get(*key)
        if asked is None:
            return
        size = asked.content["spec"]["size"]
        child = owned_by(ConfigMap(metadata=ObjectMeta(name=key.name)), asked)
        data = {"size": str(size)}
        await create_or_update(self.client, child, lambda each: replace(each, data=data))
        await write_status(self.client, asked, {"made": size})


async def _is_made(cluster: Cluster, name: str, size: int) -> None:
    await cluster.apply([widget(name, size)])
    await cluster.clock.sleep(5)
    made = await cluster.client.get(ConfigMap, name)
    assert made.data == {"size": str(size)}
    asked: Any = await cluster.client.get(WIDGETS, name)
    assert asked.content["status"] == {"made": size}


@pytest.mark.parametrize("defined", ["before", "after"])
async def test_a_controller_may_come_before_its_definition_or_after_it(
    cluster: Cluster, defined: str
) -> None:
    """And goes on when the definition goes and comes again."""
    if defined == "after":
        await cluster.run_controller(Widgets)
        await cluster.clock.sleep(5)
    await cluster.apply([definition()])
    await cluster.clock.sleep(60)
    if defined == "before":
        await cluster.run_controller(Widgets)
    await _is_made(cluster, "a", 1)
    await cluster.client.delete(CustomResourceDefinition, "widgets.example.test")
    await cluster.clock.sleep(60)
    await cluster.apply([definition()])
    await cluster.clock.sleep(60)
    await _is_made(cluster, "b", 2)


async def test_a_definition_concerns_its_own_cluster_alone(cluster: Cluster) -> None:
    """Though the program's resource is one for all clusters."""
    await cluster.apply([definition()])
    await cluster.clock.sleep(5)
    assert await cluster.client.list(WIDGETS) == ()
    async with Cluster(nodes=0) as other:
        with pytest.raises(NotFound, match="could not find the requested resource"):
            await other.client.list(WIDGETS)
    assert WIDGETS.knowledge is None


async def test_a_custom_child_is_created_or_changed(cluster: Cluster) -> None:
    """`create_or_update` and `write_status` write only what differs, as of Kubernetes' own kinds."""
    await cluster.apply([definition()])
    await cluster.clock.sleep(5)
    asked = Unstructured(
        api_version="example.test/v1", kind="Widget", metadata=ObjectMeta(name="a")
    )

    def wanted(each: Unstructured) -> Unstructured:
        return replace(each, content={**each.content, "spec": {"size": 2}})

    made = await create_or_update(cluster.client, asked, wanted)
    assert await create_or_update(cluster.client, asked, wanted) == made
    told = await write_status(cluster.client, made, {"ready": True})
    assert told.content == {"spec": {"size": 2}, "status": {"ready": True}}
    assert await write_status(cluster.client, told, {"ready": True}) is told
