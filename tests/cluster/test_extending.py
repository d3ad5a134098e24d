"""A Cluster with an API server of its owner's making: admission, authorizer, resources."""

from typing import Any

import pytest

from orchestrator import Cluster
from orchestrator.api.core.v1 import ConfigMap
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.api.scheme import Resource
from orchestrator.api.unstructured import Unstructured
from orchestrator.apiserver import Attributes, Authorizer, Decision
from orchestrator.apiserver.admission import (
    Admission,
    AdmissionPlugin,
    AdmissionRequest,
    Reader,
    UnknownAdmissionPlugin,
)
from orchestrator.client import Client
from orchestrator.machinery.objects import with_metadata
from orchestrator.protocol import Forbidden, Identity

WIDGETS = Resource(
    "example.test",
    "v1",
    "widgets",
    "Widget",
    namespaced=True,
    verbs=("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"),
)


class Labels(AdmissionPlugin):
    """Labels each ConfigMap."""

    name = "Labels"

    def handles(self, operation: str, resource: Resource, subresource: str) -> bool:
        return resource.key == "configmaps"

    def admit(self, request: AdmissionRequest, reader: Reader) -> Any:
        return with_metadata(request.object, labels={"made": "here"})


class Readers(Authorizer):
    """Lets everybody read, and nobody touch what is precious."""

    def decide(self, identity: Identity, attributes: Attributes) -> Decision:
        if attributes.name == "precious":
            return Decision("deny", "it is precious")
        reads = attributes.verb in ("get", "list", "watch")
        return Decision("allow" if reads else "no opinion")


async def test_a_plugin_of_ones_own_is_asked() -> None:
    """For the writes that it says it handles."""
    async with Cluster(nodes=0, admission=Admission(plugins=(Labels(),))) as cluster:
        made = await cluster.client.create(ConfigMap(metadata=ObjectMeta(name="a")))
        assert made.metadata.labels == {"made": "here"}


def test_a_plugin_that_does_not_exist_is_refused_before_anything_starts() -> None:
    """With the names that exist."""
    with pytest.raises(UnknownAdmissionPlugin, match="known are"):
        Cluster(admission=Admission(enable=("Nope",)))


async def test_an_authorizer_of_ones_own_decides() -> None:
    """On reading and on writing; what it has no opinion of is asked of the roles."""
    async with Cluster(nodes=0, authorizer=Readers()) as cluster:
        jane = Client(cluster.api, clock=cluster.clock, identity=Identity("jane"))
        assert await jane.list(ConfigMap) is not None
        with pytest.raises(Forbidden):
            await jane.create(ConfigMap(metadata=ObjectMeta(name="a")))
        with pytest.raises(Forbidden, match=r"cannot get resource .*: it is precious"):
            await jane.get(ConfigMap, "precious")


async def test_a_resource_of_ones_own_is_stored_and_served() -> None:
    """By the cluster's client, beside the built-in ones, and only in this cluster."""
    async with Cluster(nodes=0, resources=(WIDGETS,)) as cluster:
        widget = Unstructured(
            api_version="example.test/v1",
            kind="Widget",
            metadata=ObjectMeta(name="one"),
            content={"spec": {"size": 3}},
        )
        await cluster.client.create(widget)
        found: Any = await cluster.client.get(WIDGETS, "one")
        assert found.content == {"spec": {"size": 3}}
        assert Cluster(nodes=0).scheme.by_path("example.test", "v1", "widgets") is None
