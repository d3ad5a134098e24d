"""Takes the steps of a scenario on one cluster, in order, and what runs beside them."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial
from random import Random

from actors import NoReply
from orchestrator.api.errors import ApiTypeError
from orchestrator.cluster import Cluster, NodesNotReady, UnknownNode
from orchestrator.machinery.times import parse_duration
from orchestrator.protocol import ApiError
from orchestrator.scenario.errors import StepFailed
from orchestrator.scenario.language import Wait
from orchestrator.scenario.loading import GroupPlan, Loaded, StepPlan, WorkloadPlan
from orchestrator.scenario.measures.figures import StepRecord
from orchestrator.scenario.measures.meter import Meter
from orchestrator.scenario.report.model import Failure
from orchestrator.scenario.running.actions import Actions
from orchestrator.scenario.running.feeding import feed
from orchestrator.scenario.running.waiting import Waiting
from orchestrator.scenario.templates import ExpressionError

_FAILURES = (
    ApiError,
    ApiTypeError,
    NoReply,  # the API server is out of reach, or the message was lost
    StepFailed,
    UnknownNode,
    NodesNotReady,
    ExpressionError,
)


class Stage:
    """One performance of a scenario. `step` is the name of what is being done."""

    def __init__(
        self, loaded: Loaded, cluster: Cluster, meter: Meter, groups: dict[str, str], seed: int
    ) -> None:
        self._loaded = loaded
        self._cluster = cluster
        self._meter = meter
        self._seed = seed
        self._tasks: list[asyncio.Task[None]] = []
        self._feeds = 0  # workloads that have not come to their end
        self._feed_number = 0
        self._share: Callable[[], float | None] = lambda: None
        self._actions = Actions(cluster, groups, Random(f"{seed}:nodes"), self._beside, meter)
        self.step = "nodes"
        self.failure: Failure | None = None
        self.records: list[StepRecord] = []

    @property
    def share(self) -> float | None:
        """How far the present step has come, from 0 to 1; None if it cannot be said."""
        return self._share()

    async def perform(self) -> None:
        """Everything that the scenario says, until the last step is done or one has failed."""
        main = asyncio.current_task()
        assert main is not None
        self._main = main
        try:
            await self._perform()
        except _FAILURES as error:
            self._fail(self.step, error)
        except asyncio.CancelledError:
            if self.failure is None:  # nobody beside has failed: it is Ctrl-C
                raise
            main.uncancel()
        finally:
            await self._end()

    async def _perform(self) -> None:
        await self._set_up()
        self._start = self._cluster.clock.monotonic()
        self._meter.begin_steps()
        self._at("workloads")
        for workload in self._loaded.workloads:
            await self._bring(workload)
        for plan in self._loaded.steps:
            await self._take(plan)

    async def _set_up(self) -> None:
        self._at("nodes")
        specs = []
        for group in self._loaded.groups:
            if group.join_seconds is None:
                specs += self._actions.take_up(group)
        self._share = lambda: self._meter.counts.nodes_ready / len(specs) if specs else 1.0
        await self._cluster.add_nodes(specs)
        for group in self._loaded.groups:
            if group.join_seconds is not None or group.leave_seconds is not None:
                self._beside(partial(self._come_and_go, group))

    async def _come_and_go(self, group: GroupPlan) -> None:
        clock = self._cluster.clock
        names = [name for name, of in self._actions.groups.items() if of == group.name]
        if group.join_seconds is not None:
            await clock.sleep(group.join_seconds)
            specs = self._actions.take_up(group)
            names = [spec.name for spec in specs]
            await self._cluster.add_nodes(specs)
        if group.leave_seconds is not None:
            await clock.sleep(group.leave_seconds - (group.join_seconds or 0.0))
            await self._actions.leave([n for n in names if self._cluster.has_node(n)])

    # --- steps -----------------------------------------------------------------------------

    async def _take(self, plan: StepPlan) -> None:
        if plan.step.background:
            self._beside(lambda: self._do(plan, watched=False))
        else:
            await self._do(plan, watched=True)

    async def _do(self, plan: StepPlan, *, watched: bool) -> None:
        """One step, with the waits before it. `watched`: it is what the run is at."""
        step, clock = plan.step, self._cluster.clock
        if watched:
            self._at(plan.name)
        virtual, wall = self._meter.counts.now(), time.perf_counter()
        windows = self._meter.windows
        try:
            if step.at:
                await clock.sleep(self._start + parse_duration(step.at) - clock.monotonic())
            if step.when is not None:
                await self._wait(step.when, watched)
            virtual, wall = self._meter.counts.now(), time.perf_counter()
            windows.begins(plan.name)
            await self._act(plan, watched)
            windows.ends(plan.name)
        except _FAILURES as error:
            self._fail(plan.name, error)
            raise
        finally:
            self.records.append(
                StepRecord(
                    name=plan.name,
                    virtual_begin=virtual,
                    virtual_end=self._meter.counts.now(),
                    wall_begin=self._meter.wall_at(wall),
                    wall_end=self._meter.wall_seconds,
                )
            )

    async def _act(self, plan: StepPlan, watched: bool) -> None:
        step, clock = plan.step, self._cluster.clock
        if await self._actions.perform(plan):
            return
        if plan.workload is not None:
            await self._bring(plan.workload)
        elif step.wait is not None:
            await self._wait(step.wait, watched)
        elif step.checkpoint:
            self._meter.checkpoint(step.checkpoint)
        elif step.sleep:
            begun, seconds = clock.monotonic(), parse_duration(step.sleep)
            if watched:
                self._share = lambda: (clock.monotonic() - begun) / seconds if seconds else 1.0
            await clock.sleep(seconds)
        elif step.repeat is not None:
            begun, every = clock.monotonic(), parse_duration(step.repeat.every)
            for number in range(step.repeat.count):
                await clock.sleep(max(0.0, begun + number * every - clock.monotonic()))
                for inner in plan.steps:
                    await self._take(inner)

    async def _wait(self, wait: Wait, watched: bool) -> None:
        waiting = Waiting(wait, self._cluster, self._meter.counts, lambda: self._feeds)
        if watched:
            self._share = waiting.share
        await waiting.until_reached()

    def _at(self, name: str) -> None:
        self.step = self._meter.pauses.step = name
        self._share = lambda: None
        self._cluster.system.log.info("step begins", step=name)

    # --- beside the steps ------------------------------------------------------------------

    async def _bring(self, workload: WorkloadPlan) -> None:
        """A workload: now, or beside what follows if it takes time."""
        self._feed_number += 1
        dice = Random(f"{self._seed}:workload:{self._feed_number}")
        if not workload.timed:
            await feed(self._cluster, workload, dice)
            return
        self._feeds += 1
        self._beside(lambda: self._feed(workload, dice))

    async def _feed(self, workload: WorkloadPlan, dice: Random) -> None:
        await feed(self._cluster, workload, dice)
        self._feeds -= 1
        self._meter.counts.look_again()

    def _beside(self, work: Callable[[], Awaitable[None]]) -> None:
        """Run something beside the steps, unless they end first; if it fails, the run has."""
        self._tasks.append(asyncio.ensure_future(self._guarded(work, self.step)))

    async def _guarded(self, work: Callable[[], Awaitable[None]], name: str) -> None:
        try:
            await work()
        except _FAILURES as error:
            self._fail(name, error)
            self._main.cancel()

    def _fail(self, name: str, error: Exception) -> None:
        """Only the first failure counts: others follow from it."""
        if self.failure is None:
            self.failure = Failure(name, str(error))

    async def _end(self) -> None:
        """Stop what runs beside, the youngest first, so that every run ends alike."""
        for task in reversed(self._tasks):
            task.cancel()
            try:
                await task
            except asyncio.CancelledError:
                continue
