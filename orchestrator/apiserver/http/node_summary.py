"""A kubelet's `stats/summary`: what its node, its pods and their containers use, as a document.

What nobody measures is left out, as the kubelet does. A node has the capacity of its Node, and of that is available what
its pods do not use; so the summary agrees with what evictions go by.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from orchestrator.api.core.v1 import Container, Node, Pod
from orchestrator.apiserver.http.usage import Usages, cpu_seconds, memory_bytes, milli_cpu
from orchestrator.machinery.quantities import value
from orchestrator.protocol import ContainerUsage, DiskUsage, InterfaceUsage

_NO_DISK: Final = DiskUsage()
_COUNTS: Final = (
    ("rssBytes", "rss_bytes"),
    ("pageFaults", "page_faults"),
    ("majorPageFaults", "major_page_faults"),
)


def summary_of(
    node: Node, pods: Sequence[Pod], usages: Usages, disks: Mapping[str, DiskUsage], now: str
) -> dict[str, Any]:
    """The document at `now`; pods without running containers are no part of it."""
    running = [pod for pod in pods if usages.get(pod.metadata.uid)]
    every = [each for containers in usages.values() for each in containers.values()]
    capacity = node.status.capacity if node.status is not None else {}
    disk = value(capacity.get("ephemeral-storage", "0"))
    kept = sum(sum(each.volumes.values()) + sum(each.logs.values()) for each in disks.values())
    files = _file_system(kept, disk - kept, disk, now)
    return {
        "node": {
            "nodeName": node.metadata.name,
            "startTime": node.metadata.creation_timestamp,
            **_usage(every, now, value(capacity.get("memory", "0"))),
            "fs": files,
            "runtime": {"imageFs": files},
        },
        "pods": [
            _pod(pod, usages[uid], disks.get(uid, _NO_DISK), disk - kept, disk, now)
            for pod in running
            for uid in (pod.metadata.uid,)
        ],
    }


def _pod(
    pod: Pod,
    usages: Mapping[str, ContainerUsage],
    disk: DiskUsage,
    available: int,
    capacity: int,
    now: str,
) -> dict[str, Any]:
    """A pod of a node on whose disk so many bytes of a capacity are available."""
    metadata, spec = pod.metadata, pod.spec
    started = pod.status.start_time if pod.status is not None else None
    specs = {c.name: c for c in (*spec.init_containers, *spec.containers)} if spec else {}

    def files(used: int) -> dict[str, Any]:
        return _file_system(used, available, capacity, now)

    containers = [
        {
            "name": name,
            "startTime": started,
            **_usage([usage], now, _memory_limit(specs.get(name))),
            **({"logs": files(disk.logs[name])} if name in disk.logs else {}),
        }
        for name, usage in usages.items()
    ]
    kept = sum(disk.volumes.values()) + sum(disk.logs.values())
    processes = [each.processes for each in usages.values() if each.processes is not None]
    return {
        "podRef": {"name": metadata.name, "namespace": metadata.namespace, "uid": metadata.uid},
        "startTime": started,
        "containers": containers,
        **_usage(list(usages.values()), now),
        **_network(next(iter(usages.values())).interfaces, now),
        "volume": [{**files(used), "name": name} for name, used in disk.volumes.items()],
        "ephemeral-storage": files(kept),
        **({"process_stats": {"process_count": sum(processes)}} if processes else {}),
    }


def _file_system(used: int, available: int, capacity: int, now: str) -> dict[str, Any]:
    return {
        "time": now,
        "availableBytes": max(0, available),
        "capacityBytes": capacity,
        "usedBytes": used,
    }


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
