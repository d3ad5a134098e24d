"""How fast an operator works here and over HTTPS: `python -m benchmarks.operators [--websites 300]`.

The example `websites.Websites` (a Deployment, a Service and a status for each of its objects) runs beside its
cluster in one process, and against `orchestrator up` of another process over HTTPS. Of each: wall time from when
the operator finds the Websites, which were made before it, until all say their URL and serve, reconciles a second,
and the processor's time that this process spends on each (beside its cluster that is the cluster's, too). Both run
in real time; a container of the simulated nodes takes a second to start.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

from rich.console import Console
from rich.table import Table

import actors
from examples.websites import WEBSITES, Websites
from orchestrator import Cluster
from orchestrator.cluster.remote import RemoteCluster
from orchestrator.controllers.manager import ControllerStatistics
from orchestrator.gateway import load_access

_MOST_SECONDS: Final = 300.0
_LOOK_SECONDS: Final = 0.25


class Outcome(NamedTuple):
    """Wall seconds, this process' seconds of the processor, and how many reconciles there were."""

    seconds: float
    processor: float
    reconciles: int


async def _worked(cluster: Cluster | RemoteCluster, count: int) -> Outcome:
    """Make the objects, then run the operator until it has done all. Raises TimeoutError."""
    await cluster.apply([WEBSITES.definition()])
    for number in range(count):
        site = {
            "apiVersion": "example.com/v1",
            "kind": "Website",
            "metadata": {"name": f"site-{number}"},
            "spec": {"image": "web:1"},
        }
        await cluster.apply([site])
    begun, used = time.perf_counter(), time.process_time()
    await cluster.run_controller(Websites)
    while not await _all_serve(cluster, count):
        if time.perf_counter() - begun > _MOST_SECONDS:
            raise TimeoutError("not all websites are served")
        await cluster.clock.sleep(_LOOK_SECONDS)
    seconds, processor = time.perf_counter() - begun, time.process_time() - used
    manager = cluster.system.find("/controllers")
    assert manager is not None
    found = await manager.ask(ControllerStatistics())
    return Outcome(seconds, processor, found[Websites.name].reconciles)


async def _all_serve(cluster: Cluster | RemoteCluster, count: int) -> bool:
    found: Sequence[Any] = await cluster.client.list(WEBSITES.resource)
    served = [each.content.get("status", {}) for each in found]
    return sum(bool(s.get("url") and s.get("replicas")) for s in served) == count


async def here(count: int) -> Outcome:
    """Operator and cluster in this process."""
    async with Cluster(nodes=20) as cluster:
        return await _worked(cluster, count)


async def elsewhere(count: int, kubeconfig: Path) -> Outcome:
    """The operator in this process, the cluster in another."""
    async with RemoteCluster(load_access(kubeconfig)) as cluster:
        return await _worked(cluster, count)


@contextmanager
def _served() -> Iterator[Path]:
    """The kubeconfig of a cluster of another process, while it runs. Raises RuntimeError."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "kubeconfig"
        command = [sys.executable, "-m", "orchestrator", "up", "--nodes", "20"]
        options = ["--listen", "127.0.0.1:0", "--kubeconfig", str(path)]
        process = subprocess.Popen([*command, *options], stdout=subprocess.PIPE, text=True)
        try:
            assert process.stdout is not None
            if not process.stdout.readline():  # what it says when it listens
                raise RuntimeError("orchestrator up has ended")
            yield path
        finally:
            process.terminate()
            process.wait()


def main() -> None:
    """Run both, and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--websites", type=int, default=300, help="how many there are; 300 unless given"
    )
    options = parser.parse_args()
    if options.websites < 1:
        parser.error("there is at least one website")
    table = Table(
        "operator",
        "websites",
        "wall s",
        "reconciles",
        "reconciles/s",
        "beside in-process",
        "CPU ms each",
    )
    first = actors.run(here, options.websites, virtual=False)
    with _served() as kubeconfig:
        second = actors.run(elsewhere, options.websites, kubeconfig, virtual=False)
    rate = first.reconciles / first.seconds
    for name, outcome in (("in-process", first), ("over HTTPS", second)):
        own = outcome.reconciles / outcome.seconds
        table.add_row(
            name,
            f"{options.websites:,}",
            f"{outcome.seconds:.2f}",
            f"{outcome.reconciles:,}",
            f"{own:,.0f}",
            f"{own / rate:.2f}x",
            f"{1000 * outcome.processor / outcome.reconciles:.1f}",
        )
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
