"""Which changes of objects concern scheduling. Pure."""

from collections.abc import Mapping
from typing import Any, Final

from orchestrator.api.apps.v1 import ReplicaSet, StatefulSet
from orchestrator.api.core.v1 import (
    Namespace,
    Node,
    PersistentVolume,
    PersistentVolumeClaim,
    Pod,
    ReplicationController,
)
from orchestrator.api.policy.v1 import PodDisruptionBudget
from orchestrator.api.resource.v1 import DeviceClass, ResourceClaim, ResourceSlice
from orchestrator.api.scheduling.v1alpha2 import PodGroup
from orchestrator.api.storage.v1 import (
    CSIDriver,
    CSINode,
    CSIStorageCapacity,
    StorageClass,
    VolumeAttachment,
)
from orchestrator.client import Change
from orchestrator.machinery.resizing import is_resizing
from orchestrator.scheduler.amounts import asks_less
from orchestrator.scheduler.events import ClusterEvent
from orchestrator.scheduler.snapshot import Snapshot

_LONG: Final = 3600.0  # how long the API server may hold back what nobody misses
_ENDED: Final = ("Succeeded", "Failed")
_OF_DEVICES: Final = (ResourceClaim, ResourceSlice, DeviceClass)
_OWNERS: Final = (ReplicaSet, StatefulSet, ReplicationController)

EVENTS_OF_KINDS: Final[Mapping[type, tuple[ClusterEvent, ...]]] = {
    PersistentVolume: (ClusterEvent.VOLUMES,),
    PersistentVolumeClaim: (ClusterEvent.VOLUMES,),
    StorageClass: (ClusterEvent.VOLUMES,),
    CSINode: (ClusterEvent.VOLUMES,),
    CSIDriver: (ClusterEvent.VOLUMES,),
    CSIStorageCapacity: (ClusterEvent.VOLUMES,),
    VolumeAttachment: (ClusterEvent.VOLUMES,),
    ResourceClaim: (ClusterEvent.DEVICE_CLAIMS,),
    ResourceSlice: (ClusterEvent.DEVICES,),
    DeviceClass: (ClusterEvent.DEVICES,),
    PodGroup: (ClusterEvent.POD_GROUPS,),
}
"""What a change of an object of a kind may help."""


def watching(kind: type) -> dict[str, Any]:
    """How to watch a kind: of owners of pods only the selector counts, and that never changes; pods go on running."""
    if kind is Pod:
        return {"batch_seconds": _LONG, "can_wait": says_nothing, "tell_all": False}
    if kind in _OWNERS:
        return {"batch_seconds": _LONG, "can_wait": _same_selector, "tell_all": False}
    return {}


def _same_selector(old: Any, new: Any) -> bool:
    if old.spec is None or new.spec is None:
        return old.spec is new.spec
    return bool(old.spec.selector == new.spec.selector)


def matters(kind: type, change: Change[Any], nodes: Snapshot) -> bool:
    """Whether kernels may have to be made anew."""
    old, new = change.old, change.new
    if kind in (PodDisruptionBudget, PodGroup) or kind in _OF_DEVICES:
        return False  # asked for at each preemption, and for each pod with claims
    if kind is Namespace:
        return (old.metadata.labels if old else None) != (new.metadata.labels if new else None)
    if kind in _OWNERS:
        # It comes before its pods; only who was looked for in vain, or goes, makes a difference.
        latest = change.latest.metadata
        return old is not None or (kind, latest.namespace, latest.name) in nodes.missed
    if old is not None and new is not None:
        return bool(getattr(old, "spec", None) is not getattr(new, "spec", None)) or (
            kind in EVENTS_OF_KINDS and kind is not VolumeAttachment  # its status says nothing
        )
    return True


def follow_devices(kind: type, change: Change[Any], nodes: Snapshot) -> bool:
    """Keep the inventory of devices up to date; answers whether the change may help a pod.

    Of a group of pods only that it is made: nothing of it changes that counts.
    """
    if kind is ResourceClaim:
        nodes.devices.put_claim(change.old, change.new)
    elif kind is ResourceSlice:
        nodes.devices.put_slice(change.old, change.new)
    elif kind is DeviceClass and nodes.devices.put_class(change.old, change.new):
        nodes.learned()
    return kind in _OF_DEVICES or (kind is PodGroup and change.old is None)


def labels_of_namespace(namespaces: Any, name: str) -> Mapping[str, str]:
    """The labels of a namespace."""
    namespace = namespaces.get("", name)
    return namespace.metadata.labels if namespace is not None else {}


def has_node(pod: Pod) -> bool:
    """Whether a pod is assigned."""
    return pod.spec is not None and pod.spec.node_name != ""


def has_ended(pod: Pod) -> bool:
    """Whether a pod needs no room any more."""
    return pod.status is not None and pod.status.phase in _ENDED


def says_nothing(old: Pod, new: Pod) -> bool:
    """A pod that has its node goes on running: most changes are of this kind."""
    spec = new.spec
    if spec is not old.spec or spec is None or not spec.node_name:
        return False
    before, after = old.metadata, new.metadata
    if before.uid != after.uid or before.deletion_timestamp != after.deletion_timestamp:
        return False
    if before.labels is not after.labels and before.labels != after.labels:
        return False
    was, now = old.status, new.status  # asked at each change of each pod: a call less counts
    if (now is not None and now.phase in _ENDED) or (was is not None and was.phase in _ENDED):
        return False
    return not (is_resizing(new) or is_resizing(old))


def own_events(old: Pod, new: Pod) -> tuple[ClusterEvent, ...]:
    """What of a change of a pod without a node concerns its own scheduling.

    All else, its conditions too, concerns only whom anything may help, as those that an extender refused; but what a
    pod is promised follows from its scheduling, and is no reason for it.
    """
    events = []
    if old.metadata.labels != new.metadata.labels:
        events.append(ClusterEvent.OWN_LABELS)
    if _claims_made(old) != _claims_made(new):
        events.append(ClusterEvent.OWN_CLAIMS)
    before, after = old.spec, new.spec
    if before is after or before is None or after is None:
        promised = promised_to(old) != promised_to(new)
        return tuple(events) or (() if promised else (ClusterEvent.OWN_OTHER,))
    if asks_less(old, new):
        events.append(ClusterEvent.OWN_REQUESTS)
    if before.scheduling_gates and not after.scheduling_gates:
        events.append(ClusterEvent.OWN_GATES)
    if len(before.tolerations) != len(after.tolerations):
        events.append(ClusterEvent.OWN_TOLERATIONS)
    return tuple(events) or (ClusterEvent.OWN_OTHER,)


def promised_to(pod: Pod) -> str:
    """The node that a pod's status names as promised to it; empty: none."""
    return (pod.status.nominated_node_name or "") if pod.status is not None else ""


def _claims_made(pod: Pod) -> object:
    """What a pod's status says of the claims that were made for it."""
    return pod.status.resource_claim_statuses if pod.status is not None else ()


def node_events(old: Node | None, new: Node) -> tuple[ClusterEvent, ...]:
    """What of a node's change concerns scheduling; a heartbeat does not."""
    if old is None:
        return (ClusterEvent.NODE_ADDED,)
    events = []
    was = old.status.allocatable if old.status is not None else None
    now = new.status.allocatable if new.status is not None else None
    if was != now or _images(old) != _images(new):
        events.append(ClusterEvent.NODE_ALLOCATABLE)
    if _features(old) != _features(new):
        events.append(ClusterEvent.NODE_FEATURES)
    if old.metadata.labels != new.metadata.labels:
        events.append(ClusterEvent.NODE_LABELS)
    was_closed, is_closed = _closed(old), _closed(new)
    taints = old.spec.taints if old.spec is not None else ()
    if taints != (new.spec.taints if new.spec is not None else ()) or (
        was_closed and not is_closed
    ):
        events.append(ClusterEvent.NODE_TAINTS)
    return tuple(events)


def closes(old: Node | None, new: Node) -> bool:
    """Whether a node is unschedulable from now on: no event for those that wait, whom it does not help."""
    return old is not None and _closed(new) and not _closed(old)


def _closed(node: Node) -> bool:
    return node.spec is not None and bool(node.spec.unschedulable)


def _features(node: Node) -> tuple[str, ...]:
    return node.status.declared_features if node.status is not None else ()


def _images(node: Node) -> Any:
    return node.status.images if node.status is not None else ()
