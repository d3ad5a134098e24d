"""Jobs: counted once each, whatever happens; ended for Kubernetes' reasons."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

import actors
from actors import Crash, FaultPlan, MessageFault
from orchestrator import Cluster
from orchestrator.api.batch.v1 import (
    Job,
    JobSpec,
    JobStatus,
    PodFailurePolicy,
    PodFailurePolicyOnExitCodesRequirement,
    PodFailurePolicyRule,
    UncountedTerminatedPods,
)
from orchestrator.api.core.v1 import (
    ContainerState,
    ContainerStateTerminated,
    ContainerStatus,
    Event,
    Node,
    Pod,
    PodStatus,
    ServiceAccount,
)
from orchestrator.api.meta.v1 import ObjectMeta, Time
from orchestrator.controllers.job.backoff import Backoff, remembered
from orchestrator.controllers.job.indexes import format_indexes, parse_indexes
from orchestrator.controllers.job.notes import Notes, counted, notes
from orchestrator.controllers.job.plan import plan, wanted
from orchestrator.controllers.job.tally import (
    FINALIZER,
    INDEX,
    INDEX_FAILURES,
    INDEX_IGNORED,
    tally,
)
from orchestrator.controllers.job.template import make_pod
from orchestrator.controllers.job.verdict import Verdict, verdict
from orchestrator.machinery.times import parse_time
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


async def test_pods_that_the_job_takes_back_are_no_failures(cluster: Cluster) -> None:
    """Neither when it wants fewer nor when it is suspended; and nothing waits for them."""
    spec: dict[str, Any] = {"parallelism": 5, "completions": 5, "backoffLimit": 0}
    await cluster.apply([job("calm", {"run-seconds": 60}, **spec)])
    await cluster.clock.sleep(10)
    await cluster.client.patch(Job, "calm", {"spec": {"parallelism": 1}}, namespace="default")
    await cluster.clock.sleep(1)
    assert (await _status(cluster, "calm")).active == 1
    await cluster.client.patch(Job, "calm", {"spec": {"suspend": True}}, namespace="default")
    await cluster.clock.sleep(30)
    assert await _pods(cluster) == ()
    resumed = {"spec": {"suspend": False, "parallelism": 5}}
    await cluster.client.patch(Job, "calm", resumed, namespace="default")
    await cluster.clock.sleep(2)
    assert (await _status(cluster, "calm")).active == 5
    await cluster.clock.sleep(100)
    status = await _status(cluster, "calm")
    assert (status.succeeded, status.failed) == (5, None)
    assert "Complete" in _conditions(status)


async def test_a_success_policy_takes_back_the_rest(cluster: Cluster) -> None:
    """Which are no failures."""
    rules = [{"succeededIndexes": "0,2", "succeededCount": 1}]
    await cluster.apply(
        [
            job(
                "race",
                {"run-seconds": 50},
                completions=3,
                parallelism=1,
                completionMode="Indexed",
                successPolicy={"rules": rules},
            )
        ]
    )
    await cluster.clock.sleep(10)
    await cluster.client.patch(Job, "race", {"spec": {"parallelism": 3}}, namespace="default")
    await cluster.clock.sleep(120)
    status = await _status(cluster, "race")
    assert (status.completed_indexes, status.failed) == ("0", None)
    assert _conditions(status)["Complete"] == "SuccessPolicy"
    assert len(await _pods(cluster)) == 1


@pytest.mark.parametrize("replacement", ["Failed", "TerminatingOrFailed"])
async def test_a_job_that_ends_counts_pods_that_never_ran(
    cluster: Cluster, replacement: str
) -> None:
    """No kubelet will say that they have failed."""
    huge = {"c": {"resources": {"requests": {"cpu": "9999"}}}}
    manifest = job("big", QUICK, activeDeadlineSeconds=20, podReplacementPolicy=replacement)
    manifest["spec"]["template"]["spec"]["containers"][0].update(huge["c"])
    await cluster.apply([manifest])
    await cluster.clock.sleep(60)
    status = await _status(cluster, "big")
    assert (_conditions(status).get("Failed"), status.failed) == ("DeadlineExceeded", 1)
    assert await _pods(cluster) == ()


async def test_a_replacement_may_have_to_wait_for_the_end_of_what_it_replaces(
    cluster: Cluster,
) -> None:
    """With the policy Failed."""
    slow = {"run-seconds": 1000, "stop-seconds": 25}
    for policy in ("Failed", "TerminatingOrFailed"):
        await cluster.apply([job(policy.lower(), slow, podReplacementPolicy=policy)])
    await cluster.clock.sleep(10)
    for pod in await _pods(cluster):
        await cluster.client.delete(Pod, pod.metadata.name, namespace="default")
    await cluster.clock.sleep(15)
    failed = await _status(cluster, "failed")
    either = await _status(cluster, "terminatingorfailed")
    assert (failed.active, failed.terminating, failed.failed) == (None, 1, None)
    assert (either.active, either.terminating, either.failed) == (1, 1, 1)


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


async def test_each_index_waits_for_its_own_failures_only(cluster: Cluster) -> None:
    """With a limit for each, three that fail at once are tried again after 10 s, then 20 s."""
    spec: dict[str, Any] = {"completions": 3, "parallelism": 3, "completionMode": "Indexed"}
    await cluster.apply([job("each", FAILING, backoffLimitPerIndex=5, **spec)])
    made = []
    for _ in range(60):
        await cluster.clock.sleep(1)
        made.append(len(await _pods(cluster)))
    assert 12 <= made.index(6) <= 15
    assert 22 <= made.index(9) - made.index(6) <= 25


async def test_what_has_ended_is_counted_though_no_more_can_be_made(cluster: Cluster) -> None:
    """The server refuses pods of an account that is gone."""
    manifest = job("stuck", {**QUICK, "run-seconds": "uniform(5,20)"}, completions=9, parallelism=3)
    manifest["spec"]["template"]["spec"]["serviceAccountName"] = "robot"
    robot = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "robot"}}
    await cluster.apply([robot, manifest])
    await cluster.clock.sleep(3)
    await cluster.client.delete(ServiceAccount, "robot", namespace="default")
    await cluster.clock.sleep(40)
    status = await _status(cluster, "stuck")
    assert (status.succeeded, status.active) == (3, None)
    await cluster.apply([robot])
    await cluster.clock.sleep(1100)
    assert "Complete" in _conditions(await _status(cluster, "stuck"))


async def test_a_pod_that_somebody_deletes_is_a_failure(cluster: Cluster) -> None:
    """And replaced after the back-off, though the pod is long gone by then."""
    await cluster.apply([job("hurt", {"run-seconds": 60})])
    await cluster.clock.sleep(10)
    (victim,) = await _pods(cluster)
    await cluster.client.delete(Pod, victim.metadata.name, namespace="default")
    await cluster.clock.sleep(5)
    status = await _status(cluster, "hurt")
    assert (status.failed, status.active, await _pods(cluster)) == (1, None, ())
    await cluster.clock.sleep(8)
    assert (await _status(cluster, "hurt")).active == 1


async def test_a_failure_is_told_when_others_run_with_the_pod_that_replaces_it(
    cluster: Cluster,
) -> None:
    """Until then no pod counts as active, which the API refuses to hear of pods that are ready."""
    await cluster.apply([job("hurt", {"run-seconds": 60}, parallelism=2)])
    await cluster.clock.sleep(10)
    victim = (await _pods(cluster))[0].metadata.name
    await cluster.client.delete(Pod, victim, namespace="default")
    await cluster.clock.sleep(5)
    status = await _status(cluster, "hurt")
    assert (status.failed, status.active, status.ready) == (None, 2, 2)
    assert len(await _pods(cluster)) == 2
    await cluster.clock.sleep(10)
    status = await _status(cluster, "hurt")
    assert (status.failed, status.active, status.ready) == (1, 2, 2)


async def test_changes_of_pods_are_gathered_for_a_second(cluster: Cluster) -> None:
    """What is asked of the Job itself counts at once."""
    simulation = {"run-seconds": 600, "stop-seconds": 20}
    await cluster.apply([job("calm", simulation, parallelism=3, podReplacementPolicy="Failed")])
    await cluster.clock.sleep(10)
    for pod in (await _pods(cluster))[:2]:
        await cluster.client.delete(Pod, pod.metadata.name, namespace="default")
        await cluster.clock.sleep(0.3)
    assert (await _status(cluster, "calm")).terminating == 0
    await cluster.clock.sleep(0.6)
    assert (await _status(cluster, "calm")).terminating == 2
    await cluster.client.patch(Job, "calm", {"spec": {"suspend": True}}, namespace="default")
    await cluster.clock.sleep(0.2)
    assert (await _status(cluster, "calm")).conditions[0].type == "Suspended"


@pytest.mark.parametrize("by", ["deletion", "eviction", "taint"])
@pytest.mark.parametrize("policy", ["Never", "OnFailure"])
async def test_work_that_is_cut_short_is_no_success(cluster: Cluster, policy: str, by: str) -> None:
    """A pod that goes in the middle of its work has not done it, whoever ends it, and another does."""
    simulation = {"start-seconds": 1, "run-seconds": 90}
    await cluster.apply([job("cut", simulation, policy, completions=1, backoffLimit=2)])
    await cluster.clock.sleep(20)
    (first,) = await cluster.client.list(Pod, namespace="default")
    if by == "deletion":
        await cluster.client.delete(Pod, first.metadata.name, namespace="default")
    elif by == "eviction":
        await cluster.client.evict(first)
    else:
        assert first.spec is not None
        assert first.spec.node_name
        taint = {"key": "broken", "effect": "NoExecute"}
        await cluster.client.patch(Node, first.spec.node_name, {"spec": {"taints": [taint]}})
    await cluster.clock.sleep(30)
    status = await _status(cluster, "cut")
    assert (status.succeeded or 0, status.failed) == (0, 1)
    await cluster.clock.sleep(180)
    assert (await _status(cluster, "cut")).succeeded == 1


async def test_a_pod_that_waits_for_a_node_can_be_deleted_from_a_patient_job(
    cluster: Cluster,
) -> None:
    """The Job waits until somebody says that it has failed; the pods' collector does."""
    manifest = job("patient", QUICK, podReplacementPolicy="Failed", backoffLimit=0)
    manifest["spec"]["template"]["spec"]["nodeSelector"] = {"no": "where"}
    await cluster.apply([manifest])
    await cluster.clock.sleep(5)
    (victim,) = await _pods(cluster)
    await cluster.client.delete(Pod, victim.metadata.name, namespace="default")
    await cluster.clock.sleep(60)
    status = await _status(cluster, "patient")
    assert (_conditions(status).get("Failed"), status.failed) == ("BackoffLimitExceeded", 1)


async def test_pods_of_a_deleted_job_are_let_go(cluster: Cluster) -> None:
    """Also those that it had not counted yet."""
    await cluster.apply([job("short", {"run-seconds": 100}, parallelism=3)])
    await cluster.clock.sleep(10)
    await cluster.client.delete(Job, "short", namespace="default", propagation_policy="Background")
    await cluster.clock.sleep(60)
    assert await _pods(cluster) == ()


@pytest.mark.parametrize("every", [0.11, 0.17, 0.23, 0.29, 0.37, 0.41])
def test_every_pod_is_counted_once_though_the_controller_is_killed(every: float) -> None:
    """Between any two of its writes, which take their time."""

    async def main() -> None:
        slow = MessageFault(action="delay", sender="/controllers/job", seconds=0.05)
        plan = FaultPlan((slow, Crash(actor="/controllers/job", at=3.0, every=every, count=60)))
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


# --- decisions on plain values -------------------------------------------------------------


def _job(**spec: Any) -> Job:
    return Job(
        metadata=ObjectMeta(name="j", namespace="default", uid="j-uid"),
        spec=JobSpec(**{"parallelism": 1, "completions": 1, "backoff_limit": 6, **spec}),
        status=JobStatus(start_time=Time("2024-01-01T00:00:00Z")),
    )


def _pod(name: str, phase: str = "Running", end: str = "", **metadata: Any) -> Pod:
    ended = ContainerState(terminated=ContainerStateTerminated(exit_code=1, finished_at=Time(end)))
    return Pod(
        metadata=ObjectMeta(name=name, uid=name, **{"finalizers": (FINALIZER,), **metadata}),
        status=PodStatus(
            phase=phase,
            container_statuses=(ContainerStatus(name="c", state=ended),) if end else (),
        ),
    )


START = parse_time("2024-01-01T00:00:00Z")


@pytest.mark.parametrize(
    ("spec", "phases", "expected"),
    [
        ({}, [], 1),
        ({"parallelism": 3, "completions": 5}, [], 3),
        ({"parallelism": 3, "completions": 5}, ["Succeeded"] * 4, 1),
        ({"parallelism": 3, "completions": 5}, ["Failed"] * 4, 3),
        ({"parallelism": 0, "completions": 5}, [], 0),
        ({"parallelism": 3, "completions": None}, ["Running"], 3),
        ({"parallelism": 3, "completions": None}, ["Running", "Running", "Succeeded"], 2),
    ],
)
def test_how_many_are_wanted(spec: dict[str, Any], phases: list[str], expected: int) -> None:
    """By parallelism and what is left; a work queue takes nobody after its first success."""
    job = _job(**spec)
    pods = [_pod(f"p{n}", phase) for n, phase in enumerate(phases)]
    assert wanted(job, tally(job, pods)) == expected


@pytest.mark.parametrize(
    ("spec", "phases", "seconds", "reason"),
    [
        ({}, ["Running"], 5, None),
        ({}, ["Succeeded"], 5, "CompletionsReached"),
        ({"backoff_limit": 0}, ["Failed"], 5, "BackoffLimitExceeded"),
        ({"backoff_limit": 1}, ["Failed"], 5, None),
        ({"active_deadline_seconds": 5}, ["Running"], 4.9, None),
        ({"active_deadline_seconds": 5}, ["Running"], 5, "DeadlineExceeded"),
        # Who has failed has failed, though the last pod came in time.
        ({"active_deadline_seconds": 5}, ["Succeeded"], 5, "DeadlineExceeded"),
        ({"active_deadline_seconds": 5, "backoff_limit": 0}, ["Failed"], 9, "BackoffLimitExceeded"),
        ({"active_deadline_seconds": 5, "suspend": True}, [], 9, None),
        ({"completions": None}, ["Succeeded", "Running"], 5, None),
        ({"completions": None}, ["Succeeded", "Failed"], 5, "CompletionsReached"),
    ],
)
def test_when_a_job_is_over(
    spec: dict[str, Any], phases: list[str], seconds: float, reason: str | None
) -> None:
    """The reasons in their order."""
    job = _job(**spec)
    pods = [_pod(f"p{n}", phase) for n, phase in enumerate(phases)]
    found = verdict(job, tally(job, pods), START + seconds)
    assert (found.reason if found is not None else None) == reason


@pytest.mark.parametrize(
    ("failures", "delay"), [(1, 10), (2, 20), (3, 40), (6, 320), (7, 600), (1000, 600)]
)
def test_the_back_off_doubles_up_to_ten_minutes(failures: int, delay: float) -> None:
    """After the last of the failures."""
    assert Backoff(failures, START).left(START + 1) == delay - 1


def test_a_success_ends_the_back_off() -> None:
    """Only what failed after it counts."""
    early = _pod("early", "Failed", "2024-01-01T00:00:10Z")
    good = _pod("good", "Succeeded", "2024-01-01T00:00:20Z")
    late = _pod("late", "Failed", "2024-01-01T00:00:30Z")
    assert Backoff(4, START).after([], [early]) == Backoff(5, START + 10)
    assert Backoff(4, START).after([good], [early]).left(START + 20) <= 0
    assert Backoff(4, START).after([good], [early, late]) == Backoff(1, START + 30)
    assert remembered([late, good, early]) == Backoff(1, START + 30)


def _noted(job: Job, pods: list[Pod], ending: Verdict | None = None) -> Notes:
    held = {pod.metadata.uid for pod in pods if pod.metadata.finalizers}
    return notes(job, counted(job.status or JobStatus(), held), pods, tally(job, pods), ending)


def test_a_job_that_fails_waits_for_no_end_of_its_pods() -> None:
    """They are failures, also where only those that say so are replaced."""
    going = _pod("going", deletion_timestamp=Time("2024-01-01T00:00:00Z"))
    job = _job(pod_replacement_policy="Failed")
    assert tally(job, [going]).failed == 0
    assert not _noted(job, [going]).let_go
    found = _noted(job, [going], Verdict("Failed", "", ""))
    assert found.let_go == (going,)
    assert found.status.uncounted_terminated_pods == UncountedTerminatedPods(failed=("going",))


def test_a_job_that_succeeds_lets_all_go_and_counts_no_failure() -> None:
    """Of pods that have not ended; one that had failed before is one."""
    going = _pod("going", deletion_timestamp=Time("2024-01-01T00:00:00Z"))
    job = _job(pod_replacement_policy="Failed", completions=3)
    pods = [going, _pod("lost", "Failed"), _pod("won", "Succeeded")]
    found = _noted(job, pods, Verdict("Complete", "", ""))
    assert len(found.let_go) == 3
    assert found.status.uncounted_terminated_pods == UncountedTerminatedPods(
        succeeded=("won",), failed=("lost",)
    )


def _indexed(name: str, index: int, phase: str, failures: int = 0) -> Pod:
    annotations = {INDEX: str(index), INDEX_FAILURES: str(failures)}
    return _pod(name, phase, "2024-01-01T00:00:10Z", annotations=annotations)


def test_successes_of_indexes_need_no_uid_and_strangers_count_for_nothing() -> None:
    """Their index is noted; what has an index that the Job has not is let go."""
    job = _job(completion_mode="Indexed", completions=2, parallelism=2)
    pods = [_indexed("a", 1, "Succeeded"), _indexed("b", 5, "Failed"), _indexed("c", 0, "Failed")]
    found = _noted(job, pods)
    assert found.status.uncounted_terminated_pods == UncountedTerminatedPods(failed=("c",))
    assert found.status.completed_indexes == "1"
    assert found.status.failed_indexes is None
    assert [pod.metadata.name for pod in found.let_go] == ["c", "a", "b"]


def test_a_failed_pod_waits_for_another_of_its_index() -> None:
    """With a limit for each index: it tells how often the index has failed, and how often uncounted."""
    job = _job(completion_mode="Indexed", completions=3, parallelism=1, backoff_limit_per_index=2)
    failed = _indexed("a", 0, "Failed", failures=1)
    found = tally(job, [failed])
    assert found.delayed == {0: failed}
    assert not _noted(job, [failed]).let_go
    assert _noted(job, [failed]).status.failed_indexes == ""
    todo = plan(job, [failed], found, Backoff(), START + 29)
    assert (todo.make, todo.wait) == ((), 1)  # and no other index starts in its place
    (again,) = plan(job, [failed], found, Backoff(), START + 30).make
    assert again.metadata.annotations[INDEX_FAILURES] == "2"
    assert _noted(job, [failed, replace(again, status=PodStatus(phase="Pending"))]).let_go


def test_a_failure_that_the_policy_ignores_is_counted_apart() -> None:
    """In an annotation of the pod that takes the place."""
    rule = PodFailurePolicyRule(
        action="Ignore",
        on_exit_codes=PodFailurePolicyOnExitCodesRequirement(operator="In", values=(1,)),
    )
    job = _job(
        completion_mode="Indexed",
        backoff_limit_per_index=2,
        pod_failure_policy=PodFailurePolicy(rules=(rule,)),
    )
    failed = _indexed("a", 0, "Failed", failures=1)
    (again,) = plan(job, [failed], tally(job, [failed]), Backoff(), START + 100).make
    annotations = again.metadata.annotations
    assert (annotations[INDEX_FAILURES], annotations[INDEX_IGNORED]) == ("1", "1")


def test_names_of_pods_keep_their_index() -> None:
    """A long name of a Job is cut, and the index stands whole."""
    job = _job(completion_mode="Indexed")
    long = replace(job, metadata=replace(job.metadata, name="j" * 63))
    assert make_pod(long, 12).metadata.generate_name == "j" * 54 + "-12-"


def test_no_more_uids_are_noted_than_a_status_holds() -> None:
    """The rest is counted by the next look, and the Job does not end before."""
    job = _job(completions=600)
    pods = [_pod(f"p{n}", "Succeeded") for n in range(600)]
    found = _noted(job, pods, Verdict("Complete", "", ""))
    assert (len(found.let_go), found.more) == (500, True)


@given(
    st.lists(st.sampled_from(["Running", "Succeeded", "Failed"]), max_size=12),
    st.data(),
)
def test_counting_may_stop_anywhere_and_go_on(phases: list[str], data: st.DataObject) -> None:
    """Whichever pods had been noted, and whichever of those let go, the totals are the same."""
    job = _job(completions=20)
    pods = [_pod(f"p{n}", phase) for n, phase in enumerate(phases)]
    whole = tally(job, pods)
    ended = [p for p in pods if p.status is not None and p.status.phase != "Running"]
    noted = data.draw(st.lists(st.sampled_from(ended), unique_by=id)) if ended else []
    gone = data.draw(st.lists(st.sampled_from(noted), unique_by=id)) if noted else []
    later = replace(job, status=_noted(job, noted).status)
    left = [
        replace(p, metadata=replace(p.metadata, finalizers=())) if p in gone else p for p in pods
    ]
    again = tally(later, left)
    assert (again.succeeded, again.failed) == (whole.succeeded, whole.failed)
    done = counted(_noted(later, left).status, set())
    assert (done.succeeded or 0, done.failed or 0) == (whole.succeeded, whole.failed)


@pytest.mark.parametrize("before", [6, 5])
async def test_a_smaller_indexed_job_keeps_the_first_indexes(cluster: Cluster, before: int) -> None:
    """The pods of indexes that it has no more go first, whichever would go by age or node."""
    await cluster.apply(
        [
            job(
                "elastic",
                {"run-seconds": 600},
                completionMode="Indexed",
                parallelism=before,
                completions=before,
            )
        ]
    )
    await cluster.clock.sleep(10)
    await cluster.client.patch(Job, "elastic", {"spec": {"completions": 3, "parallelism": 3}})
    await cluster.clock.sleep(40)
    label = "batch.kubernetes.io/job-completion-index"
    pods = await cluster.client.list(Pod, namespace="default")
    assert sorted(p.metadata.labels[label] for p in pods) == ["0", "1", "2"]


async def test_a_job_that_is_suspended_as_its_deadline_passes_fails(cluster: Cluster) -> None:
    """Once, and says so once: what ends is not suspended any more."""
    await cluster.apply(
        [job("late", {"run-seconds": 600, "stop-seconds": 5}, activeDeadlineSeconds=3)]
    )
    await cluster.clock.sleep(4)
    status = await _status(cluster, "late")
    assert [c.type for c in status.conditions] == ["FailureTarget"]
    await cluster.client.patch(Job, "late", {"spec": {"suspend": True}})
    await cluster.clock.sleep(60)
    status = await _status(cluster, "late")
    assert [c.type for c in status.conditions] == ["FailureTarget", "Failed"]
    events = [e for e in await cluster.client.list(Event) if e.reason == "DeadlineExceeded"]
    assert [e.count for e in events] == [1]
