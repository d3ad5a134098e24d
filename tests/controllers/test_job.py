"""Jobs: counted once each, whatever happens; ended for Kubernetes' reasons."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import actors
from actors import Crash, FaultPlan
from orchestrator import Cluster
from orchestrator.api.batch.v1 import Job, JobStatus
from orchestrator.api.core.v1 import Event, Pod
from orchestrator.controllers.job.indexes import format_indexes, parse_indexes
from orchestrator.protocol import NotFound
from tests.manifests import SIMULATION, Manifest


def job(name: str, simulation: dict[str, Any], policy: str = "Never", **spec: Any) -> Manifest:
    """A Job whose pods behave as `simulation` says."""
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {
            **spec,
            "template": {
                "metadata": {
                    "annotations": {SIMULATION + k: str(v) for k, v in simulation.items()}
                },
                "spec": {
                    "restartPolicy": policy,
                    "containers": [{"name": "c", "image": "i"}],
                },
            },
        },
    }


QUICK = {"start-seconds": 1, "run-seconds": 2}
FAILING = {**QUICK, "exit-code": 3}


async def _status(cluster: Cluster, name: str) -> JobStatus:
    found = await cluster.client.get(Job, name, namespace="default")
    assert found.status is not None
    return found.status


def _conditions(status: JobStatus) -> dict[str, str]:
    return {c.type: c.reason for c in status.conditions if c.status == "True"}


async def _pods(cluster: Cluster) -> tuple[Pod, ...]:
    return await cluster.client.list(Pod, namespace="default")


async def test_completions_are_reached_so_many_at_a_time(cluster: Cluster) -> None:
    """Never more than the parallelism run at once."""
    await cluster.apply([job("sum", QUICK, completions=5, parallelism=2)])
    most = 0
    for _ in range(60):
        await cluster.clock.sleep(0.5)
        active = [p for p in await _pods(cluster) if p.status and p.status.phase == "Running"]
        most = max(most, len(active))
    status = await _status(cluster, "sum")
    assert (status.succeeded, status.failed, status.active, most) == (5, None, None, 2)
    assert _conditions(status) == {
        "SuccessCriteriaMet": "CompletionsReached",
        "Complete": "CompletionsReached",
    }
    assert status.completion_time is not None
    assert not any(p.metadata.finalizers for p in await _pods(cluster))


async def test_an_indexed_job_runs_each_index_once(cluster: Cluster) -> None:
    """The pod knows its index by annotation, label, host name and environment."""
    await cluster.apply([job("idx", QUICK, completions=4, parallelism=3, completionMode="Indexed")])
    await cluster.clock.sleep(60)
    status = await _status(cluster, "idx")
    assert (status.completed_indexes, status.succeeded) == ("0-3", 4)
    key = "batch.kubernetes.io/job-completion-index"
    for index, pod in enumerate(sorted(await _pods(cluster), key=lambda p: p.metadata.name)):
        assert pod.metadata.name.startswith(f"idx-{index}-")
        assert pod.metadata.annotations[key] == pod.metadata.labels[key] == str(index)
        assert pod.spec is not None
        assert pod.spec.hostname == f"idx-{index}"
        assert [v.name for v in pod.spec.containers[0].env] == ["JOB_COMPLETION_INDEX"]


async def test_a_work_queue_ends_with_the_first_success_and_the_last_pod(cluster: Cluster) -> None:
    """Without completions, one success is enough."""
    await cluster.apply([job("queue", QUICK, parallelism=3)])
    await cluster.clock.sleep(60)
    status = await _status(cluster, "queue")
    assert status.succeeded == 3
    assert "Complete" in _conditions(status)


async def test_failures_wait_longer_each_time_until_the_limit(cluster: Cluster) -> None:
    """10 s, 20 s, then the limit of two is exceeded."""
    await cluster.apply([job("bad", FAILING, backoffLimit=2)])
    created = []
    for _ in range(90):
        await cluster.clock.sleep(1)
        created.append(len(await _pods(cluster)))
    status = await _status(cluster, "bad")
    assert (status.failed, status.succeeded) == (3, None)
    assert _conditions(status) == {
        "FailureTarget": "BackoffLimitExceeded",
        "Failed": "BackoffLimitExceeded",
    }
    second, third = created.index(2), created.index(3)
    assert 12 <= second <= 15
    assert 22 <= third - second <= 25
    events = await cluster.client.list(Event, namespace="default")
    assert any(
        e.reason == "BackoffLimitExceeded"
        and e.message == "Job has reached the specified backoff limit"
        for e in events
    )


async def test_containers_restarted_in_place_count_too(cluster: Cluster) -> None:
    """With OnFailure one pod fails several times."""
    await cluster.apply([job("inplace", FAILING, policy="OnFailure", backoffLimit=2)])
    await cluster.clock.sleep(120)
    assert "Failed" in _conditions(await _status(cluster, "inplace"))


async def test_a_deadline_ends_the_job_and_its_pods(cluster: Cluster) -> None:
    """However long they would run."""
    await cluster.apply([job("slow", {"run-seconds": 1000}, activeDeadlineSeconds=20)])
    await cluster.clock.sleep(60)
    assert _conditions(await _status(cluster, "slow"))["Failed"] == "DeadlineExceeded"
    assert await _pods(cluster) == ()


async def test_a_suspended_job_has_no_pods_until_it_is_resumed(cluster: Cluster) -> None:
    """Its clock begins anew."""
    await cluster.apply([job("held", QUICK, suspend=True)])
    await cluster.clock.sleep(20)
    status = await _status(cluster, "held")
    assert (_conditions(status), status.start_time) == ({"Suspended": "JobSuspended"}, None)
    assert await _pods(cluster) == ()
    await cluster.client.patch(Job, "held", {"spec": {"suspend": False}}, namespace="default")
    await cluster.clock.sleep(20)
    status = await _status(cluster, "held")
    assert "Complete" in _conditions(status)
    assert status.start_time is not None


async def test_a_finished_job_goes_after_its_time_to_live(cluster: Cluster) -> None:
    """With its pods."""
    await cluster.apply([job("gone", QUICK, ttlSecondsAfterFinished=30)])
    await cluster.clock.sleep(20)
    assert "Complete" in _conditions(await _status(cluster, "gone"))
    await cluster.clock.sleep(60)
    with pytest.raises(NotFound):
        await _status(cluster, "gone")
    assert await _pods(cluster) == ()


async def test_a_failure_policy_may_end_the_job_at_once_or_look_away(cluster: Cluster) -> None:
    """By exit code."""
    fail = {"action": "FailJob", "onExitCodes": {"operator": "In", "values": [3]}}
    ignore = {"action": "Ignore", "onExitCodes": {"operator": "In", "values": [3]}}
    await cluster.apply(
        [
            job("doomed", FAILING, backoffLimit=6, podFailurePolicy={"rules": [fail]}),
            job("patient", FAILING, backoffLimit=0, podFailurePolicy={"rules": [ignore]}),
        ]
    )
    await cluster.clock.sleep(30)
    doomed = await _status(cluster, "doomed")
    (reason,) = [c.message for c in doomed.conditions if c.type == "Failed"]
    assert reason.startswith("Container c for pod default/doomed-")
    assert reason.endswith("failed with exit code 3 matching FailJob rule at index 0")
    patient = await _status(cluster, "patient")
    assert _conditions(patient) == {}
    assert patient.failed is None


async def test_each_index_may_have_a_limit_of_its_own(cluster: Cluster) -> None:
    """The others go on; the Job fails in the end."""
    spec: dict[str, Any] = {"completions": 3, "parallelism": 3, "completionMode": "Indexed"}
    await cluster.apply([job("each", FAILING, backoffLimitPerIndex=1, **spec)])
    await cluster.clock.sleep(300)
    status = await _status(cluster, "each")
    assert status.failed_indexes == "0-2"
    assert _conditions(status)["Failed"] == "FailedIndexes"
    assert len(await _pods(cluster)) == 6


async def test_pods_of_a_deleted_job_are_let_go(cluster: Cluster) -> None:
    """Also those that it had not counted yet."""
    await cluster.apply([job("short", {"run-seconds": 100}, parallelism=3)])
    await cluster.clock.sleep(10)
    await cluster.client.delete(Job, "short", namespace="default", propagation_policy="Background")
    await cluster.clock.sleep(60)
    assert await _pods(cluster) == ()


@pytest.mark.parametrize("at", [3.5, 5.05, 6.0, 9.1])
def test_every_pod_is_counted_once_though_the_controller_is_killed(at: float) -> None:
    """At whatever moment."""

    async def main() -> None:
        plan = FaultPlan((Crash(actor="/controllers/job", at=at, every=0.15, count=20),))
        async with Cluster(nodes=3, faults=plan) as cluster:
            await cluster.apply([job("sum", QUICK, completions=12, parallelism=4)])
            await cluster.clock.sleep(300)
            status = await _status(cluster, "sum")
            assert (status.succeeded, status.failed, len(await _pods(cluster))) == (12, None, 12)
            assert "Complete" in _conditions(status)

    actors.run(main)


@given(st.sets(st.integers(0, 60)))
def test_sets_of_indexes_survive_writing_and_reading(indexes: set[int]) -> None:
    """As Kubernetes writes them."""
    assert parse_indexes(format_indexes(indexes), 61) == indexes


@pytest.mark.parametrize(
    ("indexes", "text"),
    [((), ""), ((3,), "3"), ((1, 2), "1,2"), ((0, 1, 2, 5, 7, 8, 9), "0-2,5,7-9")],
)
def test_sets_of_indexes_are_written_short(indexes: tuple[int, ...], text: str) -> None:
    """Three neighbours and more make a range."""
    assert format_indexes(indexes) == text
