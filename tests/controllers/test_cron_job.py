"""CronJobs: a Job at each time, months in a moment."""

from typing import Any

from orchestrator import Cluster
from orchestrator.api.batch.v1 import CronJob, CronJobStatus, Job
from orchestrator.api.core.v1 import Event
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
