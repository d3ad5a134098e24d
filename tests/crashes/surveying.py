"""What there is of a kind anywhere in a cluster, without what differs from run to run."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from orchestrator import Cluster
from orchestrator.api import codec
from orchestrator.controllers.node_ttl import ANNOTATION
from tests.stories.masks import Masks, in_order

# What is generated, or says when: whether it is there is what counts.
_FILLED: Final = ("certificate", "token", "namespace", "ca.crt", "holderIdentity")
_UNTOLD: Final = ("heartbeat", "lastHeartbeatTime", "timeAdded", "lastPhaseTransitionTime")
# Names that are hashes of what is random.
_NAMELESS: Final = ("VolumeAttachment", "PersistentVolume")


async def rows_of(cluster: Cluster, kind: str, masks: Masks) -> list[Any]:
    """The objects of a kind, given as `apiVersion/Kind`, in all namespaces."""
    api_version, _, name = kind.rpartition("/")
    found: Sequence[Any] = await cluster.client.list(cluster.scheme.by_kind(api_version, name))
    return in_order(masks.value(_row(name, codec.to_dict(each))) for each in found)


def _row(kind: str, document: Mapping[str, Any]) -> dict[str, Any]:
    metadata = document["metadata"]
    kept = ("labels", "finalizers", "namespace") if kind != "Node" else ("finalizers",)
    row = {key: metadata[key] for key in kept if key in metadata}
    if kind not in _NAMELESS:
        row["name"] = metadata["name"]
    row["deleting"] = "deletionTimestamp" in metadata
    parts = {
        key: value
        for key, value in document.items()
        if key not in ("metadata", "kind", "apiVersion")
    }
    if kind == "Node":
        status = parts.pop("status", {})
        row["seconds"] = metadata.get("annotations", {}).get(ANNOTATION)
        row["conditions"] = {each["type"]: each["status"] for each in status.get("conditions", [])}
    return {**row, **{key: _without(value) for key, value in parts.items()}}


def _without(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {
            key: bool(each) if key in _FILLED else _without(each)
            for key, each in value.items()
            if key not in _UNTOLD
        }
    return [_without(each) for each in value] if isinstance(value, list) else value
