"""What there is in a namespace after a step: a row an object, and the events with their counts."""

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from orchestrator import Cluster
from orchestrator.api import codec
from orchestrator.api.core.v1 import Namespace
from orchestrator.protocol import NotFound
from tests.stories.masks import Masks, in_order, owner

KINDS: Final = {
    "Deployment": "apps/v1",
    "ReplicaSet": "apps/v1",
    "StatefulSet": "apps/v1",
    "DaemonSet": "apps/v1",
    "ControllerRevision": "apps/v1",
    "Job": "batch/v1",
    "CronJob": "batch/v1",
    "Pod": "v1",
    "EndpointSlice": "discovery.k8s.io/v1",
    "Endpoints": "v1",
    "ResourceQuota": "v1",
    "PodDisruptionBudget": "policy/v1",
    "HorizontalPodAutoscaler": "autoscaling/v2",
    "ReplicationController": "v1",
    "PersistentVolumeClaim": "v1",
    "ConfigMap": "v1",
    "Service": "v1",
}
_COMBINED: Final = "(combined from similar events): "
_UNTOLD: Final = ("endpoints.kubernetes.io/last-change-trigger-time",)
_ROOT_CA: Final = "kube-root-ca.crt"
# Warnings that are told at each try. How many there are until the recorder looks depends on how fast tries
# follow on one another, and on which changes come together: they count as one.
_AT_EACH_TRY: Final = (
    "ReplicaSet Warning FailedCreate:",
    "ReplicationController Warning FailedCreate:",
    "PersistentVolumeClaim Normal FailedBinding:",
    "PersistentVolumeClaim Warning ProvisioningFailed:",
    "PodDisruptionBudget Warning CalculateExpectedPodCountFailed:",
    "PodDisruptionBudget Warning UnmanagedPods:",
    "Service Warning TopologyAwareHintsDisabled:",
)
_POD_CONDITIONS: Final = ("Ready", "PodScheduled", "DisruptionTarget")

Snapshot = dict[str, Any]


async def objects_of(cluster: Cluster, namespace: str, kind: str) -> list[dict[str, Any]]:
    """The documents of a kind."""
    resource = cluster.scheme.by_kind(KINDS.get(kind, "v1"), kind)
    found: tuple[Any, ...] = await cluster.client.list(resource, namespace=namespace)
    return [codec.to_dict(each) for each in found]


async def snapshot(cluster: Cluster, namespace: str, masks: Masks) -> Snapshot:
    """Kind -> rows; `Event` -> text -> count."""
    masks.learn(await objects_of(cluster, namespace, "ReplicaSet"))
    found: Snapshot = {"Namespace": [await _namespace(cluster, namespace, masks)]}
    for kind in KINDS:
        documents = await objects_of(cluster, namespace, kind)
        rows = [masks.value(_row(kind, d)) for d in documents if d["metadata"]["name"] != _ROOT_CA]
        if rows:
            found[kind] = in_order(rows)
    found["Event"] = _events(await objects_of(cluster, namespace, "Event"), masks)
    return found


def recorded(found: Snapshot) -> Snapshot:
    """A recorded snapshot in the same form."""
    masks = Masks()
    events: Counter[str] = Counter()
    for text, count in found["Event"].items():
        events[masks.text(text.replace(_COMBINED, ""))] += count
    events = _without_tries(events)
    rows = {
        kind: in_order(masks.value(_comparable(kind, row)) for row in each)
        for kind, each in found.items()
        if kind != "Event"
    }
    return {**rows, "Event": dict(events)}


def _comparable(kind: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """A row without what depends on when pods became ready, and on the hashes of templates."""
    # How often a slice was written depends on it.
    kept = {k: v for k, v in row.items() if (kind, k) != ("EndpointSlice", "generation")}
    if "owners" in row:
        kept["owners"] = [[each, owner(name), *rest] for each, name, *rest in row["owners"]]
    return kept


async def _namespace(cluster: Cluster, name: str, masks: Masks) -> dict[str, Any]:
    try:
        namespace = await cluster.client.get(Namespace, name)
    except NotFound:
        return {"error": 404}
    row: dict[str, Any] = masks.value({"status": codec.to_dict(namespace).get("status")})
    return row


def _row(kind: str, document: Mapping[str, Any]) -> dict[str, Any]:
    metadata = document["metadata"]
    row = {
        "name": metadata["name"],
        "labels": metadata.get("labels"),
        "annotations": {
            key: value
            for key, value in metadata.get("annotations", {}).items()
            if "last-applied" not in key and key not in _UNTOLD
        },
        "finalizers": metadata.get("finalizers"),
        "generation": metadata.get("generation"),
        "deleting": "deletionTimestamp" in metadata,
        "owners": [
            [each["kind"], each["name"], each.get("controller"), each.get("blockOwnerDeletion")]
            for each in metadata.get("ownerReferences", [])
        ],
        **_told(kind, document),
    }
    said = {name: value for name, value in row.items() if value not in (None, {}, [], False)}
    return _comparable(kind, said)


def _told(kind: str, document: Mapping[str, Any]) -> dict[str, Any]:
    """What is told of objects of a kind beside their metadata."""
    status = document.get("status", {})
    match kind:
        case "Pod":
            return {
                "phase": status.get("phase"),
                "cond": {
                    each["type"]: each["status"]
                    for each in status.get("conditions", [])
                    if each["type"] in _POD_CONDITIONS
                },
                "hostname": document["spec"].get("hostname"),
            }
        case "EndpointSlice":
            untold = ("addresses", "nodeName", "zone")
            return {
                "endpoints": [
                    {name: value for name, value in each.items() if name not in untold}
                    for each in document.get("endpoints") or []
                ],
                "ports": document.get("ports"),
                "addressType": document.get("addressType"),
            }
        case "Endpoints":
            return {"subsets": [_subset(each) for each in document.get("subsets") or []]}
        case "ControllerRevision":
            return {"revision": document.get("revision")}
        case "ConfigMap" | "Service":
            return {}
    return {"status": document.get("status"), "replicas": document.get("spec", {}).get("replicas")}


def _subset(subset: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "n": len(subset.get("addresses", [])),
        "notReady": len(subset.get("notReadyAddresses", [])),
        "ports": subset.get("ports"),
    }


def _events(documents: list[dict[str, Any]], masks: Masks) -> dict[str, int]:
    events: Counter[str] = Counter()
    for each in documents:
        about = each["involvedObject"]["kind"]
        if about != "Pod":
            message = each.get("message", "").replace(_COMBINED, "")
            events[f"{about} {each['type']} {each['reason']}: {masks.text(message)}"] += each.get(
                "count", 1
            )
    return dict(_without_tries(events))


def _without_tries(events: Counter[str]) -> Counter[str]:
    return Counter({t: 1 if t.startswith(_AT_EACH_TRY) else count for t, count in events.items()})


def is_busy(pod: Mapping[str, Any]) -> bool:
    """Whether something will happen to a pod before long."""
    metadata, spec, status = pod["metadata"], pod["spec"], pod.get("status", {})
    if "deletionTimestamp" in metadata and not metadata.get("finalizers"):
        return True
    refused = any(
        each["type"] == "PodScheduled" and each["status"] == "False"
        for each in status.get("conditions", [])
    )
    phase = status.get("phase", "Pending")
    if "nodeName" in spec:
        seconds = metadata.get("annotations", {}).get("simulation.orchestrator.dev/run-seconds")
        ends = phase == "Running" and seconds is not None and float(seconds) < 10
        return ends or bool(phase == "Pending")
    return not refused


def digest(documents: Mapping[str, list[dict[str, Any]]]) -> str:
    """A text that changes when one of the objects does."""
    return json.dumps(
        {
            k: [(d["metadata"]["uid"], d["metadata"]["resourceVersion"]) for d in v]
            for k, v in documents.items()
        }
    )
