"""The server over engines that answer late, or that others write to as well."""

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from orchestrator.api.core.v1 import Binding, ConfigMap, ObjectReference, Pod
from orchestrator.machinery.objects import with_resource_version
from orchestrator.protocol import AlreadyExists, Conflict, DeleteCollection
from orchestrator.store import Write
from tests.apiserver.harness import Api, drained, events_of, meta, pod, refused
from tests.apiserver.stores import GroupCommitStore, SharedStore


def config(name: str, value: str = "") -> ConfigMap:
    """A config map."""
    return ConfigMap(metadata=meta(name), data={"key": value})


async def test_a_slice_is_one_group_commit() -> None:
    """All its writes are answered by one flush, each with its own answer."""
    store = GroupCommitStore()
    async with Api(store=store) as api:
        before = store.flushes
        pending = [api.ref.ask(api.creation(config(name))) for name in ("a", "b", "a", "c")]
        first, second, again, third = [await refused_or(each) for each in pending]
        assert [each.metadata.name for each in (first, second, third)] == ["a", "b", "c"]
        assert isinstance(again, AlreadyExists)
        assert store.flushes == before + 1


async def refused_or(request: Any) -> Any:
    """The answer, or the error."""
    try:
        return await request
    except AlreadyExists as error:
        return error


async def test_watchers_hear_of_what_is_durable() -> None:
    """A new watch has the writes before it in its state, and the later ones as events."""
    async with Api(store=GroupCommitStore()) as api, api.inbox() as inbox:
        creation = api.ref.ask(api.creation(config("a")))
        answer = await api.watch(inbox, ConfigMap, namespace="default")
        await creation
        await api.create(config("b"))
        await api.settle()
        assert [each.metadata.name for each in answer.items] == ["a"]
        assert events_of(drained(inbox)) == [("ADDED", "b")]


async def test_every_write_works_with_late_answers() -> None:
    """Also those of several steps and those of many objects."""
    async with Api(store=GroupCommitStore()) as api:
        await api.create(pod("web"))
        binding = Binding(metadata=meta("web"), target=ObjectReference(kind="Node", name="n"))
        pods = api.resource(Pod)
        found = await api.create(binding, resource=pods, name="web", subresource="binding")
        assert found.spec.node_name == "n"
        assert (await api.patch(Pod, "web", {"metadata": {"labels": {"a": "b"}}})).metadata.labels
        assert (await api.delete(Pod, "web", grace_period_seconds=0)).gone
        for name in ("a", "b"):
            await api.create(config(name))
        request = DeleteCollection(resource=api.resource(ConfigMap), namespace="default")
        assert len((await api.ref.ask(request)).items) == 2
        assert await api.list(ConfigMap, namespace="default") == []
        assert (await api.ref.ask(request)).items == ()


def intrusion(store: SharedStore, name: str, value: str) -> Callable[[], None]:
    """What the other server writes."""

    def intrude() -> None:
        present = store.get("configmaps", "default", name)
        new = config(name, value) if present is None else replace(present, data={"key": value})
        store.write_elsewhere(Write("configmaps", "default", name, new, present))

    return intrude


async def test_an_overtaken_write_is_decided_again() -> None:
    """A patch applies to whatever is there by then."""
    store = SharedStore()
    async with Api(store=store) as api:
        await api.create(config("a", "first"))
        store.intrude = intrusion(store, "a", "second")
        patched = await api.patch(ConfigMap, "a", {"data": {"more": "x"}})
        assert patched.data == {"key": "second", "more": "x"}
        assert store.refusals == 1


async def test_an_overtaken_conditional_write_conflicts() -> None:
    """Deciding again finds that the writer's read is old."""
    store = SharedStore()
    async with Api(store=store) as api:
        read = await api.create(config("a", "first"))
        store.intrude = intrusion(store, "a", "second")
        await refused(Conflict, api.update(replace(read, data={"key": "third"})))
        store.intrude = intrusion(store, "a", "fourth")
        blind = with_resource_version(replace(read, data={"key": "fifth"}), "")
        assert (await api.update(blind)).data == {"key": "fifth"}


async def test_an_overtaken_create_finds_the_name_taken() -> None:
    """There is one of a name."""
    store = SharedStore()
    async with Api(store=store) as api:
        store.intrude = intrusion(store, "a", "other")
        await refused(AlreadyExists, api.create(config("a", "mine")))


async def test_a_write_that_is_always_overtaken_ends() -> None:
    """After a few times, with a conflict."""
    store = SharedStore()
    async with Api(store=store) as api:
        await api.create(config("a", "first"))
        numbers = iter(range(100))

        def again() -> None:
            intrusion(store, "a", str(next(numbers)))()
            store.intrude = again

        store.intrude = again
        error = await refused(Conflict, api.patch(ConfigMap, "a", {"data": {"more": "x"}}))
        assert "the object has been modified" in error.message
        store.intrude = None
