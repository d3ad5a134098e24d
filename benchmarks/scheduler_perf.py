"""Kubernetes' own scheduler benchmark, workload by workload: `python -m benchmarks.scheduler_perf [NUMBER ...]`.

The workloads are those of `test/integration/scheduler_perf` in kubernetes/kubernetes: nodes and some pods are
there, then the measured pods are created at the API server, each with a spec of its own, scheduled, bound
through the API server and seen bound by a watcher. No kubelet and no controller runs. Printed is how many
measured pods a second were seen bound, beside the threshold below which Kubernetes' CI fails (on machines with
more cores). `--scale 0.1` makes nodes and pods a tenth; a workload that takes longer than `--seconds` is
stopped, and what it came to is marked with `<`. What happens "every 200 ms" beside the measured pods goes by
the wall clock.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace
from rich.console import Console
from rich.table import Table

import actors
from orchestrator import Cluster
from orchestrator.api import codec
from orchestrator.api.core.v1 import (
    Node,
    PersistentVolumeClaim,
    PersistentVolumeClaimVolumeSource,
    Pod,
    Volume,
)
from orchestrator.apiserver.admission import Admission
from orchestrator.protocol import ApiError

ZONE: Final = "topology.kubernetes.io/zone"
HOST: Final = "kubernetes.io/hostname"
DRIVER: Final = "csi.example.com"
_CHUNK: Final = 500  # pods that are created together
_AHEAD: Final = 4_000  # pods that may wait to be bound

_WITH_STATUS: Final[Mapping[str, type[Any]]] = {
    "Node": Node,
    "PersistentVolumeClaim": PersistentVolumeClaim,
}

Document = dict[str, Any]


class Workload(Struct, frozen=True):
    """One row of the table. `before` and `measured` give pods, `nodes` documents of nodes.

    `beside` is called with how many seconds have passed and answers what is created or deleted since.
    """

    number: int
    name: str
    threshold: float
    nodes: Callable[[float], Iterator[Document]]
    before: Callable[[float], Iterator[Pod]]
    measured: Callable[[float], Iterator[Pod]]
    objects: Callable[[float], Iterator[Document]] = lambda scale: iter(())
    beside: "Callable[[float], Beside] | None" = None
    started: bool = True  # whether the pods that are there must have nodes


# --- pods and nodes --------------------------------------------------------------------------------


def pod(
    cpu: str = "100m",
    memory: str = "500Mi",
    *,
    labels: Mapping[str, str] | None = None,
    resources: Mapping[str, str] | None = None,
    **spec: Any,
) -> Pod:
    """The pattern of pods; the default one asks for 100m and 500Mi."""
    amounts = {"cpu": cpu, "memory": memory, **(resources or {})}
    container = {"name": "c", "image": "i", "resources": {"requests": amounts, "limits": amounts}}
    document = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "pattern", "labels": dict(labels or {})},
        "spec": {"containers": [container], **spec},
    }
    return codec.from_dict(document, Pod)


def pods(
    pattern: Pod, count: float, prefix: str, namespace: Callable[[int], str] = lambda n: "default"
) -> Iterator[Pod]:
    """Pods after a pattern, each with a spec object of its own."""
    for number in range(int(count)):
        yield _named(pattern, f"{prefix}-{number}", namespace(number))


def _named(pattern: Pod, name: str, namespace: str) -> Pod:
    assert pattern.spec is not None
    metadata = replace(pattern.metadata, name=name, namespace=namespace)
    return replace(pattern, metadata=metadata, spec=replace(pattern.spec))


def node(name: str, *, zone: str = "", cpu: str = "4", most: str = "110", **more: Any) -> Document:
    """A node of 4 CPUs and 32Gi."""
    labels = {HOST: name} | ({ZONE: zone} if zone else {})
    offers = {"cpu": cpu, "memory": "32Gi", "pods": most, **more.pop("offers", {})}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels},
        "spec": more,
        "status": {"capacity": offers, "allocatable": offers},
    }


def nodes(count: int, *zones: str, **more: Any) -> Callable[[float], Iterator[Document]]:
    """So many nodes, in turn in each of the zones."""

    def make(scale: float) -> Iterator[Document]:
        for number in range(max(int(count * scale), 3)):
            zone = zones[number % len(zones)] if zones else ""
            yield node(f"node-{number}", zone=zone, **more)

    return make


def many(
    pattern: Pod, count: int, prefix: str, namespace: Callable[[int], str] = lambda n: "default"
) -> Callable[[float], Iterator[Pod]]:
    """So many pods after a pattern."""
    return lambda scale: pods(pattern, max(count * scale, 1), prefix, namespace)


def nothing(scale: float) -> Iterator[Any]:
    """No pods."""
    return iter(())


def _term(key: str, color: str, **more: Any) -> Document:
    where = more or {"namespaces": ["sched-0", "sched-1"]}
    return {"labelSelector": {"matchLabels": {"color": color}}, "topologyKey": key, **where}


def affine(kind: str, key: str, color: str, *, required: bool, **where: Any) -> Pod:
    """A pod of a color that is drawn to, or away from, pods of that color."""
    term = _term(key, color, **where)
    rule = (
        {"requiredDuringSchedulingIgnoredDuringExecution": [term]}
        if required
        else {
            "preferredDuringSchedulingIgnoredDuringExecution": [
                {"weight": 1, "podAffinityTerm": term}
            ]
        }
    )
    return pod(labels={"color": color}, affinity={kind: rule})


def spreading(key: str, skew: int, unsatisfiable: str, **more: Any) -> Pod:
    """A pod that spreads with those of its color."""
    constraint = {
        "maxSkew": skew,
        "topologyKey": key,
        "whenUnsatisfiable": unsatisfiable,
        "labelSelector": {"matchLabels": {"color": "blue"}},
        **more,
    }
    return pod(labels={"color": "blue"}, topologySpreadConstraints=[constraint])


def _by_name(name: str) -> Document:
    field = {"key": "metadata.name", "operator": "In", "values": [name]}
    return _node_affinity({"matchFields": [field]})


def _node_affinity(term: Document) -> Document:
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}
    return {"nodeAffinity": required}


def _sched(number: int) -> str:
    return f"sched-{number % 2}"


def _team(number: int) -> str:
    return f"team-{number % 100}"


def namespaces(scale: float) -> Iterator[Document]:
    """The hundred namespaces of one team."""
    for number in range(100):
        metadata = {"name": f"team-{number}", "labels": {"team": "devops"}}
        yield {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}


def volumes(count: int, **source: Any) -> Callable[[float], Iterator[Document]]:
    """Volumes and claims, bound to each other."""

    def make(scale: float) -> Iterator[Document]:
        for number in range(int(count * scale)):
            name = f"data-{number}"
            size = {"storage": "1Gi"}
            common = {"accessModes": ["ReadWriteOnce"]}
            given = {k: {**v, "volumeHandle": name} if k == "csi" else v for k, v in source.items()}
            ref = {"namespace": "default", "name": name, "kind": "PersistentVolumeClaim"}
            yield {
                "apiVersion": "v1",
                "kind": "PersistentVolume",
                "metadata": {"name": name},
                "spec": {**common, "capacity": size, "claimRef": ref, **given},
            }
            yield {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "metadata": {
                    "name": name,
                    "namespace": "default",
                    "annotations": {"pv.kubernetes.io/bind-completed": "yes"},
                },
                "spec": {
                    **common,
                    "volumeName": name,
                    "storageClassName": "",
                    "resources": {"requests": size},
                },
                "status": {"phase": "Bound", "capacity": size, **common},
            }

    return make


def drivers(count: int) -> Callable[[float], Iterator[Document]]:
    """What the driver of volumes can attach to each node."""

    def make(scale: float) -> Iterator[Document]:
        for number in range(max(int(count * scale), 3)):
            entry = {"name": DRIVER, "nodeID": "n", "allocatable": {"count": 39}}
            yield {
                "apiVersion": "storage.k8s.io/v1",
                "kind": "CSINode",
                "metadata": {"name": f"node-{number}"},
                "spec": {"drivers": [entry]},
            }

    return make


def claiming(count: int, prefix: str) -> Callable[[float], Iterator[Pod]]:
    """Pods with a claim each."""

    def make(scale: float) -> Iterator[Pod]:
        for number, each in enumerate(pods(pod(), count * scale, prefix)):
            claim = PersistentVolumeClaimVolumeSource(claim_name=f"data-{number}")
            volumes = (Volume(name="data", persistent_volume_claim=claim),)
            assert each.spec is not None
            yield replace(each, spec=replace(each.spec, volumes=volumes))

    return make


# --- what goes on beside the measured pods --------------------------------------------------------------


class Beside:
    """Creates or deletes something each so many seconds of the wall clock."""

    def __init__(self, every: float, act: Callable[[Cluster, int], Any]) -> None:
        self._every, self._act, self._done = every, act, 0

    async def until(self, cluster: Cluster, seconds: float) -> None:
        """Catch up with the clock."""
        while self._done * self._every <= seconds:
            with suppress(ApiError):  # it has gone, or is there, already
                await self._act(cluster, self._done)
            self._done += 1


def creating(pattern: Pod, every: float) -> Callable[[float], Beside]:
    """A pod after a pattern, again and again."""

    async def act(cluster: Cluster, number: int) -> None:
        await cluster.client.create(_named(pattern, f"beside-{number}", "default"))

    return lambda scale: Beside(every, act)


def deleting(prefix: str, every: float) -> Callable[[float], Beside]:
    """One of the pods that are there, again and again."""

    async def act(cluster: Cluster, number: int) -> None:
        await cluster.client.delete(Pod, f"{prefix}-{number}", namespace="default")

    return lambda scale: Beside(every, act)


def churning(every: float) -> Callable[[float], Beside]:
    """A node, a pod that fits nowhere and a Service come, and those before them go."""
    large = pod("9", "500Mi")

    async def act(cluster: Cluster, number: int) -> None:
        service = {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": f"churn-{number}", "namespace": "default"},
            "spec": {"selector": {"app": "x"}, "ports": [{"port": 80}]},
        }
        await cluster.apply([node(f"churn-{number}"), service])
        await cluster.client.create(_named(large, f"churn-{number}", "default"))
        if number:
            before = f"churn-{number - 1}"
            await cluster.client.delete(Node, before)
            await cluster.client.delete(Pod, before, namespace="default")

    return lambda scale: Beside(every, act)


# --- the workloads -----------------------------------------------------------------------------------

_LOW: Final = pod("900m", "500Mi", terminationGracePeriodSeconds=0)
_HIGH: Final = pod("3", "500Mi", priorityClassName="high")
_GREEN: Final = affine("podAntiAffinity", HOST, "green", required=True)
_BLUE: Final = affine("podAffinity", ZONE, "blue", required=True)
_RED: Final = affine("podAffinity", HOST, "red", required=False)
_YELLOW: Final = affine("podAntiAffinity", HOST, "yellow", required=False)
_TEAM: Final = {"namespaceSelector": {"matchLabels": {"team": "devops"}}}
_ZONES: Final = ("zone1", "zone2", "zone3")


def workloads() -> Iterator[Workload]:
    """The rows of the table."""
    default, tiny = pod(), pod("1m", "1Mi")
    plain, zone1, zones = nodes(5000), nodes(5000, "zone1"), nodes(5000, *_ZONES)
    yield Workload(
        1,
        "SchedulingBasic 10000Pods",
        680,
        plain,
        many(default, 1000, "init"),
        many(default, 10000, "p"),
    )
    yield Workload(
        2,
        "SchedulingBasic 50000Pods",
        810,
        plain,
        many(default, 5000, "init"),
        many(default, 50000, "p"),
    )

    def with_named(scale: float) -> Iterator[Document]:
        yield from nodes(15000)(scale)
        yield node("the-one", cpu="1000", most="100000")

    pinned = pod("1m", "1Mi", affinity=_by_name("the-one"))
    yield Workload(3, "SchedulingDaemonset", 1100, with_named, nothing, many(pinned, 30000, "p"))
    yield Workload(
        4,
        "PreemptionAsync",
        570,
        plain,
        many(_LOW, 20000, "low"),
        many(default, 5000, "p"),
        beside=creating(_HIGH, 0.2),
    )
    large = pod("9", "500Mi", priorityClassName="high")
    yield Workload(
        5,
        "Unschedulable 20kInit",
        600,
        plain,
        many(large, 20000, "init"),
        many(default, 10000, "p"),
        beside=creating(large, 0.2),
        started=False,
    )
    yield Workload(
        6,
        "SchedulingWithMixedChurn",
        710,
        plain,
        nothing,
        many(default, 10000, "p"),
        beside=churning(1.0),
    )
    gated = pod("1m", "1Mi", schedulingGates=[{"name": "example.com/wait"}])

    def gated_and_leaving(scale: float) -> Iterator[Pod]:
        yield from many(gated, 10000, "gated")(scale)
        yield from many(pod("1m", "1Mi", nodeName="node-0"), 20000, "leaving")(scale)

    one = lambda scale: iter([node("node-0", cpu="4000", most="90000", offers={"memory": "1Ti"})])  # noqa: E731  # a table's cell
    yield Workload(
        7,
        "SchedulingWhileGated",
        910,
        one,
        gated_and_leaving,
        many(tiny, 20000, "p"),
        beside=deleting("leaving", 0.02),
        started=False,
    )
    held = replace(tiny, metadata=replace(tiny.metadata, finalizers=("example.com/held",)))
    yield Workload(
        8,
        "DeletedPodsWithFinalizers",
        830,
        plain,
        many(held, 5000, "held"),
        many(tiny, 5000, "p"),
        beside=deleting("held", 0.01),
    )
    extended = pod(resources={"example.com/foo": "1"})
    yield Workload(
        9,
        "ExtendedResource",
        180,
        nodes(5000, offers={"example.com/foo": "1"}),
        nothing,
        many(extended, 5000, "p"),
    )
    yield Workload(
        10,
        "PodAntiAffinity",
        60,
        plain,
        many(_GREEN, 1000, "init", lambda n: "sched-0"),
        many(_GREEN, 2000, "p", lambda n: "sched-1"),
    )
    green = pod(labels={"color": "green"})
    yield Workload(
        11,
        "PodMatchingAntiAffinity",
        595,
        plain,
        many(_GREEN, 1000, "init", lambda n: "sched-0"),
        many(green, 5000, "p", lambda n: "sched-1"),
    )
    yield Workload(
        12,
        "PodAffinity",
        35,
        zone1,
        many(_BLUE, 5000, "init", lambda n: "sched-0"),
        many(_BLUE, 5000, "p", lambda n: "sched-1"),
    )
    yield Workload(
        13,
        "PreferredPodAffinity",
        90,
        plain,
        many(_RED, 5000, "init", lambda n: "sched-0"),
        many(_RED, 5000, "p", lambda n: "sched-1"),
    )
    yield Workload(
        14,
        "PreferredPodAntiAffinity",
        90,
        plain,
        many(_YELLOW, 5000, "init", lambda n: "sched-0"),
        many(_YELLOW, 5000, "p", lambda n: "sched-1"),
    )
    in_zone = pod(
        affinity=_node_affinity(
            {"matchExpressions": [{"key": ZONE, "operator": "In", "values": ["zone1", "zone2"]}]}
        )
    )
    yield Workload(
        15, "NodeAffinity", 220, zone1, many(in_zone, 5000, "init"), many(in_zone, 10000, "p")
    )

    def mixed(scale: float) -> Iterator[Pod]:
        for number, pattern in enumerate((default, _BLUE, _GREEN, _RED, _YELLOW)):
            yield from many(pattern, 2000, f"init{number}", lambda n: "sched-0")(scale)

    yield Workload(16, "MixedSchedulingBasePod", 140, zone1, mixed, many(default, 5000, "p"))
    team = affine("podAntiAffinity", HOST, "green", required=True, **_TEAM)
    liking = affine("podAntiAffinity", HOST, "green", required=False, **_TEAM)
    yield Workload(
        17,
        "RequiredPodAntiAffinityWithNSSelector",
        24,
        nodes(6000),
        many(team, 4000, "init", _team),
        many(team, 2000, "p", _team),
        objects=namespaces,
    )
    yield Workload(
        18,
        "PreferredPodAntiAffinityWithNSSelector",
        55,
        plain,
        many(liking, 4000, "init", _team),
        many(liking, 2000, "p", _team),
        objects=namespaces,
    )
    yield Workload(
        19,
        "TopologySpreading",
        460,
        zones,
        many(default, 5000, "init"),
        many(spreading(ZONE, 5, "DoNotSchedule"), 5000, "p"),
    )
    yield Workload(
        20,
        "PreferredTopologySpreading",
        340,
        zones,
        many(default, 5000, "init"),
        many(spreading(ZONE, 5, "ScheduleAnyway"), 5000, "p"),
    )

    def service(scale: float) -> Iterator[Document]:
        yield {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "s", "namespace": "default"},
            "spec": {"selector": {"app": "s"}, "ports": [{"port": 80}]},
        }

    yield Workload(
        21,
        "DefaultTopologySpreading",
        160,
        zones,
        many(default, 5000, "init"),
        many(pod(labels={"app": "s"}), 50000, "p"),
        objects=service,
    )

    def some_tainted(scale: float) -> Iterator[Document]:
        yield from nodes(4000)(scale)
        taint = {"key": "foo", "effect": "NoSchedule"}
        for number in range(int(1000 * scale)):
            yield node(f"tainted-{number}", taints=[taint])

    honoring = spreading(HOST, 1, "DoNotSchedule", nodeTaintsPolicy="Honor")
    yield Workload(22, "NodeInclusionPolicy", 270, some_tainted, nothing, many(honoring, 4000, "p"))
    secret = pod(volumes=[{"name": "s", "secret": {"secretName": "secret"}}])
    yield Workload(
        23, "SchedulingSecrets", 790, plain, many(secret, 1000, "init"), many(secret, 10000, "p")
    )
    disk = {"awsElasticBlockStore": {"volumeID": "v"}}
    yield Workload(
        24,
        "InTreePVs",
        290,
        plain,
        many(default, 1000, "init"),
        claiming(2000, "p"),
        objects=volumes(2000, **disk),
    )

    def attached(scale: float) -> Iterator[Document]:
        yield from drivers(5000)(scale)
        yield from volumes(5000, csi={"driver": DRIVER})(scale)

    yield Workload(
        25, "CSIPVs", 100, plain, many(default, 5000, "init"), claiming(5000, "p"), objects=attached
    )
    yield Workload(
        26, "PreemptionBasic", 0, nodes(1000), many(_LOW, 4000, "low"), many(_HIGH, 1000, "p")
    )


# --- measuring ---------------------------------------------------------------------------------------


class Outcome(Struct, frozen=True):
    """Measured pods that were seen bound, and the seconds that they took: of the wall clock, and of a core."""

    bound: int
    asked: int
    seconds: float
    cpu_seconds: float


class _Seen:
    """What a watcher has seen: the pods that have a node, by the beginning of their names."""

    def __init__(self) -> None:
        self.measured = self.before = 0

    async def watch(self, cluster: Cluster) -> None:
        known: set[str] = set()
        async with cluster.client.watch(Pod) as events:
            async for event in events:
                self._look(event.object, known)

    def _look(self, each: Pod, known: set[str]) -> None:
        spec, name = each.spec, each.metadata.name
        if spec is None or not spec.node_name or each.metadata.uid in known:
            return
        known.add(each.metadata.uid)
        if name.startswith("p-"):
            self.measured += 1
        else:
            self.before += 1


async def run(workload: Workload, scale: float, limit: float) -> Outcome:
    """Run one workload, for so many seconds at most."""
    admission = Admission(disable=("ServiceAccount", "TaintNodesByCondition"))
    async with Cluster(nodes=0, controllers=[], proxies=False, admission=admission) as cluster:
        await _furnish(cluster, workload, scale)
        seen = _Seen()
        watching = asyncio.ensure_future(seen.watch(cluster))
        began = time.perf_counter()
        created = await _create(
            cluster, workload.before(scale), lambda: seen.before, None, began, limit
        )
        while workload.started and seen.before < created and time.perf_counter() - began < limit:
            await cluster.clock.sleep(0.01)
        beside = workload.beside(scale) if workload.beside is not None else None
        began, core = time.perf_counter(), time.process_time()
        asked = await _create(
            cluster, workload.measured(scale), lambda: seen.measured, beside, began, limit
        )
        while seen.measured < asked and (passed := time.perf_counter() - began) < limit:
            if beside is not None:
                await beside.until(cluster, passed)
            await cluster.clock.sleep(0.01)
        seconds, cpu = time.perf_counter() - began, time.process_time() - core
        outcome = Outcome(seen.measured, asked, seconds, cpu)
        if watching.done():
            watching.result()  # what it raised
        watching.cancel()
        return outcome


async def _furnish(cluster: Cluster, workload: Workload, scale: float) -> None:
    """Namespaces, classes, nodes and what else is there before any pod."""
    everything: list[Document] = [
        *(
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": f"sched-{n}"}}
            for n in (0, 1)
        ),
        {
            "apiVersion": "scheduling.k8s.io/v1",
            "kind": "PriorityClass",
            "metadata": {"name": "high"},
            "value": 10,
        },
        *workload.nodes(scale),
        *workload.objects(scale),
    ]
    for document in everything:
        made: Any = await cluster.client.create(document)
        kind = _WITH_STATUS.get(document["kind"])
        if kind is not None:
            given: Any = codec.from_dict(document, kind)
            await cluster.client.update_status(replace(made, status=given.status))


async def _create(
    cluster: Cluster,
    wanted: Iterator[Pod],
    bound: Callable[[], int],
    beside: Beside | None,
    began: float,
    limit: float,
) -> int:
    """Create pods, not too many ahead of the scheduler; answers how many."""
    created = 0
    chunk: list[Pod] = []
    for each in wanted:
        chunk.append(each)
        if len(chunk) < _CHUNK:
            continue
        created += len(chunk)
        await cluster.client.create_all(chunk)
        chunk = []
        passed = time.perf_counter() - began
        if beside is not None:
            await beside.until(cluster, passed)
        if passed > limit:
            return created
        await cluster.clock.sleep(0.001)
    if chunk:
        created += len(chunk)
        await cluster.client.create_all(chunk)
    return created


def main() -> None:
    """Print the table, and each row of it as soon as it is known."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("numbers", type=int, nargs="*")
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--seconds", type=float, default=600.0)
    given = parser.parse_args()
    table = Table("#", "workload", "pods", "seconds", "CPU s", "pods/s", "threshold", "times")
    for workload in workloads():
        if given.numbers and workload.number not in given.numbers:
            continue
        found = actors.run(run, workload, given.scale, given.seconds, virtual=False)
        row = _row(workload, found)
        print(*row, sep="\t", file=sys.stderr, flush=True)
        table.add_row(*row)
    Console(width=110).print(table)


def _row(workload: Workload, found: Outcome) -> tuple[str, ...]:
    rate = found.bound / found.seconds if found.seconds else 0.0
    mark = "" if found.bound == found.asked else "<"
    return (
        str(workload.number),
        workload.name,
        f"{mark}{found.bound}",
        f"{found.seconds:.2f}",
        f"{found.cpu_seconds:.2f}",
        f"{rate:.0f}",
        f"{workload.threshold:.0f}",
        f"{rate / workload.threshold:.1f}" if workload.threshold else "",
    )


if __name__ == "__main__":
    main()
