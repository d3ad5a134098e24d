"""The tasks that a cluster mostly gets: what free devices are measured by.

A kind of task is what it asks for. The popular ones, which together are 95 % of all tasks, stand for the
workload to come; how often each comes is its share among them.
"""

import csv
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from msgspec import Struct

from orchestrator.api.core.v1 import Pod
from orchestrator.machinery.resources import pod_needs
from orchestrator.machinery.shared_gpus import DEVICE, amount_for

MODEL: Final = "alibabacloud.com/gpu-card-model"
_POPULAR: Final = 0.95
_NO_CPU: Final = 100  # what kube-scheduler reckons with for a container that asks for none
_COLUMNS: Final = ("cpu_milli", "num_gpu", "gpu_milli", "gpu_spec")


class Kind(Struct, frozen=True, order=True):
    """So many thousandths of a processor, and of each of so many devices; of these models, if any."""

    cpu: int
    milli: int
    devices: int
    models: tuple[str, ...] = ()


def kind_of(pod: Pod) -> Kind:
    """What a pod asks for."""
    amount = amount_for(pod)
    devices, milli = (amount // DEVICE, DEVICE) if amount >= DEVICE else (int(amount > 0), amount)
    return Kind(pod_needs(pod).scoring_milli_cpu, milli, devices, _models_of(pod))


def _models_of(pod: Pod) -> tuple[str, ...]:
    spec = pod.spec
    affinity = (
        spec.affinity.node_affinity if spec is not None and spec.affinity is not None else None
    )
    required = affinity.required_during_scheduling_ignored_during_execution if affinity else None
    terms = required.node_selector_terms if required is not None else ()
    for term in terms[:1]:
        for wanted in term.match_expressions:
            if wanted.key == MODEL and wanted.operator == "In":
                return tuple(sorted(wanted.values))
    return ()


def kinds_in(path: str) -> Counter[Kind]:
    """How many tasks of each kind a CSV file lists, of the columns of the trace openb.

    Raises ValueError for a file that is no such list, OSError for one that cannot be read.
    """
    with Path(path).open(newline="", encoding="utf-8") as file:
        rows = csv.DictReader(file)
        missing = [name for name in _COLUMNS if name not in (rows.fieldnames or ())]
        if missing:
            raise ValueError(
                f"{path}: expected the columns {', '.join(_COLUMNS)}; {missing[0]} is not there"
            )
        found: Counter[Kind] = Counter()
        for number, row in enumerate(rows, 2):
            try:
                cpu, devices, milli = (int(row[name]) for name in _COLUMNS[:3])
            except (TypeError, ValueError):
                raise ValueError(
                    f"{path}:{number}: expected whole numbers in {_COLUMNS[:3]}"
                ) from None
            models = tuple(sorted(filter(None, (row["gpu_spec"] or "").split("|"))))
            found[Kind(cpu or _NO_CPU, milli if devices else 0, devices, models)] += 1
    return found


def popular(counts: Counter[Kind]) -> list[tuple[Kind, float]]:
    """The kinds that come most often, with their shares, which sum to 1."""
    wanted, reached = _POPULAR * counts.total(), 0
    chosen: list[tuple[Kind, int]] = []
    for kind, count in _most_common(counts):
        if reached >= wanted:
            break
        chosen.append((kind, count))
        reached += count
    return [(kind, count / reached) for kind, count in chosen]


def _most_common(counts: Counter[Kind]) -> Iterable[tuple[Kind, int]]:
    return sorted(counts.items(), key=lambda item: (item[1], item[0]), reverse=True)
