"""Deployments: rolling within bounds, recreating, going back, giving up."""

import math
from collections.abc import Callable
from fractions import Fraction

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import actors
from orchestrator import Cluster
from orchestrator.api import codec
from orchestrator.api.apps.v1 import (
    Deployment,
    DeploymentStatus,
    ReplicaSet,
    ReplicaSetSpec,
    ReplicaSetStatus,
)
from orchestrator.api.core.v1 import Event, Pod, ResourceQuota, ResourceQuotaSpec
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.controllers.deployment.replica_sets import MAXIMUM
from orchestrator.controllers.deployment.rolling import (
    Sizes,
    new_size,
    scale_in_proportion,
    shrink_old,
)
from orchestrator.controllers.pods import is_active, is_ready
from tests.manifests import SIMULATION, deployment

REVISION = "deployment.kubernetes.io/revision"


async def _status(cluster: Cluster) -> DeploymentStatus:
    found = await cluster.client.get(Deployment, "web", namespace="default")
    assert found.status is not None
    return found.status


def _conditions(status: DeploymentStatus) -> dict[str, tuple[str, str]]:
    return {c.type: (c.status, c.reason) for c in status.conditions}


async def _sets(cluster: Cluster) -> tuple[ReplicaSet, ...]:
    return await cluster.client.list(ReplicaSet, namespace="default")


def _image(replica_set: ReplicaSet) -> str:
    return str(codec.to_dict(replica_set)["spec"]["template"]["spec"]["containers"][0]["image"])


async def _watched(cluster: Cluster, seconds: float, see: Callable[[dict[str, Pod]], None]) -> None:
    """Show `see` the pods after each change, for so long."""
    pods: dict[str, Pod] = {}
    deadline = cluster.clock.monotonic() + seconds
    try:
        async with cluster.client.watch(Pod, namespace="default").until(
            cluster.clock, seconds
        ) as events:
            async for event in events:
                name = event.object.metadata.name
                if event.type == "DELETED":
                    pods.pop(name, None)
                else:
                    pods[name] = event.object
                see(pods)
    except TimeoutError:
        assert cluster.clock.monotonic() >= deadline - 1e-3


bounds = st.one_of(st.integers(0, 5), st.integers(0, 100).map(lambda n: f"{n}%"))


def _resolved(bound: int | str, replicas: int, rounded: Callable[[Fraction], int]) -> int:
    if isinstance(bound, int):
        return bound
    return rounded(Fraction(int(bound.removesuffix("%")) * replicas, 100))


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 9), bounds, bounds)
def test_a_rollout_stays_within_its_surge_and_unavailability(
    replicas: int, surge: int | str, unavailable: int | str
) -> None:
    """At every moment, as a watcher sees it."""
    assume({str(surge).strip("%"), str(unavailable).strip("%")} != {"0"})  # the server refuses it
    most_more = _resolved(surge, replicas, math.ceil)
    most_fewer = _resolved(unavailable, replicas, math.floor)
    if most_more == most_fewer == 0:
        most_fewer = 1

    async def main() -> None:
        strategy = {"rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable}}
        async with Cluster(nodes=3) as cluster:
            await cluster.apply([deployment(replicas=replicas, strategy=strategy)])
            await cluster.clock.sleep(30)
            most, least, told = 0, replicas, 0

            def see(pods: dict[str, Pod]) -> None:
                nonlocal most, least, told
                told += 1
                if told < replicas:
                    return  # the watch is telling what there is
                active = [p for p in pods.values() if is_active(p)]
                most = max(most, len(active))
                least = min(least, sum(is_ready(p) for p in active))

            await cluster.apply([deployment(replicas=replicas, strategy=strategy, image="web:2")])
            await _watched(cluster, 120, see)
            assert most <= replicas + most_more
            assert least >= replicas - most_fewer
            pods = await cluster.client.list(Pod, namespace="default")
            assert [p.spec.containers[0].image for p in pods if p.spec] == ["web:2"] * replicas

    actors.run(main)


async def test_availability_never_falls_below_what_is_asked(cluster: Cluster) -> None:
    """With none unavailable, all replicas are ready all the time."""
    strategy = {"rollingUpdate": {"maxSurge": 2, "maxUnavailable": 0}}
    await cluster.apply([deployment(replicas=6, strategy=strategy)])
    await cluster.clock.sleep(30)
    least = 6

    def see(pods: dict[str, Pod]) -> None:
        nonlocal least
        if len(pods) >= 6:
            least = min(least, sum(is_ready(p) and is_active(p) for p in pods.values()))

    await cluster.apply([deployment(replicas=6, strategy=strategy, image="web:2")])
    await _watched(cluster, 120, see)
    assert least == 6


async def test_recreate_stops_the_old_before_it_starts_the_new(cluster: Cluster) -> None:
    """The two never meet."""
    strategy = {"type": "Recreate"}
    await cluster.apply([deployment(replicas=4, strategy=strategy)])
    await cluster.clock.sleep(30)
    mixed = False

    def see(pods: dict[str, Pod]) -> None:
        nonlocal mixed
        images = {p.spec.containers[0].image for p in pods.values() if p.spec}
        mixed = mixed or len(images) > 1

    await cluster.apply([deployment(replicas=4, strategy=strategy, image="web:2")])
    await _watched(cluster, 120, see)
    assert not mixed
    assert (await _status(cluster)).available_replicas == 4


async def test_going_back_uses_the_old_set_again(cluster: Cluster) -> None:
    """Which gets the next revision; nothing is made anew."""
    for image in ("web:1", "web:2", "web:1"):
        await cluster.apply([deployment(image=image)])
        await cluster.clock.sleep(60)
    revisions = {_image(s): s.metadata.annotations[REVISION] for s in await _sets(cluster)}
    assert revisions == {"web:1": "3", "web:2": "2"}
    web = await cluster.client.get(Deployment, "web", namespace="default")
    assert web.metadata.annotations[REVISION] == "3"
    assert web.metadata.generation == 3


async def test_history_is_as_long_as_asked(cluster: Cluster) -> None:
    """Older sets go."""
    for number in range(6):
        await cluster.apply([deployment(image=f"web:{number}", revisionHistoryLimit=2)])
        await cluster.clock.sleep(60)
    assert len(await _sets(cluster)) == 3


async def test_a_rollout_that_makes_no_progress_says_so(cluster: Cluster) -> None:
    """After its deadline; the old pods go on."""
    await cluster.apply([deployment(replicas=4, progressDeadlineSeconds=60)])
    await cluster.clock.sleep(30)
    await cluster.apply(
        [
            deployment(
                replicas=4,
                progressDeadlineSeconds=60,
                image="web:2",
                simulation={"ready-seconds": 10_000},
            )
        ]
    )
    await cluster.clock.sleep(50)
    assert _conditions(await _status(cluster))["Progressing"] == ("True", "ReplicaSetUpdated")
    await cluster.clock.sleep(60)
    status = await _status(cluster)
    assert _conditions(status)["Progressing"] == ("False", "ProgressDeadlineExceeded")
    assert _conditions(status)["Available"] == ("True", "MinimumReplicasAvailable")
    assert (status.ready_replicas or 0) >= 3


async def test_availability_is_kept_when_a_rollout_that_is_stuck_is_scaled_down(
    cluster: Cluster,
) -> None:
    """The old set has shrunk already, while its status still tells of the pods that go."""
    rolling = {"rollingUpdate": {"maxSurge": 3, "maxUnavailable": 2}}
    await cluster.apply([deployment("web", 15, strategy=rolling)])
    await cluster.clock.sleep(20)
    stuck = {"metadata": {"annotations": {SIMULATION + "ready-seconds": "5000"}}}
    await cluster.client.patch(
        Deployment, "web", {"spec": {"template": stuck}}, namespace="default"
    )
    await cluster.clock.sleep(20)
    assert (await _status(cluster)).available_replicas == 13
    await cluster.client.patch(Deployment, "web", {"spec": {"replicas": 7}}, namespace="default")
    for _ in range(40):
        await cluster.clock.sleep(0.05)
        (old,) = (s for s in await _sets(cluster) if s.metadata.annotations[REVISION] == "1")
        assert old.spec is not None
        assert (old.spec.replicas or 0) >= 5


async def test_a_paused_deployment_scales_and_does_not_roll(cluster: Cluster) -> None:
    """Until it is resumed."""
    await cluster.apply([deployment()])
    await cluster.clock.sleep(30)
    await cluster.apply([deployment(replicas=5, image="web:2", paused=True)])
    await cluster.clock.sleep(60)
    pods = await cluster.client.list(Pod, namespace="default")
    assert [p.spec.containers[0].image for p in pods if p.spec] == ["web:1"] * 5
    assert _conditions(await _status(cluster))["Progressing"] == ("Unknown", "DeploymentPaused")
    await cluster.client.patch(Deployment, "web", {"spec": {"paused": None}}, namespace="default")
    await cluster.clock.sleep(60)
    pods = await cluster.client.list(Pod, namespace="default")
    assert [p.spec.containers[0].image for p in pods if p.spec] == ["web:2"] * 5


async def test_scaling_in_the_middle_of_a_rollout_is_in_proportion(cluster: Cluster) -> None:
    """The rollout ends with exactly what was asked."""
    await cluster.apply([deployment(replicas=10)])
    await cluster.clock.sleep(30)
    await cluster.apply([deployment(replicas=10, image="web:2")])
    await cluster.clock.sleep(1.5)
    await cluster.apply([deployment(replicas=25, image="web:2")])
    await cluster.clock.sleep(120)
    status = await _status(cluster)
    assert (status.replicas, status.updated_replicas, status.available_replicas) == (25, 25, 25)


async def test_events_tell_what_was_scaled(cluster: Cluster) -> None:
    """In Kubernetes' words."""
    await cluster.apply([deployment(replicas=2)])
    await cluster.clock.sleep(30)
    (name,) = [s.metadata.name for s in await _sets(cluster)]
    events = await cluster.client.list(Event, namespace="default")
    (message,) = [e.message for e in events if e.reason == "ScalingReplicaSet"]
    assert message == f"Scaled up replica set {name} from 0 to 2"


@pytest.mark.parametrize("replicas", [0, 1, 7])
async def test_any_number_of_replicas_is_reached(cluster: Cluster, replicas: int) -> None:
    """None, too."""
    await cluster.apply([deployment(replicas=replicas)])
    await cluster.clock.sleep(60)
    pods = await cluster.client.list(Pod, namespace="default")
    assert len(pods) == replicas
    assert (await _status(cluster)).observed_generation == 1


# --- the arithmetic ------------------------------------------------------------------------


def _set(name: str, replicas: int, available: int | None = None, maximum: int = 0) -> ReplicaSet:
    return ReplicaSet(
        metadata=ObjectMeta(name=name, annotations={MAXIMUM: str(maximum)} if maximum else {}),
        spec=ReplicaSetSpec(replicas=replicas),
        status=ReplicaSetStatus(available_replicas=replicas if available is None else available),
    )


@pytest.mark.parametrize(
    ("new", "total", "sizes", "expected"),
    [
        (0, 10, Sizes(10, 2, 0), 2),
        (0, 10, Sizes(10, 0, 2), 0),  # no room before an old pod has gone
        (2, 12, Sizes(10, 2, 0), 2),
        (9, 10, Sizes(10, 5, 0), 10),  # never beyond what is asked
        (3, 20, Sizes(10, 2, 0), 3),  # too many already
    ],
)
def test_the_new_set_grows_into_the_surge(
    new: int, total: int, sizes: Sizes, expected: int
) -> None:
    """As far as there is room in all."""
    assert new_size(new, total, sizes) == expected


@pytest.mark.parametrize(
    ("new", "old", "sizes", "expected"),
    [
        (_set("n", 2), [_set("o", 10)], Sizes(10, 2, 0), {"o": 8}),
        (_set("n", 2, 0), [_set("o", 10)], Sizes(10, 2, 0), {}),  # the new ones are not up yet
        (_set("n", 0), [_set("o", 10)], Sizes(10, 0, 3), {"o": 7}),
        (_set("n", 2, 0), [_set("o", 10, 8)], Sizes(10, 2, 0), {}),  # nor unhealthy ones for them
        (_set("n", 2, 1), [_set("o", 10)], Sizes(10, 2, 2), {"o": 7}),
        (_set("n", 2, 2), [_set("o", 8, 3)], Sizes(10, 0, 2), {"o": 6}),  # only unhealthy ones
        (_set("n", 3), [_set("a", 4), _set("b", 4)], Sizes(6, 5, 0), {"a": 0, "b": 3}),
        (
            _set("n", 4, 0),
            [_set("o", 6, 11)],
            Sizes(7, 3, 2),
            {},
        ),  # it has just shrunk, and tells of more
        (
            _set("n", 3),
            [_set("a", 0, 5), _set("b", 4)],
            Sizes(6, 3, 0),
            {"b": 3},
        ),  # nor do those count
    ],
)
def test_the_old_sets_shrink_as_far_as_enough_stay_available(
    new: ReplicaSet, old: list[ReplicaSet], sizes: Sizes, expected: dict[str, int]
) -> None:
    """Unhealthy pods first; oldest set first."""
    assert shrink_old(new, old, sizes) == expected


@given(
    st.integers(0, 20),
    st.integers(0, 6),
    st.integers(0, 6),
    st.integers(0, 20),
    st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), max_size=4),
    st.integers(0, 20),
)
def test_a_step_takes_no_pod_that_is_needed(
    desired: int,
    surge: int,
    unavailable: int,
    new: int,
    old: list[tuple[int, int]],
    new_available: int,
) -> None:
    """Whatever the sets are like: the available pods stay enough, if they were."""
    assume(surge or unavailable)
    sizes = Sizes(desired, surge, min(unavailable, desired))
    newest = _set("new", new, min(new_available, new))
    sets = [_set(f"old-{n}", size, min(up, size)) for n, (size, up) in enumerate(old)]
    smaller = shrink_old(newest, sets, sizes)
    before, after = min(new_available, new), min(new_available, new)
    for replica_set, (size, up) in zip(sets, old, strict=True):
        left = smaller.get(replica_set.metadata.name, size)
        assert 0 <= left <= size
        before += min(up, size)
        after += min(up, left)  # pods that are not available go first
    assert after >= min(before, sizes.minimum_available)


@given(
    st.integers(1, 60),
    st.integers(0, 10),
    st.lists(st.integers(1, 20), min_size=1, max_size=5),
    st.integers(0, 5),
)
def test_scaling_spreads_the_whole_difference(
    desired: int, surge: int, replicas: list[int], missing: int
) -> None:
    """In proportion; no set falls below none, and nothing is lost in the rounding while the first has pods to give."""
    was = sum(replicas) + missing
    sets = [_set(f"s{n}", count, maximum=was) for n, count in enumerate(replicas)]
    sizes = scale_in_proportion(sets, Sizes(desired, surge, 0))
    assert all(count >= 0 for count in sizes.values())
    emptied = next(iter(sizes.values())) == 0
    assert sum(sizes.values()) == desired + surge or (emptied and sum(sizes.values()) > desired)


@pytest.mark.parametrize(
    ("replicas", "desired", "expected"),
    [
        # Each of five gives one, and what is left of the seven is more than the first has.
        ([2, 2, 2, 2, 2], 1, [0, 1, 1, 1, 1]),
        ([8, 5], 13, [9, 6]),
        ([1, 1], 0, [0, 0]),
    ],
)
def test_what_rounding_leaves_is_taken_from_the_first_alone(
    replicas: list[int], desired: int, expected: list[int]
) -> None:
    """As the original does it, even where the first has not enough."""
    sets = [_set(f"s{n}", count, maximum=sum(replicas)) for n, count in enumerate(replicas)]
    sizes = scale_in_proportion(sets, Sizes(desired, 2, 0))
    assert sorted(sizes.values()) == sorted(expected)


@pytest.mark.parametrize(("reported", "expected"), [(10, [11, 7]), (0, [12, 6])])
def test_sets_that_note_no_size_are_shared_by_the_reported_one(
    reported: int, expected: list[int]
) -> None:
    """Without a share all goes to the first."""
    sets = [_set("a", 6), _set("b", 6)]
    sizes = scale_in_proportion(sets, Sizes(18, 0, 0), reported)
    assert sorted(sizes.values(), reverse=True) == expected


def test_scaling_gives_the_largest_what_rounding_leaves() -> None:
    """10 + 5 pods of a Deployment of 15 that grows to 20 get 13 and 7."""
    sets = [_set("large", 10, maximum=15), _set("small", 5, maximum=15)]
    assert scale_in_proportion(sets, Sizes(20, 0, 0)) == {"large": 13, "small": 7}


async def test_a_rollout_s_sets_share_by_the_size_that_the_deployment_had(
    cluster: Cluster,
) -> None:
    """8 old and 5 new of 10 + 3 become 11 and 7 of 15 + 3, as Kubernetes' own example has it."""
    strategy = {"rollingUpdate": {"maxSurge": 3, "maxUnavailable": 2}}
    await cluster.apply([deployment(replicas=10, strategy=strategy)])
    await cluster.clock.sleep(30)
    stuck = deployment(replicas=10, strategy=strategy, image="web:2")
    stuck["spec"]["template"]["metadata"]["annotations"] = {SIMULATION + "ready-seconds": "5000"}
    await cluster.apply([stuck])
    await cluster.clock.sleep(30)
    assert await _set_sizes(cluster) == [5, 8]
    await cluster.client.scale(Deployment, "web", 15, namespace="default")
    await cluster.clock.sleep(10)
    assert await _set_sizes(cluster) == [7, 11]


async def _set_sizes(cluster: Cluster) -> list[int]:
    sets = await cluster.client.list(ReplicaSet, namespace="default")
    return sorted(s.spec.replicas or 0 for s in sets if s.spec is not None)


async def test_a_status_leaves_out_pods_that_are_missing_nowhere(cluster: Cluster) -> None:
    """`unavailableReplicas: 0` is not written."""
    await cluster.apply([deployment(replicas=2)])
    web = await cluster.client.wait(Deployment, "web", "condition=Available", namespace="default")
    await cluster.clock.sleep(5)
    web = await cluster.client.get(Deployment, "web")
    assert web.status is not None
    assert (web.status.available_replicas, web.status.unavailable_replicas) == (2, None)


async def _quota(cluster: Cluster, **hard: str) -> None:
    quota = ResourceQuota(
        metadata=ObjectMeta(name="q", namespace="default"), spec=ResourceQuotaSpec(hard=hard)
    )
    await cluster.client.create(quota)
    await cluster.clock.sleep(1)


async def test_a_set_that_cannot_be_made_is_told(cluster: Cluster) -> None:
    """By a Warning and by Progressing, in the words of the refusal."""
    await _quota(cluster, **{"count/replicasets.apps": "0"})
    await cluster.apply([deployment(replicas=1)])
    await cluster.clock.sleep(5)
    status = await _status(cluster)
    assert _conditions(status) == {"Progressing": ("False", "ReplicaSetCreateError")}
    (condition,) = status.conditions
    assert "exceeded quota: q, requested: count/replicasets.apps=1" in condition.message
    events = await cluster.client.list(Event, namespace="default")
    assert any(each.message == condition.message for each in events)


async def test_a_new_set_that_gets_no_pod_is_no_progress(cluster: Cluster) -> None:
    """Its creation is, and the deadline runs from there."""
    await _quota(cluster, pods="0")
    await cluster.apply([deployment(replicas=1)])
    await cluster.clock.sleep(60)
    assert _conditions(await _status(cluster)) == {
        "Available": ("False", "MinimumReplicasUnavailable"),
        "Progressing": ("True", "NewReplicaSetCreated"),
        "ReplicaFailure": ("True", "FailedCreate"),
    }


async def test_a_complete_rollout_stays_so_when_its_pods_are_lost(cluster: Cluster) -> None:
    """What is not available is told; there is no roll-out whose deadline could pass."""
    await cluster.apply([deployment(replicas=2)])
    await cluster.clock.sleep(10)
    await _quota(cluster, pods="0")
    for pod in await cluster.client.list(Pod, namespace="default"):
        await cluster.client.delete(Pod, pod.metadata.name, namespace="default")
    await cluster.clock.sleep(700)
    conditions = _conditions(await _status(cluster))
    assert conditions["Available"] == ("False", "MinimumReplicasUnavailable")
    assert conditions["Progressing"] == ("True", "NewReplicaSetAvailable")


async def test_a_pause_begins_and_ends_in_progressing(cluster: Cluster) -> None:
    """A paused Deployment without pods gives its size to its newest set, and cuts its history."""
    await cluster.apply([deployment(replicas=0, image="web:1")])
    await cluster.clock.sleep(10)
    for body in ({"paused": True}, {"replicas": 2}):
        await cluster.client.patch(Deployment, "web", {"spec": body}, namespace="default")
    template = {"metadata": {"labels": {"v": "2"}}}
    await cluster.client.patch(
        Deployment,
        "web",
        {"spec": {"template": template, "replicas": 3, "revisionHistoryLimit": 0}},
        namespace="default",
    )
    await cluster.clock.sleep(10)
    assert _conditions(await _status(cluster))["Progressing"] == ("Unknown", "DeploymentPaused")
    (only,) = await _sets(cluster)
    assert only.spec is not None
    assert only.spec.replicas == 3
    await cluster.client.patch(Deployment, "web", {"spec": {"paused": None}}, namespace="default")
    await cluster.clock.sleep(30)
    assert _conditions(await _status(cluster))["Progressing"] == ("True", "NewReplicaSetAvailable")
