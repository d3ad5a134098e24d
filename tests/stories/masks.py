"""What differs from run to run, as names: identifiers, times, addresses, and the ends of generated names.

The recorded stories have most of it masked already; a mask leaves what is masked alone, so that both sides
go through the same.
"""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

DROPPED: Final = frozenset(
    {
        "uid",
        "resourceVersion",
        "managedFields",
        "creationTimestamp",
        "selfLink",
        "lastTransitionTime",
        "lastUpdateTime",
        "lastProbeTime",
        "startTime",
        "completionTime",
        "lastScheduleTime",
        "lastSuccessfulTime",
        "firstTimestamp",
        "lastTimestamp",
        "eventTime",
        "deletionTimestamp",
        "clusterIP",
        "clusterIPs",
        "podIP",
        "podIPs",
        "hostIP",
        "hostIPs",
        "nodeName",
    }
)
_OWNER: Final = re.compile(r"\bweb-[0-9bcdfghjklmnpqrstvwxz]{6,10}\b")
_HASH: Final = re.compile(r"(?<=web-)(?!HASH)[0-9bcdfghjklmnpqrstvwxz]{6,10}(?=\b)")
_POD: Final = re.compile(
    r"((?:web|db|app|j|ds|ss|rs|cj)[a-z0-9]*(?:-T[a-zA-Z0-9]+|-[0-9a-f]{6,10})?(?:-\d{1,8})?)"
    r"-[bcdfghjklmnpqrstvwxz2456789]{5}\b"
)
_REPLACED: Final = (
    (re.compile(r"\b([0-9a-f]{8}-[0-9a-f-]{27})\b"), "UID"),
    (re.compile(r"\b10\.\d+\.\d+\.\d+\b"), "IP"),
    (_POD, r"\1-*"),
    (re.compile(r"\d+(\.\d+)?(ms|s)\b"), "T"),
    (re.compile(r"\d{4}-\d\d-\d\dT[\d:]+(\.\d+)?Z"), "TIME"),
    # Of a CronJob's Job: the minute for which it was due.
    (re.compile(r"\b(cj[a-z0-9]*)-\d{8}\b"), r"\1-MINUTE"),
    # The namespaces of the recorded stories.
    (re.compile(r"\b([a-z]+-\d+)-[a-z]{1,6}\b"), r"\1"),
)


class Masks:
    """Of one story; the hashes of templates keep their names from step to step."""

    def __init__(self, namespace: str = "") -> None:
        self._namespace = namespace
        self._names: dict[str, str] = {}

    def learn(self, replica_sets: Iterable[Mapping[str, Any]]) -> None:
        """Call the hash of each set's template by its images and environment."""
        for each in sorted(replica_sets, key=_revision):
            hash_ = each["metadata"].get("labels", {}).get("pod-template-hash")
            if hash_:
                self._names[hash_] = _named_template(each["spec"]["template"])

    def value(self, value: Any) -> Any:
        """A document without what is dropped, its texts masked, its lists of objects in order."""
        if isinstance(value, Mapping):
            return {
                self.text(key): self.value(each)
                for key, each in sorted(value.items())
                if key not in DROPPED
            }
        if isinstance(value, list):
            masked = [self.value(each) for each in value]
            return in_order(masked) if all(isinstance(each, dict) for each in masked) else masked
        return self.text(value) if isinstance(value, str) else value

    def text(self, text: str) -> str:
        """A text with its masks."""
        text = _HASH.sub(lambda m: self._names.setdefault(m[0], f"H{len(self._names)}"), text)
        text = self._names.get(text, text)
        for pattern, replacement in _REPLACED:
            text = pattern.sub(replacement, text)
        return text


def owner(name: str) -> str:
    """The name of an owner, which recorded stories have as it is, without its hash."""
    return _OWNER.sub("web-HASH", name)


def in_order(rows: Iterable[Any]) -> list[Any]:
    """Rows in an order that depends on nothing but what they say."""
    return sorted(rows, key=lambda row: json.dumps(row, sort_keys=True))


def _revision(replica_set: Mapping[str, Any]) -> int:
    annotations = replica_set["metadata"].get("annotations", {})
    return int(annotations.get("deployment.kubernetes.io/revision", 0))


def _named_template(template: Mapping[str, Any]) -> str:
    words = (
        each["image"] + "".join(variable["value"] for variable in each.get("env", []))
        for each in template["spec"]["containers"]
    )
    return "T" + re.sub("[^a-zA-Z0-9]", "", "".join(words))
