"""A kubelet's `stats/summary`: what its node, its pods and their containers use, as a document.

What nobody measures is left out, as the kubelet does. A node has the capacity of its Node, and of that is available what
its pods do not use; so the summary agrees with what evictions go by.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from msgspec import Struct

from orchestrator.api.core.v1 import Container, Node, Pod
from orchestrator.apiserver.http.usage import Usages, cpu_seconds, memory_bytes, milli_cpu
from orchestrator.machinery.quantities import value
from orchestrator.protocol import (
    ContainerUsage,
    DirectoryUsage,
    DiskUsage,
    InterfaceUsage,
    NodeUse,
    Stall,
    Waited,
)

_NO_DISK: Final = DiskUsage()
_COUNTS: Final = (
    ("rssBytes", "rss_bytes"),
    ("pageFaults", "page_faults"),
    ("majorPageFaults", "major_page_faults"),
)


def summary_of(
    node: Node,
    pods: Sequence[Pod],
    usages: Usages,
    disks: Mapping[str, DiskUsage],
    beside: NodeUse,
    now: str,
) -> dict[str, Any]:
    """The document at `now`; pods without running containers are no part of it.

    Pods keep `disks` on the node's disk, and `beside` is what else it holds.
    """
    running = [pod for pod in pods if usages.get(pod.metadata.uid)]
    every = [each for containers in usages.values() for each in containers.values()]
    capacity = node.status.capacity if node.status is not None else {}
    disk = value(capacity.get("ephemeral-storage", "0"))
    kept = _sum(each for of_pod in disks.values() for each in _all(of_pod))
    whole = _Disk(disk, disk - kept.used_bytes - beside.image_bytes, beside.most_files, kept, now)
    images = whole.holding(DirectoryUsage(beside.image_bytes))
    return {
        "node": {
            "nodeName": node.metadata.name,
            "startTime": node.metadata.creation_timestamp,
            **_stalled(_usage(every, now, value(capacity.get("memory", "0"))), beside.stalls, now),
            "fs": whole.holding(_sum((kept, DirectoryUsage(beside.image_bytes)))),
            "runtime": {"imageFs": images, "containerFs": images},
        },
        "pods": [
            _pod(pod, usages[uid], disks.get(uid, _NO_DISK), whole, now)
            for pod in running
            for uid in (pod.metadata.uid,)
        ],
    }


def _pod(
    pod: Pod,
    usages: Mapping[str, ContainerUsage],
    disk: DiskUsage,
    whole: "_Disk",
    now: str,
) -> dict[str, Any]:
    """A pod of a node with a disk."""
    metadata, spec = pod.metadata, pod.spec
    started = pod.status.start_time if pod.status is not None else None
    specs = {c.name: c for c in (*spec.init_containers, *spec.containers)} if spec else {}

    containers = [
        {
            "name": name,
            "startTime": started,
            **_stalled(_usage([usage], now, _memory_limit(specs.get(name))), usage.stalls, now),
            **({"logs": whole.holding(_log(disk.logs[name]))} if name in disk.logs else {}),
        }
        for name, usage in usages.items()
    ]
    processes = [each.processes for each in usages.values() if each.processes is not None]
    return {
        "podRef": {"name": metadata.name, "namespace": metadata.namespace, "uid": metadata.uid},
        "startTime": started,
        "containers": containers,
        **_usage(list(usages.values()), now),
        **_network(next(iter(usages.values())).interfaces, now),
        "volume": [{**whole.holding(used), "name": name} for name, used in disk.volumes.items()],
        "ephemeral-storage": whole.holding(_sum(_all(disk))),
        **({"process_stats": {"process_count": sum(processes)}} if processes else {}),
    }


class _Disk(Struct, frozen=True):
    """A node's disk: its bytes, those that are left, how many files there may be, and what pods keep there."""

    capacity: int
    available: int
    most_files: int
    kept: DirectoryUsage
    now: str

    def holding(self, used: DirectoryUsage) -> dict[str, Any]:
        """It, with what a part of it holds."""
        counts = {
            "inodes": self.most_files,
            "inodesFree": max(0, self.most_files - self.kept.files),
            "inodesUsed": used.files,
        }
        return {
            "time": self.now,
            "availableBytes": max(0, self.available),
            "capacityBytes": self.capacity,
            "usedBytes": used.used_bytes,
            **(counts if self.most_files else {}),
        }


def _log(used: int) -> DirectoryUsage:
    return DirectoryUsage(used, 1)


def _all(disk: DiskUsage) -> Iterator[DirectoryUsage]:
    yield from disk.volumes.values()
    yield from map(_log, disk.logs.values())


def _sum(parts: Iterable[DirectoryUsage]) -> DirectoryUsage:
    used = files = 0
    for each in parts:
        used, files = used + each.used_bytes, files + each.files
    return DirectoryUsage(used, files)


def _memory_limit(container: Container | None) -> int:
    resources = container.resources if container is not None else None
    return value(resources.limits.get("memory", "0")) if resources is not None else 0


def _network(interfaces: Sequence[InterfaceUsage], now: str) -> dict[str, Any]:
    """What a pod's containers share; the first interface is the one to all that is outside."""
    told = [
        {
            "name": each.name,
            "rxBytes": each.received_bytes,
            "rxErrors": each.received_errors,
            "txBytes": each.sent_bytes,
            "txErrors": each.sent_errors,
        }
        for each in interfaces
    ]
    return {"network": {"time": now, **told[0], "interfaces": told}} if told else {}


def _stalled(use: dict[str, Any], stalls: Mapping[str, Stall], now: str) -> dict[str, Any]:
    """What is used, with how long it was waited for."""
    told = {
        resource: {"psi": {"full": _waited(stall.full), "some": _waited(stall.some)}}
        for resource, stall in stalls.items()
    }
    found = {name: {**part, **told.get(name, {})} for name, part in use.items()}
    return {**found, "io": {"time": now, **told["io"]}} if "io" in told else found


def _waited(waited: Waited) -> dict[str, Any]:
    return {
        "total": waited.microseconds * 1000,
        "avg10": waited.of_10,
        "avg60": waited.of_60,
        "avg300": waited.of_300,
    }


def _usage(usages: list[ContainerUsage], now: str, most_memory: int = 0) -> dict[str, Any]:
    """CPU and memory, of which there are so many bytes at the most (0: as many as there are)."""
    used = sum(map(memory_bytes, usages))
    memory: dict[str, Any] = {"time": now}
    if most_memory:
        memory["availableBytes"] = max(0, most_memory - used)
    memory |= {"usageBytes": used, "workingSetBytes": used}
    for name, field in _COUNTS:
        counts = [count for each in usages if (count := getattr(each, field)) is not None]
        if counts:
            memory[name] = sum(counts)
    return {
        "cpu": {
            "time": now,
            "usageNanoCores": sum(map(milli_cpu, usages)) * 1_000_000,
            "usageCoreNanoSeconds": round(sum(map(cpu_seconds, usages)) * 1e9),
        },
        "memory": memory,
    }
