"""Who owns what: decisions by plain values, then in a cluster."""

from typing import Any

from msgspec.structs import replace

from orchestrator import Cluster
from orchestrator.api.apps.v1 import Deployment, ReplicaSet, ReplicaSetSpec
from orchestrator.api.batch.v1 import Job
from orchestrator.api.core.v1 import Container, Pod, PodSpec
from orchestrator.api.meta.v1 import LabelSelector, ObjectMeta, OwnerReference
from orchestrator.controllers.claiming import Claim, claim_of, settle
from orchestrator.controllers.job.tally import FINALIZER
from orchestrator.machinery.owners import controller_of
from tests.manifests import deployment

OWNER = ReplicaSet(
    metadata=ObjectMeta(name="set", namespace="default", uid="u-1"),
    spec=ReplicaSetSpec(selector=LabelSelector(match_labels={"app": "a"})),
)

SPEC = PodSpec(containers=(Container(name="c", image="i"),))


def _pod(name: str, app: str = "a", **metadata: Any) -> Pod:
    return Pod(metadata=ObjectMeta(name=name, namespace="default", labels={"app": app}, **metadata))


def _is_a(labels: Any) -> bool:
    return bool(labels.get("app") == "a")


def test_a_claim_keeps_releases_and_adopts_by_labels() -> None:
    """What is going is not adopted."""
    mine, stranger = _pod("mine"), _pod("stranger", "b")
    orphan, other = _pod("orphan"), _pod("other", "b")
    going = _pod("going", deletion_timestamp="2026-01-01T00:00:00Z")
    claim = claim_of(OWNER, [mine, stranger], [orphan, other, going], _is_a)
    assert claim == Claim(keep=(mine,), release=(stranger,), adopt=(orphan,))


def test_an_owner_that_is_going_claims_nothing_and_lets_go_of_nothing() -> None:
    """The garbage collector needs its references."""
    metadata = replace(OWNER.metadata, deletion_timestamp="2026-01-01T00:00:00Z")
    stranger = _pod("stranger", "b")
    claim = claim_of(replace(OWNER, metadata=metadata), [stranger], [_pod("orphan")], _is_a)
    assert claim == Claim()
    assert claim_of(replace(OWNER, metadata=metadata), [_pod("mine")], [], _is_a).keep


async def test_only_an_owner_that_lives_adopts(cluster: Cluster) -> None:
    """What a cache still shows may be gone, or another of the same name: one uid adopts."""
    client = cluster.client
    orphan = await client.create(replace(_pod("orphan", "x"), spec=SPEC))
    stale = replace(OWNER, metadata=replace(OWNER.metadata, uid="of-yesterday"))
    assert list(await settle(client, stale, Claim(adopt=(orphan,)))) == []
    present = await client.get(Pod, "orphan")
    assert present.metadata.owner_references == ()


async def test_a_deployment_lets_go_of_a_set_that_it_no_longer_selects(cluster: Cluster) -> None:
    """And makes another; the one that was let go keeps its pods."""
    await cluster.apply([deployment("web", 2)])
    await cluster.client.wait(Deployment, "web", "condition=Available")
    (before,) = await cluster.client.list(ReplicaSet, namespace="default")
    labels = {"metadata": {"labels": {"app": "debug"}}}
    await cluster.client.patch(ReplicaSet, before.metadata.name, labels, namespace="default")
    await cluster.clock.sleep(30)
    now = await cluster.client.get(ReplicaSet, before.metadata.name)
    assert controller_of(now) is None
    assert len(await cluster.client.list(Pod, namespace="default")) == 4


async def test_a_job_lets_go_of_a_pod_with_its_finalizer(cluster: Cluster) -> None:
    """Nobody would count it any more, and so nobody would let it end."""
    await cluster.apply(
        [
            {
                "apiVersion": "batch/v1",
                "kind": "Job",
                "metadata": {"name": "j", "namespace": "default"},
                "spec": {
                    "template": {
                        "metadata": {
                            "annotations": {"simulation.orchestrator.dev/run-seconds": "60"}
                        },
                        "spec": {
                            "restartPolicy": "Never",
                            "containers": [{"name": "c", "image": "i"}],
                        },
                    }
                },
            }
        ]
    )
    await cluster.clock.sleep(5)
    (pod,) = await cluster.client.list(Pod, namespace="default")
    assert FINALIZER in pod.metadata.finalizers
    job = await cluster.client.get(Job, "j")
    keys = dict.fromkeys(job.spec.selector.match_labels) if job.spec and job.spec.selector else {}
    await cluster.client.patch(Pod, pod.metadata.name, {"metadata": {"labels": keys}})
    await cluster.clock.sleep(5)
    released = await cluster.client.get(Pod, pod.metadata.name)
    assert controller_of(released) is None
    assert FINALIZER not in released.metadata.finalizers
    assert len(await cluster.client.list(Pod, namespace="default")) == 2


def test_a_claim_of_an_object_with_another_owner_keeps_that_one() -> None:
    """References that are not the controller's stay where they are."""
    other = OwnerReference(api_version="v1", kind="ConfigMap", name="c", uid="u-2")
    claim = claim_of(OWNER, [], [_pod("orphan", owner_references=(other,))], _is_a)
    assert claim.adopt[0].metadata.owner_references == (other,)
