"""Jobs that have ended go after their time, and that time may be changed until then."""

from typing import Any

from orchestrator import Cluster
from orchestrator.api.batch.v1 import Job
from orchestrator.api.core.v1 import Pod
from tests.controllers.test_job import job

_SOON = {"start-seconds": 1, "run-seconds": 1}


async def _there(cluster: Cluster) -> set[str]:
    return {each.metadata.name for each in await cluster.client.list(Job, namespace="default")}


async def _give(cluster: Cluster, name: str, seconds: Any) -> None:
    body = {"spec": {"ttlSecondsAfterFinished": seconds}}
    await cluster.client.patch(Job, name, body, namespace="default")


async def test_time_counts_from_the_end(cluster: Cluster) -> None:
    """Be it good or bad; a Job that runs stays, and so does one without such a time."""
    fails = {**_SOON, "exit-code": 1}
    await cluster.apply(
        [
            job("good", _SOON, ttlSecondsAfterFinished=100),
            job("bad", fails, ttlSecondsAfterFinished=100, backoffLimit=0),
            job("runs", {"run-seconds": 10_000}, ttlSecondsAfterFinished=0),
            job("kept", _SOON),
        ]
    )
    await cluster.clock.sleep(90)
    assert await _there(cluster) == {"good", "bad", "runs", "kept"}
    await cluster.clock.sleep(30)
    assert await _there(cluster) == {"runs", "kept"}
    left = await cluster.client.list(Pod, namespace="default")
    assert {each.metadata.labels["job-name"] for each in left} == {"runs", "kept"}


async def test_the_time_may_be_changed_until_then(cluster: Cluster) -> None:
    """Made longer, shorter, given later, or taken away."""
    names = ("longer", "shorter", "kept")
    await cluster.apply([job(name, _SOON, ttlSecondsAfterFinished=100) for name in names])
    await cluster.apply([job("later", _SOON)])
    await cluster.clock.sleep(50)
    await _give(cluster, "longer", 1000)
    await _give(cluster, "shorter", 10)
    await _give(cluster, "kept", None)
    await cluster.clock.sleep(5)
    assert await _there(cluster) == {"longer", "kept", "later"}
    await cluster.clock.sleep(500)
    assert await _there(cluster) == {"longer", "kept", "later"}
    await _give(cluster, "later", 60)
    await cluster.clock.sleep(500)
    assert await _there(cluster) == {"kept"}
