"""Probes and hooks of containers that are processes."""

import asyncio
from collections.abc import Callable

from orchestrator.api.core.v1 import Pod
from orchestrator.kubelet.networks.interface import PodLink
from orchestrator.kubelet.runtimes.probes import MOST_OUTPUT, NotAsked, Prober
from orchestrator.kubelet.runtimes.process.pipes import Streams
from orchestrator.kubelet.runtimes.process.runs import Run
from orchestrator.kubelet.runtimes.process.supervisor import Supervisor
from orchestrator.kubelet.runtimes.process.talk import Execution, NotExecuted


class ProcessProber(Prober):
    """Asks containers that are processes."""

    def __init__(self, shim: Supervisor, link: Callable[[Pod], PodLink]) -> None:
        super().__init__(link)
        self._shim = shim

    async def _run(
        self, run: Run, command: tuple[str, ...], seconds: float | None
    ) -> tuple[int, bytes]:
        streams = Streams(stdin=False, terminal=False)
        try:
            execution = Execution(self._shim, run, command, streams, terminal=False)
        except ConnectionError as error:
            raise NotAsked(str(error)) from None
        said = bytearray()

        async def listen() -> None:
            while data := await streams.output.read():
                said.extend(data[: MOST_OUTPUT - len(said)])

        async def listen_to_errors() -> None:
            while streams.errors is not None and (data := await streams.errors.read()):
                said.extend(data[: MOST_OUTPUT - len(said)])

        listening = [asyncio.ensure_future(each) for each in (listen(), listen_to_errors())]
        try:
            async with asyncio.timeout(seconds):
                code = await asyncio.shield(execution.done)
                await asyncio.wait(listening, timeout=1)
        except NotExecuted as fault:
            raise NotAsked(str(fault)) from None
        finally:
            execution.close()
            for task in listening:
                task.cancel()
        return code, bytes(said)

    async def _connect(self, host: str, port: int, seconds: float) -> None:
        made = await self._shim.connect("", (host,), port, seconds)
        made.close()
