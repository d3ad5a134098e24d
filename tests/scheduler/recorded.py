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

from orchestrator.api import codec
from orchestrator.api.core.v1 import Namespace, Node, Pod
from orchestrator.api.scheme import DEFAULT, resource_of
from orchestrator.client import Cache
from orchestrator.scheduler import DEFAULT_PROFILE
from orchestrator.scheduler.changes import labels_of_namespace
from orchestrator.scheduler.cycle import Cycle
from orchestrator.scheduler.nominations import Nominations
from orchestrator.scheduler.snapshot import Snapshot

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


def cycle_of(decision: Decision) -> tuple[Cycle, Pod]:
    """The default profile in the state before a decision, and the pod."""
    world, real = decision.world, decision.real
    nodes, nominations = Snapshot(), Nominations()
    _put_objects(decision, nodes)
    for node in world["nodes"]:
        nodes.put_node(_typed(node, Node))
    gone = set(real.get("goneBefore", ()))
    before = real.get("before") or {}
    pods = [p for p in world["bound"] if p["metadata"]["name"] not in gone]
    for pod in world["pending"][: decision.number]:
        node = before.get(pod["metadata"]["name"])
        if node:
            placed = copy.deepcopy(pod)
            placed["spec"]["nodeName"] = node
            pods.append(placed)
    for pod in pods:
        typed = pod_of(pod)
        assert typed.spec is not None
        nodes.add_pod(typed.metadata.uid, typed, typed.spec.node_name)
    wanted = pod_of(world["pending"][decision.number])
    promised = world["pending"][decision.number].get("_nominatedNodeName")
    if promised:
        nominations.put(wanted, promised)
    return Cycle(DEFAULT_PROFILE, nodes, nominations), wanted


def _put_objects(decision: Decision, nodes: Snapshot) -> None:
    """The objects that plugins watch, in caches as reflectors keep them."""
    claims = decision.real.get("claimsBefore") or {}
    caches: dict[type, Cache[Any]] = {
        kind: Cache(resource_of(kind)) for kind in DEFAULT_PROFILE.watches()
    }
    spaces = {
        name: {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": name, "labels": labels},
        }
        for name, labels in _recorded()["static"]["namespaces"].items()
    }
    given = [_bound(obj, claims) for obj in decision.world["objects"]]
    for document in (*spaces.values(), *given):
        obj = codec.decode_any(document, DEFAULT)[1]
        if type(obj) in caches:
            caches[type(obj)].put(obj)
    nodes.objects.update(caches)
    nodes.populations.labels_of = lambda name: labels_of_namespace(caches[Namespace], name)


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
    if status is not None:
        obj["status"] = status
    return obj


def pod_of(given: dict[str, Any]) -> Pod:
    """A pod as admission leaves it: with its uid, priority and preemption policy."""
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
    typed: Pod = _typed(pod, Pod)
    return typed


def _typed(document: dict[str, Any], kind: type) -> Any:
    own = {key: value for key, value in document.items() if not key.startswith("_")}
    return codec.from_dict(own, kind)
