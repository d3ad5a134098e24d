"""What a program gives to the client is looked at where it is given."""

from collections.abc import Awaitable
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import actors
from orchestrator import Cluster
from orchestrator.api import codec
from orchestrator.api.apps.v1 import Deployment, DeploymentSpec
from orchestrator.api.core.v1 import ConfigMap, Container, Pod, PodSpec, Secret
from orchestrator.api.errors import ApiTypeError
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.api.scheme import DEFAULT
from orchestrator.client.checking import checked_object
from orchestrator.protocol import ApiError, InternalError, Invalid
from tests.client.mistakes import mistaken
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
    "a number that Go has no room for": (
        Deployment(metadata=ObjectMeta(name="q"), spec=DeploymentSpec(replicas=10**12)),
        "spec.replicas: expected int32, got number 1000000000000",
        "spec.replicas",
    ),
    "bytes": (
        Secret(metadata=ObjectMeta(name="q"), data={"a": "no base64"}),
        "data.a: illegal base64 data at input byte 2",
        "data.a",
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


REQUESTS: dict[str, Any] = {
    "get": lambda client, wrong: client.get(Pod, "a", namespace=wrong),
    "list": lambda client, wrong: client.list(Pod, label_selector=wrong),
    "page": lambda client, wrong: client.page(Pod, field_selector=wrong),
    "wait": lambda client, wrong: client.wait(Pod, "a", "delete", namespace=wrong),
    "create": lambda client, wrong: client.create(_wrong(), namespace=wrong),
    "patch": lambda client, wrong: client.patch(Pod, "a", {}, subresource=wrong),
    "delete": lambda client, wrong: client.delete(Pod, "a", propagation_policy=wrong),
    "delete_collection": lambda client, wrong: client.delete_collection(Pod, label_selector=wrong),
    "apply": lambda client, wrong: client.apply(_wrong(), namespace=wrong),
    "apply_server_side": lambda client, wrong: client.apply_server_side(_wrong(), namespace=wrong),
}


@pytest.mark.parametrize("request_", REQUESTS)
async def test_what_a_request_says_in_words_is_text(cluster: Cluster, request_: str) -> None:
    """Namespaces, selectors, policies: the error names the argument, and shows how it is written."""
    for wrong in ({"app": "web"}, 5, ["a"]):
        with pytest.raises(TypeError, match=r"\w+ is a str.*, not ") as refused:
            await REQUESTS[request_](cluster.client, wrong)
        assert ("app=web" in str(refused.value)) == (request_ in ("list", "delete_collection"))


@settings(max_examples=4, deadline=None)
@given(st.integers(min_value=0))
def test_whatever_is_put_into_an_object_is_the_caller_s_affair(seed: int) -> None:
    """Objects of all kinds with wrong values in any place: the API server answers in its own words, and
    no component is the worse for what it stores.
    """
    actors.run(lambda: _try_mistakes(Random(seed)))


async def _try_mistakes(dice: Random) -> None:
    async with Cluster(nodes=0) as cluster:
        client = cluster.client
        kinds = [each for each in cluster.scheme.resources() if codec.is_kind(each.type)]
        writes = (client.create, client.update, client.apply, client.apply_server_side)
        for number in range(40):
            obj = mistaken(dice.choice(kinds).type, f"object-{number}", dice)
            error = await _error_of(dice.choice(writes)(obj))
            assert error is None or _understood(error), repr(error)
        await cluster.clock.sleep(60)
        assert {ref.path: ref.restarts for ref in cluster.system.refs() if ref.restarts} == {}


async def _error_of(request: Awaitable[Any]) -> Exception | None:
    try:
        await request
    except (ApiError, ApiTypeError, TypeError, ValueError) as error:
        return error
    return None


def _understood(error: Exception) -> bool:
    """Whether it is said in words of ours, and not where Python happened to stumble."""
    if isinstance(error, ApiError):
        return not isinstance(error, InternalError)
    return isinstance(error, ApiTypeError) or "object" in str(error)


async def test_equal_specs_become_one_that_nobody_can_change(cluster: Cluster) -> None:
    """Of pods that are created one by one; what the caller changes later reaches neither of them."""
    selector = {"disk": "ssd"}

    def pod(name: str) -> Pod:
        spec = PodSpec(containers=(Container(name="c", image="i"),), node_selector=selector)
        return Pod(metadata=ObjectMeta(name=name, namespace="default"), spec=spec)

    first = await cluster.client.create(pod("a"))
    second = await cluster.client.create(pod("b"))
    assert first.spec is second.spec
    selector["disk"] = "hdd"
    third = await cluster.client.create(pod("c"))
    assert first.spec is not None
    assert third.spec is not None
    assert first.spec.node_selector == {"disk": "ssd"}
    assert third.spec.node_selector == {"disk": "hdd"}


_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)


@given(_TEXTS, _TEXTS, st.dictionaries(_TEXTS, _TEXTS, max_size=2))
def test_a_pod_of_a_known_spec_is_read_as_its_document_is(
    name: str, other: str, texts: dict[str, str]
) -> None:
    """Whatever its texts hold, brackets and quotes included: what it says beside its spec is often but names."""
    spec = PodSpec(containers=(Container(name="c", image="i"),))
    for changes in ({"labels": texts}, {"annotations": texts}, {"finalizers": (other,)}):
        metadata = ObjectMeta(name=name, generate_name=other, namespace="a", **changes)
        given_one = Pod(metadata=metadata, spec=spec)
        _, copy = checked_object(given_one, DEFAULT)
        assert codec.encode(copy) == codec.encode(codec.decode(codec.encode(given_one), Pod))
