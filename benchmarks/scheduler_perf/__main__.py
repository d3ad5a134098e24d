"""Kubernetes' own scheduler benchmark, workload by workload: `python -m benchmarks.scheduler_perf [NUMBER ...]`.

The workloads are those of `test/integration/scheduler_perf` in kubernetes/kubernetes: nodes and some pods are
there, then the measured pods are created at the API server, each with a spec of its own, scheduled, bound
through the API server and seen bound by a watcher. No kubelet and no controller runs. Printed is how many
measured pods a second were seen bound, beside the threshold below which Kubernetes' CI fails (on machines with
more cores). `--scale 0.1` makes nodes and pods a tenth; a workload that takes longer than `--seconds` is
stopped, and what it came to is marked with `<`. What happens "every 200 ms" beside the measured pods goes by
the wall clock. `27` is not of Kubernetes' benchmark, and run only when it is asked for: 130,000 nodes, the
largest cluster that a provider has shown, and beside it the 1,000 pods a second shown there.
"""

import argparse
import sys

from rich.console import Console
from rich.table import Table

import actors
from benchmarks.scheduler_perf.running import Outcome, run
from benchmarks.scheduler_perf.workloads import WORKLOADS, Workload


def main() -> None:
    """Print the table, and each row of it as soon as it is known."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("numbers", type=int, nargs="*")
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--seconds", type=float, default=600.0)
    given = parser.parse_args()
    if unknown := set(given.numbers) - {each.number for each in WORKLOADS}:
        parser.error(f"there is no workload {min(unknown)}: benchmarks/README.md lists them")
    table = Table(
        "#",
        "workload",
        "pods",
        "seconds",
        "CPU s",
        "pods/s",
        "pods/CPU s",
        "threshold",
        "times",
        "times, CPU",
        "peak MiB",
    )
    for workload in WORKLOADS:
        if workload.on_demand if not given.numbers else workload.number not in given.numbers:
            continue
        found = actors.run(run, workload, given.scale, given.seconds, virtual=False)
        row = _row(workload, found)
        print(*row, sep="\t", file=sys.stderr, flush=True)
        table.add_row(*row)
    Console(width=130).print(table)


def _row(workload: Workload, found: Outcome) -> tuple[str, ...]:
    rate = found.bound / found.seconds if found.seconds else 0.0
    of_core = found.bound / found.cpu_seconds if found.cpu_seconds else 0.0
    mark = "" if found.bound == found.asked else "<"
    return (
        str(workload.number),
        workload.name,
        f"{mark}{found.bound}",
        f"{found.seconds:.2f}",
        f"{found.cpu_seconds:.2f}",
        f"{rate:.0f}",
        f"{of_core:.0f}",
        f"{workload.threshold:.0f}",
        f"{rate / workload.threshold:.1f}" if workload.threshold else "",
        f"{of_core / workload.threshold:.1f}" if workload.threshold else "",
        f"{found.peak_mib}",
    )


if __name__ == "__main__":
    main()
