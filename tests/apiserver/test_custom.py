"""Custom resources: plain content under the generic rules."""

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from orchestrator.api.scheme import Resource, Subresource
from orchestrator.api.unstructured import Unstructured
from orchestrator.protocol import Get, Invalid, NotFound, UnsupportedMediaType
from tests.apiserver.harness import Api, drained, events_of, meta, refused

VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
STATUS = Subresource("status", "example.test", "v1", "Widget", ("get", "patch", "update"))
WIDGETS = Resource(
    "example.test", "v1", "widgets", "Widget", namespaced=True, verbs=VERBS, subresources=(STATUS,)
)
PLAIN = Resource("example.test", "v1", "gadgets", "Gadget", namespaced=True, verbs=VERBS)


def custom(resource: Resource, name: str, **content: Any) -> Unstructured:
    """An object of a custom kind."""
    return Unstructured(
        api_version=resource.api_version, kind=resource.kind, metadata=meta(name), content=content
    )


async def created(api: Api, resource: Resource, **content: Any) -> Any:
    """One that is stored."""
    api.scheme.register(resource)
    return await api.create(custom(resource, "one", **content), resource=resource)


def content(found: Any) -> Mapping[str, Any]:
    """What the object says."""
    result: Mapping[str, Any] = found.content
    return result


async def test_a_custom_object_is_stamped_and_stored(api: Api) -> None:
    """Like any other."""
    found = await created(api, PLAIN, spec={"size": 3})
    assert found.metadata.uid
    assert found.metadata.generation == 1
    request = Get(resource=PLAIN, namespace="default", name="one")
    assert await api.ref.ask(request) is found


async def test_a_status_is_apart_if_the_resource_says_so(api: Api) -> None:
    """Create and update leave it alone, a status update changes nothing else."""
    found = await created(api, WIDGETS, spec={"size": 3}, status={"ready": True})
    assert content(found) == {"spec": {"size": 3}}
    both = replace(found, content={"spec": {"size": 4}, "status": {"ready": True}})
    found = await api.update(both, resource=WIDGETS, subresource="status")
    assert content(found) == {"spec": {"size": 3}, "status": {"ready": True}}
    assert found.metadata.generation == 1
    bigger = replace(found, content={"spec": {"size": 4}})
    found = await api.update(bigger, resource=WIDGETS)
    assert content(found) == {"spec": {"size": 4}, "status": {"ready": True}}
    assert found.metadata.generation == 2


async def test_without_that_everything_is_one(api: Api) -> None:
    """And counts as one."""
    found = await created(api, PLAIN, spec={}, status={"ready": True})
    assert content(found)["status"] == {"ready": True}
    changed = replace(found, content={"spec": {}, "status": {"ready": False}})
    found = await api.update(changed, resource=PLAIN)
    assert found.metadata.generation == 2
    await refused(NotFound, api.update(found, resource=PLAIN, subresource="status"))


async def test_an_equal_update_is_none(api: Api) -> None:
    """Also for content that nobody knows."""
    found = await created(api, WIDGETS, spec={"size": 3})
    same = replace(found, content={"spec": {"size": 3}})
    assert await api.update(same, resource=WIDGETS) is found


async def test_custom_objects_are_patched_but_not_strategically(api: Api) -> None:
    """Nobody knows their lists."""
    await created(api, WIDGETS, spec={"size": 3, "colour": "red"})
    body = {"spec": {"colour": None}}
    found = await api.patch(Unstructured, "one", body, resource=WIDGETS)
    assert content(found) == {"spec": {"size": 3}}
    error = await refused(
        UnsupportedMediaType,
        api.patch(Unstructured, "one", body, "strategic", resource=WIDGETS),
    )
    assert "strategic" not in error.message


async def test_custom_objects_need_a_version_to_be_updated(api: Api) -> None:
    """As in Kubernetes."""
    await created(api, WIDGETS, spec={})
    await refused(Invalid, api.update(custom(WIDGETS, "one", spec={"a": 1}), resource=WIDGETS))


async def test_custom_objects_are_watched(api: Api) -> None:
    """Like any other."""
    api.scheme.register(WIDGETS)
    async with api.inbox() as inbox:
        await api.watch(inbox, Unstructured, resource=WIDGETS)
        await created(api, WIDGETS, spec={})
        await api.delete(Unstructured, "one", resource=WIDGETS)
        await api.settle()
        assert events_of(drained(inbox)) == [("ADDED", "one"), ("DELETED", "one")]


async def test_an_unregistered_resource_is_not_there(api: Api) -> None:
    """Even if somebody still holds it."""
    request = api.create(custom(PLAIN, "one"), resource=PLAIN)
    error = await refused(NotFound, request)
    assert error.message == "the server could not find the requested resource"


async def test_another_kind_is_refused(api: Api) -> None:
    """Content proves nothing; the kind must be right."""
    api.scheme.register(WIDGETS)
    wrong = custom(PLAIN, "one")
    error = await refused(Invalid, api.create(wrong, resource=WIDGETS))
    assert error.message == (
        'Gadget.example.test "one" is invalid: kind: Invalid value: "Gadget": must be Widget'
    )
