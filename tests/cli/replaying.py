"""`python -m tests.cli.replaying`: the command, with a replayer that repeats one small run.

The run: two nodes, from 10 s on a Deployment of three replicas, from 60 s on one of them is down.
"""

import asyncio
import hashlib
import sys
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

import actors
from orchestrator import Cluster
from orchestrator.cli.replay import replay_command
from orchestrator.scenario.history import WatchedStore
from orchestrator.scenario.measures.figures import Pauses, Series
from orchestrator.scenario.replay import MarkedHistory, Moment
from orchestrator.scenario.report.model import REPORT_FILE, Environment, Report
from tests.manifests import deployment

END = 120.0
TEXT = "kind: Scenario\n"


class SmallRun:
    """Repeats the run; `seed` is the report's, or one that makes it another history."""

    def __init__(self, seed: int | None = None) -> None:
        self._seed = seed

    @asynccontextmanager
    async def bring_to(self, report: Report, until: float) -> AsyncIterator[Moment]:
        """As the protocol says."""
        seed = report.seed if self._seed is None else self._seed
        history = MarkedHistory(report.series.revisions)
        async with Cluster(nodes=2, seed=seed, store=WatchedStore(history)) as cluster:
            play = asyncio.ensure_future(_play(cluster))
            try:
                await cluster.clock.sleep(until - cluster.clock.monotonic())
                yield Moment(cluster, history.digests)
            finally:
                play.cancel()


async def _play(cluster: Cluster) -> None:
    clock = cluster.clock
    await clock.sleep(10 - clock.monotonic())
    await cluster.apply([deployment(replicas=3)])
    await clock.sleep(60 - clock.monotonic())
    await cluster.crash_node("node-1")


async def _samples(seed: int, seconds: Collection[float]) -> Series:
    history = MarkedHistory(())
    revisions, digests = [], []
    async with Cluster(nodes=2, seed=seed, store=WatchedStore(history)) as cluster:
        play = asyncio.ensure_future(_play(cluster))
        for at in seconds:
            await cluster.clock.sleep(at - cluster.clock.monotonic())
            revisions.append(history.revisions)
            digests.append(history.digest)
        await play
    return Series(
        virtual_seconds=tuple(seconds), revisions=tuple(revisions), digests=tuple(digests)
    )


def make_report(**changes: object) -> Report:
    """The report of the run, sampled now and then."""
    series = actors.run(_samples, 7, (5.0, 15.0, 55.0, 90.0, 119.0))
    report = Report(
        scenario="small",
        description="",
        text=TEXT,
        path="/scenarios/small.yaml",
        scenario_sha256=hashlib.sha256(TEXT.encode()).hexdigest(),
        parameters={},
        command="orchestrator run small.yaml",
        seed=7,
        clock="virtual",
        heartbeats="written",
        outcome="passed",
        digest=series.digests[-1],
        wall_seconds=1.0,
        virtual_seconds=END,
        nodes=2,
        pods=3,
        pods_running=3,
        pods_per_second=1.0,
        peak_rss_bytes=1,
        revisions=series.revisions[-1],
        measures={},
        writes={},
        latencies={},
        api_calls=(),
        series=series,
        heat_maps=(),
        resources=(),
        queues=(),
        actors=(),
        pauses=Pauses(),
        steps=(),
        checkpoints=(),
        expectations=(),
        failure=None,
        environment=Environment(
            python="3.11.7", system="", machine="", cpus=1, packages={"no-such-package": "1"}
        ),
    )
    return msgspec.structs.replace(report, **changes)


def write(report: object, directory: Path) -> Path:
    """As `run --out` writes it."""
    (directory / REPORT_FILE).write_bytes(msgspec.json.encode(report))
    return directory


if __name__ == "__main__":
    replay_command(SmallRun)(sys.argv[1:])
