"""ReplicaSets: the number, who goes first, whose pods they are."""

from typing import Any

import pytest
from msgspec.structs import replace

from orchestrator import Cluster
from orchestrator.api import codec
from orchestrator.api.apps.v1 import ReplicaSet, ReplicaSetSpec
from orchestrator.api.core.v1 import Pod
from orchestrator.api.meta.v1 import LabelSelector, ObjectMeta
from orchestrator.controllers.claiming import Claim
from orchestrator.controllers.pods import deletion_order
from orchestrator.controllers.replicaset import plan
from orchestrator.kubelet import Profile
from orchestrator.kubelet.runtimes.profile import constant
from orchestrator.machinery.labels import compile_selector
from orchestrator.machinery.owners import controller_of
from tests.manifests import Manifest


def replica_set(name: str = "set", replicas: int = 3, **spec: Any) -> Manifest:
    """A ReplicaSet that selects app=name."""
    labels = {"app": name}
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": "c", "image": "i"}]},
            },
            **spec,
        },
    }


def _loose(name: str, **labels: str) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "default", "labels": labels},
        "spec": {"containers": [{"name": "c", "image": "i"}]},
    }


async def _pods(cluster: Cluster, owned: bool = True) -> set[str]:
    pods = await cluster.client.list(Pod, namespace="default")
    return {p.metadata.name for p in pods if (controller_of(p) is not None) is owned}


@pytest.mark.cluster(profile=Profile(stop_seconds=constant(0.0)))
async def test_a_pod_that_goes_as_soon_as_it_is_adopted_is_not_counted(cluster: Cluster) -> None:
    """Though the set had not heard yet that the pod was its own."""
    await cluster.apply([_loose("stray", app="set")])
    await cluster.clock.sleep(5)
    await cluster.apply([replica_set(replicas=0)])
    await cluster.clock.sleep(5)
    found = await cluster.client.get(ReplicaSet, "set", namespace="default")
    assert found.status is not None
    assert (found.status.replicas, await _pods(cluster)) == (0, set())


async def test_pods_that_are_lost_are_replaced(cluster: Cluster) -> None:
    """By new ones."""
    await cluster.apply([replica_set()])
    await cluster.clock.sleep(10)
    before = await _pods(cluster)
    victim = min(before)
    await cluster.client.delete(Pod, victim, namespace="default")
    await cluster.clock.sleep(40)
    after = await _pods(cluster)
    assert len(after) == 3
    assert after & before == before - {victim}


async def test_orphans_that_match_are_adopted(cluster: Cluster) -> None:
    """And count; those that match no more are let go and replaced."""
    await cluster.apply([_loose("orphan", app="set")])
    await cluster.apply([replica_set()])
    await cluster.clock.sleep(10)
    assert "orphan" in await _pods(cluster)
    assert len(await _pods(cluster)) == 3
    patch = {"metadata": {"labels": {"app": "other"}}}
    await cluster.client.patch(Pod, "orphan", patch, namespace="default")
    await cluster.clock.sleep(10)
    assert await _pods(cluster, owned=False) == {"orphan"}
    assert len(await _pods(cluster)) == 3


async def test_the_status_counts_what_there_is(cluster: Cluster) -> None:
    """Ready ones, and available ones after their time."""
    await cluster.apply([replica_set(minReadySeconds=30)])
    await cluster.clock.sleep(10)
    found = await cluster.client.get(ReplicaSet, "set", namespace="default")
    assert found.status is not None
    assert (found.status.replicas, found.status.ready_replicas) == (3, 3)
    assert not found.status.available_replicas
    await cluster.clock.sleep(30)
    found = await cluster.client.get(ReplicaSet, "set", namespace="default")
    assert found.status is not None
    assert found.status.available_replicas == 3


async def test_what_the_server_refuses_is_said_and_tried_again(cluster: Cluster) -> None:
    """A condition, an event, and the pods as soon as they may."""
    spec: dict[str, Any] = {
        "template": {
            "metadata": {"labels": {"app": "set"}},
            "spec": {
                "serviceAccountName": "robot",
                "containers": [{"name": "c", "image": "i"}],
            },
        }
    }
    await cluster.apply([replica_set(**spec)])
    await cluster.clock.sleep(10)
    found = await cluster.client.get(ReplicaSet, "set", namespace="default")
    assert found.status is not None
    (failure,) = found.status.conditions
    assert (failure.type, failure.reason) == ("ReplicaFailure", "FailedCreate")
    assert "robot" in (failure.message or "")
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "robot"}}
    await cluster.apply([account])
    await cluster.clock.sleep(1100)
    assert len(await _pods(cluster)) == 3


@pytest.mark.parametrize("crashes", [1, 2, 3])
async def test_there_are_never_too_many_though_the_controller_is_killed(
    cluster: Cluster, crashes: int
) -> None:
    """In the middle of creating, again and again."""
    await cluster.apply([replica_set(replicas=40)])
    for _ in range(crashes):
        await cluster.clock.sleep(0.05)
        cluster.crash("/controllers/replicaset")
    await cluster.clock.sleep(60)
    assert len(await _pods(cluster)) == 40


def _pod(name: str, **changes: Any) -> Pod:
    phase = changes.get("phase", "Running")
    ready = changes.get("ready", True)
    document = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "creationTimestamp": changes.get("created", "2024-01-01T00:00:00Z"),
            "annotations": {"controller.kubernetes.io/pod-deletion-cost": changes["cost"]}
            if "cost" in changes
            else {},
        },
        "spec": {"nodeName": changes.get("node", "n"), "containers": []},
        "status": {
            "phase": phase,
            "conditions": [
                {
                    "type": "Ready",
                    "status": "True" if ready else "False",
                    "lastTransitionTime": changes.get("since", "2024-01-01T00:00:00Z"),
                }
            ],
            "containerStatuses": [
                {
                    "name": "c",
                    "restartCount": changes.get("restarts", 0),
                    "ready": ready,
                    "image": "i",
                    "imageID": "i",
                }
            ],
        },
    }
    made = codec.from_dict(document, Pod)
    assert isinstance(made, Pod)
    return made


def test_who_goes_first_is_as_in_kubernetes() -> None:
    """Each criterion in its turn."""
    pods = [
        _pod("unassigned", node=""),
        _pod("pending", phase="Pending"),
        _pod("not-ready", ready=False),
        _pod("cheap", cost="-5"),
        _pod("crowded", node="full"),
        _pod("crowded-too", node="full", since="2023-01-01T00:00:00Z"),
        _pod("ready-later", since="2024-01-01T10:00:00Z"),
        _pod("restarted", restarts=3),
        _pod("young", created="2024-01-01T00:00:05Z"),
        _pod("plain"),
    ]
    order = [p.metadata.name for p in deletion_order(pods[::-1], pods)]
    assert order[:4] == ["unassigned", "pending", "not-ready", "cheap"]
    assert order.index("ready-later") < order.index("restarted") < order.index("plain")


_SET = ReplicaSet(
    metadata=ObjectMeta(name="set", namespace="default", uid="set-uid"),
    spec=ReplicaSetSpec(selector=LabelSelector(match_labels={"app": "set"})),
)


def _member(name: str, app: str = "set", **metadata: Any) -> Pod:
    return Pod(metadata=ObjectMeta(name=name, uid=name, labels={"app": app}, **metadata))


_GOING: dict[str, Any] = {"deletion_timestamp": "2024-01-01T00:00:00Z"}


@pytest.mark.parametrize(
    ("replicas", "owned", "orphans", "expected"),
    [
        (3, [], [], ([], [], 3, 0)),
        (None, [], [], ([], [], 1, 0)),  # one, if nothing is said
        (2, [_member("a"), _member("b")], [], ([], [], 0, 0)),
        (1, [_member("a"), _member("b"), _member("c")], [], ([], [], 0, 2)),
        (2, [_member("a"), _member("b", **_GOING)], [], ([], [], 1, 0)),
        (2, [_member("a")], [_member("o")], (["o"], [], 0, 0)),
        (2, [_member("a")], [_member("o", "other")], ([], [], 1, 0)),
        (1, [_member("a")], [_member("o", **_GOING)], ([], [], 0, 0)),
        (1, [_member("a", "other")], [], ([], ["a"], 1, 0)),
        (1, [_member("a", "other", **_GOING)], [], ([], [], 1, 0)),  # what goes is left alone
        (1, [_member("a")], [_member("o")], (["o"], [], 0, 1)),  # adopted, and one too many
        (2000, [], [], ([], [], 500, 0)),  # no more in one look
    ],
)
def test_one_look_finds_what_there_is_to_do(
    replicas: int | None,
    owned: list[Pod],
    orphans: list[Pod],
    expected: tuple[list[str], list[str], int, int],
) -> None:
    """Whom to adopt, whom to let go, how many to make and to delete."""
    assert _SET.spec is not None
    replica_set = replace(_SET, spec=replace(_SET.spec, replicas=replicas))
    todo = plan(replica_set, compile_selector(_SET.spec.selector), owned, orphans, owned)
    adopt = [p.metadata.name for p in todo.claim.adopt]
    release = [p.metadata.name for p in todo.claim.release]
    assert (adopt, release, todo.create, len(todo.delete)) == expected


def test_a_set_that_is_going_makes_and_adopts_nothing() -> None:
    """Its pods are the garbage collector's; and it lets go of none."""
    assert _SET.spec is not None
    going = replace(_SET, metadata=replace(_SET.metadata, **_GOING))
    owned = [_member("a", "other")]
    todo = plan(going, compile_selector(_SET.spec.selector), owned, [_member("o")], [])
    assert (todo.claim, todo.create, todo.delete) == (Claim(), 0, ())
