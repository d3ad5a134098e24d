"""Creating: what the server puts into an object, and what it refuses."""

from itertools import product

import pytest
from msgspec.structs import replace

from orchestrator.api import codec
from orchestrator.api.apps.v1 import DaemonSet, DaemonSetSpec, DeploymentStatus
from orchestrator.api.coordination.v1 import Lease, LeaseSpec
from orchestrator.api.core.v1 import (
    ConfigMap,
    Container,
    Namespace,
    Pod,
    PodSchedulingGate,
    PodSpec,
    PodTemplateSpec,
)
from orchestrator.api.meta.v1 import LabelSelector, ObjectMeta
from orchestrator.api.scheme import resource_of
from orchestrator.apiserver.kinds import kind_of
from orchestrator.apiserver.kinds.defaulting import apply_defaults
from orchestrator.apiserver.kinds.resets import STATUS
from orchestrator.apiserver.kinds.shapes import shape_of
from orchestrator.apiserver.pipeline import metadata
from orchestrator.machinery.managed_fields.ownership import created, ownable
from orchestrator.protocol import AlreadyExists, BadRequest, Forbidden, NotFound, Unclassified
from tests.apiserver.harness import Api, deployment, meta, namespace, pod, refused


async def test_a_new_object_is_stamped(api: Api) -> None:
    """uid, creation time, revision and generation are the server's."""
    claimed = meta(
        "web", uid="mine", generation=7, deletion_timestamp="2020-01-01T00:00:00Z", self_link="x"
    )
    created = await api.create(pod("web", metadata=claimed))
    assert created.metadata.creation_timestamp == "2024-01-01T00:00:00Z"
    assert created.metadata.generation == 1
    assert created.metadata.resource_version == str(api.store.revision)
    assert created.metadata.uid not in ("", "mine")
    assert created.metadata.deletion_timestamp is None


async def test_the_answer_is_the_stored_object(api: Api) -> None:
    """Nothing is copied between the store and its readers."""
    created = await api.create(pod("web"))
    assert await api.get(Pod, "web") is created
    assert api.store.get("pods", "default", "web") is created


async def test_pods_of_one_template_share_their_spec(api: Api) -> None:
    """Admission and defaults remember what they made of a spec."""
    template = pod("template").spec
    first = await api.create(Pod(metadata=meta("a"), spec=template))
    second = await api.create(Pod(metadata=meta("b"), spec=template))
    assert first.spec is second.spec
    assert first.status is second.status


async def test_pods_of_one_spec_have_owners_as_if_each_were_alone(api: Api) -> None:
    """What is remembered of a spec, and of what stands beside it, is what a look at the whole pod finds."""
    resource = resource_of(Pod)
    specs = (pod("template").spec, PodSpec(containers=(Container(name="other", image="i"),)))
    beside = (
        meta("a"),
        meta("b", labels={"app": "x"}),
        meta("c", labels={"app": "y"}),
        meta("d", labels={"app": "x"}, annotations={"n": "1"}, finalizers=("example.com/f",)),
    )
    sets = []
    for spec, said in product(specs, beside):
        sent = Pod(metadata=replace(said, name="", generate_name=said.name), spec=spec)
        made = await api.create(sent)
        (entry,) = made.metadata.managed_fields
        whole = codec.to_dict(apply_defaults(kind_of(resource), sent))
        shape = ownable(shape_of(resource), STATUS)
        assert entry.fields_v1 == created(whole, shape, STATUS)
        sets.append(entry.fields_v1)
    assert sets[1] is sets[2]
    assert sets[1] is not sets[5]


async def test_a_status_is_not_created(api: Api) -> None:
    """What is observed is not the creator's to say."""
    boast = replace(deployment("boast"), status=DeploymentStatus(ready_replicas=3))
    created = await api.create(boast)
    assert created.status == (await api.create(deployment("humble"))).status
    assert created.status is None or created.status.ready_replicas is None


async def test_a_pod_begins_pending_with_its_qos_class(api: Api) -> None:
    """And, if it is gated, with the condition that says so."""
    free = await api.create(pod("free"))
    assert (free.status.phase, free.status.qos_class) == ("Pending", "BestEffort")
    assert free.status.conditions == ()
    gated = await api.create(pod("gated", scheduling_gates=(PodSchedulingGate(name="x.y/z"),)))
    (condition,) = gated.status.conditions
    assert (condition.type, condition.status) == ("PodScheduled", "False")
    assert condition.reason == "SchedulingGated"


async def test_a_namespace_is_active_labelled_and_held(api: Api) -> None:
    """Its finalizer is the namespace controller's."""
    created = await api.create(namespace("team"))
    assert created.status.phase == "Active"
    assert created.spec.finalizers == ("kubernetes",)
    assert created.metadata.labels == {"kubernetes.io/metadata.name": "team"}


# --- names ---------------------------------------------------------------------------------


async def test_a_name_is_generated(api: Api) -> None:
    """Five random characters behind the prefix; the same seed gives the same names."""
    first = await api.create(Pod(metadata=meta("", generate_name="web-"), spec=pod("x").spec))
    second = await api.create(Pod(metadata=meta("", generate_name="web-"), spec=pod("x").spec))
    assert first.metadata.name != second.metadata.name
    assert len(first.metadata.name) == len("web-") + 5
    assert first.metadata.generate_name == "web-"


async def test_a_taken_name_is_generated_again(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Up to eight times; then the client hears of it."""
    names = iter(["web-a", "web-a", "web-b", *["web-a"] * 8])
    monkeypatch.setattr(metadata, "generate_name", lambda _prefix, _random: next(names))
    config = ConfigMap(metadata=meta("", generate_name="web-"))
    assert (await api.create(config)).metadata.name == "web-a"
    assert (await api.create(config)).metadata.name == "web-b"
    error = await refused(AlreadyExists, api.create(config))
    assert error.message == (
        'configmaps "web-a" already exists, '
        "the server was not able to generate a unique name for the object"
    )


async def test_a_taken_name_is_refused(api: Api) -> None:
    """In Kubernetes' words, with the group of the resource."""
    await api.create(deployment("web"))
    error = await refused(AlreadyExists, api.create(deployment("web")))
    assert error.message == 'deployments.apps "web" already exists'
    assert (error.kind, error.group, error.name) == ("deployments", "apps", "web")


async def test_the_name_in_the_object_must_be_the_one_in_the_request(api: Api) -> None:
    """A request may name its object (a PUT that creates)."""
    error = await refused(BadRequest, api.create(pod("a"), name="b"))
    assert error.message == "the name of the object (a) does not match the name on the URL (b)"


async def test_a_resource_version_cannot_be_created(api: Api) -> None:
    """An object that was read is not a new one; a version that is no number is passed over."""
    stale = pod("a", metadata=meta("a", resource_version="7"))
    error = await refused(Unclassified, api.create(stale))
    assert error.message == "resourceVersion should not be set on objects to be created"
    assert (error.code, error.reason) == (500, "")
    await api.create(pod("b", metadata=meta("b", resource_version="v1")))


# --- namespaces ----------------------------------------------------------------------------


async def test_nothing_is_created_in_a_missing_namespace(api: Api) -> None:
    """NotFound, as for a missing object."""
    lost = ConfigMap(metadata=ObjectMeta(name="a", namespace="nowhere"))
    error = await refused(NotFound, api.create(lost))
    assert error.message == 'namespaces "nowhere" not found'


async def test_nothing_is_created_in_an_ending_namespace(api: Api) -> None:
    """Forbidden, with a cause that programs look for."""
    await api.create(namespace("team"))
    await api.delete(Namespace, "team")
    late = ConfigMap(metadata=ObjectMeta(name="a", namespace="team"))
    error = await refused(Forbidden, api.create(late))
    assert error.message == (
        'configmaps "a" is forbidden: unable to create new content in namespace team '
        "because it is being terminated"
    )
    (cause,) = error.causes
    assert (cause.reason, cause.field) == ("NamespaceTerminating", "metadata.namespace")
    assert cause.message == "namespace team is being terminated"


async def test_what_is_refused_before_it_has_its_name_is_called_by_its_prefix(api: Api) -> None:
    """The mutating plugins are asked before a name is made of it; the validating ones know it."""
    await api.create(namespace("team"))
    await api.delete(Namespace, "team")
    late = ConfigMap(metadata=ObjectMeta(generate_name="a-", namespace="team"))
    error = await refused(Forbidden, api.create(late))
    assert error.message.startswith('configmaps "a-" is forbidden: ')


async def test_request_and_object_agree_on_the_namespace(api: Api) -> None:
    """An object without one takes the request's; one with another is refused."""
    created = await api.create(ConfigMap(metadata=ObjectMeta(name="a")), namespace="kube-public")
    assert created.metadata.namespace == "kube-public"
    error = await refused(BadRequest, api.create(pod("a"), namespace="kube-public"))
    assert error.message == (
        "the namespace of the provided object does not match the namespace sent on the request"
    )
    nowhere = ConfigMap(metadata=ObjectMeta(name="a"))
    error = await refused(BadRequest, api.create(nowhere, namespace=""))
    assert error.message == "an empty namespace may not be set during creation"


async def test_cluster_scoped_objects_have_no_namespace(api: Api) -> None:
    """What the object says is cleared; what the request says is refused."""
    written = Namespace(metadata=ObjectMeta(name="a", namespace="b"))
    created = await api.create(written, namespace="")
    assert created.metadata.namespace == ""
    await refused(BadRequest, api.create(written, namespace="b"))


# --- dry run -------------------------------------------------------------------------------


async def test_a_dry_run_changes_nothing(api: Api) -> None:
    """It answers what would have been stored."""
    before = api.store.revision
    created = await api.create(pod("web"), dry_run=True)
    assert created.metadata.uid
    assert created.spec.restart_policy == "Always"
    assert api.store.revision == before
    await refused(NotFound, api.get(Pod, "web"))


async def test_a_dry_run_is_refused_like_a_wet_one(api: Api) -> None:
    """That is what it is for."""
    await api.create(pod("web"))
    await refused(AlreadyExists, api.create(pod("web"), dry_run=True))


async def test_another_kind_is_refused(api: Api) -> None:
    """The object must be of the resource's kind and version."""
    wrong = ConfigMap(metadata=meta("a"))
    error = await refused(BadRequest, api.create(wrong, resource=api.resource(Pod)))
    assert error.message == "ConfigMap in the request is not a Pod"


async def test_leases_are_not_elected(api: Api) -> None:
    """What a coordinated election would need is dropped, when a lease is made and when it changes."""
    wished = LeaseSpec(holder_identity="me", strategy="Odd", preferred_holder="you")
    made = await api.create(Lease(metadata=meta("one"), spec=wished))
    assert made.spec == LeaseSpec(holder_identity="me")
    changed = await api.update(replace(made, spec=replace(wished, holder_identity="you")))
    assert changed.spec == LeaseSpec(holder_identity="you")


async def test_whoever_makes_a_daemon_set_owns_its_count(api: Api) -> None:
    """Kubernetes' conversion writes the annotation into what comes, before it notes whose the fields are."""
    labels = {"app": "a"}
    new = DaemonSet(
        metadata=meta("a"),
        spec=DaemonSetSpec(
            selector=LabelSelector(match_labels=labels),
            template=PodTemplateSpec(
                metadata=ObjectMeta(labels=labels),
                spec=PodSpec(containers=(Container(name="c", image="i"),)),
            ),
        ),
    )
    (entry,) = (await api.create(new)).metadata.managed_fields
    assert entry.fields_v1["f:metadata"] == {
        "f:annotations": {".": {}, "f:deprecated.daemonset.template.generation": {}}
    }


async def test_a_name_that_is_being_freed_is_taken(api: Api) -> None:
    """And whoever wants it is told that it is."""
    held = meta("a", finalizers=("example.com/held",))
    await api.create(ConfigMap(metadata=held))
    error = await refused(AlreadyExists, api.create(ConfigMap(metadata=meta("a"))))
    assert error.message == 'configmaps "a" already exists'
    await api.delete(ConfigMap, "a")
    error = await refused(AlreadyExists, api.create(ConfigMap(metadata=meta("a"))))
    assert error.message == 'object is being deleted: configmaps "a" already exists'
