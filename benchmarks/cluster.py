"""What a cluster costs before it does anything: `python -m benchmarks.cluster`.

- start: from entering the block until all nodes are Ready, for 3 nodes and for 1,000
- heartbeat: an idle node renews its lease every 10 s; wall time for one renewal, from the kubelet's
  timer to its answer, beside a bound: the same lease committed to a bare store by a loop
- idle node: Python's allocations for each node that only beats, proxies included

Figures are medians of rounds that take turns.
"""

import asyncio
import time
import tracemalloc
from statistics import median
from typing import Final

from msgspec.structs import replace
from rich.console import Console
from rich.table import Table

import actors
from orchestrator.api.coordination.v1 import Lease
from orchestrator.cluster import Cluster, node_spec
from orchestrator.kubelet.node_status import LEASE_NAMESPACE, lease_at, renewed
from orchestrator.store import Change, MemoryStore, Write
from orchestrator.store.interface import Outcome

ROUNDS: Final = 5
SMALL, LARGE = 3, 1_000
IDLE_SECONDS: Final = 600.0
BUCKET: Final = "leases.coordination.k8s.io"


async def _start_seconds(nodes: int) -> float:
    begun = time.perf_counter()
    async with Cluster(nodes=nodes, record_events=False):
        return time.perf_counter() - begun


async def _heartbeat_microseconds() -> float:
    async with Cluster(nodes=LARGE, record_events=False) as cluster:
        before = cluster.store.revision
        begun = time.perf_counter()
        await cluster.clock.sleep(IDLE_SECONDS)
        seconds = time.perf_counter() - begun
        return 1e6 * seconds / (cluster.store.revision - before)


async def _bound_microseconds() -> float:
    store = MemoryStore()
    count = 50_000
    lease = lease_at(0.0, "node-0", "uid")
    stored: Lease | None = None
    begun = time.perf_counter()
    for number in range(count):
        fresh = renewed(lease, float(number))
        metadata = replace(fresh.metadata, namespace=LEASE_NAMESPACE, name="node-0")
        write = Write(BUCKET, LEASE_NAMESPACE, "node-0", replace(fresh, metadata=metadata), stored)
        stored = _committed(store, write)
    return 1e6 * (time.perf_counter() - begun) / count


def _committed(store: MemoryStore, write: Write) -> Lease:
    made: list[Outcome] = []
    store.commit(write, made.append)
    (outcome,) = made
    assert isinstance(outcome, Change)
    lease = outcome.object
    assert isinstance(lease, Lease)
    return lease


async def _idle_bytes() -> float:
    tracemalloc.start()
    async with Cluster(nodes=1, record_events=False) as cluster:
        before, _ = tracemalloc.get_traced_memory()
        await cluster.add_nodes([node_spec(f"more-{n}", n + 1) for n in range(LARGE)])
        await cluster.clock.sleep(60)
        after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return (after - before) / LARGE


def main() -> None:
    """Measure and print."""
    asyncio.run(_bound_microseconds())  # what is imported late is imported now
    actors.run(_start_seconds, SMALL)
    small, large, beats, bounds = [], [], [], []
    for _ in range(ROUNDS):
        small.append(actors.run(_start_seconds, SMALL))
        large.append(actors.run(_start_seconds, LARGE))
        beats.append(actors.run(_heartbeat_microseconds))
        bounds.append(actors.run(_bound_microseconds))
    table = Table(box=None, padding=(0, 2, 0, 0))
    for column in ("", "median", "unit"):
        table.add_column(column, justify="right" if column == "median" else "left")
    beat, bound = median(beats), median(bounds)
    table.add_row(f"start, {SMALL} nodes", f"{1e3 * median(small):,.1f}", "ms until Ready")
    table.add_row(f"start, {LARGE:,} nodes", f"{1e3 * median(large):,.0f}", "ms until Ready")
    table.add_row("heartbeat", f"{beat:,.1f}", "µs for a renewal of a lease")
    table.add_row("bare store (bound)", f"{bound:,.1f}", "µs for the same write")
    table.add_row("ratio", f"{beat / bound:,.1f}", "times the bound")
    table.add_row("idle node", f"{actors.run(_idle_bytes) / 1024:,.1f}", "KiB")
    Console(width=90).print(table)


if __name__ == "__main__":
    main()
