"""A machine for a process runtime, in real time: what it reports, and what it leaves behind."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random
from typing import Any

import actors
from actors import Clock, Timer
from orchestrator.api.core.v1 import Container, Pod, PodSpec, PodStatus
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.kubelet.networks.interface import PodNetwork
from orchestrator.kubelet.networks.loopback import LoopbackNetwork
from orchestrator.kubelet.runtimes.disks import Disks
from orchestrator.kubelet.runtimes.interface import (
    ContainerExited,
    ContainerKey,
    ContainerStarted,
    RuntimeEvent,
    World,
)
from orchestrator.kubelet.runtimes.process import Image, ProcessRuntime
from orchestrator.kubelet.surroundings import DEFAULT_PATH
from orchestrator.sessions import Chunk, Session

SECONDS = 30.0  # after which a test gives up


class Machine:
    """Holds a runtime and its reports. Is its `RuntimeHost`."""

    def __init__(self, *images: Image, enclosed: bool = True) -> None:
        self.clock = Clock(asyncio.get_running_loop())
        self.random = Random(0)
        self.memory_bytes = 1 << 36
        self.network: PodNetwork = LoopbackNetwork("127.0.0.1", "127.200.0.0/24")
        self.reports: asyncio.Queue[RuntimeEvent] = asyncio.Queue()
        self.disks = Disks()
        self.runtime = ProcessRuntime(
            images, log_bytes=1 << 18, enclosed=enclosed, disks=self.disks
        )
        self.runtime.attach(self)

    def call_after(self, seconds: float, function: Callable[..., None], *args: object) -> Timer:
        raise NotImplementedError

    def report(self, event: RuntimeEvent) -> None:
        """Keep a report."""
        self.reports.put_nowait(event)

    async def next(self) -> RuntimeEvent:
        """The next report."""
        async with asyncio.timeout(SECONDS):
            return await self.reports.get()

    async def started(self) -> ContainerStarted:
        """The next report, which tells of a start."""
        event = await self.next()
        assert isinstance(event, ContainerStarted), event
        return event

    async def exited(self) -> ContainerExited:
        """The next report of an end."""
        while True:
            event = await self.next()
            if isinstance(event, ContainerExited):
                return event

    def start(self, pod: Pod, attempt: int = 0, world: World | None = None) -> ContainerKey:
        """Start the first container of a pod."""
        assert pod.spec is not None
        container = pod.spec.containers[0]
        key = ContainerKey(pod.metadata.uid, container.name, attempt)
        world = world or World({"PATH": DEFAULT_PATH}, {}, pod.metadata.name)
        self.runtime.start_within(pod, container, key, world)
        return key

    async def log(self, key: ContainerKey, **options: Any) -> str:
        """What a run has said."""
        from orchestrator.sessions import LogOptions

        session = Session()
        said = asyncio.ensure_future(
            self.runtime.log(key, Container(), World({}, {}), LogOptions(**options), session)
        )
        await said
        await session.end()
        text = b""
        while isinstance(chunk := await session.take(), Chunk):
            text += chunk.data
        return text.decode()


def pod_of(*command: str, **fields: Any) -> Pod:
    """A pod with one container that runs a command of the machine's."""
    fields.setdefault("image", "machine")
    name = "web"
    return Pod(
        metadata=ObjectMeta(name=name, namespace="default", uid=f"uid-{name}"),
        spec=PodSpec(containers=(Container(name="main", command=command, **fields),)),
        status=PodStatus(),
    )


def on_machine(
    work: Callable[[Machine], Awaitable[None]], *images: Image, enclosed: bool = True
) -> None:
    """Do something with a machine, and see that nothing is left of it."""

    async def run() -> None:
        machine = Machine(*images, enclosed=enclosed)
        before = set(os.listdir("/proc/self/fd"))
        try:
            async with asyncio.timeout(SECONDS):
                await work(machine)
        finally:
            directory = machine.runtime._shim._directory
            assert directory is not None
            await machine.runtime.close()
            machine.disks.close()
        assert not left(directory)
        assert len(os.listdir("/proc/self/fd")) <= len(before) + 1

    actors.run(run, virtual=False)


def left(directory: Path) -> list[str]:
    """What is still there of a shim: its directories, control groups and processes."""
    name = directory.name
    places = [directory] if directory.exists() else []
    places += [*Path("/dev/shm").glob(f"{name}*"), *Path("/sys/fs/cgroup").glob(name)]
    places += Path("/sys/fs/cgroup").glob(f"*/{name}")
    return [*map(str, places), *_of(name)]


def _of(name: str) -> list[str]:
    """Processes whose mounts lie in a directory of this name: those of its containers."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdecimal():
            try:
                if name in (process / "mountinfo").read_text():
                    found.append((process / "cmdline").read_text())
            except OSError:
                continue
    return found
