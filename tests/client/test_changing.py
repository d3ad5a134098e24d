"""The writes that controllers make again and again."""

import pytest
from msgspec.structs import replace

from orchestrator import Cluster
from orchestrator.api.core.v1 import ConfigMap, Node, NodeStatus
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.api.scheme import resource_of
from orchestrator.client import (
    Cache,
    Key,
    add_finalizer,
    create_or_update,
    owned_by,
    remove_finalizer,
    write_status,
)
from orchestrator.machinery.errors import MachineryError
from orchestrator.protocol import Conflict, Patch

HOLD = "example.dev/hold"


def _config(name: str = "a", **data: str) -> ConfigMap:
    return ConfigMap(metadata=ObjectMeta(name=name), data=data)


async def test_a_finalizer_holds_until_it_is_removed(cluster: Cluster) -> None:
    """Adding it twice writes once; an object that is going cannot be held any more."""
    client = cluster.client
    held = await add_finalizer(client, await client.create(_config()), HOLD)
    assert await add_finalizer(client, held, HOLD) is held
    await client.delete(ConfigMap, "a")
    going = await client.get(ConfigMap, "a")
    assert going.metadata.deletion_timestamp is not None
    assert await add_finalizer(client, going, "example.dev/late") is going
    await remove_finalizer(client, going, HOLD)
    await client.wait(ConfigMap, "a", "delete")
    assert await remove_finalizer(client, going, HOLD) is None


async def test_a_child_goes_with_its_owner(cluster: Cluster) -> None:
    """It is in its owner's namespace; an owner that was never stored owns nothing."""
    client = cluster.client
    owner = await client.create(_config())
    child = await client.create(owned_by(_config("child"), owner))
    assert child.metadata.owner_references[0].controller
    await client.delete(ConfigMap, "a")
    await client.wait(ConfigMap, "child", "delete")
    with pytest.raises(MachineryError, match="no uid"):
        owned_by(_config("child"), _config())


async def test_create_or_update_writes_what_differs(cluster: Cluster) -> None:
    """What others have set stays; nothing is written when all is as it should be."""
    client = cluster.client

    def change(present: ConfigMap) -> ConfigMap:
        return replace(present, data={**present.data, "mine": "1"})

    made = await create_or_update(client, _config(others="2"), change)
    assert made.data == {"others": "2", "mine": "1"}
    again = await create_or_update(client, _config(), change)
    assert again.metadata.resource_version == made.metadata.resource_version
    await client.patch(ConfigMap, "a", {"data": {"mine": "0", "theirs": "3"}})
    healed = await create_or_update(client, _config(), change)
    assert healed.data == {"others": "2", "mine": "1", "theirs": "3"}


async def test_a_cache_saves_the_reading(cluster: Cluster) -> None:
    """Nothing is asked while it is right; where it is behind, what is there is read and changed."""
    client = cluster.client
    cache: Cache[ConfigMap] = Cache(resource_of(ConfigMap))

    def change(present: ConfigMap) -> ConfigMap:
        return replace(present, data={**present.data, "mine": "1"})

    asked = _config()
    asked = replace(asked, metadata=replace(asked.metadata, namespace="default"))
    made = await create_or_update(client, asked, change, cache=cache)
    cache.put(made)
    assert await create_or_update(client, asked, change, cache=cache) is made
    changed = await client.patch(ConfigMap, "a", {"data": {"mine": "0", "theirs": "3"}})
    cache.put(replace(changed, metadata=made.metadata))  # a version that is no more
    healed = await create_or_update(client, asked, change, cache=cache)
    assert healed.data == {"mine": "1", "theirs": "3"}
    cache.remove(Key("default", "a"))
    again = await create_or_update(client, asked, change, cache=cache)
    assert again.metadata.resource_version == healed.metadata.resource_version


async def test_create_or_update_begins_anew_when_another_writes(cluster: Cluster) -> None:
    """With what that one wrote; not for ever."""
    client, calls = cluster.client, 0
    await client.create(_config())
    system = cluster.system

    def change(present: ConfigMap) -> ConfigMap:
        nonlocal calls
        calls += 1
        system.ref("/apiserver").tell(_patch(calls))
        return replace(present, data={**present.data, "mine": str(calls)})

    def _patch(number: int) -> Patch:
        return Patch(
            resource=resource_of(ConfigMap),
            name="a",
            namespace="default",
            patch_type="merge",
            body={"data": {"theirs": str(number)}},
        )

    with pytest.raises(Conflict):
        await create_or_update(client, _config(), change)
    assert calls == 5


async def test_a_status_is_written_when_it_differs(cluster: Cluster) -> None:
    """By the subresource."""
    node = await cluster.client.get(Node, "node-1")
    assert await write_status(cluster.client, node, node.status) is node
    status = replace(node.status or NodeStatus(), phase="Running")
    written = await write_status(cluster.client, node, status)
    assert written.status is not None
    assert written.status.phase == "Running"
