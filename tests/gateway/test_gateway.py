"""The protocol's messages over HTTPS: what a program sees is what it sees in-process."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from orchestrator import Cluster
from orchestrator.api.apiextensions.v1 import CustomResourceDefinition
from orchestrator.api.apiregistration.v1 import APIService
from orchestrator.api.apps.v1 import Deployment
from orchestrator.api.core.v1 import ConfigMap, Node, Pod, ServiceAccount
from orchestrator.api.errors import UnknownKind
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.api.rbac.v1 import ClusterRoleBinding, RoleRef, Subject
from orchestrator.api.unstructured import Unstructured
from orchestrator.apiserver.http import HttpFront
from orchestrator.client import (
    Change,
    Controller,
    Key,
    Source,
    create_or_update,
    owned_by,
    write_status,
)
from orchestrator.cluster.remote import RemoteCluster
from orchestrator.gateway import in_cluster, load_access
from orchestrator.protocol import (
    AlreadyExists,
    Conflict,
    Expired,
    Get,
    Invalid,
    NotFound,
    ServiceUnavailable,
)
from tests.manifests import deployment
from tests.widgets import WIDGETS, definition, widget

Real = tuple[Cluster, HttpFront]


class Mirror(Controller):
    """Writes the number of keys of each ConfigMap that is labelled into a child of it."""

    name = "mirror"
    kind = ConfigMap
    owns = (ConfigMap,)

    def watches(self) -> Mapping[Any, Source]:
        """Nodes concern all of them."""
        return {Node: self.of_node}

    def of_node(self, _change: Change[Node]) -> Iterable[Key]:
        """The labelled ones."""
        for each in self.cache(ConfigMap).list():
            if "mirror" in each.metadata.labels:
                yield Key(each.metadata.namespace, each.metadata.name)

    async def reconcile(self, key: Key) -> None:
        """Write one child."""
        asked = self.cache(ConfigMap).get(key.namespace, key.name)
        if asked is None or "mirror" not in asked.metadata.labels:
            return
        child = owned_by(ConfigMap(metadata=ObjectMeta(name=f"{key.name}-mirror")), asked)
        data = {"keys": str(len(asked.data)), "nodes": str(len(self.cache(Node)))}
        await create_or_update(
            self.client, child, lambda present: ConfigMap(metadata=present.metadata, data=data)
        )
        self.events.event(asked, "Normal", "Mirrored", "The mirror is up to date")


async def test_objects_are_read_and_written_as_in_process(remote: RemoteCluster) -> None:
    """Create, get, list, update, patch, apply, delete: with the errors that the server's Status tells."""
    client = remote.client
    made = await client.create(ConfigMap(metadata=ObjectMeta(name="a", labels={"x": "y"})))
    assert made.metadata.uid
    with pytest.raises(AlreadyExists, match='configmaps "a" already exists'):
        await client.create(ConfigMap(metadata=ObjectMeta(name="a")))
    changed = await client.patch(ConfigMap, "a", {"data": {"k": "v"}})
    with pytest.raises(Conflict, match="the object has been modified"):
        await client.update(made)
    assert (await client.get(ConfigMap, "a")).data == changed.data == {"k": "v"}
    with pytest.raises(Invalid) as refused:
        await client.patch(ConfigMap, "a", {"metadata": {"labels": {"-": "y"}}})
    assert refused.value.causes[0].field == "metadata.labels"
    page = await client.list(ConfigMap, label_selector="x=y")
    assert [each.metadata.name for each in page] == ["a"]
    applied = await client.apply_server_side(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "b"}, "data": {"k": "1"}}
    )
    assert applied.data == {"k": "1"}
    assert (await client.delete(ConfigMap, "a")).gone
    with pytest.raises(NotFound, match='configmaps "a" not found'):
        await client.get(ConfigMap, "a")


async def test_work_is_waited_for_over_a_watch(remote: RemoteCluster) -> None:
    """A Deployment becomes available, is scaled and its pod evicted, all from outside."""
    await remote.apply([deployment(replicas=1)])
    await remote.client.wait(Deployment, "web", "condition=Available", timeout=30)
    await remote.client.scale(Deployment, "web", 2)
    await remote.client.wait(
        Deployment,
        "web",
        lambda d: d.status is not None and d.status.ready_replicas == 2,
        timeout=30,
    )
    pods = list(await remote.client.list(Pod))
    await remote.client.evict(pods[0])
    await remote.client.wait(Pod, pods[0].metadata.name, "delete", timeout=60)


async def test_a_controller_runs_outside_as_it_does_inside(
    remote: RemoteCluster, real: Real
) -> None:
    """The same class watches, writes children and events, and hears of what others change."""
    await remote.run_controller(Mirror)
    cluster, _ = real
    await cluster.client.create(
        ConfigMap(metadata=ObjectMeta(name="a", labels={"mirror": ""}), data={"k": "v"})
    )
    child = await cluster.client.wait(ConfigMap, "a-mirror", _says(keys="1", nodes="1"), timeout=30)
    assert child is not None
    assert child.metadata.owner_references[0].name == "a"
    await cluster.client.patch(ConfigMap, "a", {"data": {"l": "w"}})
    await cluster.client.wait(ConfigMap, "a-mirror", _says(keys="2", nodes="1"), timeout=30)
    await cluster.client.delete(ConfigMap, "a")
    await cluster.client.wait(ConfigMap, "a-mirror", "delete", timeout=30)


async def test_a_controller_goes_on_after_its_watches_were_ended(
    remote: RemoteCluster, real: Real
) -> None:
    """410 Gone makes it list again: what happened meanwhile is not lost."""
    cluster, _ = real
    await remote.run_controller(Mirror)
    assert await cluster.end_watches()
    await cluster.client.create(
        ConfigMap(metadata=ObjectMeta(name="a", labels={"mirror": ""}), data={"k": "v"})
    )
    await cluster.client.wait(ConfigMap, "a-mirror", _says(keys="1", nodes="1"), timeout=30)


async def test_a_controller_goes_on_when_its_server_has_come_back(
    remote: RemoteCluster, real: Real
) -> None:
    """It asks again and again, and lists what happened meanwhile, of which no history is left."""
    cluster, front = real
    await remote.run_controller(Mirror)
    told = {"mirror": ""}
    await cluster.client.create(ConfigMap(metadata=ObjectMeta(name="a", labels=told)))
    await cluster.client.wait(ConfigMap, "a-mirror", _says(keys="0", nodes="1"), timeout=60)
    await front.__aexit__(None, None, None)
    await cluster.client.delete(ConfigMap, "a-mirror")
    await cluster.client.create(ConfigMap(metadata=ObjectMeta(name="b", labels=told)))
    cluster.store.compact(cluster.store.revision)
    await cluster.serve(port=front.port)
    for name in ("a-mirror", "b-mirror"):
        await cluster.client.wait(ConfigMap, name, _says(keys="0", nodes="1"), timeout=60)


async def test_a_controller_runs_in_a_pod(real: Real, tmp_path: Path) -> None:
    """With what Kubernetes puts into each: where the server is, its authority, and a token that is renewed."""
    cluster, front = real
    account = await cluster.client.create(ServiceAccount(metadata=ObjectMeta(name="operator")))
    master = RoleRef(
        api_group="rbac.authorization.k8s.io", kind="ClusterRole", name="cluster-admin"
    )
    subject = Subject(kind="ServiceAccount", name="operator", namespace="default")
    await cluster.client.create(
        ClusterRoleBinding(metadata=ObjectMeta(name="x"), role_ref=master, subjects=(subject,))
    )
    outside = load_access(front.write_kubeconfig(tmp_path / "config"))
    (tmp_path / "namespace").write_text("default")
    (tmp_path / "ca.crt").write_bytes(outside.authority)
    (tmp_path / "token").write_text(await cluster.client.token(account))
    given = {
        "KUBERNETES_SERVICE_HOST": "127.0.0.1",
        "KUBERNETES_SERVICE_PORT": str(front.port),
    }
    async with RemoteCluster(in_cluster(given, folder=tmp_path)) as remote:
        await remote.run_controller(Mirror)
        told = ObjectMeta(name="a", labels={"mirror": ""})
        await cluster.client.create(ConfigMap(metadata=told))
        await cluster.client.wait(ConfigMap, "a-mirror", _says(keys="0", nodes="1"), timeout=60)


async def test_a_stream_from_a_compacted_revision_is_expired(
    remote: RemoteCluster, real: Real
) -> None:
    """As in-process: whoever watches from too long ago hears so."""
    cluster, _ = real
    for number in range(3):
        await cluster.client.create(ConfigMap(metadata=ObjectMeta(name=f"c{number}")))
    cluster.store.compact(cluster.store.revision)
    with pytest.raises(Expired):
        async with remote.client.watch(ConfigMap, since=1) as stream:
            await anext(stream)


async def test_custom_resources_are_known_from_discovery(remote: RemoteCluster, real: Real) -> None:
    """A definition that came later, too, once a controller is run."""
    cluster, _ = real
    await cluster.apply([_definition()])
    await remote.run_controller(Mirror)
    await remote.apply(
        [
            {
                "apiVersion": "example.com/v1",
                "kind": "Thing",
                "metadata": {"name": "one"},
                "spec": {"size": 3},
            }
        ]
    )
    thing: Any = await remote.client.get(remote.scheme.by_kind("example.com/v1", "Thing"), "one")
    assert isinstance(thing, Unstructured)
    assert thing.content["spec"] == {"size": 3}


async def test_a_group_whose_server_is_down_is_passed_over(
    real: Real, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """As that of metrics may be: what else the cluster serves is there."""
    cluster, front = real
    service = {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {"name": "v1.down.example.com"},
        "spec": {
            "group": "down.example.com",
            "version": "v1",
            "service": {"name": "a", "namespace": "b"},
            "groupPriorityMinimum": 10,
            "versionPriority": 10,
            "insecureSkipTLSVerify": True,
        },
    }
    await cluster.apply([service, definition(), widget("one", 3)])
    await cluster.client.wait(APIService, "v1.down.example.com", "condition=Available=False")
    async with RemoteCluster(load_access(front.write_kubeconfig(tmp_path / "config"))) as remote:
        await remote.run_controller(Sizes)
        assert (await remote.client.get(WIDGETS, "one")).metadata.name == "one"
    assert "down.example.com/v1" in caplog.text


async def test_a_definition_may_come_in_one_apply_with_its_objects(remote: RemoteCluster) -> None:
    """And others may have made it: what is not known is looked for once more."""
    definitions = await remote.apply([definition(), widget("one", 3)])
    assert definitions[1].content["spec"] == {"size": 3}
    with pytest.raises(UnknownKind, match='no matches for kind "Gadget"'):
        await remote.apply([{**widget("one", 3), "kind": "Gadget"}])


class Sizes(Controller):
    """Says of each widget how large it is asked to be."""

    name = "sizes"
    kind = WIDGETS

    async def reconcile(self, key: Key) -> None:
        """Write the status."""
        widget: Any = self.cache_of(WIDGETS).get(*key)
        if widget is not None:
            await write_status(self.client, widget, {"size": widget.content["spec"]["size"]})


@pytest.mark.parametrize("defined", ["before", "after"])
async def test_a_controller_of_a_custom_kind_runs_before_its_definition_or_after_it(
    remote: RemoteCluster, real: Real, defined: str
) -> None:
    """It writes what it watches, whether discovery has told of the kind or not."""
    cluster, _ = real
    if defined == "after":
        await remote.run_controller(Sizes)
    await cluster.apply([definition()])
    await cluster.client.wait(
        CustomResourceDefinition, "widgets.example.test", "condition=Established", timeout=30
    )
    if defined == "before":
        await remote.run_controller(Sizes)
    await cluster.apply([widget("one", 3)])
    told = {"spec": {"size": 3}, "status": {"size": 3}}
    await cluster.client.wait(WIDGETS, "one", lambda each: each.content == told, timeout=60)


async def test_a_server_that_is_gone_is_unavailable(remote: RemoteCluster, real: Real) -> None:
    """A request fails with words that name the server."""
    _, front = real
    await front.__aexit__(None, None, None)
    resource = remote.scheme.by_type(ConfigMap)
    with pytest.raises(ServiceUnavailable, match="cannot be reached"):
        await remote.api.ask(Get(resource=resource, name="a", namespace="default"))


def _says(**data: str) -> Any:
    return lambda each: each.data == data


def _definition() -> dict[str, Any]:
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "things.example.com"},
        "spec": {
            "group": "example.com",
            "scope": "Namespaced",
            "names": {"plural": "things", "kind": "Thing"},
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": schema},
                }
            ],
        },
    }
