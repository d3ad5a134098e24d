"""A scenario that runs while somebody looks on: in a thread of its own, in virtual time."""

import asyncio
from typing import Any

from orchestrator.api.core.v1 import Event, Node, Pod
from orchestrator.apiserver.debugging import actors_page
from orchestrator.cluster import Cluster
from orchestrator.cluster.hosted import VirtualThread
from orchestrator.protocol import ApiError
from orchestrator.scenario.loading import Loaded
from orchestrator.scenario.running.runner import Run
from orchestrator.top.looks import Seen
from orchestrator.top.sources import SourceError


class SimulatedSource:
    """The cluster of a scenario. Its steps are performed as its time passes; then the cluster stays."""

    def __init__(self, loaded: Loaded, seed: int | None = None) -> None:
        self._thread = VirtualThread()
        self._run = Run(loaded, loaded.scenario.spec.seed if seed is None else seed)
        self._records_events = loaded.scenario.spec.simulation.events
        self._performing: asyncio.Task[None] | None = None
        self._cluster: Cluster
        self.name = f"{loaded.scenario.metadata.name} (simulated)"

    @property
    def step(self) -> str:
        """The step of the scenario that is under way; why, if it has failed."""
        return self._run.step

    async def begin(self) -> None:
        """Start the cluster. Raises SourceError."""
        await self._call(self._begin)

    async def _begin(self) -> None:
        begun: asyncio.Future[Cluster] = asyncio.get_running_loop().create_future()
        self._performing = asyncio.ensure_future(self._run.keep_going(begun))
        await asyncio.wait((begun, self._performing), return_when=asyncio.FIRST_COMPLETED)
        self._check()
        self._cluster = begun.result()

    async def advance(self, seconds: float) -> None:
        """Let so much virtual time pass. Raises SourceError."""
        await self._call(lambda: self._cluster.clock.sleep(seconds))

    async def look(self) -> Seen:
        """The cluster at this moment, which does not pass meanwhile. Raises SourceError."""
        return await self._call(self._look)  # type: ignore[no-any-return]

    async def _look(self) -> Seen:
        self._check()
        client = self._cluster.client
        return Seen(
            now=self._cluster.clock.now(),
            nodes=await client.list(Node),
            pods=await client.list(Pod),
            events=await client.list(Event),
            actors=actors_page(self._cluster.system).actors,
            records_events=self._records_events,
        )

    def _check(self) -> None:
        performing = self._performing
        if performing is not None and performing.done():
            performing.result()
            raise SourceError("the simulation has ended")

    async def _call(self, function: Any) -> Any:
        try:
            return await asyncio.to_thread(self._thread, function)
        except ApiError as error:
            raise SourceError(str(error)) from error

    async def close(self) -> None:
        """End the cluster and its thread."""

        async def end() -> None:
            if self._performing is not None:
                self._performing.cancel()
                await asyncio.wait((self._performing,))

        await asyncio.to_thread(self._thread, end)
        await asyncio.to_thread(self._thread.close)
