"""What controllers do at once: `python -m benchmarks.controllers [--scale 0.01] [rollout deletion stateful daemons]`.

- rollout: 10,000 Deployments of 3 pods change their image at the same moment, until all are rolled out
- deletion: a namespace with 50,000 pods is deleted, until it is gone
- stateful: 1,000 StatefulSets of 3 are created, until all are ready
- daemons: 10 DaemonSets on 5,000 nodes, until all are ready

Of each: wall time from the change to its end and the time of the processor in it (by which pods a second are
reckoned: other programs take nothing from that), writes for each pod that was made or deleted, by kind, beside those
of Kubernetes' controllers, and the peak of the process' memory. Virtual time; events off, as the writes are to be compared with Kubernetes', where those of
events are limited apart.
"""

import argparse
import resource
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, NamedTuple

from rich.console import Console
from rich.table import Table

import actors
from orchestrator import Cluster
from orchestrator.api.apps.v1 import DaemonSet, Deployment, StatefulSet
from orchestrator.api.core.v1 import Namespace, Pod
from orchestrator.store import Change, MemoryStore
from orchestrator.store.interface import Listener

PODS_A_NODE: Final = 100
_STEP_SECONDS: Final = 5.0
_MOST_STEPS: Final = 10_000
# Successful writes for each pod of kube-controller-manager 1.36.2, by its API server's metrics, where nothing holds it
# back: one object of the workload at a time, three nodes, containers that need a second to start and one to stop.
KUBERNETES: Final[Mapping[str, Mapping[str, float]]] = {
    "rollout": {
        "deployments.apps modified": 5.0,
        "replicasets.apps modified": 7.67,
        "replicasets.apps added": 0.33,
    },
    "deletion": {},
    "stateful": {
        "statefulsets.apps modified": 2.33,
        "statefulsets.apps added": 0.33,
        "controllerrevisions.apps added": 0.33,
    },
    "daemons": {"daemonsets.apps modified": 0.9, "controllerrevisions.apps added": 0.33},
}


class CountingStore(MemoryStore):
    """Counts what is written, by kind and whether it was new."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: Counter[str] = Counter()

    def listen(self, listener: Listener) -> None:
        """Count, and pass it on."""

        def counted(change: Change) -> None:
            self.writes[f"{change.bucket} {change.type.lower()}"] += 1
            listener(change)

        super().listen(counted)


class Outcome(NamedTuple):
    """What one workload took: wall seconds, seconds of the processor, virtual seconds, pods, writes by kind."""

    seconds: float
    processor: float
    virtual: float
    pods: int
    writes: Counter[str]


def _workload(kind: str, name: str, **spec: Any) -> dict[str, Any]:
    labels = {"app": name}
    template = {
        "metadata": {"labels": labels},
        "spec": {"containers": [{"name": "c", "image": "app:1"}]},
    }
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": "load"},
        "spec": {"selector": {"matchLabels": labels}, "template": template, **spec},
    }


async def _until(cluster: Cluster, done: Callable[[], Awaitable[bool]]) -> None:
    """Raises TimeoutError after so long that it will never be."""
    for _ in range(_MOST_STEPS):
        if await done():
            return
        await cluster.clock.sleep(_STEP_SECONDS)
    raise TimeoutError


async def _measured(
    cluster: Cluster,
    pods: int,
    begin: Callable[[], Awaitable[Any]],
    done: Callable[[], Awaitable[bool]],
) -> Outcome:
    assert isinstance(cluster.store, CountingStore)
    writes = cluster.store.writes
    writes.clear()
    begun, used, since = time.perf_counter(), time.process_time(), cluster.clock.monotonic()
    await begin()
    await _until(cluster, done)
    return Outcome(
        time.perf_counter() - begun,
        time.process_time() - used,
        cluster.clock.monotonic() - since,
        pods,
        writes,
    )


async def _all(cluster: Cluster, documents: list[dict[str, Any]]) -> None:
    await cluster.apply([{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "load"}}])
    await cluster.clock.sleep(1)
    for document in documents:
        await cluster.client.create(document, namespace="load")


async def _available(cluster: Cluster, image: str = "") -> bool:
    """Whether all Deployments have all their pods, of their last template."""
    found = await cluster.client.list(Deployment, namespace="load")
    return all(
        each.status is not None
        and each.spec is not None
        and each.status.updated_replicas == each.status.available_replicas == each.spec.replicas
        and each.status.replicas == each.spec.replicas
        and each.status.observed_generation == each.metadata.generation
        for each in found
    )


async def rollout(scale: float) -> Outcome:
    """All Deployments roll at once."""
    count = max(1, round(10_000 * scale))
    async with Cluster(
        nodes=1 + count * 5 // PODS_A_NODE, record_events=False, store=CountingStore()
    ) as cluster:
        documents = [_workload("Deployment", f"d-{n}", replicas=3) for n in range(count)]
        await _all(cluster, documents)
        await _until(cluster, lambda: _available(cluster))
        body = {"spec": {"template": {"spec": {"containers": [{"name": "c", "image": "app:2"}]}}}}

        async def begin() -> None:
            for number in range(count):
                await cluster.client.patch(Deployment, f"d-{number}", body, namespace="load")

        return await _measured(cluster, 3 * count, begin, lambda: _available(cluster))


async def deletion(scale: float) -> Outcome:
    """A namespace goes, and all pods with it."""
    count = max(1, round(50_000 * scale))
    async with Cluster(
        nodes=1 + count // PODS_A_NODE, record_events=False, store=CountingStore()
    ) as cluster:
        await _all(cluster, [_workload("Deployment", "d", replicas=count)])
        await _until(cluster, lambda: _available(cluster))

        async def gone() -> bool:
            return all(n.metadata.name != "load" for n in await cluster.client.list(Namespace))

        return await _measured(
            cluster, count, lambda: cluster.client.delete(Namespace, "load"), gone
        )


async def stateful(scale: float) -> Outcome:
    """StatefulSets come up, pod by pod."""
    count = max(1, round(1_000 * scale))
    async with Cluster(
        nodes=1 + count * 3 // PODS_A_NODE, record_events=False, store=CountingStore()
    ) as cluster:
        documents = [
            _workload("StatefulSet", f"s-{n}", replicas=3, serviceName="s") for n in range(count)
        ]

        async def ready() -> bool:
            found = await cluster.client.list(StatefulSet, namespace="load")
            return all(s.status is not None and s.status.available_replicas == 3 for s in found)

        return await _measured(cluster, 3 * count, lambda: _all(cluster, documents), ready)


async def daemons(scale: float) -> Outcome:
    """Each node gets a pod of each set."""
    nodes = max(1, round(5_000 * scale))
    async with Cluster(nodes=nodes, record_events=False, store=CountingStore()) as cluster:
        documents = [_workload("DaemonSet", f"ds-{n}") for n in range(10)]

        async def ready() -> bool:
            found = await cluster.client.list(DaemonSet, namespace="load")
            return all(s.status is not None and s.status.number_ready == nodes for s in found)

        outcome = await _measured(cluster, 10 * nodes, lambda: _all(cluster, documents), ready)
        assert len(await cluster.client.list(Pod, namespace="load")) == 10 * nodes
        return outcome


WORKLOADS: Final = {each.__name__: each for each in (rollout, deletion, stateful, daemons)}


def _writes(outcome: Outcome, bounds: Mapping[str, float]) -> str:
    """Those of which there are at least a tenth for each pod, and in brackets how many Kubernetes makes."""
    return ", ".join(
        f"{name} {number / outcome.pods:.1f}" + (f" ({bounds[name]:.1f})" if name in bounds else "")
        for name, number in outcome.writes.most_common()
        if number * 10 >= outcome.pods and not name.startswith("leases")
    )


def main() -> None:
    """Run what is named, and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("workloads", nargs="*", metavar="WORKLOAD", help=", ".join(WORKLOADS))
    parser.add_argument("--scale", type=float, default=1.0, help="of all counts; 1 unless given")
    options = parser.parse_args()
    unknown = [name for name in options.workloads if name not in WORKLOADS]
    if unknown or options.scale <= 0:
        parser.error(f"workloads are {', '.join(WORKLOADS)}, and a scale is above 0")
    table = Table(
        "workload",
        "pods",
        "wall s",
        "CPU s",
        "virtual s",
        "pods/CPU s",
        "writes a pod (Kubernetes')",
        "peak MiB",
    )
    for name in options.workloads or WORKLOADS:
        outcome: Outcome = actors.run(WORKLOADS[name], options.scale)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        table.add_row(
            name,
            f"{outcome.pods:,}",
            f"{outcome.seconds:.2f}",
            f"{outcome.processor:.2f}",
            f"{outcome.virtual:.0f}",
            f"{outcome.pods / outcome.processor:,.0f}",
            _writes(outcome, KUBERNETES[name]),
            f"{peak:.0f}",
        )
    Console(width=200).print(table)


if __name__ == "__main__":
    main()
