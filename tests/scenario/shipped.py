"""The histories of the shipped scenarios, at sizes that take a second or two.

`python -m tests.scenario.shipped [PYTHON...]` runs all of them in this interpreter and in others, each
with two hash seeds, and prints their digests. Exit code 1 if any two differ.
"""

import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

import yaml

from orchestrator.scenario import load, run_scenario

ROOT: Final = Path(__file__).parents[2]
HASH_SEEDS: Final = ("1", "4242")
_TRACE: Final = "TRACE"  # stands for the folder of a small trace

SMALL: Final[Mapping[str, Mapping[str, str]]] = {
    "benchmarks/batch-day.yaml": {"nodes": "8", "hours": "1", "burst": "4"},
    "benchmarks/density.yaml": {"nodes": "20", "podsPerNode": "20", "start": "uniform(0.5, 2)"},
    "benchmarks/idle.yaml": {"nodes": "20", "minutes": "10"},
    "benchmarks/limits.yaml": {"nodes": "20"},
    "benchmarks/load.yaml": {"nodes": "10", "namespaces": "2"},
    "benchmarks/node-failures.yaml": {"nodes": "20", "percent": "10", "minutes": "5"},
    "benchmarks/openb.yaml": {"folder": _TRACE, "tasks": "120"},
    "benchmarks/openb-fgd.yaml": {"folder": _TRACE, "nodes": "all"},
    "benchmarks/rollout-failures.yaml": {"nodes": "20", "policy": "packing", "deployments": "4"},
    "benchmarks/rolling-updates.yaml": {"nodes": "5", "storms": "1"},
    "benchmarks/scale.yaml": {"nodes": "6", "deployments": "3"},
    "examples/api-faults.yaml": {},
    "examples/first-scenario.yaml": {},
    "examples/sweep.yaml": {"start": "lognormal(2, 0.5)"},  # one run of it
    "tests/scenario/every-trouble.yaml": {},
}
"""Every shipped scenario, and one with every fault in it, with the parameters that make it small."""


def shipped() -> list[str]:
    """All scenarios in the project, as paths from its root."""
    folders = ("benchmarks", "examples", "tests/scenario")
    paths = [path for folder in folders for path in ROOT.glob(f"{folder}/*.yaml")]
    return sorted(
        str(path.relative_to(ROOT))
        for path in paths
        if any(each["kind"] == "Scenario" for each in yaml.safe_load_all(path.read_text()))
    )


def write_trace(folder: Path) -> None:
    """A trace of the published shape: 12 nodes, half of them with GPUs, and 200 tasks in ten hours,
    some of which ask for one model, share a GPU, or end in the moment in which another comes.
    """
    nodes = ["sn,cpu_milli,memory_mib,gpu,model"]
    nodes += [
        f"n-{i},64000,262144,{'4,' + ('T4', 'P100')[i % 4 // 2] if i % 2 else '0,'}"
        for i in range(12)
    ]
    (folder / "openb_node_list_all_node.csv").write_text("\n".join(nodes) + "\n")
    pods = [
        "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,"
        "creation_time,deletion_time,scheduled_time"
    ]
    for i in range(200):
        gpus = f"1,{(1000, 250)[i % 2]},{('', 'T4', 'P100|T4')[i % 3]}" if i % 4 else "0,0,"
        come = i * 180 // 60 * 60
        pods.append(
            f"p-{i:03},{1000 + i % 7 * 2000},{1024 * (1 + i % 5)},{gpus},"
            f"{('LS', 'BE', 'Burstable')[i % 3]},Running,{come},{come + 60 * (5 + i % 90)},{come}"
        )
    (folder / "openb_pod_list_default.csv").write_text("\n".join(pods) + "\n")


def run_all(names: Iterable[str]) -> dict[str, str]:
    """The digest of each scenario, run one after the other in this process."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        write_trace(Path(folder))
        for name in names:
            parameters = {key: value.replace(_TRACE, folder) for key, value in SMALL[name].items()}
            report = run_scenario(load(ROOT / name, parameters))
            assert report.outcome == "passed", (name, report.failure, report.expectations)
            found[name] = report.digest
    return found


def histories(python: str) -> tuple[str, list[dict[str, str]]]:
    """An interpreter's version, and what `run_all` answers there in two processes with different hash
    seeds. The second runs the scenarios in the opposite order: what one leaves behind in the interpreter
    must not be seen by the next.
    """
    names = list(SMALL)
    children = [
        subprocess.Popen(
            [python, "-m", "tests.scenario.shipped", "--child", *order],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            stdout=subprocess.PIPE,
        )
        for hash_seed, order in zip(HASH_SEEDS, (names, names[::-1]), strict=True)
    ]
    # All of them end before any of them is judged: none is left behind.
    outs = [child.communicate()[0] for child in children]
    for child in children:
        if child.returncode:
            raise SystemExit(f"{python} ended with exit code {child.returncode}")
    answers = [json.loads(out) for out in outs]
    return answers[0]["python"], [answer["digests"] for answer in answers]


def main(others: list[str]) -> int:
    """Print a line of a table for each scenario; 1 if any has more than one history."""
    versions, found = [], []
    for python in [sys.executable, *others]:
        version, pair = histories(python)
        versions.append(version)
        found += pair
    print(f"Python {', '.join(versions)}; PYTHONHASHSEED {', '.join(HASH_SEEDS)}\n")
    print("| scenario | parameters | digest |\n|---|---|---|")
    same = True
    for name, settings in SMALL.items():
        each = list(dict.fromkeys(digests[name] for digests in found))
        same = same and len(each) == 1
        shown = " ".join(f"{key}={value}" for key, value in settings.items())
        print(
            f"| `{Path(name).name}` | {shown and f'`{shown}`'} | `{' ≠ '.join(digest[:12] for digest in each)}` |"
        )
    return 0 if same else 1


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        answer = {"python": platform.python_version(), "digests": run_all(sys.argv[2:])}
        print(json.dumps(answer))
    else:
        sys.exit(main(sys.argv[1:]))
