"""The server's life: what it begins with, what goes by itself, what survives a crash."""

from typing import Any

from orchestrator.api.core.v1 import Event, Namespace, Pod, Service, ServicePort, ServiceSpec
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.api.scheduling.v1 import PriorityClass
from orchestrator.apiserver.expiry import Expiry
from orchestrator.protocol import Create, Get, NotFound
from orchestrator.store import Key, MemoryStore, Write
from tests.apiserver.harness import Api, meta, pod, refused


async def test_a_cluster_begins_with_these(api: Api) -> None:
    """Namespaces, priority classes, and the service of the server itself."""
    assert await api.list(Namespace) == [
        "default",
        "kube-node-lease",
        "kube-public",
        "kube-system",
    ]
    classes = {each.metadata.name: each.value for each in (await api.page(PriorityClass)).items}
    assert classes == {
        "system-cluster-critical": 2_000_000_000,
        "system-node-critical": 2_000_001_000,
    }
    service: Any = await api.get(Service, "kubernetes")
    assert service.spec.cluster_ip == "10.96.0.1"
    assert [(port.port, port.target_port) for port in service.spec.ports] == [(443, 6443)]


async def test_a_restart_puts_back_what_is_missing_and_nothing_else(api: Api) -> None:
    """What is there stays as it is."""
    before = await api.get(Namespace, "default")
    await api.delete(Service, "kubernetes")
    await api.crash()
    assert await api.get(Namespace, "default") is before
    assert (await api.get(Service, "kubernetes")).metadata.uid


async def test_a_restarted_server_counts_allocations_again(api: Api) -> None:
    """From what is stored: nothing is given out twice, nothing is lost."""
    spec = ServiceSpec(type="NodePort", ports=(ServicePort(port=80, node_port=30080),))
    await api.create(Service(metadata=meta("web"), spec=spec))
    await api.crash()
    error = await refused(
        Exception,
        api.create(Service(metadata=meta("two"), spec=spec)),  # type: ignore[type-var]
    )
    assert "provided port is already allocated" in str(error)


async def test_a_told_request_that_is_refused_harms_nobody(api: Api) -> None:
    """There is nobody to hear the refusal; the server lives on."""
    api.ref.tell(Get(resource=api.resource(Pod), namespace="default", name="none"))
    api.ref.tell(Create(resource=api.resource(Pod), namespace="nowhere", object=pod("x")))
    await api.settle()
    assert api.ref.restarts == 0
    assert await api.create(pod("web")) is not None


async def test_the_same_seed_gives_the_same_history() -> None:
    """Names, uids, addresses and revisions."""

    async def history(seed: int) -> list[Any]:
        async with Api(seed=seed) as api:
            for _ in range(3):
                metadata = ObjectMeta(generate_name="web-", namespace="default")
                await api.create(Pod(metadata=metadata, spec=pod("x").spec))
            spec = ServiceSpec(type="NodePort", ports=(ServicePort(port=80),))
            await api.create(Service(metadata=meta("web"), spec=spec))
            pods, services = api.store.list("pods"), api.store.list("services")
            return [*pods, *services]

    assert await history(1) == await history(1)
    assert await history(1) != await history(2)


# --- events --------------------------------------------------------------------------------


async def test_events_go_after_an_hour(api: Api) -> None:
    """Counted from their last change."""
    for name in ("old", "renewed"):
        await api.create(Event(metadata=meta(name), reason="x"))
    await api.settle(1800)
    await api.patch(Event, "renewed", {"count": 2})
    await api.settle(1900)
    assert await api.list(Event) == ["renewed"]
    await api.settle(1800)
    await refused(NotFound, api.get(Event, "renewed"))


def test_what_is_due_is_found_in_order() -> None:
    """And answered until it is gone."""
    store = MemoryStore()
    now = [0.0]
    expiry = Expiry([], 0.0, seconds=10.0)
    store.listen(lambda change: expiry.observe(change, now[0]))

    def put(name: str) -> None:
        present = store.get("events", "default", name)
        new = Event(metadata=meta(name))
        store.commit(Write("events", "default", name, new, present), lambda _outcome: None)

    put("a")
    now[0] = 5.0
    put("b")
    now[0] = 8.0
    put("a")
    assert expiry.due(14.9) == []
    assert expiry.due(15.0) == [Key("default", "b")]
    assert expiry.due(18.0) == [Key("default", "b"), Key("default", "a")]
    present = store.get("events", "default", "b")
    store.commit(Write("events", "default", "b", present, present, delete=True), lambda _o: None)
    assert expiry.due(18.0) == [Key("default", "a")]
