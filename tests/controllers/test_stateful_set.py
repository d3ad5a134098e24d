"""StatefulSets: names and storage of their own, one after the other, rolled out and back."""

from typing import Any

import pytest

from orchestrator import Cluster
from orchestrator.api.apps.v1 import ControllerRevision, StatefulSet, StatefulSetStatus
from orchestrator.api.core.v1 import (
    ConfigMap,
    Event,
    PersistentVolumeClaim,
    PersistentVolumeClaimSpec,
    Pod,
    VolumeResourceRequirements,
)
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.machinery.owners import owner_reference
from tests.manifests import Manifest


def stateful_set(replicas: int = 3, image: str = "img:1", **spec: Any) -> Manifest:
    """A StatefulSet that selects app=ss."""
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "ss", "namespace": "default"},
        "spec": {
            "serviceName": "ss",
            "replicas": replicas,
            "selector": {"matchLabels": {"app": "ss"}},
            "template": {
                "metadata": {"labels": {"app": "ss"}},
                "spec": {
                    "terminationGracePeriodSeconds": 1,
                    "containers": [{"name": "c", "image": image}],
                },
            },
            **spec,
        },
    }


def _rolling(**how: Any) -> dict[str, Any]:
    return {"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": how}}


async def _pods(cluster: Cluster) -> dict[str, Pod]:
    pods = await cluster.client.list(Pod, namespace="default")
    return {pod.metadata.name: pod for pod in pods}


async def _images(cluster: Cluster) -> dict[str, str]:
    pods = await _pods(cluster)
    return {n: p.spec.containers[0].image or "" for n, p in pods.items() if p.spec is not None}


async def _status(cluster: Cluster) -> StatefulSetStatus:
    found = await cluster.client.get(StatefulSet, "ss", namespace="default")
    assert found.status is not None
    return found.status


async def test_pods_come_one_after_the_other(cluster: Cluster) -> None:
    """Each when the one before it is available, with its own name, index and host name."""
    await cluster.apply([stateful_set(minReadySeconds=20)])
    await cluster.clock.sleep(15)
    assert sorted(await _pods(cluster)) == ["ss-0"]
    await cluster.clock.sleep(20)
    assert sorted(await _pods(cluster)) == ["ss-0", "ss-1"]
    await cluster.clock.sleep(60)
    pods = await _pods(cluster)
    assert sorted(pods) == ["ss-0", "ss-1", "ss-2"]
    two = pods["ss-2"]
    assert two.spec is not None
    assert (two.spec.hostname, two.spec.subdomain) == ("ss-2", "ss")
    # As in Kubernetes, though nothing of the name is generated.
    assert two.metadata.generate_name == "ss-"
    assert two.metadata.labels["apps.kubernetes.io/pod-index"] == "2"
    assert two.metadata.labels["statefulset.kubernetes.io/pod-name"] == "ss-2"
    status = await _status(cluster)
    assert (status.replicas, status.ready_replicas, status.available_replicas) == (3, 3, 3)


async def test_parallel_pods_come_at_once(cluster: Cluster) -> None:
    """Though none is ready, and from the ordinal that the set starts with."""
    spec: dict[str, Any] = {
        "podManagementPolicy": "Parallel",
        "ordinals": {"start": 5},
        "minReadySeconds": 600,
    }
    await cluster.apply([stateful_set(**spec)])
    await cluster.clock.sleep(10)
    assert sorted(await _pods(cluster)) == ["ss-5", "ss-6", "ss-7"]


async def test_the_revision_has_the_name_that_kubernetes_gives_it(cluster: Cluster) -> None:
    """The hash of the template's text is the original's, from recorded answers."""
    await cluster.apply([stateful_set(1)])
    await cluster.clock.sleep(10)
    assert (await _status(cluster)).current_revision == "ss-5b74778db"
    await cluster.apply([stateful_set(1, image="bad:1")])
    await cluster.clock.sleep(10)
    assert (await _status(cluster)).update_revision == "ss-7687dd5598"


async def test_scaling_down_takes_the_highest_first(cluster: Cluster) -> None:
    """One at a time, and the rest stay who they are."""
    await cluster.apply([stateful_set()])
    await cluster.clock.sleep(30)
    before = await _pods(cluster)
    await cluster.client.scale(StatefulSet, "ss", 1, namespace="default")
    await cluster.clock.sleep(30)
    after = await _pods(cluster)
    assert sorted(after) == ["ss-0"]
    assert after["ss-0"].metadata.uid == before["ss-0"].metadata.uid


async def test_a_roll_out_replaces_the_highest_first_down_to_the_partition(
    cluster: Cluster,
) -> None:
    """The pods below stay at the old revision, and come back at it; without it all are new."""
    await cluster.apply([stateful_set()])
    await cluster.clock.sleep(30)
    await cluster.apply([stateful_set(image="img:2", **_rolling(partition=2))])
    await cluster.clock.sleep(30)
    old = {"ss-0": "img:1", "ss-1": "img:1"}
    assert await _images(cluster) == {**old, "ss-2": "img:2"}
    await cluster.client.delete(Pod, "ss-1", namespace="default")
    await cluster.clock.sleep(30)
    assert await _images(cluster) == {**old, "ss-2": "img:2"}
    status = await _status(cluster)
    assert status.current_revision != status.update_revision
    assert (status.current_replicas, status.updated_replicas) == (2, 1)
    await cluster.apply([stateful_set(image="img:2", **_rolling(partition=0))])
    await cluster.clock.sleep(60)
    assert set((await _images(cluster)).values()) == {"img:2"}
    status = await _status(cluster)
    assert status.current_revision == status.update_revision


async def test_a_roll_back_uses_the_old_revision_again(cluster: Cluster) -> None:
    """Renumbered as the newest: two revisions, not three."""
    for image in ("img:1", "img:2", "img:1"):
        await cluster.apply([stateful_set(image=image)])
        await cluster.clock.sleep(60)
    revisions = await cluster.client.list(ControllerRevision, namespace="default")
    assert sorted(r.revision for r in revisions) == [2, 3]
    assert (await _status(cluster)).current_revision == max(
        revisions, key=lambda r: r.revision
    ).metadata.name


async def test_history_is_cut_to_its_limit(cluster: Cluster) -> None:
    """What is in use is not counted."""
    for number in range(5):
        await cluster.apply([stateful_set(1, image=f"img:{number}", revisionHistoryLimit=2)])
        await cluster.clock.sleep(30)
    revisions = await cluster.client.list(ControllerRevision, namespace="default")
    assert sorted(r.revision for r in revisions) == [3, 4, 5]


async def test_on_delete_waits_for_the_user(cluster: Cluster) -> None:
    """A pod is of the new revision once somebody has deleted the old one."""
    strategy: dict[str, Any] = {"updateStrategy": {"type": "OnDelete"}}
    await cluster.apply([stateful_set(2, **strategy)])
    await cluster.clock.sleep(30)
    await cluster.apply([stateful_set(2, image="img:2", **strategy)])
    await cluster.clock.sleep(60)
    assert set((await _images(cluster)).values()) == {"img:1"}
    await cluster.client.delete(Pod, "ss-0", namespace="default")
    await cluster.clock.sleep(30)
    assert await _images(cluster) == {"ss-0": "img:2", "ss-1": "img:1"}


async def test_max_unavailable_is_neither_kept_nor_acted_on(cluster: Cluster) -> None:
    """Its gate is off: one pod after the other is replaced, and the field is not there to be read."""
    spec: dict[str, Any] = {"podManagementPolicy": "Parallel", "minReadySeconds": 30}
    await cluster.apply([stateful_set(4, **spec)])
    await cluster.clock.sleep(60)
    await cluster.apply([stateful_set(4, image="img:2", **spec, **_rolling(maxUnavailable=2))])
    await cluster.clock.sleep(20)
    images = await _images(cluster)
    assert [images[f"ss-{n}"] for n in range(4)] == ["img:1", "img:1", "img:1", "img:2"]
    found = await cluster.client.get(StatefulSet, "ss", namespace="default")
    assert _max_unavailable(found) is None
    await cluster.clock.sleep(300)
    assert set((await _images(cluster)).values()) == {"img:2"}


@pytest.mark.cluster(feature_gates={"MaxUnavailableStatefulSet": True})
async def test_where_its_gate_is_on_max_unavailable_is_kept_and_acted_on(cluster: Cluster) -> None:
    """As many pods are replaced at once, the highest first, less those that are not available; one by default."""
    spec: dict[str, Any] = {"podManagementPolicy": "Parallel", "minReadySeconds": 30}
    await cluster.apply([stateful_set(5, **spec)])
    found = await cluster.client.get(StatefulSet, "ss", namespace="default")
    assert _max_unavailable(found) == 1
    await cluster.clock.sleep(60)
    await cluster.apply([stateful_set(5, image="img:2", **spec, **_rolling(maxUnavailable="50%"))])
    found = await cluster.client.get(StatefulSet, "ss", namespace="default")
    assert _max_unavailable(found) == "50%"
    new = []
    for _ in range(3):
        await cluster.clock.sleep(20)
        images = await _images(cluster)
        new.append([n for n in range(5) if images[f"ss-{n}"] == "img:2"])
        await cluster.clock.sleep(25)
    assert new == [[3, 4], [1, 2, 3, 4], [0, 1, 2, 3, 4]]


@pytest.mark.cluster(feature_gates={"MaxUnavailableStatefulSet": True})
async def test_a_pod_that_is_not_available_counts_as_one_that_is_replaced(cluster: Cluster) -> None:
    """Wherever it is, below the partition as well: nothing is replaced until it is well."""
    spec: dict[str, Any] = {"podManagementPolicy": "Parallel", "minReadySeconds": 30}
    await cluster.apply([stateful_set(3, **spec)])
    await cluster.clock.sleep(60)
    await cluster.client.delete(Pod, "ss-0", namespace="default")
    await cluster.clock.sleep(15)
    await cluster.apply([stateful_set(3, image="img:2", **spec, **_rolling(partition=1))])
    await cluster.clock.sleep(10)
    assert set((await _images(cluster)).values()) == {"img:1"}
    await cluster.clock.sleep(180)
    assert await _images(cluster) == {"ss-0": "img:1", "ss-1": "img:2", "ss-2": "img:2"}


def _max_unavailable(found: StatefulSet) -> int | str | None:
    assert found.spec is not None
    assert found.spec.update_strategy is not None
    assert found.spec.update_strategy.rolling_update is not None
    return found.spec.update_strategy.rolling_update.max_unavailable


async def test_a_roll_out_does_not_mind_pods_that_are_not_available(cluster: Cluster) -> None:
    """The highest of the old revision goes though none is available, and only then it waits."""
    spec: dict[str, Any] = {"podManagementPolicy": "Parallel", "minReadySeconds": 600}
    await cluster.apply([stateful_set(3, **spec)])
    await cluster.clock.sleep(30)
    await cluster.apply([stateful_set(3, image="img:2", **spec)])
    await cluster.clock.sleep(60)
    images = await _images(cluster)
    assert [images[f"ss-{n}"] for n in range(3)] == ["img:1", "img:1", "img:2"]


async def test_a_pod_gets_back_the_label_that_names_it(cluster: Cluster) -> None:
    """And the set says that it has updated the pod."""
    await cluster.apply([stateful_set(1)])
    await cluster.clock.sleep(20)
    name = "statefulset.kubernetes.io/pod-name"
    await cluster.client.patch(
        Pod, "ss-0", {"metadata": {"labels": {name: "other"}}}, namespace="default"
    )
    await cluster.clock.sleep(20)
    assert (await _pods(cluster))["ss-0"].metadata.labels[name] == "ss-0"
    assert "SuccessfulUpdate" in await _reasons(cluster)


_CLAIMS: dict[str, Any] = {
    "volumeClaimTemplates": [
        {
            "metadata": {"name": "data"},
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "resources": {"requests": {"storage": "1Gi"}},
            },
        }
    ]
}


@pytest.mark.parametrize(("policy", "left"), [("Retain", 2), ("Delete", 1)])
async def test_claims_of_scaled_pods_are_kept_or_not(
    cluster: Cluster, policy: str, left: int
) -> None:
    """By `whenScaled`; a claim that stays is the pod's again when it comes back."""
    retention = {"whenDeleted": "Retain", "whenScaled": policy}
    spec: dict[str, Any] = {**_CLAIMS, "persistentVolumeClaimRetentionPolicy": retention}
    await cluster.apply([stateful_set(2, podManagementPolicy="Parallel", **spec)])
    await cluster.clock.sleep(30)
    claims = await cluster.client.list(PersistentVolumeClaim, namespace="default")
    assert sorted(claim.metadata.name for claim in claims) == ["data-ss-0", "data-ss-1"]
    pods = await _pods(cluster)
    assert pods["ss-1"].spec is not None
    (volume,) = (v for v in pods["ss-1"].spec.volumes if v.name == "data")
    assert volume.persistent_volume_claim is not None
    assert volume.persistent_volume_claim.claim_name == "data-ss-1"
    await cluster.client.scale(StatefulSet, "ss", 1, namespace="default")
    await cluster.clock.sleep(60)
    assert len(await cluster.client.list(PersistentVolumeClaim, namespace="default")) == left
    await cluster.client.scale(StatefulSet, "ss", 2, namespace="default")
    await cluster.clock.sleep(60)
    assert len(await cluster.client.list(PersistentVolumeClaim, namespace="default")) == 2


async def test_claims_go_with_the_set_where_it_asks_so(cluster: Cluster) -> None:
    """By `whenDeleted`."""
    retention = {"whenDeleted": "Delete", "whenScaled": "Retain"}
    spec: dict[str, Any] = {**_CLAIMS, "persistentVolumeClaimRetentionPolicy": retention}
    await cluster.apply([stateful_set(1, **spec)])
    await cluster.clock.sleep(30)
    await cluster.client.delete(StatefulSet, "ss", namespace="default")
    await cluster.clock.sleep(60)
    assert not await cluster.client.list(PersistentVolumeClaim, namespace="default")
    assert not await _pods(cluster)


async def test_a_pod_waits_for_claims_that_are_being_deleted(cluster: Cluster) -> None:
    """The set says so, and creates pod and claim when the old claim is gone."""
    await cluster.apply([stateful_set(1, **_CLAIMS)])
    await cluster.clock.sleep(20)
    hold = {"metadata": {"finalizers": ["example.com/hold"]}}
    claim = "data-ss-0"
    await cluster.client.patch(PersistentVolumeClaim, claim, hold, namespace="default")
    await cluster.client.delete(PersistentVolumeClaim, claim, namespace="default")
    await cluster.client.delete(Pod, "ss-0", namespace="default")
    await cluster.clock.sleep(20)
    assert not await _pods(cluster)
    said = "create Pod ss-0 in StatefulSet ss failed error: pvc data-ss-0 is being deleted"
    events = await cluster.client.list(Event, namespace="default")
    assert said.lower() in {each.message.lower() for each in events}
    free = {"metadata": {"finalizers": None}}
    await cluster.client.patch(PersistentVolumeClaim, claim, free, namespace="default")
    await cluster.clock.sleep(120)
    assert sorted(await _pods(cluster)) == ["ss-0"]


async def test_a_claim_that_another_controller_manages_is_left_to_it(cluster: Cluster) -> None:
    """The retention policy gives it no owner, and an event tells why."""
    retention = {"whenDeleted": "Delete", "whenScaled": "Retain"}
    spec: dict[str, Any] = {**_CLAIMS, "persistentVolumeClaimRetentionPolicy": retention}
    other = await cluster.client.create(
        ConfigMap(metadata=ObjectMeta(name="other", namespace="default"))
    )
    owner = owner_reference(other, controller=True)
    await cluster.client.create(
        PersistentVolumeClaim(
            metadata=ObjectMeta(
                name="data-ss-0", namespace="default", owner_references=(owner,), labels={}
            ),
            spec=PersistentVolumeClaimSpec(
                access_modes=("ReadWriteOnce",),
                resources=VolumeResourceRequirements(requests={"storage": "1Gi"}),
            ),
        )
    )
    await cluster.apply([stateful_set(1, **spec)])
    await cluster.clock.sleep(20)
    claim = await cluster.client.get(PersistentVolumeClaim, "data-ss-0", namespace="default")
    assert [each.name for each in claim.metadata.owner_references] == ["other"]
    assert "ConflictingController" in await _reasons(cluster)


async def _reasons(cluster: Cluster) -> set[str]:
    return {each.reason for each in await cluster.client.list(Event, namespace="default")}
