"""Clusters, pods, and what kube-scheduler 1.36.2 decided: facts, recorded from it.

A case is a cluster and a series of pods; of each the decision is known: the totals of all feasible
nodes where it scored some, the victims where it evicted, the message where it refused.
"""

import copy
import json
import lzma
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from msgspec import Struct

from tests.scheduler.oracle.world import Manifest, Placed, World

_FILE = Path(__file__).with_name("recorded.json.xz")


class Decision(Struct, frozen=True):
    """One pod in one state of a cluster, and what was decided."""

    case: str
    number: int
    world: dict[str, Any]
    real: dict[str, Any]

    @property
    def feature(self) -> str:
        """What the case is about."""
        return self.case.rpartition("-")[0]

    @property
    def nodes(self) -> set[str]:
        """The nodes that are right; none: the pod is refused."""
        totals = self.real.get("totals")
        if not totals or self.real.get("nominated"):
            return {self.real["node"]} - {None}
        best = max(totals.values())
        return {name for name, total in totals.items() if total == best}

    @property
    def message(self) -> str | None:
        """The first message of a pod that was not placed at once."""
        said = self.real.get("first") or self.real.get("condition") or {}
        message: str | None = said.get("message")
        return message


@cache
def _recorded() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(lzma.decompress(_FILE.read_bytes()))
    return content


def decisions() -> Iterator[Decision]:
    """All of them, in the order of their cases."""
    for world in _recorded()["cases"]:
        for number, real in enumerate(world["real"]):
            if real is not None:
                yield Decision(world["id"], number, world, real)


def world_of(decision: Decision) -> tuple[World, Manifest]:
    """The state before a decision, and the pod."""
    world, real = decision.world, decision.real
    gone = set(real.get("goneBefore", ()))
    before = real.get("before") or {}
    placed = [
        Placed(manifest_of(pod), pod["spec"]["nodeName"])
        for pod in world["bound"]
        if pod["metadata"]["name"] not in gone
    ]
    for pod in world["pending"][: decision.number]:
        node = before.get(pod["metadata"]["name"])
        if node:
            placed.append(Placed(manifest_of(pod), node))
    objects: dict[str, list[Manifest]] = {}
    for given in world["objects"]:
        obj = _bound(given, real.get("claimsBefore") or {})
        objects.setdefault(obj["kind"], []).append(obj)
    wanted = manifest_of(world["pending"][decision.number])
    promised = (wanted.get("status") or {}).get("nominatedNodeName")
    return (
        World(
            nodes={node["metadata"]["name"]: node for node in world["nodes"]},
            placed=placed,
            promised=[Placed(wanted, promised)] if promised else [],
            objects=objects,
            namespaces=_recorded()["static"]["namespaces"],
        ),
        wanted,
    )


def _bound(given: dict[str, Any], claims: dict[str, str]) -> dict[str, Any]:
    """An object with its status; claims and volumes as they were bound before the decision."""
    obj = copy.deepcopy(given)
    metadata = obj["metadata"]
    status = obj.pop("_status", None)
    if obj["kind"] == "PersistentVolumeClaim":
        metadata["uid"] = f"uid-{metadata['name']}"
        if claims.get(metadata["name"]):
            obj["spec"]["volumeName"] = claims[metadata["name"]]
            metadata.setdefault("annotations", {})["pv.kubernetes.io/bind-completed"] = "yes"
            status = {"phase": "Bound"}
    elif obj["kind"] == "PersistentVolume":
        held = {volume: claim for claim, volume in claims.items() if volume}
        name = held.get(metadata["name"]) or (obj["spec"].get("claimRef") or {}).get("name")
        if name:
            obj["spec"]["claimRef"] = {"namespace": "sched-a", "name": name, "uid": f"uid-{name}"}
            status = {"phase": "Bound"}
    elif obj["kind"] in ("ResourceClaim", "ResourceSlice"):
        metadata["uid"] = f"uid-{metadata['name']}"
    if status is not None:
        obj["status"] = status
    return obj


def manifest_of(given: dict[str, Any]) -> Manifest:
    """A pod as admission leaves it: with its uid, priority and preemption policy; and with its status."""
    pod = copy.deepcopy(given)
    name = pod["metadata"]["name"]
    pod["metadata"].setdefault("uid", f"uid-{name}")
    class_name = pod["spec"].get("priorityClassName")
    chosen = _recorded()["static"]["priorityClasses"].get(class_name, {"value": 0})
    pod["spec"].setdefault("priority", chosen["value"])
    pod["spec"].setdefault(
        "preemptionPolicy", chosen.get("preemptionPolicy", "PreemptLowerPriority")
    )
    if "_startTime" in pod:
        pod["status"] = {"phase": "Running", "startTime": pod["_startTime"]}
    if "_resize" in pod:
        pod["status"] = {**pod.get("status", {}), **pod["_resize"]}
    if "_nominatedNodeName" in pod:
        pod["status"] = {"nominatedNodeName": pod["_nominatedNodeName"]}
    return pod
