"""How many pods a second each container runtime starts: `python -m benchmarks.runtimes [PODS]`.

A cluster of four nodes in real time gets a crowd of pods at once, and a round lasts until all of them
are Running: scheduling, admission and status writes included. The bound is the same number of bare
`asyncio.create_subprocess_exec` of the same command, as many at a time as the machine has processors, until each has
begun. Rounds take turns; a figure is the median of its rounds.

- coroutine: each pod is an async function of this program
- process: each pod is a process, enclosed as this machine and this user are allowed to
- bare: a subprocess, and nothing around it
"""

import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Callable
from statistics import median
from typing import Final

from rich.console import Console
from rich.table import Table

from orchestrator import Cluster
from orchestrator.api.core.v1 import Container, Pod, PodSpec
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.cluster.nodes import node_spec
from orchestrator.kubelet.runtimes.coroutine import ContainerContext

ROUNDS: Final = 3
NODES: Final = 4
_COMMAND: Final = ("sleep", "1000")
_PATIENCE: Final = 120.0


async def work(context: ContainerContext) -> None:
    """A container that only lives."""
    await asyncio.Event().wait()


async def _cluster(pods: int, runtime: str, container: Container) -> float:
    nodes = [
        node_spec(f"node-{i}", i, runtime=runtime, capacity={"pods": "5000"}) for i in range(NODES)
    ]
    async with Cluster(nodes=nodes, record_events=False) as cluster:
        spec = PodSpec(containers=(container,), termination_grace_period_seconds=0)
        begun = time.perf_counter()
        running: set[str] = set()
        async with asyncio.timeout(_PATIENCE), cluster.client.watch(Pod) as events:
            for i in range(pods):
                name = f"pod-{i}"
                await cluster.client.create(
                    Pod(metadata=ObjectMeta(name=name, namespace="default"), spec=spec)
                )
            async for event in events:
                status = event.object.status
                if status is not None and status.phase == "Running":
                    running.add(event.object.metadata.name)
                    if len(running) == pods:
                        return time.perf_counter() - begun
    raise AssertionError("the watch ended")


async def _coroutine(pods: int) -> float:
    image = "py://benchmarks.runtimes:work"
    return await _cluster(pods, "coroutine", Container(name="main", image=image))


async def _process(pods: int) -> float:
    return await _cluster(
        pods, "process", Container(name="main", image="machine", command=_COMMAND)
    )


async def _bare(pods: int) -> float:
    places = asyncio.Semaphore(os.cpu_count() or 1)

    async def start() -> asyncio.subprocess.Process:
        async with places:
            return await asyncio.create_subprocess_exec(*_COMMAND, stdout=asyncio.subprocess.PIPE)

    begun = time.perf_counter()
    processes = await asyncio.gather(*(start() for _ in range(pods)))
    seconds = time.perf_counter() - begun
    for process in processes:
        process.kill()
        await process.communicate()
    return seconds


def main() -> None:
    """Measure, and print a table."""
    pods = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    contenders: dict[str, Callable[[int], Awaitable[float]]] = {
        "coroutine": _coroutine,
        "process": _process,
        "bare": _bare,
    }
    rounds: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(ROUNDS):
        for name, measure in contenders.items():
            rounds[name].append(asyncio.run(_seconds(measure, pods)))
    table = Table(
        title=f"{pods} pods on {NODES} nodes, as uid {os.getuid()}, {os.cpu_count()} processors"
    )
    for column in ("runtime", "pods/s", "seconds of each round"):
        table.add_column(column, justify="right" if column == "pods/s" else "left")
    for name, seconds in rounds.items():
        rate = f"{pods / median(seconds):,.0f}"
        table.add_row(name, rate, " ".join(f"{each:.2f}" for each in seconds))
    Console().print(table)


async def _seconds(measure: Callable[[int], Awaitable[float]], pods: int) -> float:
    return await measure(pods)


if __name__ == "__main__":
    main()
