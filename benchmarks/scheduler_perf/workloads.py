"""The rows of the table: the workloads of `test/integration/scheduler_perf` in kubernetes/kubernetes."""

from collections.abc import Callable, Iterator
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from benchmarks.scheduler_perf.beside import Beside, churning, creating, deleting
from benchmarks.scheduler_perf.objects import (
    DRIVER,
    HOST,
    ZONE,
    Document,
    affine,
    by_name,
    claiming,
    drivers,
    many,
    namespaces,
    node,
    node_affinity,
    nodes,
    nothing,
    pod,
    spreading,
    team,
    volumes,
)
from orchestrator.api.core.v1 import Pod


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
    beside: Callable[[float], Beside] | None = None
    started: bool = True  # whether the pods that are there must have nodes
    on_demand: bool = (
        False  # whether it is run only when its number is given: it takes many minutes
    )


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

    pinned = pod("1m", "1Mi", affinity=by_name("the-one"))
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
        affinity=node_affinity(
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
    away = affine("podAntiAffinity", HOST, "green", required=True, **_TEAM)
    liking = affine("podAntiAffinity", HOST, "green", required=False, **_TEAM)
    yield Workload(
        17,
        "RequiredPodAntiAffinityWithNSSelector",
        24,
        nodes(6000),
        many(away, 4000, "init", team),
        many(away, 2000, "p", team),
        objects=namespaces,
    )
    yield Workload(
        18,
        "PreferredPodAntiAffinityWithNSSelector",
        55,
        plain,
        many(liking, 4000, "init", team),
        many(liking, 2000, "p", team),
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
    # Not of Kubernetes' benchmark: the largest cluster that a provider has shown, and its rate.
    yield Workload(
        27,
        "LargestCluster 500000Pods",
        1000,
        nodes(130_000),
        nothing,
        many(default, 500_000, "p"),
        on_demand=True,
    )
