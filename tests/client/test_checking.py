"""What a program gives to the client is looked at where it is given."""

from types import SimpleNamespace
from typing import Any

import pytest

from orchestrator import Cluster
from orchestrator.api.apps.v1 import Deployment
from orchestrator.api.core.v1 import ConfigMap, Container, Pod, PodSpec
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.protocol import Invalid
from tests.manifests import deployment


def _wrong(**metadata: Any) -> ConfigMap:
    return ConfigMap(metadata=ObjectMeta(name="q", **metadata))


WRONG: dict[str, tuple[Any, str, str]] = {
    "labels": (
        _wrong(labels={"a": 1}),
        "metadata.labels: expected str, got int",
        "metadata.labels",
    ),
    "no labels": (_wrong(labels=None), "metadata.labels: ", "metadata.labels"),
    "a name": (
        ConfigMap(metadata=ObjectMeta(name=3)),  # type: ignore[arg-type]
        "metadata.name: expected str, got int",
        "metadata.name",
    ),
    "data": (
        ConfigMap(metadata=ObjectMeta(name="q"), data=["a"]),  # type: ignore[arg-type]
        "data: expected mapping, got sequence",
        "data",
    ),
    "deep": (
        Pod(spec=PodSpec(containers=(Container(name="c", ports=("80",)),))),  # type: ignore[arg-type]
        "spec.containers[0].ports[0]: expected mapping, got str",
        "spec.containers[0].ports[0]",
    ),
    "what JSON has not": (_wrong(labels={"a": object()}), "object", ""),
    "another's metadata": (
        ConfigMap(metadata=SimpleNamespace(name="q")),  # type: ignore[arg-type]
        "SimpleNamespace",
        "",
    ),
    "a manifest": (
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "q", "labels": {"a": 1}}},
        "metadata.labels.a: expected string, got number",
        "metadata.labels.a",
    ),
    "a manifest without a kind": (
        {"metadata": {"name": "q"}},
        "apiVersion: expected",
        "apiVersion",
    ),
}


@pytest.mark.parametrize("name", WRONG)
async def test_a_field_of_a_wrong_type_is_named(cluster: Cluster, name: str) -> None:
    """By create and update, before any server sees it; and the server lives on."""
    obj, said, field = WRONG[name]
    for write in (cluster.client.create, cluster.client.update):
        with pytest.raises(Invalid) as refused:
            await write(obj)
        assert said in str(refused.value)
        assert [cause.field for cause in refused.value.causes] == [field]
    assert cluster.system.ref("/apiserver").restarts == 0


async def test_lists_become_tuples_and_nothing_stored_can_be_changed(cluster: Cluster) -> None:
    """The caller's own lists and dicts stay the caller's."""
    labels, finalizers = {"a": "b"}, ["example.dev/a"]
    obj = ConfigMap(
        metadata=ObjectMeta(name="q", labels=labels, finalizers=finalizers)  # type: ignore[arg-type]
    )
    await cluster.client.create(obj)
    labels["a"] = "c"
    finalizers.append("example.dev/b")
    stored = await cluster.client.get(ConfigMap, "q")
    assert stored.metadata.finalizers == ("example.dev/a",)
    assert stored.metadata.labels == {"a": "b"}


async def test_create_takes_a_manifest_as_apply_does(cluster: Cluster) -> None:
    """Decoded, with its kind."""
    created: Any = await cluster.client.create(deployment("web", 2))
    assert isinstance(created, Deployment)
    assert created.metadata.uid
    many = await cluster.client.create_all([_wrong(), ConfigMap(metadata=ObjectMeta(name="r"))])
    assert [getattr(each, "metadata", ObjectMeta()).name for each in many] == ["q", "r"]


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("pods", r"not 'pods': give the class Pod \(from orchestrator.api.core.v1 import Pod\)"),
        ("Deploymnet", "give the class Deployment"),
        ("po", "give the class Pod"),
        (Pod(), "give its class, Pod"),
        (7, "a kind's class or a Resource is expected, not 7"),
    ],
)
async def test_a_kind_s_name_is_no_kind(cluster: Cluster, kind: Any, said: str) -> None:
    """The error says which class was meant."""
    with pytest.raises(TypeError, match=said):
        await cluster.client.get(kind, "x")


async def test_other_mistakes_are_type_errors(cluster: Cluster) -> None:
    """They name what was given."""
    client: Any = cluster.client
    with pytest.raises(TypeError, match=r"an object's name is a str, not 3"):
        await client.get(Pod, 3)
    with pytest.raises(ValueError, match="must not be empty"):
        await client.delete(Pod, "")
    with pytest.raises(TypeError, match=r"expected, not <class .*ConfigMap'>"):
        await client.create(ConfigMap)
    with pytest.raises(TypeError, match="expected, not 'x'"):
        await client.create("x")
    with pytest.raises(TypeError, match="merge patch is a mapping, not"):
        await client.patch(Pod, "x", [{"op": "remove"}])
    with pytest.raises(TypeError, match="json patch is a sequence of operations, not"):
        await client.patch(Pod, "x", {}, patch_type="json")
