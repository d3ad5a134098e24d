"""Server-side apply and managedFields, through the API server's mailbox."""

from typing import Any

import pytest
from msgspec.structs import replace

from orchestrator.api import codec
from orchestrator.api.apps.v1 import Deployment
from orchestrator.api.autoscaling.v1 import Scale
from orchestrator.api.core.v1 import (
    Binding,
    ConfigMap,
    Event,
    Node,
    ObjectReference,
    Pod,
    PodCondition,
    PodStatus,
)
from orchestrator.api.meta.v1 import ManagedFieldsEntry
from orchestrator.api.networking.v1 import IPAddress, IPAddressSpec, ParentReference
from orchestrator.machinery.managed_fields.ledger import MAX_UNREAD, Ledger
from orchestrator.protocol import (
    BadRequest,
    Conflict,
    Created,
    Identity,
    NotFound,
    Unclassified,
)
from tests.apiserver.harness import Api, deployment, meta, pod, refused

KUBELET = Identity("system:node:n", ("system:nodes",))


def _config(**data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": data}


async def _apply(api: Api, body: dict[str, Any], manager: str, **options: Any) -> Any:
    kind = {"ConfigMap": ConfigMap, "Deployment": Deployment}[body["kind"]]
    name = body["metadata"]["name"]
    return await api.patch(kind, name, body, "apply", field_manager=manager, **options)


def _owners(obj: Any) -> dict[str, Any]:
    return {each.manager: each.fields_v1 for each in obj.metadata.managed_fields}


# --- apply ---------------------------------------------------------------------------------


async def test_an_apply_creates_what_is_not_there(api: Api) -> None:
    """The answer says that the object is new, and the manager owns what it applied."""
    created = await _apply(api, _config(a="1"), "one")
    assert isinstance(created, Created)
    (entry,) = created.object.metadata.managed_fields
    assert (entry.manager, entry.operation, entry.api_version) == ("one", "Apply", "v1")
    assert entry.fields_v1 == {"f:data": {"f:a": {}}}
    assert (await api.get(ConfigMap, "c")).data == {"a": "1"}


async def test_a_second_apply_changes_nothing(api: Api) -> None:
    """Applying the same again takes no revision."""
    created = await _apply(api, _config(a="1"), "one")
    again = await _apply(api, _config(a="1"), "one")
    assert again.metadata.resource_version == created.object.metadata.resource_version


async def test_conflicts_name_fields_and_force_takes_them(api: Api) -> None:
    """What another owns is refused with a cause for each field, and taken by force."""
    await _apply(api, _config(a="1", b="1"), "one")
    error = await refused(Conflict, _apply(api, _config(a="2"), "two"))
    assert error.message == 'Apply failed with 1 conflict: conflict with "one": .data.a'
    (cause,) = error.causes
    assert (cause.reason, cause.field) == ("FieldManagerConflict", ".data.a")
    taken = await _apply(api, _config(a="2"), "two", force=True)
    assert _owners(taken) == {"one": {"f:data": {"f:b": {}}}, "two": {"f:data": {"f:a": {}}}}


async def test_what_a_manager_leaves_out_is_removed(api: Api) -> None:
    """A field that only its manager owned goes when the manager does not apply it any more."""
    await _apply(api, _config(a="1", b="1"), "one")
    assert (await _apply(api, _config(a="1"), "one")).data == {"a": "1"}


async def test_a_dry_run_stores_nothing(api: Api) -> None:
    """It answers what would be."""
    answer = await _apply(api, _config(a="1"), "one", dry_run=True)
    assert _owners(answer.object) == {"one": {"f:data": {"f:a": {}}}}
    await refused(NotFound, api.get(ConfigMap, "c"))


async def test_defaults_have_no_owner(api: Api) -> None:
    """What Kubernetes fills in belongs to nobody who applies."""
    body = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [{"name": "c", "image": "i"}]},
            },
        },
    }
    made = (await _apply(api, body, "one")).object
    assert made.spec.replicas == 1
    assert "f:replicas" not in _owners(made)["one"]["f:spec"]


@pytest.mark.parametrize(
    ("change", "kind", "message"),
    [
        ({"kind": "Secret"}, BadRequest, "invalid object type: /v1, Kind=Secret"),
        ({"apiVersion": "v2"}, BadRequest, "invalid object type: /v2, Kind=ConfigMap"),
        (
            {"nonsense": 1},
            Unclassified,
            "failed to create typed patch object (/c; /v1, Kind=ConfigMap): "
            ".nonsense: field not declared in schema",
        ),
        (
            {"metadata": {"name": "c", "managedFields": []}},
            BadRequest,
            "metadata.managedFields must be nil",
        ),
    ],
)
async def test_what_cannot_be_applied_is_refused(
    api: Api, change: dict[str, Any], kind: type[Any], message: str
) -> None:
    """Another kind, unknown fields and managedFields are refused in Kubernetes' words."""
    body = {**_config(a="1"), **change}
    request = api.patch(ConfigMap, "c", body, "apply", field_manager="one")
    assert (await refused(kind, request)).message == message


async def test_an_object_without_managers_gets_one_for_what_is_there(api: Api) -> None:
    """The first apply gives the fields that are there to `before-first-apply`."""
    await _apply(api, _config(a="1"), "one")
    reset: dict[str, Any] = {"metadata": {"managedFields": []}}
    assert not tuple((await api.patch(ConfigMap, "c", reset)).metadata.managed_fields)
    applied = await _apply(api, _config(b="1"), "two")
    assert _owners(applied) == {
        "before-first-apply": {"f:data": {".": {}, "f:a": {}}},
        "two": {"f:data": {"f:b": {}}},
    }


@pytest.mark.parametrize("finalizers", [("x.io/a",), ()])
async def test_who_leaves_an_end_out_takes_it_from_its_owner(
    api: Api, finalizers: tuple[str, ...]
) -> None:
    """Of an object that nobody owned, the first apply gives its end away; a new state without it takes that back."""
    held = meta("c", finalizers=("x.io/a",))
    await api.create(ConfigMap(metadata=held))
    await api.patch(ConfigMap, "c", {"metadata": {"managedFields": [{}]}})
    await api.delete(ConfigMap, "c")
    applied = await _apply(api, _config(), "one")
    assert "f:deletionTimestamp" in _owners(applied)["before-first-apply"]["f:metadata"]
    new = ConfigMap(metadata=replace(held, finalizers=finalizers), data={"a": "1"})
    written = await api.update(new, field_manager="two")
    assert written.metadata.deletion_timestamp is not None
    owners = _owners(written)
    assert "two" in owners
    assert all("f:deletionTimestamp" not in each.get("f:metadata", {}) for each in owners.values())


async def test_kubectl_takes_over_what_it_applied_client_side(api: Api) -> None:
    """Fields that still are as the annotation says conflict with nobody for kubectl alone."""
    last = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"},"data":{"a":"1"}}'
    annotations = {"kubectl.kubernetes.io/last-applied-configuration": last}
    await api.create(
        ConfigMap(metadata=meta("c", annotations=annotations), data={"a": "1"}),
        field_manager="kubectl-client-side-apply",
    )
    await refused(Conflict, _apply(api, _config(a="2"), "other"))
    taken = await _apply(api, _config(a="2"), "kubectl")
    assert taken.data == {"a": "2"}
    assert '"a":"2"' in next(iter(taken.metadata.annotations.values()))
    marked = await _apply(api, _config(a="<&>\u2028"), "kubectl")
    assert r'"a":"\u003c\u0026\u003e\u2028"' in next(iter(marked.metadata.annotations.values()))
    for said, kept in ((None, '{"name":"c"}'), ({}, '{"annotations":{},"name":"c"}')):
        body = {**_config(a="2"), "metadata": {"name": "c", "annotations": said}}
        bare = await _apply(api, body, "kubectl")
        assert f'"metadata":{kept}' in next(iter(bare.metadata.annotations.values()))


async def test_a_scale_moves_the_replicas_to_whoever_scales(api: Api) -> None:
    """A Scale can be applied, and its conflicts are those of the Deployment's owners."""
    await api.create(deployment("web", 3), field_manager="creator")
    scale = {
        "apiVersion": "autoscaling/v1",
        "kind": "Scale",
        "metadata": {"name": "web"},
        "spec": {"replicas": 5},
    }

    async def scaled(**options: Any) -> Scale:
        answer: Scale = await api.patch(
            Deployment, "web", scale, "apply", subresource="scale", field_manager="hpa", **options
        )
        return answer

    error = await refused(Conflict, scaled())
    assert 'conflict with "creator" using autoscaling/v1: .spec.replicas' in error.message
    assert (await scaled(force=True)).spec.replicas == 5  # type: ignore[union-attr]
    owners = _owners(await api.get(Deployment, "web"))
    assert owners["hpa"] == {"f:spec": {"f:replicas": {}}}
    assert "f:replicas" not in owners["creator"]["f:spec"]


# --- other writes --------------------------------------------------------------------------


async def test_every_writer_is_named_with_its_path(api: Api) -> None:
    """Creator, kubelet and whoever patches have an entry each; a binding has none."""
    await api.create(pod("web"), field_manager="creator")
    binding = Binding(metadata=meta("web"), target=ObjectReference(kind="Node", name="n"))
    await api.create(binding, resource=api.resource(Pod), name="web", subresource="binding")
    bound = await api.get(Pod, "web")
    ready = PodStatus(phase="Running", conditions=(PodCondition(type="Ready", status="True"),))
    await api.status(replace(bound, status=ready), identity=KUBELET)
    await api.patch(Pod, "web", {"metadata": {"labels": {"x": "1"}}}, field_manager="me")
    entries = (await api.get(Pod, "web")).metadata.managed_fields
    assert {(each.manager, each.subresource) for each in entries} == {
        ("creator", ""),
        ("kubelet", "status"),
        ("me", ""),
    }
    owners = {each.manager: each.fields_v1 for each in entries}
    assert "f:nodeName" not in owners["creator"]["f:spec"]
    assert owners["kubelet"]["f:status"]["f:phase"] == {}


async def test_entries_that_are_sent_back_are_no_change(api: Api) -> None:
    """A client that replaces what it read, managedFields and all, changes nothing."""
    stored = await api.create(ConfigMap(metadata=meta("c"), data={"a": "1"}), field_manager="me")
    document = codec.to_dict(stored)
    assert document["metadata"]["managedFields"][0]["manager"] == "me"
    same = await api.update(codec.from_dict(document, ConfigMap), field_manager="other")
    assert same.metadata.resource_version == stored.metadata.resource_version


async def test_a_client_may_take_a_manager_away(api: Api) -> None:
    """Entries that a client edited are stored as it says; wrong ones count for nothing."""
    stored = await api.create(ConfigMap(metadata=meta("c"), data={"a": "1"}), field_manager="me")
    (entry,) = stored.metadata.managed_fields

    async def put(*entries: ManagedFieldsEntry) -> dict[str, Any]:
        metadata = replace(stored.metadata, managed_fields=entries, resource_version="")
        return _owners(await api.update(replace(stored, metadata=metadata), field_manager="x"))

    assert set(await put(replace(entry, manager="you"))) == {"you"}
    assert set(await put(replace(entry, operation="Odd"))) == {"you"}
    assert not await put(ManagedFieldsEntry())


# --- the ledger ----------------------------------------------------------------------------


async def test_reports_of_one_writer_keep_one_old_state(api: Api) -> None:
    """A kubelet that reports again and again makes one ledger of its reports, until one reads."""
    await api.create(pod("web", node_name="n"))
    for number in range(3 * MAX_UNREAD):
        last = await api.get(Pod, "web")
        await api.status(replace(last, status=PodStatus(message=str(number))), identity=KUBELET)
    ledger: Any = (await api.get(Pod, "web")).metadata.managed_fields
    assert type(ledger) is Ledger
    assert ledger._unread == 2
    assert ledger[0].fields_v1 == {"f:status": {"f:message": {}}}
    assert ledger._unread == 0


async def test_a_chain_that_nobody_reads_is_folded(api: Api) -> None:
    """Writers that take turns do not make a chain without end."""
    await api.create(ConfigMap(metadata=meta("c"), data={"a": "0"}), field_manager="one")
    for number in range(3 * MAX_UNREAD):
        body = {"data": {"a": str(number)}}
        await api.patch(ConfigMap, "c", body, field_manager=("one", "two")[number % 2])
        ledger: Any = (await api.get(ConfigMap, "c")).metadata.managed_fields
        assert ledger._unread <= MAX_UNREAD


async def test_a_configuration_that_is_no_object_is_refused(api: Api) -> None:
    """In the words of Kubernetes' reader; null is an empty object, of no kind."""
    for body, shown in (([1], "array"), (5, "number"), ("x", "string")):
        request = api.patch(ConfigMap, "c", body, "apply", field_manager="one")
        words = f"json: cannot unmarshal {shown} into Go value of type map[string]interface {{}}"
        assert (await refused(BadRequest, request)).message.endswith(words)
    request = api.patch(ConfigMap, "c", None, "apply", field_manager="one")
    assert (await refused(BadRequest, request)).message == "invalid object type: /, Kind="


async def test_what_does_not_fit_the_type_is_told_of_with_its_object(api: Api) -> None:
    """A number with a fraction passes the shapes, not the type."""
    body = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "d", "namespace": "default"},
        "spec": {"replicas": 1.5},
    }
    error = await refused(Unclassified, _apply(api, body, "one"))
    assert error.message == (
        "failed to convert new object (default/d; apps/v1, Kind=Deployment) to proper version: "
        "unable to convert unstructured object to apps/v1, Kind=Deployment: "
        "cannot convert float64 to int32"
    )


async def test_nobody_owns_what_every_new_object_has(api: Api) -> None:
    """The fields that Go always writes are there before anybody says so; a time of deletion is taken away."""
    about = ObjectReference(kind="Pod", name="p", namespace="default")
    event = Event(
        metadata=meta("e", deletion_timestamp="2001-01-01T00:00:00Z"), involved_object=about
    )
    created = await api.create(replace(event, reason="R"), field_manager="one")
    assert _owners(created) == {"one": {"f:involvedObject": {}, "f:reason": {}}}


async def test_a_struct_that_may_be_absent_is_owned_itself(api: Api) -> None:
    """A pointer of Go's, though the schema requires it."""
    spec = IPAddressSpec(parent_ref=ParentReference(resource="services", name="s"))
    created = await api.create(
        IPAddress(metadata=meta("10.1.2.3", namespace=""), spec=spec), field_manager="one"
    )
    owned: dict[str, Any] = {"f:parentRef": {".": {}, "f:name": {}, "f:resource": {}}}
    assert _owners(created) == {"one": {"f:spec": owned}}


async def test_an_object_whose_fields_nobody_owns_is_not_tracked(api: Api) -> None:
    """Until somebody applies: a node that was made of a name alone, or whose entries were taken away."""
    await api.create(Node(metadata=meta("n", namespace="")))
    body = {"metadata": {"labels": {"a": "b"}}}
    labelled = await api.patch(Node, "n", body, namespace="", field_manager="one")
    assert labelled.metadata.labels == {"a": "b"}
    assert _owners(labelled) == {}
