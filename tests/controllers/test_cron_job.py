"""CronJobs: a Job at each time, months in a moment."""

from datetime import UTC
from typing import Any

from orchestrator import Cluster
from orchestrator.api.batch.v1 import CronJob, CronJobSpec, CronJobStatus, Job
from orchestrator.api.core.v1 import Event
from orchestrator.api.meta.v1 import ObjectMeta, Time
from orchestrator.controllers.cron_job.timing import due
from orchestrator.machinery.cron import parse_schedule
from orchestrator.machinery.times import parse_time
from tests.manifests import Manifest

RUN_SECONDS = "simulation.orchestrator.dev/run-seconds"
EXIT_CODE = "simulation.orchestrator.dev/exit-code"


def _cron_job(seconds: float = 5, exit_code: int = 0, **spec: Any) -> Manifest:
    annotations = {RUN_SECONDS: str(seconds), EXIT_CODE: str(exit_code)}
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": "cj", "namespace": "default"},
        "spec": {
            "schedule": "* * * * *",
            "jobTemplate": {
                "metadata": {"labels": {"made": "by-cj"}},
                "spec": {
                    "backoffLimit": 0,
                    "template": {
                        "metadata": {"annotations": annotations},
                        "spec": {
                            "restartPolicy": "Never",
                            "containers": [{"name": "c", "image": "i"}],
                        },
                    },
                },
            },
            **spec,
        },
    }


async def _jobs(cluster: Cluster) -> list[Job]:
    jobs = await cluster.client.list(Job, namespace="default")
    return sorted(jobs, key=lambda job: job.metadata.name)


async def _status(cluster: Cluster) -> CronJobStatus:
    found = await cluster.client.get(CronJob, "cj", namespace="default")
    return found.status or CronJobStatus()


async def _reasons(cluster: Cluster) -> set[str]:
    events = await cluster.client.list(Event, namespace="default")
    return {event.reason for event in events if event.involved_object.kind == "CronJob"}


async def test_each_time_has_its_job(cluster: Cluster) -> None:
    """Named after the minute, with the time in an annotation; the status tells of it."""
    await cluster.apply([_cron_job(seconds=30)])
    start = cluster.clock.now()
    await cluster.clock.sleep(70)
    (job,) = await _jobs(cluster)
    minute = int(start // 60) + 1
    assert job.metadata.name == f"cj-{minute}"
    assert job.metadata.labels["made"] == "by-cj"
    assert "batch.kubernetes.io/cronjob-scheduled-timestamp" in job.metadata.annotations
    status = await _status(cluster)
    assert status.last_schedule_time is not None
    await cluster.clock.sleep(300)
    assert {"SuccessfulCreate", "SawCompletedJob", "SuccessfulDelete"} <= await _reasons(cluster)
    assert (await _status(cluster)).last_successful_time is not None


async def test_history_keeps_three_good_and_one_bad(cluster: Cluster) -> None:
    """However many there were."""
    await cluster.apply([_cron_job(schedule="*/5 * * * *")])
    await cluster.clock.sleep(1800)
    assert len(await _jobs(cluster)) == 3
    await cluster.apply([_cron_job(schedule="*/5 * * * *", exit_code=1)])
    await cluster.clock.sleep(1800)
    assert len(await _jobs(cluster)) == 4


async def test_forbid_waits_for_the_one_that_runs(cluster: Cluster) -> None:
    """And says so."""
    await cluster.apply([_cron_job(seconds=1000, concurrencyPolicy="Forbid")])
    await cluster.clock.sleep(300)
    assert len(await _jobs(cluster)) == 1
    assert "JobAlreadyActive" in await _reasons(cluster)


async def test_allow_lets_them_run_side_by_side(cluster: Cluster) -> None:
    """One more each minute, all active."""
    await cluster.apply([_cron_job(seconds=1000, concurrencyPolicy="Allow")])
    await cluster.clock.sleep(190)
    assert len(await _jobs(cluster)) == len((await _status(cluster)).active) >= 3


async def test_replace_ends_the_one_that_runs(cluster: Cluster) -> None:
    """There is one, and it is the latest."""
    await cluster.apply([_cron_job(seconds=1000, concurrencyPolicy="Replace")])
    await cluster.clock.sleep(190)
    (active,) = (await _status(cluster)).active
    assert active.name == (await _jobs(cluster))[-1].metadata.name


async def test_what_was_suspended_is_made_up_for_once(cluster: Cluster) -> None:
    """However many times were missed, the latest has its Job; with a deadline none that is too old."""
    await cluster.apply([_cron_job(suspend=True)])
    await cluster.clock.sleep(2 * 3600)
    assert not await _jobs(cluster)
    await cluster.apply([_cron_job(suspend=False)])
    await cluster.clock.sleep(1)
    assert len(await _jobs(cluster)) == 1
    assert "TooManyMissedTimes" in await _reasons(cluster)


async def test_a_time_before_the_deadline_is_passed_over(cluster: Cluster) -> None:
    """An hourly Job that could not start within its minute waits for the next hour."""
    spec: dict[str, Any] = {"schedule": "@hourly", "startingDeadlineSeconds": 60}
    await cluster.apply([_cron_job(suspend=True, **spec)])
    await cluster.clock.sleep(90 * 60)
    await cluster.apply([_cron_job(suspend=False, **spec)])
    await cluster.clock.sleep(10)
    assert not await _jobs(cluster)
    await cluster.clock.sleep(3600)
    assert len(await _jobs(cluster)) == 1


async def test_a_schedule_without_times_is_told_of(cluster: Cluster) -> None:
    """30 February never comes: a warning, and nothing else."""
    await cluster.apply([_cron_job(schedule="0 0 30 2 *")])
    await cluster.clock.sleep(5)
    events = await cluster.client.list(Event, namespace="default")
    (event,) = (each for each in events if each.involved_object.kind == "CronJob")
    assert event.reason == "InvalidSchedule"
    assert event.message == (
        "invalid schedule: 0 0 30 2 * : time difference between two schedules is less than 1 second"
    )


async def test_a_changed_schedule_waits_for_its_next_time(cluster: Cluster) -> None:
    """What it would have missed since the CronJob was made is not made up for at once."""
    await cluster.apply([_cron_job(schedule="0 0 1 1 *")])
    await cluster.clock.sleep(200)
    start = cluster.clock.now()
    await cluster.client.patch(CronJob, "cj", {"spec": {"schedule": "* * * * *"}})
    await cluster.clock.sleep(60 - start % 60 - 1)
    assert not await _jobs(cluster)
    await cluster.clock.sleep(2)
    assert len(await _jobs(cluster)) == 1


async def test_jobs_that_history_has_no_room_for_leave_quietly(cluster: Cluster) -> None:
    """Deleted before the CronJob says that it saw them end."""
    await cluster.apply([_cron_job(successfulJobsHistoryLimit=0)])
    await cluster.clock.sleep(80)
    assert (await _status(cluster)).last_successful_time is not None
    assert "SuccessfulDelete" in await _reasons(cluster)
    assert "SawCompletedJob" not in await _reasons(cluster)


def test_the_latest_time_is_reckoned_from_the_first_two() -> None:
    """As Kubernetes does: of uneven times it may find none, and knows so how many were missed."""
    schedule = parse_schedule("0 9 * * 1-5")
    assert schedule is not None
    made = "2026-01-02T08:00:00Z"  # a Friday
    cron_job = CronJob(metadata=ObjectMeta(creation_timestamp=Time(made)), spec=CronJobSpec())

    def latest(at: str) -> tuple[int | None, int]:
        found = due(cron_job, schedule, UTC, parse_time(at))
        return found.latest, found.missed

    assert latest("2026-01-02T09:00:00Z") == (parse_time("2026-01-02T09:00:00Z"), 0)
    assert latest("2026-01-06T10:00:00Z") == (parse_time("2026-01-06T09:00:00Z"), 2)
    # From Friday to Monday are three days: a week later than the first it looks three days back.
    assert latest("2026-01-10T10:00:00Z") == (parse_time("2026-01-09T09:00:00Z"), 3)


async def test_an_orphaned_job_counts_as_long_as_it_is_there(cluster: Cluster) -> None:
    """It is still among the active ones, and the policy asks for them; gone it is missed."""
    await cluster.apply([_cron_job(seconds=10_000, concurrencyPolicy="Forbid")])
    await cluster.clock.sleep(70)
    (first,) = await _jobs(cluster)
    orphaned = {"metadata": {"ownerReferences": None}}
    await cluster.client.patch(Job, first.metadata.name, orphaned, namespace="default")
    await cluster.clock.sleep(120)
    assert [job.metadata.name for job in await _jobs(cluster)] == [first.metadata.name]
    assert [each.name for each in (await _status(cluster)).active] == [first.metadata.name]
    assert "MissingJob" not in await _reasons(cluster)
    await cluster.client.delete(
        Job, first.metadata.name, namespace="default", propagation_policy="Background"
    )
    await cluster.clock.sleep(70)
    (second,) = await _jobs(cluster)
    assert second.metadata.name != first.metadata.name
    assert "MissingJob" in await _reasons(cluster)
