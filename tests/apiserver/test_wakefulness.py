"""Plugins that have nothing to say, as the objects are that they ask, are left out of writes."""

from typing import Any

from msgspec.structs import replace

from orchestrator.api.core.v1 import ConfigMap, Namespace
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.api.scheme import Resource
from orchestrator.apiserver.admission import AdmissionPlugin, AdmissionRequest, Operation, Reader
from tests.apiserver.harness import Api, meta


class Watchful(AdmissionPlugin):
    """Counts the writes that it is asked about; a namespace with a label wakes it."""

    name = "Watchful"
    asks = (Namespace,)

    def __init__(self) -> None:
        self.asked: list[str] = []

    def handles(self, operation: Operation, resource: Resource, subresource: str) -> bool:
        return operation != "DELETE"

    def wakes(self, obj: Any) -> bool:
        return "wake" in obj.metadata.labels

    def validate(self, request: AdmissionRequest, reader: Reader) -> None:
        self.asked.append(request.name)


async def test_a_plugin_is_asked_while_an_object_wakes_it() -> None:
    """From the first such object to the last one; after a crash, too."""
    plugin = Watchful()
    async with Api(admission=(plugin,)) as api:
        await api.create(ConfigMap(metadata=meta("a")))
        made = await api.create(Namespace(metadata=ObjectMeta(name="n", labels={"wake": "up"})))
        await api.create(ConfigMap(metadata=meta("b")))
        await api.crash()
        await api.create(ConfigMap(metadata=meta("c")))
        await api.update(replace(made, metadata=replace(made.metadata, labels={})))
        await api.create(ConfigMap(metadata=meta("d")))
    assert [name for name in plugin.asked if len(name) == 1] == ["n", "b", "c", "n"]


async def test_writes_of_the_kinds_that_it_asks_are_always_its_concern() -> None:
    """Otherwise nothing that is wrong with the first one could be said."""
    plugin = Watchful()
    async with Api(admission=(plugin,)) as api:
        await api.create(Namespace(metadata=ObjectMeta(name="n")))
    assert "n" in plugin.asked
