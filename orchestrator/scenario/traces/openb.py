"""Alibaba's GPU-cluster trace "openb", as published with "Beware of Fragmentation" (ATC 2023).

The data are read from the folder where the user has them, the CSVs as they were published.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

from orchestrator.machinery import names, quantities
from orchestrator.scenario.traces.interface import (
    POD_LIMIT,
    Task,
    Trace,
    TraceError,
    TraceNode,
)
from orchestrator.scenario.traces.rows import Row, read_csv

T = TypeVar("T")

GPU: Final = "alibabacloud.com/gpu-milli"
GPU_MODEL: Final = "alibabacloud.com/gpu-card-model"
QOS: Final = "alibabacloud.com/qos-class"
MILLI_PER_GPU: Final = 1000

_NODE_COLUMNS: Final = ("sn", "cpu_milli", "memory_mib", "gpu", "model")
_TASK_COLUMNS: Final = (
    "name",
    "cpu_milli",
    "memory_mib",
    "num_gpu",
    "gpu_milli",
    "gpu_spec",
    "qos",
    "creation_time",
    "deletion_time",
    "scheduled_time",
)
_LIST: Final = re.compile(r"[a-z0-9]+")
_MEBI: Final = 1 << 20


class Openb:
    """`path` is the trace's folder. Options: `nodes: all|gpu`, `pods` (which pod list: `default`).

    GPUs are the extended resource `alibabacloud.com/gpu-milli`, 1000 a device; a task asks for
    num_gpu x gpu_milli. Kubernetes counts these per node, so that two halves which are free on two
    devices serve a task that wants a whole one; the scheduler's plugin `GpuDevices` counts by device.

    A task runs for as long as it ran in the trace. One that was never scheduled there runs for as
    long as it waited; nobody knows how long it would have run.
    """

    name = "openb"

    def load(self, path: Path, options: Mapping[str, Any]) -> Trace:
        """Read node list and pod list. Raises TraceError."""
        node_list, pod_list = _lists(path, options)
        if not path.is_dir():
            raise TraceError(path, 0, "expected the folder that holds the openb CSVs")
        nodes = _read(path / node_list, _NODE_COLUMNS, _node)
        tasks = _read(path / pod_list, _TASK_COLUMNS, _task)
        tasks.sort(key=lambda task: (task.arrival_seconds, task.name))
        return Trace(tuple(nodes), tuple(tasks))


def _lists(path: Path, options: Mapping[str, Any]) -> tuple[str, str]:
    for option in options:
        if option not in ("nodes", "pods"):
            raise TraceError(path, 0, f'option "{option}": unknown; there are nodes and pods')
    nodes, pods = options.get("nodes", "all"), options.get("pods", "default")
    if nodes not in ("all", "gpu"):
        raise TraceError(path, 0, f'option "nodes": expected all or gpu, got "{nodes}"')
    if not isinstance(pods, str) or not _LIST.fullmatch(pods):
        message = f'option "pods": expected the name of a list such as default, got "{pods}"'
        raise TraceError(path, 0, message)
    return f"openb_node_list_{nodes}_node.csv", f"openb_pod_list_{pods}.csv"


def _read(path: Path, columns: tuple[str, ...], make: Callable[[Row], T]) -> list[T]:
    lines: dict[str, int] = {}
    rows = read_csv(path, columns)
    for row in rows:
        row.claim(columns[0], row.name(columns[0]), lines)
    return [make(row) for row in rows]


def _node(row: Row) -> TraceNode:
    capacity = {**_compute(row), "pods": POD_LIMIT}
    gpus, model = row.whole("gpu"), row.text("model")
    if gpus:
        capacity[GPU] = str(gpus * MILLI_PER_GPU)
    if model:
        row.check("model", model, names.label_value_errors(model))
    return TraceNode(row.text("sn"), capacity, {GPU_MODEL: model} if model else {})


def _task(row: Row) -> Task:
    requests = _compute(row)
    gpu_milli = row.whole("num_gpu") * row.whole("gpu_milli", most=MILLI_PER_GPU)
    if gpu_milli:
        requests[GPU] = str(gpu_milli)
    qos, models = row.text("qos"), row.text("gpu_spec")
    if qos:
        row.check("qos", qos, names.label_value_errors(qos))
    allowed = tuple(models.split("|")) if models else ()
    for model in allowed:
        row.check("gpu_spec", model, names.label_value_errors(model))
    arrival, duration = _times(row)
    return Task(
        name=row.text("name"),
        arrival_seconds=arrival,
        duration_seconds=duration,
        requests=requests,
        labels={QOS: qos} if qos else {},
        node_labels={GPU_MODEL: allowed} if allowed else {},
    )


def _times(row: Row) -> tuple[float, float | None]:
    """When a task came and how long it ran; one that was never deleted runs until the end."""
    created = row.number("creation_time")
    scheduled = row.number("scheduled_time")
    deleted = row.number("deletion_time")
    if created is None:
        row.refuse("creation_time", "expected a time, got nothing")
    if scheduled is not None and scheduled < created:
        row.refuse("scheduled_time", f"{scheduled:g} is before creation_time {created:g}")
    begun = created if scheduled is None else scheduled
    if deleted is None:
        return created, None
    if deleted < begun:
        column = "creation_time" if scheduled is None else "scheduled_time"
        row.refuse("deletion_time", f"{deleted:g} is before {column} {begun:g}")
    return created, deleted - begun


def _compute(row: Row) -> dict[str, str]:
    return {
        "cpu": quantities.format_milli(row.whole("cpu_milli")),
        "memory": quantities.format_bytes(row.whole("memory_mib", most=1 << 40) * _MEBI),
    }
