"""What one decision costs against the number of nodes: `python -m benchmarks.decisions [NODES ...]`.

Pods of one kind come one after another to nodes in three zones, each with a spec object of its own; counted is
the scheduler's part alone: to choose a node, to reserve there what is claimed, and to count the pod there. Each row
asks what one plugin judges, beside what all pods ask. Where a row makes room all nodes are full: it counts the refusal,
whom to evict, and the decision when they have gone. Printed are microseconds of a core for a pod, at each number of
nodes.
"""

import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Any, Final

from msgspec.structs import replace
from rich.console import Console
from rich.table import Table

from benchmarks.scheduler_perf.objects import (
    DRIVER,
    HOST,
    ZONE,
    Document,
    affine,
    drivers,
    node,
    pod,
    spreading,
    volumes,
)
from orchestrator.api import codec
from orchestrator.api.core.v1 import (
    Namespace,
    Node,
    PersistentVolumeClaimVolumeSource,
    Pod,
    PodResourceClaim,
    Volume,
)
from orchestrator.api.scheme import DEFAULT, resource_of
from orchestrator.client import Cache, Change
from orchestrator.scheduler import DEFAULT_PROFILE
from orchestrator.scheduler.changes import follow_devices, labels_of_namespace
from orchestrator.scheduler.cycle import Cycle
from orchestrator.scheduler.nominations import Nominations
from orchestrator.scheduler.snapshot import Snapshot

NODES: Final = (100, 1000, 5000, 15_000)
_PODS: Final = 500
_EVERYWHERE: Final = {"namespaces": ["default"]}
_FULL: Final = 8  # so many pods without priority fill a node
_DEVICES: Final = "resource.k8s.io/v1"


def _as_it_is(pattern: Pod, number: int) -> Pod:
    return pattern


def _nothing(size: int) -> Iterable[Document]:
    return ()


@dataclass(frozen=True)
class Kind:
    """Pods that one plugin has something to say about: each as `own` makes it of the pattern.

    `objects` are there beside so many nodes; `full`: others have to go for them.
    """

    plugin: str
    pattern: Pod
    own: Callable[[Pod, int], Pod] = _as_it_is
    objects: Callable[[int], Iterable[Document]] = _nothing
    full: bool = False
    pods: int = _PODS


def kinds() -> tuple[Kind, ...]:
    """The rows of the table."""
    in_zones = {"matchExpressions": [{"key": ZONE, "operator": "In", "values": ["zone1", "zone2"]}]}
    terms = {"nodeSelectorTerms": [in_zones]}
    required = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}}
    preferred = {
        "nodeAffinity": {
            "preferredDuringSchedulingIgnoredDuringExecution": [
                {"weight": 1, "preference": in_zones}
            ]
        }
    }
    tolerations = [{"key": "a", "operator": "Exists", "effect": "PreferNoSchedule"}]
    return (
        Kind("NodeResourcesFit, BalancedAllocation (all pods)", pod()),
        Kind("TaintToleration", pod(tolerations=tolerations)),
        Kind("NodeAffinity, required", pod(affinity=required)),
        Kind("NodeAffinity, preferred", pod(affinity=preferred)),
        Kind("InterPodAffinity, zone, required", _near("podAffinity", ZONE, required=True)),
        Kind("InterPodAffinity, host, away", _near("podAntiAffinity", HOST, required=True)),
        Kind("InterPodAffinity, host, preferred", _near("podAffinity", HOST, required=False)),
        Kind("PodTopologySpread, zone, DoNotSchedule", spreading(ZONE, 5, "DoNotSchedule")),
        Kind("PodTopologySpread, zone, ScheduleAnyway", spreading(ZONE, 5, "ScheduleAnyway")),
        Kind("PodTopologySpread, host, ScheduleAnyway", spreading(HOST, 3, "ScheduleAnyway")),
        Kind("ImageLocality", _with_image()),
        Kind("NodePorts", _with_ports()),
        Kind("NodeUnschedulable", pod(tolerations=[{"operator": "Exists"}])),
        Kind("NodeAffinity, metadata.name", pod(), own=_at_one_node),
        Kind(
            "VolumeBinding, VolumeZone, VolumeRestrictions, NodeVolumeLimits",
            pod(),
            own=_with_volume,
            objects=_of_volumes,
        ),
        Kind("DynamicResources", pod(), own=_with_devices, objects=_of_devices, pods=_PODS // 10),
        Kind("DefaultPreemption", pod("500m", priority=10), full=True),
    )


def _near(kind: str, key: str, *, required: bool) -> Pod:
    return affine(kind, key, "red", required=required, **_EVERYWHERE)


def _with_image() -> Pod:
    pattern = pod()
    assert pattern.spec is not None
    containers = tuple(replace(each, image="large:1") for each in pattern.spec.containers)
    return replace(pattern, spec=replace(pattern.spec, containers=containers))


def _with_ports() -> Pod:
    ports = [{"containerPort": 80, "hostPort": 80}]
    document = codec.to_dict(pod())
    document["spec"]["containers"][0]["ports"] = ports
    return codec.from_dict(document, Pod)


def _at_one_node(pattern: Pod, number: int) -> Pod:
    """A pod of a daemon set, as its controller makes them."""
    at = [{"key": "metadata.name", "operator": "In", "values": [f"n{number % NODES[0]}"]}]
    terms = {"nodeSelectorTerms": [{"matchFields": at}]}
    required = {"requiredDuringSchedulingIgnoredDuringExecution": terms}
    return pod(affinity={"nodeAffinity": required})


def _with_volume(pattern: Pod, number: int) -> Pod:
    assert pattern.spec is not None
    source = PersistentVolumeClaimVolumeSource(claim_name=f"data-{number}")
    volume = Volume(name="data", persistent_volume_claim=source)
    return replace(pattern, spec=replace(pattern.spec, volumes=(volume,)))


def _of_volumes(size: int) -> Iterable[Document]:
    """A bound volume a pod, in one of the zones, and what each node can attach."""
    in_zone = {"matchExpressions": [{"key": ZONE, "operator": "In", "values": ["zone1", "zone2"]}]}
    where = {"required": {"nodeSelectorTerms": [in_zone]}}
    yield from volumes(_PODS, csi={"driver": DRIVER}, nodeAffinity=where)(1)
    for number, document in enumerate(drivers(size)(1)):
        yield {**document, "metadata": {"name": f"n{number}"}}


def _with_devices(pattern: Pod, number: int) -> Pod:
    assert pattern.spec is not None
    claim = PodResourceClaim(name="c", resource_claim_name=f"claim-{number}")
    return replace(pattern, spec=replace(pattern.spec, resource_claims=(claim,)))


def _of_devices(size: int) -> Iterable[Document]:
    """A claim a pod, and eight devices a node."""
    yield {
        "apiVersion": _DEVICES,
        "kind": "DeviceClass",
        "metadata": {"name": "gpu"},
        "spec": {"selectors": [{"cel": {"expression": "device.driver == 'gpu.example.com'"}}]},
    }
    devices = [{"name": f"d{number}"} for number in range(8)]
    for number in range(size):
        pool = {"name": f"n{number}", "generation": 1, "resourceSliceCount": 1}
        yield {
            "apiVersion": _DEVICES,
            "kind": "ResourceSlice",
            "metadata": {"name": f"s{number}", "uid": f"s{number}"},
            "spec": {
                "driver": "gpu.example.com",
                "nodeName": f"n{number}",
                "pool": pool,
                "devices": devices,
            },
        }
    requests = [{"name": "r", "exactly": {"deviceClassName": "gpu"}}]
    for number in range(_PODS):
        name = f"claim-{number}"
        yield {
            "apiVersion": _DEVICES,
            "kind": "ResourceClaim",
            "metadata": {"name": name, "namespace": "default", "uid": name},
            "spec": {"devices": {"requests": requests}},
        }


def nodes(count: int, kind: Kind) -> Snapshot:
    """So many nodes, and what else a kind of pods looks at; each third has an image that pods may ask for."""
    snapshot = Snapshot()
    _put_objects(snapshot, kind.objects(count))
    for number in range(count):
        document = node(f"n{number}", zone=f"zone{number % 3 + 1}")
        if number % 3 == 0:
            document["status"]["images"] = [{"names": ["large:1"], "sizeBytes": 700_000_000}]
        snapshot.put_node(codec.from_dict(document, Node))
        for each in range(_FULL if kind.full else 0):
            there = _another(pod("500m"), f"b{number}-{each}")
            snapshot.add_pod(there.metadata.uid, there, f"n{number}")
    return snapshot


def _put_objects(snapshot: Snapshot, documents: Iterable[Document]) -> None:
    """What plugins watch, in caches as reflectors keep it."""
    caches: dict[type, Cache[Any]] = {
        kind: Cache(resource_of(kind)) for kind in DEFAULT_PROFILE.watches()
    }
    snapshot.objects.update(caches)
    for document in documents:
        obj = codec.decode_any(document, DEFAULT)[1]
        caches[type(obj)].put(obj)
        follow_devices(type(obj), Change(None, obj), snapshot)
    snapshot.populations.labels_of = partial(labels_of_namespace, caches[Namespace])


def cost(kind: Kind, snapshot: Snapshot) -> float:
    """Seconds of a core for one pod."""
    cycle, random = Cycle(DEFAULT_PROFILE, snapshot, Nominations()), Random(1)
    given = [_another(kind.own(kind.pattern, number), f"p{number}") for number in range(kind.pods)]
    began = time.process_time()
    for each in given:
        choice = cycle.choose(each, random)
        if kind.full and not isinstance(choice, str):
            room = cycle.make_room(each, choice).nomination
            assert room is not None
            for victim in room.victims:
                snapshot.remove_pod(victim.metadata.uid, room.node)
            choice = cycle.choose(each, random)
        if isinstance(choice, str):
            snapshot.add_pod(each.metadata.uid, each, choice)
    return (time.process_time() - began) / kind.pods


def _another(pattern: Pod, name: str) -> Pod:
    assert pattern.spec is not None
    metadata = replace(pattern.metadata, name=name, namespace="default", uid=name)
    return replace(pattern, metadata=metadata, spec=replace(pattern.spec))


def table(sizes: tuple[int, ...]) -> Mapping[str, list[float]]:
    """By row the microseconds at each size."""
    found: dict[str, list[float]] = {each.plugin: [] for each in kinds()}
    for size in sizes:
        for each in kinds():
            found[each.plugin].append(1e6 * cost(each, nodes(size, each)))
    return found


def main() -> None:
    """Print the table."""
    sizes = tuple(map(int, sys.argv[1:])) or NODES
    printed = Table("pods that ask for", *(f"{size:,} nodes" for size in sizes))
    for name, costs in table(sizes).items():
        printed.add_row(name, *(f"{each:.0f}" for each in costs))
    Console(width=110).print(printed)


if __name__ == "__main__":
    main()
