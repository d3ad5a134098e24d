"""How many pods a second each container runtime starts: `python -m benchmarks.runtimes [PODS]`.

A cluster of four nodes in real time gets a crowd of pods at once, from as many clients, and a round lasts until all of
them are Running: scheduling, admission and status writes included. Each node has run a pod before, so that what
serves its containers is up, as on any node. The bound is the same number of bare
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
from collections.abc import Callable, Coroutine
from statistics import median
from typing import Any, Final

from msgspec.structs import replace
from rich.console import Console
from rich.table import Table

from actors import run
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
        await _run(cluster, {f"first-{n.name}": replace(spec, node_name=n.name) for n in nodes})
        begun = time.perf_counter()
        await _run(cluster, {f"pod-{i}": spec for i in range(pods)})
        return time.perf_counter() - begun


async def _run(cluster: Cluster, pods: dict[str, PodSpec]) -> None:
    """Create pods, all at once, and wait until they run."""
    client, waiting = cluster.client, set(pods)
    async with asyncio.timeout(_PATIENCE), client.watch(Pod) as events:
        made = (
            Pod(metadata=ObjectMeta(name=n, namespace="default"), spec=s) for n, s in pods.items()
        )
        await asyncio.gather(*map(client.create, made))
        async for event in events:
            status = event.object.status
            if status is not None and status.phase == "Running":
                waiting.discard(event.object.metadata.name)
                if not waiting:
                    return
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
    contenders: dict[str, Callable[[int], Coroutine[Any, Any, float]]] = {
        "coroutine": _coroutine,
        "process": _process,
        "bare": _bare,
    }
    rounds: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(ROUNDS):
        for name, measure in contenders.items():
            rounds[name].append(run(measure, pods, virtual=False))
    table = Table(
        title=f"{pods} pods on {NODES} nodes, as uid {os.getuid()}, {os.cpu_count()} processors"
    )
    for column in ("runtime", "pods/s", "of bare", "seconds of each round"):
        table.add_column(column, justify="left" if column.startswith(("r", "se")) else "right")
    bare = median(rounds["bare"])
    for name, seconds in rounds.items():
        rate = f"{pods / median(seconds):,.0f}"
        share = f"{bare / median(seconds):.0%}"
        table.add_row(name, rate, share, " ".join(f"{each:.2f}" for each in seconds))
    Console().print(table)


if __name__ == "__main__":
    main()
