"""What there is in a cluster after a turn, as it was recorded: of pods, events and claims what the scheduler makes."""

import json
from collections.abc import Mapping
from typing import Any

from msgspec import Struct


class Seen(Struct):
    """What was seen before: the names of identifiers, and the events."""

    names: dict[str, str] = {}
    events: set[tuple[str, ...]] = set()


def view(pods: list[Any], events: list[Any], claims: list[Any], seen: Seen) -> dict[str, Any]:
    """A row a pod and a claim, and the events that were not there before."""
    for each in (*pods, *claims):
        seen.names[each["metadata"]["uid"]] = each["metadata"]["name"]
    found: dict[str, Any] = {
        "pods": {each["metadata"]["name"]: _pod(each) for each in pods},
        "claims": {_name(each): _claim(each) for each in claims},
    }
    found = masked(found, seen.names)
    said = {tuple(masked(_event(each), seen.names)) for each in events}
    found["events"] = sorted(map(list, said - seen.events))
    seen.events |= said
    return found


def masked(document: Any, names: Mapping[str, str]) -> Any:
    """With names for identifiers, as JSON has it."""
    text = json.dumps(document)
    for uid, name in names.items():
        text = text.replace(uid, f"uid({name})")
    return json.loads(text)


def unmasked(document: Any, names: Mapping[str, str]) -> Any:
    """With identifiers for names."""
    text = json.dumps(document)
    for uid, name in names.items():
        text = text.replace(f"uid({name})", uid)
    return json.loads(text)


def _pod(pod: Mapping[str, Any]) -> dict[str, Any]:
    status = pod.get("status", {})
    conditions = {each["type"]: each for each in status.get("conditions") or ()}
    row: dict[str, Any] = {"node": pod["spec"].get("nodeName") or None}
    if status.get("nominatedNodeName"):
        row["nominated"] = status["nominatedNodeName"]
    for name, kind in (("scheduled", "PodScheduled"), ("disrupted", "DisruptionTarget")):
        if kind in conditions:
            said = conditions[kind]
            row[name] = [said["status"], said.get("reason", ""), said.get("message", "")]
    if pod["metadata"].get("deletionTimestamp"):
        row["going"] = True
    if status.get("extendedResourceClaimStatus"):
        row["extended"] = status["extendedResourceClaimStatus"].get("requestMappings", [])
    return row


def _event(event: Mapping[str, Any]) -> list[str]:
    regarding = event.get("regarding", {})
    return [
        regarding.get("kind", ""),
        regarding.get("name", ""),
        *(event.get(each, "") for each in ("type", "reason", "action", "note")),
        (event.get("related") or {}).get("name", ""),
        event.get("reportingController", ""),
    ]


def _name(claim: Mapping[str, Any]) -> str:
    return str(claim["metadata"].get("generateName") or claim["metadata"]["name"])


def _claim(claim: Mapping[str, Any]) -> dict[str, Any]:
    status = claim.get("status") or {}
    row: dict[str, Any] = {}
    allocation = status.get("allocation")
    if allocation:
        devices = allocation.get("devices", {})
        row["results"] = [_result(each) for each in devices.get("results", [])]
        row["config"] = devices.get("config", [])
        row["nodes"] = allocation.get("nodeSelector")
    if status.get("reservedFor"):
        row["for"] = sorted(each["name"] for each in status["reservedFor"])
    if claim["metadata"].get("finalizers"):
        row["finalizers"] = claim["metadata"]["finalizers"]
    if claim["metadata"].get("generateName"):
        row["requests"] = claim["spec"]["devices"]["requests"]
        row["annotations"] = claim["metadata"].get("annotations")
    return row


def _result(result: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in result.items() if name != "shareID"}
    return {**kept, "share": True} if result.get("shareID") else kept


def brief(question: Mapping[str, Any]) -> dict[str, Any]:
    """What an extender was asked, by names."""
    return {name: _shortly(name, value) for name, value in question.items()}


def _shortly(name: str, value: Any) -> Any:
    if value is None:
        return None
    match name:
        case "Pod":
            return value["metadata"]["name"]
        case "Nodes":
            return sorted(each["metadata"]["name"] for each in value["items"])
        case "NodeNames":
            return sorted(value)
        case "NodeNameToVictims" | "NodeNameToMetaVictims":
            return _victims(value)
    return value


def _victims(by_node: Mapping[str, Any]) -> dict[str, Any]:
    return {
        node: [
            [pod["UID"] if "UID" in pod else pod["metadata"]["name"] for pod in each["Pods"]],
            each["NumPDBViolations"],
        ]
        for node, each in by_node.items()
    }
