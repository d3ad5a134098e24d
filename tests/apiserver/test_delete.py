"""Deleting: at once, gracefully, or when nothing holds the object any more."""

from typing import Any

import pytest
from msgspec.structs import replace

from orchestrator.api.apps.v1 import Deployment
from orchestrator.api.batch.v1 import Job, JobSpec
from orchestrator.api.core.v1 import (
    Binding,
    ConfigMap,
    Namespace,
    NamespaceSpec,
    ObjectReference,
    Pod,
    PodStatus,
    PodTemplateSpec,
)
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.machinery.objects import with_metadata
from orchestrator.machinery.times import format_time
from orchestrator.protocol import Conflict, DeleteCollection, Forbidden, Invalid, NotFound
from tests.apiserver.harness import Api, deployment, meta, namespace, pod, refused


async def bound(api: Api, name: str, **options: Any) -> Pod:
    """A pod on a node."""
    await api.create(pod(name, **options))
    target = ObjectReference(kind="Node", name="n")
    binding = Binding(metadata=meta(name), target=target)
    found: Pod = await api.create(
        binding, resource=api.resource(Pod), name=name, subresource="binding"
    )
    return found


async def test_what_nothing_holds_is_gone(api: Api) -> None:
    """The answer carries the last state, with the deletion's revision."""
    await api.create(ConfigMap(metadata=meta("a")))
    deleted = await api.delete(ConfigMap, "a")
    assert deleted.gone
    assert deleted.object.metadata.resource_version == str(api.store.revision)
    error = await refused(NotFound, api.delete(ConfigMap, "a"))
    assert error.message == 'configmaps "a" not found'


async def test_preconditions_must_hold(api: Api) -> None:
    """By uid and by resourceVersion."""
    read = await api.create(ConfigMap(metadata=meta("a")))
    error = await refused(Conflict, api.delete(ConfigMap, "a", uid="other"))
    assert error.message == (
        'Operation cannot be fulfilled on ConfigMap "a": the UID in the precondition (other) does '
        f"not match the UID in record ({read.metadata.uid}). "
        "The object might have been deleted and then recreated"
    )
    error = await refused(Conflict, api.delete(ConfigMap, "a", resource_version="1"))
    assert error.message == (
        'Operation cannot be fulfilled on ConfigMap "a": the ResourceVersion in the precondition '
        f"(1) does not match the ResourceVersion in record ({read.metadata.resource_version}). "
        "The object might have been modified"
    )
    known = {"uid": read.metadata.uid, "resource_version": read.metadata.resource_version}
    assert (await api.delete(ConfigMap, "a", **known)).gone


async def test_a_dry_run_of_a_delete_deletes_nothing(api: Api) -> None:
    """It answers what would have been."""
    read = await api.create(ConfigMap(metadata=meta("a")))
    assert (await api.delete(ConfigMap, "a", dry_run=True)).gone
    assert await api.get(ConfigMap, "a") is read


# --- grace periods -------------------------------------------------------------------------


async def test_a_pod_ends_gracefully_on_its_node(api: Api) -> None:
    """It stays, with the time by which it should have ended, until its kubelet removes it."""
    await bound(api, "web")
    deleted = await api.delete(Pod, "web")
    assert not deleted.gone
    metadata = deleted.object.metadata
    assert metadata.deletion_timestamp == "2024-01-01T00:00:30Z"
    assert metadata.deletion_grace_period_seconds == 30
    assert metadata.generation == 2
    assert await api.get(Pod, "web") is deleted.object
    assert (await api.delete(Pod, "web", grace_period_seconds=0)).gone
    await refused(NotFound, api.get(Pod, "web"))


async def test_an_endless_grace_period_ends_with_the_calendar(api: Api) -> None:
    """And a second delete can make the end come soon."""
    await bound(api, "slow", termination_grace_period_seconds=2**53)
    deleted = await api.delete(Pod, "slow")
    assert deleted.object.metadata.deletion_timestamp == "9999-12-31T23:59:59Z"
    sooner = await api.delete(Pod, "slow", grace_period_seconds=5)
    assert sooner.object.metadata.deletion_timestamp == format_time(api.system.clock.now() + 5)


async def test_a_pods_spec_says_its_grace_period(api: Api) -> None:
    """Unless the delete does."""
    await bound(api, "slow", termination_grace_period_seconds=300)
    deleted = await api.delete(Pod, "slow")
    assert deleted.object.metadata.deletion_grace_period_seconds == 300
    await bound(api, "quick", termination_grace_period_seconds=300)
    deleted = await api.delete(Pod, "quick", grace_period_seconds=5)
    assert deleted.object.metadata.deletion_timestamp == "2024-01-01T00:00:05Z"


async def test_a_second_delete_may_only_shorten(api: Api) -> None:
    """Counted from the first one; what would not shorten it changes nothing."""
    await bound(api, "web")
    await api.delete(Pod, "web")
    await api.settle(3)
    before = api.store.revision
    await api.delete(Pod, "web")
    await api.delete(Pod, "web", grace_period_seconds=60)
    assert api.store.revision == before
    deleted = await api.delete(Pod, "web", grace_period_seconds=10)
    assert not deleted.gone
    assert deleted.object.metadata.deletion_timestamp == "2024-01-01T00:00:10Z"
    assert deleted.object.metadata.deletion_grace_period_seconds == 10


async def test_a_pod_without_a_node_is_gone_at_once(api: Api) -> None:
    """Nobody would end it."""
    await api.create(pod("web"))
    deleted = await api.delete(Pod, "web")
    assert deleted.gone
    assert deleted.object.metadata.deletion_timestamp is not None


async def test_a_pod_that_has_ended_is_gone_at_once(api: Api) -> None:
    """There is nothing to wait for."""
    read = await bound(api, "web")
    await api.status(replace(read, status=PodStatus(phase="Succeeded")))
    assert (await api.delete(Pod, "web")).gone


# --- finalizers ----------------------------------------------------------------------------


async def test_a_finalizer_holds_an_object(api: Api) -> None:
    """It is marked, and goes with the update that removes the last finalizer."""
    await api.create(ConfigMap(metadata=meta("a", finalizers=("x.y/one", "x.y/two"))))
    deleted = await api.delete(ConfigMap, "a")
    assert not deleted.gone
    metadata = deleted.object.metadata
    assert metadata.deletion_timestamp == "2024-01-01T00:00:00Z"
    assert metadata.deletion_grace_period_seconds == 0
    again = await api.delete(ConfigMap, "a")
    assert again.object is deleted.object
    read = await api.update(with_metadata(deleted.object, finalizers=("x.y/two",)))
    assert await api.get(ConfigMap, "a") is read
    await api.update(with_metadata(read, finalizers=()))
    await refused(NotFound, api.get(ConfigMap, "a"))


async def test_a_finalizer_outlives_a_pods_grace_period(api: Api) -> None:
    """The kubelet's delete with grace 0 leaves it to the finalizer, and the other way round."""
    await bound(api, "web", metadata=meta("web", finalizers=("x.y/z",)))
    await api.delete(Pod, "web")
    stopped = await api.delete(Pod, "web", grace_period_seconds=0)
    assert not stopped.gone
    await api.patch(Pod, "web", {"metadata": {"finalizers": None}})
    await refused(NotFound, api.get(Pod, "web"))

    await bound(api, "api", metadata=meta("api", finalizers=("x.y/z",)))
    await api.delete(Pod, "api")
    await api.patch(Pod, "api", {"metadata": {"finalizers": None}})
    assert (await api.get(Pod, "api")).metadata.finalizers == ()
    assert (await api.delete(Pod, "api", grace_period_seconds=0)).gone


async def test_nothing_new_holds_a_deleted_object(api: Api) -> None:
    """A finalizer that comes too late is refused."""
    await api.create(ConfigMap(metadata=meta("a", finalizers=("x.y/one",))))
    deleted = await api.delete(ConfigMap, "a")
    late = with_metadata(deleted.object, finalizers=("x.y/one", "x.y/late"))
    error = await refused(Invalid, api.update(late))
    assert error.message == (
        'ConfigMap "a" is invalid: metadata.finalizers: Forbidden: no new finalizers can be added '
        'if the object is being deleted, found new finalizers []string{"x.y/late"}'
    )


# --- propagation ---------------------------------------------------------------------------


def job(name: str) -> Job:
    """A job."""
    spec = replace(pod("x").spec, restart_policy="Never")  # type: ignore[type-var]
    return Job(metadata=meta(name), spec=JobSpec(template=PodTemplateSpec(spec=spec)))


@pytest.mark.parametrize(
    ("make", "policy", "finalizers"),
    [
        (deployment, "Foreground", ("foregroundDeletion",)),
        (deployment, "Orphan", ("orphan",)),
        (deployment, "Background", ()),
        (deployment, "", ()),
        (job, "", ("orphan",)),
        (job, "Background", ()),
        (job, "Foreground", ("foregroundDeletion",)),
    ],
)
async def test_the_garbage_collector_learns_the_policy_by_a_finalizer(
    api: Api, make: Any, policy: str, finalizers: tuple[str, ...]
) -> None:
    """Jobs orphan by default, as ever; everything else is collected in the background."""
    wanted = make("web")
    await api.create(wanted)
    deleted = await api.delete(type(wanted), "web", propagation_policy=policy)
    assert deleted.object.metadata.finalizers == finalizers
    assert deleted.gone == (not finalizers)


async def test_a_second_delete_may_change_the_policy(api: Api) -> None:
    """Orphan instead of foreground; and background lets it go."""
    await api.create(deployment("web"))
    await api.delete(Deployment, "web", propagation_policy="Foreground")
    deleted = await api.delete(Deployment, "web", propagation_policy="Orphan")
    assert deleted.object.metadata.finalizers == ("orphan",)
    deleted = await api.delete(Deployment, "web")
    assert deleted.object.metadata.finalizers == ("orphan",)
    assert (await api.delete(Deployment, "web", propagation_policy="Background")).gone


# --- namespaces ----------------------------------------------------------------------------


async def test_what_is_removed_at_last_is_shown_with_what_held_it(api: Api) -> None:
    """A second delete takes the garbage collector's finalizer off only to remove the object."""
    await api.create(deployment("web"))
    await api.delete(Deployment, "web", propagation_policy="Foreground")
    deleted = await api.delete(Deployment, "web", propagation_policy="Background")
    assert deleted.gone
    assert deleted.object.metadata.finalizers == ("foregroundDeletion",)


async def test_a_namespace_waits_for_its_controller(api: Api) -> None:
    """Terminating until `finalize` takes the last finalizer."""
    await api.create(namespace("team"))
    deleted = await api.delete(Namespace, "team")
    assert not deleted.gone
    assert deleted.object.status.phase == "Terminating"
    assert deleted.object.metadata.deletion_timestamp is not None
    assert not (await api.delete(Namespace, "team")).gone
    empty = replace(deleted.object, spec=NamespaceSpec())
    await api.update(empty, subresource="finalize")
    await refused(NotFound, api.get(Namespace, "team"))


async def test_a_namespace_waits_for_all_of_its_finalizers(api: Api) -> None:
    """Those of its metadata, too."""
    await api.create(Namespace(metadata=ObjectMeta(name="team", finalizers=("x.y/z",))))
    deleted = await api.delete(Namespace, "team")
    empty = replace(deleted.object, spec=NamespaceSpec())
    read = await api.update(empty, subresource="finalize")
    assert await api.get(Namespace, "team") is read
    await api.update(with_metadata(read, finalizers=()))
    await refused(NotFound, api.get(Namespace, "team"))


async def test_the_clusters_own_namespaces_stay(api: Api) -> None:
    """Kubernetes cannot do without them."""
    error = await refused(Forbidden, api.delete(Namespace, "kube-system"))
    assert error.message == (
        'namespaces "kube-system" is forbidden: this namespace may not be deleted'
    )


# --- collections ---------------------------------------------------------------------------


async def test_a_second_delete_of_a_namespace_changes_nothing(api: Api) -> None:
    """While it is being emptied, whatever policy is asked for."""
    await api.create(Namespace(metadata=ObjectMeta(name="team")))
    await api.delete(Namespace, "team", propagation_policy="Foreground")
    deleted = await api.delete(Namespace, "team", propagation_policy="Orphan")
    assert deleted.object.metadata.finalizers == ("foregroundDeletion",)


async def test_a_collection_is_deleted_by_selectors(api: Api) -> None:
    """Each by its own rules: some are gone, some begin to go."""
    await bound(api, "a", labels={"app": "x"})
    await api.create(pod("b", {"app": "x"}))
    await api.create(pod("c", {"app": "y"}))
    request = DeleteCollection(
        resource=api.resource(Pod), namespace="default", label_selector="app=x"
    )
    page = await api.ref.ask(request)
    assert [each.metadata.name for each in page.items] == ["a", "b"]
    assert await api.list(Pod) == ["a", "c"]
    # The answer shows them as they were listed.
    assert [each.metadata.deletion_timestamp for each in page.items] == [None, None]
