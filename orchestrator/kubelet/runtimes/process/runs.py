"""One run of one container: what is kept of it, and what its streams say."""

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from actors import Clock
from orchestrator.api.core.v1 import Container, Pod
from orchestrator.kubelet.runtimes.container_logs import LogFile
from orchestrator.kubelet.runtimes.interface import (
    ContainerKey,
)
from orchestrator.kubelet.runtimes.process.pipes import Pipe, Streams
from orchestrator.kubelet.runtimes.process.shim.messages import Box, Command
from orchestrator.kubelet.runtimes.process.usage import Sample
from orchestrator.kubelet.runtimes.real import RealRun
from orchestrator.sessions import ERRORS, OUTPUT, ClientGone, Session

_FULL: Final = 1 << 16  # bytes of one reading: there is more
_PAUSE: Final = (
    0.004  # seconds that a container waits that says more: its log is not the loop's only work
)
_LAST_WORDS: Final = 2.0  # seconds in which the streams of what has ended have to end, too


class Run(RealRun):
    """A run, from the request to start to its removal."""

    def __init__(self, pod: Pod, container: Container, key: ContainerKey, order: int) -> None:
        super().__init__(pod, container, key)
        self.id = order  # towards the shim
        self.command: Command | None = None
        self.box: Box | None = None
        self.scratch: Path | None = None
        self.log: LogFile | None = None
        self.streams: Streams | None = None
        self.stop_signal = 0
        self.pid = 0
        self.started_at: float | None = None
        self.out_of_memory = False
        self.deadline: asyncio.TimerHandle | None = None
        self.kill_at = 0.0
        self.pumps: list[asyncio.Task[None]] = []
        self.attached: list[Session] = []
        self.sample: tuple[float, Sample] | None = None

    def listen(self, clock: Clock) -> None:
        """Take what the container says from now on."""
        streams = self.streams
        assert streams is not None
        for pipe, name in ((streams.output, OUTPUT), (streams.errors, ERRORS)):
            if pipe is not None:
                self.pumps.append(
                    asyncio.get_running_loop().create_task(self._pump(pipe, name, clock))
                )

    async def _pump(self, pipe: Pipe, stream: str, clock: Clock) -> None:
        assert self.log is not None
        while data := await pipe.read():
            with suppress(OSError):  # the disk is full: what is said is lost, as it would be
                self.log.write(stream, data)
            self.changed()
            for session in list(self.attached):
                try:
                    await session.write(data, stream)
                except ClientGone:
                    self.attached.remove(session)
            if len(data) >= _FULL:
                await clock.sleep(_PAUSE)

    async def silence(self) -> None:
        """Wait until the streams have ended, and close them."""
        if self.pumps:
            _, late = await asyncio.wait(self.pumps, timeout=_LAST_WORDS)
            for each in late:
                each.cancel()
        if self.streams is not None:
            self.streams.close()
        if self.log is not None:
            self.log.close()

    def hurry(self, seconds: float, kill: Callable[[], None]) -> None:
        """Have it killed after so many seconds, unless that is to be earlier already."""
        loop = asyncio.get_running_loop()
        at = loop.time() + seconds
        if self.deadline is not None:
            if self.kill_at <= at:
                return
            self.deadline.cancel()
        self.kill_at = at
        self.deadline = loop.call_at(at, kill)

    def over(self) -> None:
        """It has ended, or never began: nothing more comes of it."""
        if self.deadline is not None:
            self.deadline.cancel()
        if self.streams is not None:
            self.streams.close()
        super().over()


def touch(path: Path, mode: int) -> Path:
    """An empty file with this mode."""
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY, mode))
    path.chmod(mode)
    return path
