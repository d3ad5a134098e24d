"""One workload through API server and scheduler: its pods created, bound, and seen bound by a watcher."""

import asyncio
import resource
import time
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from benchmarks.scheduler_perf.beside import Beside
from benchmarks.scheduler_perf.objects import Document
from benchmarks.scheduler_perf.workloads import Workload
from orchestrator import Cluster
from orchestrator.api import codec
from orchestrator.api.core.v1 import Node, PersistentVolumeClaim, Pod
from orchestrator.apiserver.admission import Admission

_CHUNK: Final = 500  # pods that are created together

_WITH_STATUS: Final[Mapping[str, type[Any]]] = {
    "Node": Node,
    "PersistentVolumeClaim": PersistentVolumeClaim,
}


class Outcome(Struct, frozen=True):
    """Measured pods that were seen bound, and the seconds that they took: of the wall clock, and of a core.

    `peak_mib` is what the process has had in memory at most, earlier workloads included.
    """

    bound: int
    asked: int
    seconds: float
    cpu_seconds: float
    peak_mib: int


class _Seen:
    """What a watcher has seen: the pods that have a node, by the beginning of their names."""

    def __init__(self) -> None:
        self.measured = self.before = 0

    async def watch(self, cluster: Cluster) -> None:
        known: set[str] = set()
        async with cluster.client.watch(Pod) as events:
            async for event in events:
                self._look(event.object, known)

    def _look(self, each: Pod, known: set[str]) -> None:
        spec, name = each.spec, each.metadata.name
        if spec is None or not spec.node_name or each.metadata.uid in known:
            return
        known.add(each.metadata.uid)
        if name.startswith("p-"):
            self.measured += 1
        else:
            self.before += 1


async def run(workload: Workload, scale: float, limit: float) -> Outcome:
    """Run one workload, for so many seconds at most."""
    admission = Admission(disable=("ServiceAccount", "TaintNodesByCondition"))
    async with Cluster(nodes=0, controllers=[], proxies=False, admission=admission) as cluster:
        await _furnish(cluster, workload, scale)
        seen = _Seen()
        watching = asyncio.ensure_future(seen.watch(cluster))
        began = time.perf_counter()
        created = await _create(cluster, workload.before(scale), None, began, limit)
        while workload.started and seen.before < created and time.perf_counter() - began < limit:
            await cluster.clock.sleep(0.01)
        beside = workload.beside(scale) if workload.beside is not None else None
        began, core = time.perf_counter(), time.process_time()
        asked = await _create(cluster, workload.measured(scale), beside, began, limit)
        while seen.measured < asked and (passed := time.perf_counter() - began) < limit:
            if beside is not None:
                await beside.until(cluster, passed)
            await cluster.clock.sleep(0.01)
        seconds, cpu = time.perf_counter() - began, time.process_time() - core
        outcome = Outcome(seen.measured, asked, seconds, cpu, _peak_mib())
        if watching.done():
            watching.result()  # what it raised
        watching.cancel()
        return outcome


def _peak_mib() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


async def _furnish(cluster: Cluster, workload: Workload, scale: float) -> None:
    """Namespaces, classes, nodes and what else is there before any pod."""
    named: list[Document] = [
        *(
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": f"sched-{n}"}}
            for n in (0, 1)
        ),
        {
            "apiVersion": "scheduling.k8s.io/v1",
            "kind": "PriorityClass",
            "metadata": {"name": "high"},
            "value": 10,
        },
    ]
    # One after another: documents of 130,000 nodes would take more room than the nodes.
    for document in chain(named, workload.nodes(scale), workload.objects(scale)):
        made: Any = await cluster.client.create(document)
        kind = _WITH_STATUS.get(document["kind"])
        if kind is not None:
            given: Any = codec.from_dict(document, kind)
            await cluster.client.update_status(replace(made, status=given.status))


async def _create(
    cluster: Cluster,
    wanted: Iterator[Pod],
    beside: Beside | None,
    began: float,
    limit: float,
) -> int:
    """Create pods, some at a time, for so many seconds at most; answers how many."""
    created = 0
    chunk: list[Pod] = []
    for each in wanted:
        chunk.append(each)
        if len(chunk) < _CHUNK:
            continue
        created += len(chunk)
        await cluster.client.create_all(chunk)
        chunk = []
        passed = time.perf_counter() - began
        if beside is not None:
            await beside.until(cluster, passed)
        if passed > limit:
            return created
        await cluster.clock.sleep(0.001)
    if chunk:
        created += len(chunk)
        await cluster.client.create_all(chunk)
    return created
