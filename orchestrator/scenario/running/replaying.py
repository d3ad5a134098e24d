"""Brings the cluster of a run back by running its scenario again, up to a moment."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from orchestrator.cluster import Cluster
from orchestrator.scenario.errors import ScenarioError
from orchestrator.scenario.loading import Source, load_text
from orchestrator.scenario.replay import MarkedHistory, Moment, ReplayError
from orchestrator.scenario.report.model import Report
from orchestrator.scenario.running.runner import Run


class ScenarioReplayer:
    """Runs the scenario that a report holds; its steps end at the moment."""

    @asynccontextmanager
    async def bring_to(self, report: Report, until: float) -> AsyncIterator[Moment]:
        """The cluster when `until` seconds of its time have passed; it ends with the block.

        Raises ReplayError.
        """
        source = Source(Path(report.path), report.text)
        try:
            loaded = load_text(source, report.parameters)
        except ScenarioError as error:
            raise ReplayError(f"the run's scenario cannot be run again: {error}") from None
        run = Run(loaded, report.seed, trace=report.traced)
        history = run.meter.history = MarkedHistory(report.series.revisions)
        moment: asyncio.Future[Cluster] = asyncio.get_running_loop().create_future()
        performing = asyncio.ensure_future(run.pause_at(until, moment))
        try:
            yield Moment(await moment, history.digests)
        finally:
            performing.cancel()
            with suppress(asyncio.CancelledError):
                await performing
