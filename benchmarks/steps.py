"""What each step of a pod's way costs: `python -m benchmarks.steps [NODES ...]`.

The density scenario at several sizes, 30 pods a node. Of each size one run is timed, and one is sampled
from outside (py-spy, 250 times a second): a sample belongs to the step whose room is nearest to the top
of the stack, so a pure function of `machinery` counts for who called it. Microseconds a pod are the
step's share of the timed run, from the first node to the last ready pod; messages are those that the
step's actors handled, writes those that it asked for.
"""

import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final, TypeAlias

from rich.console import Console
from rich.table import Table

from orchestrator.scenario.report.model import Report
from orchestrator.scenario.report.reading import read_report

SIZES: Final = (100, 1_000, 5_000)
SAMPLES_A_SECOND: Final = 250
SCENARIO: Final = "benchmarks/density.yaml"

# Rooms and files, and the step that they take; the longest prefix wins. The rest of the interpreter's
# time counts for the room that called it.
_ROOMS: Final = {
    "actors": "actors",
    "asyncio": "actors",
    "orchestrator/apiserver": "serve",
    "orchestrator/apiserver/pipeline": "write",
    "orchestrator/apiserver/subresources/binding": "bind",
    "orchestrator/apiserver/admission": "admit",
    "orchestrator/apiserver/defaults": "admit",
    "orchestrator/apiserver/validation": "admit",
    "orchestrator/apiserver/authorization": "admit",
    "orchestrator/apiserver/pipeline/admission": "admit",
    "orchestrator/apiserver/pipeline/authorize": "admit",
    "orchestrator/apiserver/watch": "watch",
    "orchestrator/apiserver/metered": "measure",
    "orchestrator/client": "watch",
    "orchestrator/store": "store",
    "orchestrator/controllers": "controllers",
    "orchestrator/controllers/endpoint": "endpoints",
    "orchestrator/controllers/services": "endpoints",
    "orchestrator/scheduler": "schedule",
    "orchestrator/kubelet": "kubelet",
    "orchestrator/proxy": "proxy",
    "orchestrator/scenario": "measure",
    "orchestrator/cluster": "nodes",
}
# Whose messages are a step's.
_ACTORS: Final = {
    "/apiserver": "serve",
    "/scheduler": "schedule",
    "/controllers": "controllers",
    "/controllers/endpoint": "endpoints",
    "/controllers/informers": "watch",
    "/nodes": "nodes",
    "/nodes/*/kubelet": "kubelet",
    "/nodes/*/proxy": "proxy",
}
# Whose request a write is.
_WRITES: Final = {
    "create pods": "create",
    "create pods/binding": "bind",
    "update pods/status": "status",
    "create endpoint": "endpoints",
    "update endpoint": "endpoints",
    "create deployments": "serve",
    "create services": "serve",
    "update deployments": "controllers",
    "create replicasets": "controllers",
    "update replicasets": "controllers",
    "create nodes": "nodes",
    "update nodes": "nodes",
    "patch nodes": "nodes",
    "create leases": "nodes",
    "update leases": "nodes",
}
_ORDER: Final = (
    *("create", "write", "admit", "serve", "store", "watch", "controllers", "schedule", "bind"),
    *("kubelet", "status", "endpoints", "proxy", "nodes", "measure", "actors"),
)

Costs: TypeAlias = Mapping[str, float]  # by step, for each pod


def _nearest(table: Mapping[str, str], name: str) -> str | None:
    found = max((prefix for prefix in table if name.startswith(prefix)), key=len, default=None)
    return None if found is None else table[found]


def run(nodes: int, directory: Path, *prefix: str) -> Report:
    """The report of one run in a process of its own."""
    command = [*prefix, sys.executable, "-m", "orchestrator", "run", SCENARIO]
    command += ["--set", f"nodes={nodes}", "--out", str(directory)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    report = read_report(directory)
    assert isinstance(report, Report)
    return report


def sample(nodes: int, directory: Path) -> Mapping[str, float]:
    """The share of each step of a run's time, in a run that is sampled."""
    stacks = directory / "stacks.txt"
    options = ("--rate", str(SAMPLES_A_SECOND), "--format", "raw", "--output", str(stacks))
    run(nodes, directory, "py-spy", "record", *options, "--")
    counts: Counter[str] = Counter()
    for line in stacks.read_text().splitlines():
        stack, _, count = line.rpartition(" ")
        frames = stack.split(";")
        if any("._run_once (" in frame for frame in frames):  # the event loop's thread
            counts[_step(frames)] += int(count)
    return {step: count / counts.total() for step, count in counts.items()}


def _step(frames: list[str]) -> str:
    steps = (_step_of(frame) for frame in reversed(frames))
    return next(step for step in steps if step is not None)


@cache
def _step_of(frame: str) -> str | None:
    return _nearest(_ROOMS, frame.partition("(")[2])


def messages(report: Report) -> Iterator[tuple[str, float]]:
    """The messages that each step's actors handled."""
    for use in report.actors:
        yield _nearest(_ACTORS, use.path) or "actors", use.messages


def writes(report: Report) -> Iterator[tuple[str, float]]:
    """The writes that each step asked for."""
    for call in report.api_calls:
        if call.verb in ("create", "update", "patch", "delete"):
            step = _nearest(_WRITES, f"{call.verb} {call.resource}") or "serve"
            yield step, call.count - call.errors


def measure(nodes: int) -> tuple[float, tuple[Costs, Costs, Costs]]:
    """Microseconds a pod in all; and microseconds, messages and writes a pod by step."""
    with tempfile.TemporaryDirectory() as directory:
        report = run(nodes, Path(directory))
        shares = sample(nodes, Path(directory))
    total = 1e6 * report.wall_seconds / report.pods
    times = {step: share * total for step, share in shares.items()}
    return total, (times, _by_step(messages(report), report), _by_step(writes(report), report))


def _by_step(counts: Iterator[tuple[str, float]], report: Report) -> Costs:
    found: dict[str, float] = {}
    for step, count in counts:
        found[step] = found.get(step, 0.0) + count
    return {step: count / report.pods for step, count in found.items()}


def main(sizes: tuple[int, ...]) -> None:
    """Print a table for each size, and how the cost of a pod grows."""
    console = Console()
    totals: dict[int, float] = {}
    for nodes in sizes:
        totals[nodes], costs = measure(nodes)
        console.print(_table(nodes, totals[nodes], costs))
    growth = Table("nodes", "µs a pod", f"to {sizes[0]:,} nodes", title="Cost of a pod")
    for nodes, total in totals.items():
        growth.add_row(f"{nodes:,}", f"{total:.0f}", f"{total / totals[sizes[0]]:.2f}x")
    console.print(growth)


def _table(nodes: int, total: float, costs: tuple[Costs, Costs, Costs]) -> Table:
    times, *counts = costs
    table = Table("step", title=f"{nodes:,} nodes, {30 * nodes:,} pods: the cost of a pod")
    for title in ("µs", "share", "messages", "writes"):
        table.add_column(title, justify="right")
    for step in _ORDER:
        cost = times.get(step, 0.0)
        cells = (f"{found.get(step, 0.0):.2f}" for found in counts)
        table.add_row(step, f"{cost:.1f}", f"{100 * cost / total:.0f} %", *cells)
    sums = (f"{sum(found.values()):.2f}" for found in counts)
    table.add_row("all", f"{total:.1f}", "100 %", *sums)
    return table


if __name__ == "__main__":
    main(tuple(int(argument) for argument in sys.argv[1:]) or SIZES)
