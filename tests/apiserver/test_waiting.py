"""Writes that ask something outside of the cluster before they are decided."""

import asyncio
from collections.abc import Callable
from ipaddress import IPv4Network
from typing import Any

import pytest
from msgspec.structs import replace

from actors import ActorCrashed
from orchestrator.api.core.v1 import ConfigMap, Pod, Service, ServicePort, ServiceSpec
from orchestrator.api.scheme import Resource
from orchestrator.apiserver.admission import (
    DEFAULT_CHAIN,
    AdmissionPlugin,
    AdmissionRequest,
    Operation,
    Reader,
    Wait,
)
from orchestrator.machinery.objects import with_metadata
from orchestrator.protocol import AlreadyExists, Forbidden, InternalError
from tests.apiserver.harness import Api, meta, pod, refused
from tests.apiserver.stores import GroupCommitStore

SECONDS = 5.0


class Outside(AdmissionPlugin):
    """Asks somebody who takes his time; `then` makes the plugin's answer of the object."""

    name = "Outside"
    waits = True

    def __init__(self, plural: str, then: Callable[[Any], Any]) -> None:
        self.plural = plural
        self.then = then
        self.asked: list[Any] = []

    def handles(self, operation: Operation, resource: Resource, subresource: str) -> bool:
        return resource.plural == self.plural and operation != "DELETE"

    def _wait(self, request: AdmissionRequest) -> Wait:
        self.asked.append(request.object)

        async def answer(seen: Any = request.object) -> Any:
            await asyncio.get_running_loop().create_task(_sleep())
            return seen

        return Wait(answer, self.then)


class Mutating(Outside):
    """A webhook that changes the object."""

    def admit(self, request: AdmissionRequest, reader: Reader) -> Any:
        return self._wait(request)


class Validating(Outside):
    """A webhook that looks at the object."""

    def validate(self, request: AdmissionRequest, reader: Reader) -> Wait:
        return self._wait(request)


async def _sleep() -> None:
    done = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_later(SECONDS, done.set_result, None)
    await done


def labelled(found: Any) -> Any:
    """The object with a label."""
    return with_metadata(found, labels={**found.metadata.labels, "seen": "yes"})


def agreed(_found: Any) -> None:
    """No objection."""


def api_with(*plugins: AdmissionPlugin, **options: Any) -> Api:
    """A server with plugins beside its own."""
    return Api(admission=(*plugins, *DEFAULT_CHAIN), **options)


@pytest.mark.parametrize("store", [None, GroupCommitStore()])
async def test_others_are_served_while_one_waits(store: Any) -> None:
    """The actor is not held up, and the answer comes when the wait is over."""
    async with api_with(Mutating("configmaps", labelled), store=store) as api:
        begun = api.system.clock.now()
        waiting = api.ref.ask(api.creation(ConfigMap(metadata=meta("slow"))))
        await api.create(pod("quick"))
        assert api.system.clock.now() == begun
        assert not waiting.done()
        assert (await waiting).metadata.labels == {"seen": "yes"}
        assert api.system.clock.now() == begun + SECONDS


async def test_an_update_that_was_overtaken_asks_again() -> None:
    """With the new state of the object, as Kubernetes does after a conflict."""
    plugin = Mutating("configmaps", labelled)
    async with api_with(plugin) as api:
        await api.create(ConfigMap(metadata=meta("a")))
        patches = [api.patch(ConfigMap, "a", {"data": {key: "1"}}) for key in ("x", "y")]
        await asyncio.gather(*patches)
        assert (await api.get(ConfigMap, "a")).data == {"x": "1", "y": "1"}
        assert len(plugin.asked) == 1 + 2 + 1


async def test_of_two_creates_of_one_name_one_wins() -> None:
    """The other one hears so, late as it is."""
    async with api_with(Mutating("configmaps", labelled)) as api:
        first = api.ref.ask(api.creation(ConfigMap(metadata=meta("a"))))
        second = api.ref.ask(api.creation(ConfigMap(metadata=meta("a"))))
        assert (await first).metadata.uid == (await api.get(ConfigMap, "a")).metadata.uid
        await refused(AlreadyExists, second)


async def test_what_is_counted_out_is_counted_once() -> None:
    """Of a network with few addresses each of many waiting services gets its own."""
    network = IPv4Network("10.96.0.0/28")
    async with api_with(Validating("services", agreed), service_network=network) as api:
        services = [
            Service(metadata=meta(f"s{number}"), spec=ServiceSpec(ports=(ServicePort(port=1),)))
            for number in range(8)
        ]
        stored = await asyncio.gather(*(api.create(each) for each in services))
        assert len({each.spec.cluster_ip for each in stored}) == len(services)


async def test_a_verdict_from_outside_refuses_the_write() -> None:
    """With the error that the plugin raises."""

    def refuse(_found: Any) -> None:
        raise Forbidden("the webhook says no")

    async with api_with(Validating("configmaps", refuse)) as api:
        error = await refused(Forbidden, api.create(ConfigMap(metadata=meta("a"))))
        assert error.message == "the webhook says no"
        assert await api.list(ConfigMap) == []


async def test_an_effect_that_fails_ends_its_request() -> None:
    """With 500, and no other request is touched."""

    class Failing(AdmissionPlugin):
        name = "Failing"

        def handles(self, operation: Operation, resource: Resource, subresource: str) -> bool:
            return resource.plural == "configmaps"

        def admit(self, request: AdmissionRequest, reader: Reader) -> Any:
            async def effect() -> None:
                raise OSError("no route")

            return Wait(effect, agreed)

    async with api_with(Failing()) as api:
        await refused(InternalError, api.create(ConfigMap(metadata=meta("a"))))
        assert await api.create(pod("web"))
        assert api.ref.restarts == 0


async def test_a_wait_ends_with_its_incarnation() -> None:
    """Who asked hears that the server crashed; nothing is written later."""
    async with api_with(Mutating("configmaps", labelled)) as api:
        waiting = api.ref.ask(api.creation(ConfigMap(metadata=meta("a"))))
        await api.settle()
        await api.crash()
        with pytest.raises(ActorCrashed):
            await waiting
        await api.settle(2 * SECONDS)
        assert await api.list(ConfigMap) == []


async def test_several_may_wait_for_one_write() -> None:
    """One after the other, each with what the one before made of the object."""
    first, second = Mutating("pods", labelled), Mutating("pods", lambda pod: pod)
    last = Validating("pods", agreed)
    async with api_with(first, second, last) as api:
        begun = api.system.clock.now()
        made: Pod = await api.create(pod("web"))
        assert api.system.clock.now() == begun + 3 * SECONDS
        assert second.asked[0].metadata.labels == {"seen": "yes"}
        stored = replace(made.metadata, resource_version="", managed_fields=())
        assert last.asked[0].metadata == stored
