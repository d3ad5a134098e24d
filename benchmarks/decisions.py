"""What one decision costs against the number of nodes: `python -m benchmarks.decisions [NODES ...]`.

Pods of one kind come one after another to nodes in three zones, each with a spec object of its own; counted is
the scheduler's part alone: to choose a node and to count the pod there. Each row asks what one plugin judges,
beside what all pods ask. Printed are microseconds of a core for a pod, at each number of nodes.
"""

import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Final

from msgspec.structs import replace
from rich.console import Console
from rich.table import Table

from benchmarks.scheduler_perf.objects import HOST, ZONE, affine, node, pod, spreading
from orchestrator.api import codec
from orchestrator.api.core.v1 import Node, Pod
from orchestrator.scheduler import DEFAULT_PROFILE
from orchestrator.scheduler.placement import Placement
from orchestrator.scheduler.snapshot import Snapshot

NODES: Final = (100, 1000, 5000, 15_000)
_PODS: Final = 500
_EVERYWHERE: Final = {"namespaces": ["default"]}


@dataclass(frozen=True)
class Kind:
    """Pods that one plugin has something to say about."""

    plugin: str
    pattern: Pod


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
    )


def _near(kind: str, key: str, *, required: bool) -> Pod:
    return affine(kind, key, "red", required=required, **_EVERYWHERE)


def _with_image() -> Pod:
    pattern = pod()
    assert pattern.spec is not None
    containers = tuple(replace(each, image="large:1") for each in pattern.spec.containers)
    return replace(pattern, spec=replace(pattern.spec, containers=containers))


def nodes(count: int) -> Snapshot:
    """So many nodes; each third has an image that pods may ask for."""
    snapshot = Snapshot()
    for number in range(count):
        document = node(f"n{number}", zone=f"zone{number % 3 + 1}")
        if number % 3 == 0:
            document["status"]["images"] = [{"names": ["large:1"], "sizeBytes": 700_000_000}]
        snapshot.put_node(codec.from_dict(document, Node))
    return snapshot


def cost(kind: Kind, snapshot: Snapshot, pods: int = _PODS) -> float:
    """Seconds of a core for one pod."""
    placement, random = Placement(DEFAULT_PROFILE, snapshot), Random(1)
    given = [_another(kind.pattern, number) for number in range(pods)]
    placed: list[tuple[str, str]] = []
    began = time.process_time()
    for each in given:
        choice = placement.choose(each, random)
        if isinstance(choice, str):
            snapshot.add_pod(each.metadata.uid, each, choice)
            placed.append((each.metadata.uid, choice))
    took = time.process_time() - began
    for uid, name in placed:
        snapshot.remove_pod(uid, name)
    return took / pods


def _another(pattern: Pod, number: int) -> Pod:
    assert pattern.spec is not None
    metadata = replace(pattern.metadata, name=f"p{number}", namespace="default", uid=f"{number}")
    return replace(pattern, metadata=metadata, spec=replace(pattern.spec))


def table(sizes: tuple[int, ...]) -> Mapping[str, list[float]]:
    """By row the microseconds at each size."""
    found: dict[str, list[float]] = {each.plugin: [] for each in kinds()}
    for size in sizes:
        snapshot = nodes(size)
        for each in kinds():
            found[each.plugin].append(1e6 * cost(each, snapshot))
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
