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
    threshold: float  # pods a second
    nodes: Callable[[float], Iterator[Document]]
    before: Callable[[float], Iterator[Pod]]
    measured: Callable[[float], Iterator[Pod]]
    objects: Callable[[float], Iterator[Document]] = nothing
    beside: Callable[[float], Beside] | None = None
    started: bool = True  # whether the pods that are there must have nodes
    on_demand: bool = (
        False  # whether it is run only when its number is given: it takes many minutes
    )


# --- nodes -----------------------------------------------------------------------------------

_ZONES: Final = ("zone1", "zone2", "zone3")
_PLAIN: Final = nodes(5000)
_ONE_ZONE: Final = nodes(5000, "zone1")
_THREE_ZONES: Final = nodes(5000, *_ZONES)


def _with_the_one(scale: float) -> Iterator[Document]:
    yield from nodes(15000)(scale)
    yield node("the-one", cpu="1000", most="100000")


def _one_large(_scale: float) -> Iterator[Document]:
    yield node("node-0", cpu="4000", most="90000", offers={"memory": "1Ti"})


def _some_tainted(scale: float) -> Iterator[Document]:
    yield from nodes(4000)(scale)
    taint = {"key": "foo", "effect": "NoSchedule"}
    for number in range(int(1000 * scale)):
        yield node(f"tainted-{number}", taints=[taint])


# --- pods ------------------------------------------------------------------------------------

_DEFAULT: Final = pod()
_TINY: Final = pod("1m", "1Mi")
_LOW: Final = pod("900m", "500Mi", terminationGracePeriodSeconds=0)
_HIGH: Final = pod("3", "500Mi", priorityClassName="high")
_TOO_LARGE: Final = pod("9", "500Mi", priorityClassName="high")
_PINNED: Final = pod("1m", "1Mi", affinity=by_name("the-one"))
_GATED: Final = pod("1m", "1Mi", schedulingGates=[{"name": "example.com/wait"}])
_HELD: Final = replace(_TINY, metadata=replace(_TINY.metadata, finalizers=("example.com/held",)))
_FOO: Final = pod(resources={"example.com/foo": "1"})
_PLAIN_GREEN: Final = pod(labels={"color": "green"})
_GREEN: Final = affine("podAntiAffinity", HOST, "green", required=True)
_BLUE: Final = affine("podAffinity", ZONE, "blue", required=True)
_RED: Final = affine("podAffinity", HOST, "red", required=False)
_YELLOW: Final = affine("podAntiAffinity", HOST, "yellow", required=False)
_TEAM: Final = {"namespaceSelector": {"matchLabels": {"team": "devops"}}}
_AWAY: Final = affine("podAntiAffinity", HOST, "green", required=True, **_TEAM)
_LIKING: Final = affine("podAntiAffinity", HOST, "green", required=False, **_TEAM)
_IN_TWO_ZONES: Final = pod(
    affinity=node_affinity(
        {"matchExpressions": [{"key": ZONE, "operator": "In", "values": ["zone1", "zone2"]}]}
    )
)
_SPREAD: Final = spreading(ZONE, 5, "DoNotSchedule")
_SPREAD_IF_POSSIBLE: Final = spreading(ZONE, 5, "ScheduleAnyway")
_SPREAD_BY_TAINTS: Final = spreading(HOST, 1, "DoNotSchedule", nodeTaintsPolicy="Honor")
_SERVED: Final = pod(labels={"app": "s"})
_SECRET: Final = pod(volumes=[{"name": "s", "secret": {"secretName": "secret"}}])


def _there(_number: int) -> str:
    return "sched-0"


def _here(_number: int) -> str:
    return "sched-1"


def _gated_and_leaving(scale: float) -> Iterator[Pod]:
    yield from many(_GATED, 10000, "gated")(scale)
    yield from many(pod("1m", "1Mi", nodeName="node-0"), 20000, "leaving")(scale)


def _of_each_color(scale: float) -> Iterator[Pod]:
    for number, pattern in enumerate((_DEFAULT, _BLUE, _GREEN, _RED, _YELLOW)):
        yield from many(pattern, 2000, f"init{number}", _there)(scale)


# --- what else is there ------------------------------------------------------------------------


def _service(_scale: float) -> Iterator[Document]:
    yield {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "s", "namespace": "default"},
        "spec": {"selector": {"app": "s"}, "ports": [{"port": 80}]},
    }


def _attached(scale: float) -> Iterator[Document]:
    yield from drivers(5000)(scale)
    yield from volumes(5000, csi={"driver": DRIVER})(scale)


# --- the table ---------------------------------------------------------------------------------

_BASIC: Final = (
    Workload(
        1,
        "SchedulingBasic 10000Pods",
        680,
        _PLAIN,
        before=many(_DEFAULT, 1000, "init"),
        measured=many(_DEFAULT, 10000, "p"),
    ),
    Workload(
        2,
        "SchedulingBasic 50000Pods",
        810,
        _PLAIN,
        before=many(_DEFAULT, 5000, "init"),
        measured=many(_DEFAULT, 50000, "p"),
    ),
    Workload(
        3,
        "SchedulingDaemonset",
        1100,
        _with_the_one,
        before=nothing,
        measured=many(_PINNED, 30000, "p"),
    ),
    Workload(
        4,
        "PreemptionAsync",
        570,
        _PLAIN,
        before=many(_LOW, 20000, "low"),
        measured=many(_DEFAULT, 5000, "p"),
        beside=creating(_HIGH, 0.2),
    ),
    Workload(
        5,
        "Unschedulable 20kInit",
        600,
        _PLAIN,
        before=many(_TOO_LARGE, 20000, "init"),
        measured=many(_DEFAULT, 10000, "p"),
        beside=creating(_TOO_LARGE, 0.2),
        started=False,
    ),
    Workload(
        6,
        "SchedulingWithMixedChurn",
        710,
        _PLAIN,
        before=nothing,
        measured=many(_DEFAULT, 10000, "p"),
        beside=churning(1.0),
    ),
    Workload(
        7,
        "SchedulingWhileGated",
        910,
        _one_large,
        before=_gated_and_leaving,
        measured=many(_TINY, 20000, "p"),
        beside=deleting("leaving", 0.02),
        started=False,
    ),
    Workload(
        8,
        "DeletedPodsWithFinalizers",
        830,
        _PLAIN,
        before=many(_HELD, 5000, "held"),
        measured=many(_TINY, 5000, "p"),
        beside=deleting("held", 0.01),
    ),
    Workload(
        9,
        "ExtendedResource",
        180,
        nodes(5000, offers={"example.com/foo": "1"}),
        before=nothing,
        measured=many(_FOO, 5000, "p"),
    ),
)
_AFFINITY: Final = (
    Workload(
        10,
        "PodAntiAffinity",
        60,
        _PLAIN,
        before=many(_GREEN, 1000, "init", _there),
        measured=many(_GREEN, 2000, "p", _here),
    ),
    Workload(
        11,
        "PodMatchingAntiAffinity",
        595,
        _PLAIN,
        before=many(_GREEN, 1000, "init", _there),
        measured=many(_PLAIN_GREEN, 5000, "p", _here),
    ),
    Workload(
        12,
        "PodAffinity",
        35,
        _ONE_ZONE,
        before=many(_BLUE, 5000, "init", _there),
        measured=many(_BLUE, 5000, "p", _here),
    ),
    Workload(
        13,
        "PreferredPodAffinity",
        90,
        _PLAIN,
        before=many(_RED, 5000, "init", _there),
        measured=many(_RED, 5000, "p", _here),
    ),
    Workload(
        14,
        "PreferredPodAntiAffinity",
        90,
        _PLAIN,
        before=many(_YELLOW, 5000, "init", _there),
        measured=many(_YELLOW, 5000, "p", _here),
    ),
    Workload(
        15,
        "NodeAffinity",
        220,
        _ONE_ZONE,
        before=many(_IN_TWO_ZONES, 5000, "init"),
        measured=many(_IN_TWO_ZONES, 10000, "p"),
    ),
    Workload(
        16,
        "MixedSchedulingBasePod",
        140,
        _ONE_ZONE,
        before=_of_each_color,
        measured=many(_DEFAULT, 5000, "p"),
    ),
    Workload(
        17,
        "RequiredPodAntiAffinityWithNSSelector",
        24,
        nodes(6000),
        before=many(_AWAY, 4000, "init", team),
        measured=many(_AWAY, 2000, "p", team),
        objects=namespaces,
    ),
    Workload(
        18,
        "PreferredPodAntiAffinityWithNSSelector",
        55,
        _PLAIN,
        before=many(_LIKING, 4000, "init", team),
        measured=many(_LIKING, 2000, "p", team),
        objects=namespaces,
    ),
)
_SPREADING: Final = (
    Workload(
        19,
        "TopologySpreading",
        460,
        _THREE_ZONES,
        before=many(_DEFAULT, 5000, "init"),
        measured=many(_SPREAD, 5000, "p"),
    ),
    Workload(
        20,
        "PreferredTopologySpreading",
        340,
        _THREE_ZONES,
        before=many(_DEFAULT, 5000, "init"),
        measured=many(_SPREAD_IF_POSSIBLE, 5000, "p"),
    ),
    Workload(
        21,
        "DefaultTopologySpreading",
        160,
        _THREE_ZONES,
        before=many(_DEFAULT, 5000, "init"),
        measured=many(_SERVED, 50000, "p"),
        objects=_service,
    ),
    Workload(
        22,
        "NodeInclusionPolicy",
        270,
        _some_tainted,
        before=nothing,
        measured=many(_SPREAD_BY_TAINTS, 4000, "p"),
    ),
)
_VOLUMES: Final = (
    Workload(
        23,
        "SchedulingSecrets",
        790,
        _PLAIN,
        before=many(_SECRET, 1000, "init"),
        measured=many(_SECRET, 10000, "p"),
    ),
    Workload(
        24,
        "InTreePVs",
        290,
        _PLAIN,
        before=many(_DEFAULT, 1000, "init"),
        measured=claiming(2000, "p"),
        objects=volumes(2000, awsElasticBlockStore={"volumeID": "v"}),
    ),
    Workload(
        25,
        "CSIPVs",
        100,
        _PLAIN,
        before=many(_DEFAULT, 5000, "init"),
        measured=claiming(5000, "p"),
        objects=_attached,
    ),
)
_PREEMPTION: Final = (
    Workload(
        26,
        "PreemptionBasic",
        0,
        nodes(1000),
        before=many(_LOW, 4000, "low"),
        measured=many(_HIGH, 1000, "p"),
    ),
)
# Not of Kubernetes' benchmark: the largest cluster that a provider has shown, and its rate.
_LARGEST: Final = Workload(
    27,
    "LargestCluster 500000Pods",
    1000,
    nodes(130_000),
    before=nothing,
    measured=many(_DEFAULT, 500_000, "p"),
    on_demand=True,
)

WORKLOADS: Final = (*_BASIC, *_AFFINITY, *_SPREADING, *_VOLUMES, *_PREEMPTION, _LARGEST)
"""The rows of the table, by their numbers."""
