"""A run: the cluster, the stage on which its steps are taken, the meter, and the report."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any, Final, Literal

from msgspec import Struct

import actors
from actors.virtual import VirtualLoop
from orchestrator.cluster import Cluster
from orchestrator.scenario.history import WatchedStore
from orchestrator.scenario.journal import Journal
from orchestrator.scenario.loading import Loaded, all_steps
from orchestrator.scenario.measures.catalogue import titles_of
from orchestrator.scenario.measures.figures import ActorUse
from orchestrator.scenario.measures.meter import Meter
from orchestrator.scenario.measures.windows import WHOLE, Window, Windows
from orchestrator.scenario.report.making import (
    ObjectsFound,
    Performance,
    find_objects,
    make_report,
)
from orchestrator.scenario.report.model import EVENTS_FILE, Report
from orchestrator.scenario.report.writing import whole
from orchestrator.scenario.running.actor_kinds import ActorKinds
from orchestrator.scenario.running.interruption import at_first_ctrl_c
from orchestrator.scenario.running.stage import Stage
from orchestrator.scenario.traces.reshaping import device_of

PROGRESS_SECONDS: Final = 0.1
_MAILBOXES: Final = ("/apiserver", "/scheduler", "/controllers/informers")


class Progress(Struct, frozen=True):
    """Where a run is. Seconds of the cluster's clock and of the wall's; `share` is how far the step
    has come, from 0 to 1, if that can be said.
    """

    step: str
    share: float | None
    nodes: int
    pods: int
    pods_running: int
    virtual_seconds: float
    wall_seconds: float


def run_scenario(
    loaded: Loaded,
    *,
    seed: int | None = None,
    virtual: bool = True,
    command: str = "",
    on_progress: Callable[[Progress], None] | None = None,
    events: Path | None = None,
    on_trace: Callable[[actors.Trace], None] | None = None,
) -> Report:
    """Run a scenario to its end, or to Ctrl-C; answers its report.

    `seed` None is the scenario's own. Equal scenarios and seeds give equal histories in virtual
    time. `on_progress` is called about ten times a wall second. `events` is a directory for the whole
    history, `events.jsonl`. `on_trace` gets, in the end, who caused what; a traced run handles messages
    one by one, and so has a history of its own. Raises OSError if a file cannot be written, and
    KeyboardInterrupt at a second Ctrl-C, or if the first came before the run began.
    """
    run = Run(
        loaded,
        loaded.scenario.spec.seed if seed is None else seed,
        on_progress,
        trace=on_trace is not None,
    )
    with at_first_ctrl_c(run.interrupt):
        with ExitStack() as files:
            if events is not None:
                run.keep(files.enter_context(whole(events / EVENTS_FILE)))
            actors.run(run.main, virtual=virtual, on_turn=run.meter.pauses.turn)
            run.check()
        if on_trace is not None and run.trace is not None:
            on_trace(run.trace)
        return run.report("virtual" if virtual else "real", command)


class Run:
    """One run of a scenario."""

    def __init__(
        self,
        loaded: Loaded,
        seed: int,
        on_progress: Callable[[Progress], None] | None = None,
        *,
        trace: bool = False,
    ) -> None:
        self._loaded = loaded
        self._seed = seed
        self._traced = trace
        self._on_progress = on_progress
        self._groups: dict[str, str] = {}  # node -> group
        self._shown = time.perf_counter()
        self._task: asyncio.Task[None] | None = None  # what an interruption ends
        self._interrupted = False
        self._unwritten: OSError | None = None
        self._stage: Stage | None = None
        self._performed = False  # whether all its steps are done
        self._clock: Callable[[], float] = float  # zero until the loop runs
        self._begun = 0.0
        self._actors: tuple[ActorUse, ...] = ()
        self._final: Mapping[str, float] | None = None  # until the cluster had begun
        self._objects: tuple[ObjectsFound, ...] = ()
        self.meter = Meter(
            now=lambda: self._clock() - self._begun,
            group_of=lambda name: self._groups.get(name, "nodes"),
            queues=self._queues,
            messages=self._messages,
            on_progress=self._progress if on_progress is not None else None,
        )

        for workload in loaded.workloads:
            if workload.trace is not None and workload.shape.inflate:
                self.meter.follow_arrivals(device_of(workload.trace))
        expected = titles_of(loaded.scenario.spec.expect).values()
        windows = (Window(each.from_, each.to) for _, each in expected)
        self.meter.windows = Windows((w for w in windows if w != WHOLE), self.meter)

    async def main(self) -> None:
        """The run itself. An interruption ends it where it is."""
        # In this order: a signal that comes between the two lines must not be lost.
        self._task = asyncio.current_task()
        if self._interrupted:
            raise KeyboardInterrupt
        loop = asyncio.get_running_loop()
        cluster = self._begin(loop)
        try:
            async with cluster:
                sampling = self._sample_by_and_by(loop)
                stage = self._stage = self._make_stage(cluster)
                try:
                    await stage.perform()
                    self._objects = await find_objects(cluster.client, self._loaded)
                finally:
                    # Before the end of the cluster becomes part of the history.
                    self._task = None
                    sampling()
                    self._close()
        except asyncio.CancelledError:
            self._interrupted = True

    def interrupt(self) -> None:
        """End the run where it is. A signal's handler may call this, at any time."""
        if self._task is not None:
            self._task.cancel()
            self._task.get_loop().call_soon_threadsafe(lambda: None)  # it may be waiting
        elif self._final is None:  # it has not begun, or is at its end
            self._interrupted = True

    def keep(self, file: IO[bytes]) -> None:
        """Write the whole history to a file; the run ends where that fails, and `check` says so."""

        def fail(error: OSError) -> None:
            self._unwritten, self.meter.journal = error, None
            self.interrupt()

        self.meter.journal = Journal(file, fail)

    def check(self) -> None:
        """Raise OSError if the history that was to be kept could not be written."""
        if self._unwritten is not None:
            raise self._unwritten

    async def pause_at(self, seconds: float, moment: "asyncio.Future[Cluster]") -> None:
        """Run until so many seconds of the cluster's time have passed, and all is done that was due by
        then; end the steps, answer the cluster by `moment`, and keep it until this is cancelled.
        """
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        cluster = self._begin(loop)
        async with cluster:
            sampling = self._sample_by_and_by(loop)
            # The steps are this task's, as in `main`: another order of tasks is another history.
            await _until(loop, self._begun + seconds, self._make_stage(cluster).perform())
            sampling()
            moment.set_result(cluster)
            await loop.create_future()

    async def keep_going(self, begun: "asyncio.Future[Cluster]") -> None:
        """The steps, and then their cluster until this is cancelled; the cluster is answered by `begun`,
        so that somebody can look on. Nothing is measured.
        """
        async with self._begin(asyncio.get_running_loop()) as cluster:
            self._stage = self._make_stage(cluster)
            begun.set_result(cluster)
            await self._stage.perform()
            self._performed = True
            await asyncio.get_running_loop().create_future()

    @property
    def step(self) -> str:
        """The step that is under way, with its failure if it was the last one; or that all are done."""
        stage = self._stage
        if stage is None:
            return "nodes"
        if stage.failure is not None:
            return f"{stage.step}: {stage.failure.message}"
        return "all steps are done" if self._performed else stage.step

    def _begin(self, loop: asyncio.AbstractEventLoop) -> Cluster:
        self._clock, self._begun = loop.time, loop.time()
        self._cluster = self._make_cluster()
        self._kinds = ActorKinds(self._cluster)
        if any(plan.action == "fail_api" for plan in all_steps(self._loaded.steps)):
            trouble = self._cluster.api_trouble
            self.meter.struck = lambda: trouble.struck
        return self._cluster

    def _make_stage(self, cluster: Cluster) -> Stage:
        return Stage(self._loaded, cluster, self.meter, self._groups, self._seed)

    @property
    def trace(self) -> actors.Trace | None:
        """Who caused what, if that was asked for."""
        return self._cluster.system.trace

    def _make_cluster(self) -> Cluster:
        """The scenario's cluster, watched by the meter; it has no nodes yet."""
        simulation = self._loaded.scenario.spec.simulation
        return Cluster(
            nodes=0,
            seed=self._seed,
            store=WatchedStore(self.meter),
            profile=self._loaded.profile,
            scheduler=self._loaded.scheduler.configuration,
            proxies=simulation.proxies,
            record_events=simulation.events,
            heartbeats=simulation.heartbeats,
            controllers=simulation.controllers,
            faults=self._loaded.faults,
            trace=self._traced,
            meter=self.meter.calls,
        )

    def report(self, clock: Literal["virtual", "real"], command: str) -> Report:
        """What came of it."""
        stage = self._stage
        run = Performance(
            command=command,
            seed=self._seed,
            clock=clock,
            steps=tuple(stage.records) if stage is not None else (),
            failure=stage.failure if stage is not None else None,
            interrupted=self._interrupted,
            traced=self._traced,
            actors=self._actors,
            objects=self._objects,
        )
        final = self._final if self._final is not None else self.meter.measures()
        return make_report(self._loaded, self.meter, final, run)

    # --- what is seen ----------------------------------------------------------------------

    def _sample_by_and_by(self, loop: asyncio.AbstractEventLoop) -> Callable[[], None]:
        """Take samples as the cluster's time passes; answers how to stop it."""
        samples = self.meter.samples
        timer: list[asyncio.TimerHandle] = []

        def sample() -> None:
            samples.add()
            self._progress()
            timer[:] = [loop.call_later(samples.every_seconds, sample)]

        def stop() -> None:
            timer[0].cancel()

        sample()
        return stop

    def _close(self) -> None:
        """Look at everything for the last time."""
        self._actors = self._kinds.uses()
        self.meter.samples.add()
        self.meter.windows.close()
        self._final = self.meter.measures()

    def _queues(self) -> Mapping[str, float]:
        """Mailboxes, and the queues that actors have of their own."""
        counts, system = self.meter.counts, self._cluster.system
        found: dict[str, float] = {"pods without a node": counts.pods - counts.bound}
        for path in _MAILBOXES:
            ref = system.find(path)
            if ref is not None:
                found[f"{path} mailbox"] = ref.mailbox_depth
                found.update(ref.depths)
        manager = system.find("/controllers")
        for controller in manager.children if manager is not None else ():
            found.update(controller.depths)
        return found

    def _messages(self) -> Mapping[str, int]:
        return self._kinds.messages()

    def _progress(self) -> None:
        now = time.perf_counter()
        if self._on_progress is None or now - self._shown < PROGRESS_SECONDS:
            return
        self._shown = now
        counts, stage = self.meter.counts, self._stage
        self._on_progress(
            Progress(
                step=stage.step if stage is not None else "nodes",
                share=stage.share if stage is not None else None,
                nodes=counts.nodes,
                pods=counts.pods,
                pods_running=counts.phases["Running"],
                virtual_seconds=counts.now(),
                wall_seconds=self.meter.wall_seconds,
            )
        )


async def _until(loop: VirtualLoop, at: float, work: Coroutine[Any, Any, None]) -> None:
    """Do `work` until the loop's clock shows `at` and nothing is due any more; if it ends before, wait."""
    task = asyncio.current_task()
    assert task is not None
    reached = loop.create_future()

    def stop() -> None:
        if loop.due:
            timers[:] = [loop.call_at(at, stop)]  # after all that is
            return
        reached.set_result(None)
        task.cancel()

    timers = [loop.call_at(at, stop)]
    try:
        await work
        await reached
    except asyncio.CancelledError:
        if not reached.done():
            timers[0].cancel()
            raise
        task.uncancel()
