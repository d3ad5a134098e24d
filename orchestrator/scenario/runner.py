"""Runs a checked scenario: the cluster, the workloads, the steps, the measures."""

import asyncio
import resource
import sys
import time
from collections.abc import Callable
from typing import Final, Literal

from msgspec import Struct

import actors
from orchestrator.api.core.v1 import Node
from orchestrator.api.errors import ApiTypeError
from orchestrator.api.scheme import DEFAULT, Resource
from orchestrator.client.waiting import WaitTimeout
from orchestrator.cluster import Cluster, UnknownNode
from orchestrator.machinery.times import parse_duration
from orchestrator.protocol import ApiError
from orchestrator.scenario.history import History, WatchedStore
from orchestrator.scenario.loading import Loaded
from orchestrator.scenario.measures import Measured, outcomes
from orchestrator.scenario.model import Step, Wait
from orchestrator.scenario.report import Failure, Report, make_report

_RSS_UNIT: Final = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss, in bytes
PROGRESS_SECONDS: Final = 0.1


class Progress(Struct, frozen=True):
    """Where a run is. Seconds of the cluster's clock and of the wall's."""

    step: str
    nodes: int
    pods: int
    pods_running: int
    virtual_seconds: float
    wall_seconds: float


class StepFailed(Exception):
    """A step could not be done; says why."""


def run_scenario(
    loaded: Loaded,
    *,
    seed: int | None = None,
    virtual: bool = True,
    command: str = "",
    on_progress: Callable[[Progress], None] | None = None,
) -> Report:
    """Run a scenario to its end, or to Ctrl-C; answers its report.

    `seed` None is the scenario's own. Equal scenarios and seeds give equal histories in virtual
    time. `on_progress` is called about ten times a wall second.
    """
    run = _Run(loaded, loaded.scenario.spec.seed if seed is None else seed, on_progress)
    actors.run(run.main, virtual=virtual)
    return run.report("virtual" if virtual else "real", command)


class _Run:
    def __init__(
        self, loaded: Loaded, seed: int, on_progress: Callable[[Progress], None] | None
    ) -> None:
        self._loaded = loaded
        self._seed = seed
        self._on_progress = on_progress
        self._history = History(self._progress if on_progress is not None else None)
        self._begun = self._shown = self._first_step = time.perf_counter()
        self._step = "nodes"
        self._failure: Failure | None = None
        self._interrupted = False

    async def main(self) -> None:
        """The run itself. An interruption ends it where it is."""
        simulation = self._loaded.scenario.spec.simulation
        cluster = Cluster(
            nodes=self._loaded.nodes,
            seed=self._seed,
            store=WatchedStore(self._history),
            profile=self._loaded.profile,
            proxies=simulation.proxies,
            record_events=simulation.events,
            faults=self._loaded.faults,
        )
        self._clock = asyncio.get_running_loop().time
        self._virtual_begun = self._clock()
        self._measure()
        try:
            async with cluster:
                try:
                    await self._drive(cluster)
                finally:
                    self._measure()  # before the end of the cluster becomes part of the history
        except asyncio.CancelledError:
            self._interrupted = True

    def report(self, clock: Literal["virtual", "real"], command: str) -> Report:
        """What came of it."""
        return make_report(
            self._loaded,
            self._measured,
            command=command,
            seed=self._seed,
            clock=clock,
            digest=self._digest,
            writes=self._writes,
            expectations=outcomes(self._loaded.scenario.spec.expect, self._measured),
            failure=self._failure,
            interrupted=self._interrupted,
        )

    async def _drive(self, cluster: Cluster) -> None:
        self._first_step = time.perf_counter()
        start = self._clock()
        steps = self._loaded.scenario.spec.steps
        try:
            self._step = "workloads"
            for manifest in self._loaded.workloads:
                await cluster.client.apply(manifest)
            for number, step in enumerate(steps):
                self._step = f"step {number + 1} of {len(steps)}"
                if step.at:
                    await cluster.clock.sleep(start + parse_duration(step.at) - self._clock())
                await self._do(cluster, number, step)
        except (ApiError, ApiTypeError, StepFailed, UnknownNode) as error:
            self._failure = Failure(self._step, str(error))

    # --- steps -----------------------------------------------------------------------------

    async def _do(self, cluster: Cluster, number: int, step: Step) -> None:
        for manifest in self._loaded.applied.get(number, ()):
            await cluster.client.apply(manifest)
        if step.scale is not None:
            target = step.scale
            kind = _resource(target.api_version, target.kind)
            await cluster.client.scale(
                kind, target.name, target.replicas, namespace=target.namespace
            )
        if step.delete is not None:
            doomed = step.delete
            kind = _resource(doomed.api_version, doomed.kind)
            namespace = doomed.namespace if kind.namespaced else ""
            await cluster.client.delete(kind, doomed.name, namespace=namespace)
        for name, unschedulable in ((step.cordon, True), (step.uncordon, False)):
            if name:
                await cluster.client.patch(Node, name, {"spec": {"unschedulable": unschedulable}})
        if step.crash_node:
            await cluster.crash_node(step.crash_node)
        if step.restart_node:
            await cluster.restart_node(step.restart_node)
        if step.remove_node:
            await cluster.remove_node(step.remove_node)
        if step.crash:
            if cluster.system.find(step.crash) is None:
                raise StepFailed(f"there is no actor {step.crash}")
            cluster.crash(step.crash)
        if step.sleep:
            await cluster.clock.sleep(parse_duration(step.sleep))
        if step.wait is not None:
            await self._wait(cluster, step.wait)

    async def _wait(self, cluster: Cluster, wait: Wait) -> None:
        seconds = parse_duration(wait.timeout)
        deadline = self._clock() + seconds
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        timer = loop.call_at(deadline, _expire, future)
        try:
            await self._history.until(lambda: self._reached(wait), future)
        except TimeoutError:
            raise StepFailed(f"not within {wait.timeout}: {self._missing(wait)}") from None
        finally:
            timer.cancel()
        condition = wait.condition
        if condition is not None:
            kind = _resource(condition.api_version, condition.kind)
            try:
                await cluster.client.wait(
                    kind,
                    condition.name,
                    f"condition={condition.type}={condition.status}",
                    namespace=condition.namespace if kind.namespaced else "",
                    timeout=deadline - self._clock(),
                )
            except WaitTimeout as error:
                raise StepFailed(str(error)) from None

    def _reached(self, wait: Wait) -> bool:
        return not any(have != want for _, have, want in self._counts(wait))

    def _missing(self, wait: Wait) -> str:
        return ", ".join(
            f"{name} is {have:,}, not {want:,}"
            for name, have, want in self._counts(wait)
            if have != want
        )

    def _counts(self, wait: Wait) -> list[tuple[str, int, int]]:
        history = self._history
        counts = [
            ("podsRunning", history.phases["Running"], wait.pods_running),
            ("podsReady", history.ready, wait.pods_ready),
            ("podsSucceeded", history.phases["Succeeded"], wait.pods_succeeded),
            ("pods", history.pods, wait.pods),
        ]
        if wait.deployments_available:
            counts.append(("deploymentsAvailable", history.available, history.deployments))
        return [(name, have, want) for name, have, want in counts if want is not None]

    # --- what is seen ----------------------------------------------------------------------

    def _progress(self) -> None:
        now = time.perf_counter()
        if now - self._shown >= PROGRESS_SECONDS and self._on_progress is not None:
            self._shown = now
            self._on_progress(
                Progress(
                    step=self._step,
                    nodes=self._history.nodes,
                    pods=self._history.pods,
                    pods_running=self._history.phases["Running"],
                    virtual_seconds=self._clock() - self._virtual_begun,
                    wall_seconds=now - self._begun,
                )
            )

    def _measure(self) -> None:
        history = self._history
        busy = history.last_started_at - self._first_step
        self._digest = history.digest
        self._writes = dict(history.writes)
        self._measured = Measured(
            nodes=history.nodes,
            pods=history.pods,
            pods_running=history.phases["Running"],
            pods_ready=history.ready,
            pods_failed=history.phases["Failed"],
            pods_succeeded=history.phases["Succeeded"],
            pods_pending=history.phases["Pending"],
            restarts=history.restarts,
            deployments=history.deployments,
            deployments_available=history.available,
            pods_per_second=history.started / busy if busy > 0 else 0.0,
            wall_seconds=time.perf_counter() - self._begun,
            virtual_seconds=self._clock() - self._virtual_begun,
            revisions=history.revisions,
            peak_rss_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _RSS_UNIT,
        )


def _expire(future: "asyncio.Future[None]") -> None:
    if not future.done():
        future.set_exception(TimeoutError())


def _resource(api_version: str, kind: str) -> Resource:
    return DEFAULT.by_kind(api_version, kind)
