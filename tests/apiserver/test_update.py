"""Updating: who wins, what stays, and what counts as a change."""

import pytest
from msgspec.structs import replace

from orchestrator.api.apps.v1 import DaemonSet, DaemonSetSpec, Deployment, DeploymentStatus
from orchestrator.api.coordination.v1 import Lease, LeaseSpec
from orchestrator.api.core.v1 import (
    ConfigMap,
    Container,
    Namespace,
    NamespaceSpec,
    Node,
    NodeCondition,
    NodeStatus,
    Pod,
    PodStatus,
    PodTemplateSpec,
)
from orchestrator.api.meta.v1 import LabelSelector, ObjectMeta
from orchestrator.machinery.objects import with_labels, with_metadata, with_resource_version
from orchestrator.protocol import BadRequest, Conflict, Invalid, NotFound, Unclassified
from tests.apiserver.harness import Api, deployment, meta, pod, refused

MODIFIED = (
    "the object has been modified; please apply your changes to the latest version and try again"
)


def scaled(read: Deployment, replicas: int) -> Deployment:
    """The deployment with another number of replicas."""
    assert read.spec is not None
    return replace(read, spec=replace(read.spec, replicas=replicas))


def config(name: str, **data: str) -> ConfigMap:
    """A config map."""
    return ConfigMap(metadata=meta(name), data=data)


# --- optimistic concurrency ----------------------------------------------------------------


async def test_an_update_from_an_old_read_conflicts(api: Api) -> None:
    """The second of two writers that read the same state must read again."""
    read = await api.create(deployment("web"))
    await api.update(scaled(read, 2))
    error = await refused(Conflict, api.update(scaled(read, 3)))
    assert error.message == f'Operation cannot be fulfilled on deployments.apps "web": {MODIFIED}'
    assert (await api.get(Deployment, "web")).spec.replicas == 2  # type: ignore[union-attr]


async def test_an_update_without_a_version_writes_over_whatever_is_there(api: Api) -> None:
    """Where the resource allows it, as most do."""
    read = await api.create(deployment("web"))
    await api.update(scaled(read, 2))
    updated = await api.update(with_resource_version(scaled(read, 3), ""))
    assert updated.spec.replicas == 3


async def test_some_resources_demand_a_version(api: Api) -> None:
    """A lease that is written blindly is no lock."""
    lease = Lease(metadata=meta("lock"), spec=LeaseSpec(holder_identity="a"))
    read = await api.create(lease)
    error = await refused(Invalid, api.update(with_resource_version(read, "")))
    assert error.message == (
        'leases.coordination.k8s.io "lock" is invalid: '
        "metadata.resourceVersion: Invalid value: 0: must be specified for an update"
    )


async def test_some_resources_are_created_by_an_update(api: Api) -> None:
    """A lease is; a config map is not."""
    lease = Lease(metadata=meta("lock"), spec=LeaseSpec(holder_identity="a"))
    created = await api.update(lease)
    assert created.metadata.uid
    error = await refused(NotFound, api.update(config("none")))
    assert error.message == 'configmaps "none" not found'
    known = await api.update(with_metadata(lease, name="known", resource_version="3"))
    assert known.metadata.resource_version == str(api.store.revision)
    odd = with_metadata(lease, name="odd", resource_version="abc")
    unread = await refused(Unclassified, api.update(odd))
    assert unread.message == 'strconv.ParseUint: parsing "abc": invalid syntax'


async def test_only_a_deletion_says_when_an_object_ends(api: Api) -> None:
    """An update that says so is refused; one that says something else later is overruled."""
    read = await api.create(with_metadata(config("a"), finalizers=("example.com/held",)))
    for stamp in (
        {"deletion_timestamp": "2020-01-01T00:00:00Z"},
        {"deletion_grace_period_seconds": 5},
    ):
        error = await refused(Invalid, api.update(with_metadata(read, **stamp)))
        assert "field is immutable" in error.message
    await api.delete(ConfigMap, "a")
    ending = await api.get(ConfigMap, "a")
    later = with_metadata(ending, deletion_timestamp="2030-01-01T00:00:00Z", labels={"a": "b"})
    updated = await api.update(later)
    assert updated.metadata.deletion_timestamp == ending.metadata.deletion_timestamp


async def test_an_update_of_another_incarnation_conflicts(api: Api) -> None:
    """The same name with another uid is another object."""
    read = await api.create(config("a"))
    stale = with_metadata(read, uid="other", resource_version="")
    error = await refused(Conflict, api.update(stale))
    assert error.message == (
        'Operation cannot be fulfilled on configmaps "a": StorageError: invalid object, Code: 4, '
        "Key: /registry/configmaps/default/a, ResourceVersion: 0, AdditionalErrorMsg: "
        f"Precondition failed: UID in precondition: other, UID in object meta: {read.metadata.uid}"
    )


async def test_the_version_zero_is_whatever_is_there(api: Api) -> None:
    """As for a list it is any state."""
    read = await api.create(config("a"))
    updated = await api.update(with_metadata(read, resource_version="0", labels={"a": "b"}))
    assert updated.metadata.labels == {"a": "b"}


# --- metadata ------------------------------------------------------------------------------


async def test_what_the_server_owns_may_be_left_out(api: Api) -> None:
    """And is kept."""
    read = await api.create(deployment("web"))
    bare = replace(scaled(read, 2), metadata=meta("web", labels={"a": "b"}))
    updated = await api.update(bare)
    assert updated.metadata.uid == read.metadata.uid
    assert updated.metadata.creation_timestamp == read.metadata.creation_timestamp
    assert updated.metadata.labels == {"a": "b"}


async def test_the_object_must_be_the_one_that_the_request_names(api: Api) -> None:
    """By name and by namespace."""
    read = await api.create(config("a"))
    error = await refused(BadRequest, api.update(read, name="b"))
    assert error.message in ("the name of the object (a) does not match the name on the URL (b)",)
    await refused(BadRequest, api.update(read, namespace="kube-public"))


async def test_generation_counts_changes_of_the_spec(api: Api) -> None:
    """Neither labels nor status count; annotations of deployments do."""
    read = await api.create(deployment("web"))
    assert read.metadata.generation == 1
    read = await api.update(with_labels(read, {"a": "b"}))
    assert read.metadata.generation == 1
    read = await api.update(scaled(read, 2))
    assert read.metadata.generation == 2
    read = await api.status(replace(read, status=DeploymentStatus(replicas=2)))
    assert read.metadata.generation == 2
    read = await api.update(with_metadata(read, annotations={"a": "b"}))
    assert read.metadata.generation == 3


async def test_defaults_are_no_change(api: Api) -> None:
    """A client that leaves them out again does not bump the generation, nor the revision."""
    read = await api.create(deployment("web"))
    bare = replace(deployment("web"), metadata=with_resource_version(read, "").metadata)
    assert await api.update(bare) is read


async def test_template_changes_of_daemon_sets_are_counted(api: Api) -> None:
    """In an annotation that clients cannot set."""
    labels = {"app": "agent"}
    template = PodTemplateSpec(metadata=ObjectMeta(labels=labels), spec=pod("x").spec)
    spec = DaemonSetSpec(selector=LabelSelector(match_labels=labels), template=template)
    key = "deprecated.daemonset.template.generation"
    read = await api.create(DaemonSet(metadata=meta("agent"), spec=spec))
    assert read.metadata.annotations == {key: "1"}
    read = await api.update(with_metadata(read, annotations={}))
    assert read.metadata.annotations == {key: "1"}
    # Who does not bring the count owns it from then on: a conversion writes 0 where there is none.
    assert {".": {}, f"f:{key}": {}} in [
        entry.fields_v1["f:metadata"].get("f:annotations") for entry in read.metadata.managed_fields
    ]
    other = pod("x", containers=(Container(name="c", image="registry.test/c:2"),)).spec
    changed = replace(read.spec, template=replace(template, spec=other))
    read = await api.update(replace(read, spec=changed))
    assert read.metadata.annotations == {key: "2"}


# --- no change -----------------------------------------------------------------------------


@pytest.mark.parametrize("subresource", ["", "status"])
async def test_an_update_that_changes_nothing_is_none(api: Api, subresource: str) -> None:
    """No revision, no event; the answer is the object as it was."""
    read = await api.create(deployment("web"))
    before = api.store.revision
    assert await api.update(read, subresource=subresource) is read
    same = replace(read, metadata=replace(read.metadata), spec=replace(read.spec))
    assert await api.update(same, subresource=subresource) is read
    assert api.store.revision == before


async def test_a_dry_run_of_an_update_changes_nothing(api: Api) -> None:
    """It answers what would have been stored."""
    read = await api.create(deployment("web"))
    updated = await api.update(scaled(read, 5), dry_run=True)
    assert (updated.spec.replicas, updated.metadata.generation) == (5, 2)
    assert await api.get(Deployment, "web") is read


# --- status --------------------------------------------------------------------------------


async def test_an_update_leaves_the_status_alone(api: Api) -> None:
    """Whatever it says of it."""
    read = await api.create(deployment("web"))
    read = await api.status(replace(read, status=DeploymentStatus(replicas=1)))
    boast = replace(scaled(read, 2), status=DeploymentStatus(replicas=9))
    assert (await api.update(boast)).status.replicas == 1


async def test_a_status_update_leaves_everything_else_alone(api: Api) -> None:
    """Spec and labels, but not what says who waits; and shares them with the state before."""
    read = await api.create(deployment("web"))
    other = with_metadata(scaled(read, 9), labels={"a": "b"}, finalizers=("x.y/z",))
    updated = await api.status(replace(other, status=DeploymentStatus(replicas=1)))
    assert updated.status.replicas == 1
    assert updated.spec is read.spec
    assert updated.metadata.labels == read.metadata.labels
    assert updated.metadata.finalizers == ("x.y/z",)


async def test_a_status_update_without_a_version_is_unconditional(api: Api) -> None:
    """A kubelet says what it sees; it replaces the status only, from however old a read."""
    read = await api.create(pod("web"))
    await api.update(with_labels(read, {"new": "label"}))
    seen = replace(with_resource_version(read, ""), status=PodStatus(phase="Running"))
    updated = await api.status(seen)
    assert updated.status.phase == "Running"
    assert updated.metadata.labels == {"new": "label"}


async def test_a_status_update_with_a_version_is_conditional(api: Api) -> None:
    """As every update."""
    read = await api.create(pod("web"))
    await api.update(with_labels(read, {"new": "label"}))
    seen = replace(read, status=PodStatus(phase="Running"))
    await refused(Conflict, api.status(seen))


async def test_a_kubelet_may_label_its_node_with_its_status(api: Api) -> None:
    """If it knows the present state; blindly it changes the status alone."""
    read = await api.create(Node(metadata=ObjectMeta(name="n")))
    ready = NodeStatus(conditions=(NodeCondition(type="Ready", status="True"),))
    labelled = replace(with_labels(read, {"zone": "a"}), status=ready)
    updated = await api.status(labelled)
    assert updated.metadata.labels == {"zone": "a"}
    blind = with_resource_version(with_labels(updated, {"zone": "b"}), "")
    assert (await api.status(replace(blind, status=NodeStatus()))).metadata.labels == {"zone": "a"}


async def test_a_node_is_created_with_its_status(api: Api) -> None:
    """One write registers a node."""
    ready = NodeStatus(conditions=(NodeCondition(type="Ready", status="True"),))
    created = await api.create(Node(metadata=ObjectMeta(name="n"), status=ready))
    assert created.status.conditions[0].status == "True"


async def test_a_pods_qos_class_stays(api: Api) -> None:
    """A status that says none keeps it, and one that says another is refused."""
    read = await api.create(pod("web"))
    silent = await api.status(replace(read, status=PodStatus(phase="Running")))
    assert silent.status.qos_class == "BestEffort"
    wrong = PodStatus(phase="Running", qos_class="Guaranteed")
    error = await refused(Invalid, api.status(replace(silent, status=wrong)))
    assert 'status.qosClass: Invalid value: "Guaranteed": field is immutable' in error.message


async def test_only_finalize_changes_a_namespaces_finalizers(api: Api) -> None:
    """An update keeps `spec.finalizers`."""
    read = await api.get(Namespace, "default")
    updated = await api.update(replace(with_labels(read, {"a": "b"}), spec=NamespaceSpec()))
    assert updated.spec.finalizers == ("kubernetes",)


async def test_a_resource_without_status_has_no_such_path(api: Api) -> None:
    """Kubernetes' word for an unknown path."""
    read = await api.create(config("a"))
    error = await refused(NotFound, api.status(read))
    assert error.message == "the server could not find the requested resource"


async def test_an_update_is_validated(api: Api) -> None:
    """Every fault is named, none is stored."""
    read = await api.create(deployment("web"))
    error = await refused(Invalid, api.update(scaled(read, -1)))
    assert error.message == (
        'Deployment.apps "web" is invalid: '
        "spec.replicas: Invalid value: -1: must be greater than or equal to 0"
    )
    (cause,) = error.causes
    assert (cause.reason, cause.field) == ("FieldValueInvalid", "spec.replicas")
    assert await api.get(Deployment, "web") is read


async def test_pods_are_mostly_immutable(api: Api) -> None:
    """Of a pod's spec an image may change, and then counts as a generation."""
    read: Pod = await api.create(pod("web"))
    assert read.spec is not None
    (container,) = read.spec.containers
    newer = replace(read.spec, containers=(replace(container, image="registry.test/c:2"),))
    updated = await api.update(replace(read, spec=newer))
    assert updated.metadata.generation == 2
    other = replace(read.spec, containers=(replace(container, name="other"),))
    await refused(Invalid, api.update(replace(updated, spec=other)))


@pytest.mark.parametrize(
    ("version", "why"),
    [("x", "invalid syntax"), ("-1", "invalid syntax"), (str(2**64), "value out of range")],
)
async def test_a_version_that_is_no_number_is_told_of(api: Api, version: str, why: str) -> None:
    """In the words of Go's library, where one that is a number would be a conflict."""
    await api.create(ConfigMap(metadata=meta("a")))
    request = api.update(ConfigMap(metadata=meta("a", resource_version=version)))
    error = await refused(Unclassified, request)
    assert error.message == f'strconv.ParseUint: parsing "{version}": {why}'


async def test_an_update_that_means_an_object_does_not_create_one(api: Api) -> None:
    """Also of kinds that an update may create."""
    request = api.update(Lease(metadata=meta("a", uid="other")))
    assert (await refused(Conflict, request)).message.endswith("UID in object meta: ")


async def test_nobody_says_that_an_object_goes(api: Api) -> None:
    """A time of deletion and its grace are the server's; each is told of twice."""
    await api.create(ConfigMap(metadata=meta("a")))
    going = meta("a", deletion_timestamp="2001-01-01T00:00:00Z", deletion_grace_period_seconds=5)
    error = await refused(Invalid, api.update(ConfigMap(metadata=going)))
    fields = [f"metadata.deletion{name}" for name in ("Timestamp", "GracePeriodSeconds")]
    assert [cause.field for cause in error.causes] == fields * 2


async def test_a_new_object_with_a_version_is_refused_after_all_else(api: Api) -> None:
    """What is wrong with it is told first, and a dry run does not come so far."""
    await refused(Invalid, api.create(ConfigMap(metadata=meta("Bad_", resource_version="5"))))
    numbered = ConfigMap(metadata=meta("a", resource_version="5"))
    assert (await api.create(numbered, dry_run=True)).metadata.name == "a"
    error = await refused(Unclassified, api.create(numbered))
    assert error.message == "resourceVersion should not be set on objects to be created"
