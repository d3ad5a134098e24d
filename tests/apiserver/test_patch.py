"""Patching: the three forms, what they make, and how they are refused."""

from typing import Any

import pytest

from orchestrator.api.apps.v1 import Deployment
from orchestrator.api.core.v1 import ConfigMap, Node, Pod
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.protocol import (
    BadRequest,
    Conflict,
    Invalid,
    NotFound,
    PatchType,
)
from tests.apiserver.harness import Api, deployment, meta, pod, refused


async def test_a_merge_patch_changes_what_it_names(api: Api) -> None:
    """And nothing else; null removes."""
    await api.create(ConfigMap(metadata=meta("a"), data={"x": "1", "y": "2"}))
    patched = await api.patch(ConfigMap, "a", {"data": {"x": None, "z": "3"}})
    assert patched.data == {"y": "2", "z": "3"}


@pytest.mark.parametrize(
    ("body", "kind", "same"),
    [
        ({"metadata": {"labels": {"a": "b"}}}, "merge", True),
        ({"metadata": {"labels": {"a": "b"}}}, "strategic", True),
        ([{"op": "add", "path": "/metadata/labels", "value": {"a": "b"}}], "json", True),
        ([{"op": "add", "path": "/spec/replicas", "value": 9}], "json", False),
        ({"spec": {"replicas": 9}}, "merge", False),
        ({"spec": {"replicas": 9}}, "strategic", False),
    ],
)
async def test_a_spec_that_a_patch_leaves_alone_is_the_very_same(
    api: Api, body: Any, kind: PatchType, same: bool
) -> None:
    """It is not read again; one that is touched is."""
    before = await api.create(deployment("web"))
    patched = await api.patch(Deployment, "web", body, kind)
    assert (patched.spec is before.spec) == same
    assert patched.spec.replicas == (before.spec.replicas if same else 9)


async def test_a_json_patch_is_a_list_of_steps(api: Api) -> None:
    """A `test` that fails refuses all of it."""
    await api.create(ConfigMap(metadata=meta("a"), data={"x": "1"}))
    steps: list[dict[str, Any]] = [
        {"op": "test", "path": "/data/x", "value": "1"},
        {"op": "add", "path": "/data/y", "value": "2"},
    ]
    assert (await api.patch(ConfigMap, "a", steps, "json")).data == {"x": "1", "y": "2"}
    steps[0]["value"] = "other"
    error = await refused(Invalid, api.patch(ConfigMap, "a", steps, "json"))
    assert error.message == "the server rejected our request due to an error in our request"


async def test_a_strategic_patch_knows_the_lists_keys(api: Api) -> None:
    """Containers merge by name."""
    await api.create(deployment("web"))
    container = {"name": "c", "image": "registry.test/c:2"}
    body = {"spec": {"template": {"spec": {"containers": [container]}}}}
    patched = await api.patch(Deployment, "web", body, "strategic")
    (found,) = patched.spec.template.spec.containers
    assert found.image == "registry.test/c:2"
    assert found.termination_message_path == "/dev/termination-log"
    assert patched.metadata.generation == 2


async def test_a_patch_of_the_status_changes_the_status(api: Api) -> None:
    """The same document, another owner."""
    await api.create(deployment("web"))
    body = {"spec": {"replicas": 9}, "status": {"replicas": 1}}
    patched = await api.patch(Deployment, "web", body, subresource="status")
    assert (patched.spec.replicas, patched.status.replicas) == (1, 1)


async def test_a_kubelets_patch_of_its_status_may_label_the_node(api: Api) -> None:
    """A patch is made from the present state, so it may."""
    await api.create(Node(metadata=ObjectMeta(name="n")))
    body = {"metadata": {"labels": {"zone": "a"}}, "status": {"capacity": {"cpu": "4"}}}
    patched = await api.patch(Node, "n", body, "strategic", subresource="status")
    assert patched.metadata.labels == {"zone": "a"}
    assert patched.status.capacity == {"cpu": "4"}


async def test_a_patch_that_changes_nothing_is_none(api: Api) -> None:
    """No revision for it."""
    created = await api.create(pod("web", {"app": "web"}))
    before = api.store.revision
    assert await api.patch(Pod, "web", {"metadata": {"labels": {"app": "web"}}}) is created
    assert api.store.revision == before


async def test_a_patch_may_be_conditional(api: Api) -> None:
    """By the resourceVersion or the uid that it names."""
    created = await api.create(pod("web"))
    stale = {"metadata": {"resourceVersion": "1", "labels": {"a": "b"}}}
    await refused(Conflict, api.patch(Pod, "web", stale))
    other = {"metadata": {"uid": "other", "labels": {"a": "b"}}}
    await refused(Invalid, api.patch(Pod, "web", other))
    fresh = {"metadata": {"uid": created.metadata.uid, "labels": {"a": "b"}}}
    assert (await api.patch(Pod, "web", fresh)).metadata.labels == {"a": "b"}


REFUSED: list[tuple[str, PatchType, Any, type[Any], str]] = [
    (
        "another name",
        "merge",
        {"metadata": {"name": "b"}},
        BadRequest,
        "the name of the object (b) does not match the name on the URL (web)",
    ),
    (
        "another kind",
        "merge",
        {"kind": "Service"},
        Invalid,
        ": converting (v1.Service) to (core.Pod): unknown conversion",
    ),
    (
        "a wrong type",
        "merge",
        {"spec": {"containers": "none"}},
        Invalid,
        "json: cannot unmarshal string into Go struct field PodSpec.spec.containers of type "
        "[]v1.Container",
    ),
    (
        "an invalid result",
        "merge",
        {"metadata": {"labels": {"-": "x"}}},
        Invalid,
        "",
    ),
]


@pytest.mark.parametrize(
    ("patch_type", "body", "error", "message"),
    [row[1:] for row in REFUSED],
    ids=[row[0] for row in REFUSED],
)
async def test_a_patch_is_refused(
    api: Api, patch_type: PatchType, body: Any, error: type[Any], message: str
) -> None:
    """And nothing is stored."""
    created = await api.create(pod("web"))
    refusal = await refused(error, api.patch(Pod, "web", body, patch_type))
    assert refusal.message.endswith(message)
    assert await api.get(Pod, "web") is created


async def test_a_missing_object_cannot_be_patched(api: Api) -> None:
    """Only apply would create it."""
    error = await refused(NotFound, api.patch(Pod, "web", {}))
    assert error.message == 'pods "web" not found'


async def test_strict_patches_refuse_unknown_fields(api: Api) -> None:
    """Otherwise they are dropped."""
    await api.create(pod("web"))
    body = {"spec": {"nodeNam": "x"}}
    assert (await api.patch(Pod, "web", body)).spec.node_name in ("", None)
    error = await refused(Invalid, api.patch(Pod, "web", body, field_validation="Strict"))
    assert error.message.endswith('strict decoding error: unknown field "spec.nodeNam"')


@pytest.mark.parametrize("value", [5, ["x"], {"a": 1}, True])
async def test_a_patch_cannot_make_a_kind_of_something_else_than_text(api: Api, value: Any) -> None:
    """Each form says so in the words of its reader."""
    await api.create(ConfigMap(metadata=meta("a")))
    shown = {int: "number", list: "array", dict: "object", bool: "bool"}[type(value)]
    error = await refused(Invalid, api.patch(ConfigMap, "a", {"kind": value}))
    assert error.message.endswith(
        "couldn't get version/kind; json parse error: "
        f"json: cannot unmarshal {shown} into Go struct field .kind of type string"
    )
    error = await refused(Invalid, api.patch(ConfigMap, "a", {"kind": value}, "strategic"))
    expected = "cannot convert int64 to string" if value == 5 else "unrecognized type: string"
    assert error.message.endswith(expected)


async def test_a_patch_says_no_kind_or_another_one(api: Api) -> None:
    """None is that of the object; another one is not converted."""
    await api.create(ConfigMap(metadata=meta("a")))
    assert (await api.patch(ConfigMap, "a", {"kind": ""})).metadata.name == "a"
    error = await refused(Invalid, api.patch(ConfigMap, "a", {"kind": "Pod"}))
    assert error.message.endswith("converting (v1.Pod) to (core.ConfigMap): unknown conversion")


@pytest.mark.parametrize("patch_type", ["merge", "apply"])
async def test_a_patch_cannot_make_another_object_of_one(api: Api, patch_type: PatchType) -> None:
    """Its uid is immutable, which is found twice; an update that means another one is a conflict."""
    await api.create(ConfigMap(metadata=meta("a")))
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "uid": "other"}}
    error = await refused(Invalid, api.patch(ConfigMap, "a", body, patch_type, field_manager="m"))
    assert error.message.endswith('metadata.uid: Invalid value: "other": field is immutable')
    assert [cause.field for cause in error.causes] == ["metadata.uid", "metadata.uid"]
    update = api.update(ConfigMap(metadata=meta("a", uid="other")), dry_run=True)
    assert "Key: /configmaps/default/a," in (await refused(Conflict, update)).message


async def test_a_patch_takes_no_version_away(api: Api) -> None:
    """Without it nothing of the object can be read, not even its name."""
    await api.create(ConfigMap(metadata=meta("a")))
    error = await refused(BadRequest, api.patch(ConfigMap, "a", {"apiVersion": None}))
    assert "name must be provided" in error.message
    error = await refused(BadRequest, api.patch(ConfigMap, "a", [1], "strategic"))
    words = "json: cannot unmarshal array into Go value of type map[string]interface {}"
    assert error.message == words
