"""What may make an unschedulable pod schedulable."""

from enum import Enum
from typing import Final


class ClusterEvent(Enum):
    """A change that a plugin may have waited for."""

    NODE_ADDED = "node added"
    NODE_REMOVED = "node removed"
    NODE_ALLOCATABLE = "node's allocatable changed"
    NODE_LABELS = "node's labels changed"
    NODE_FEATURES = "node's declared features changed"
    NODE_TAINTS = "node's taints or unschedulable changed"
    POD_ADDED = "a pod got its node"
    POD_REMOVED = "an assigned pod went"
    POD_SMALLER = "an assigned pod asks for less than it did"
    POD_LABELS = "an assigned pod's labels changed"
    POD_WAITS = "a pod came that waits for a node, and belongs to a group"
    POD_GROUPS = "a group of pods was made"
    VOLUMES = "a volume, a claim, a storage class or a node's drivers changed"
    DEVICE_CLAIMS = "a claim of devices, or a pod's list of them, changed"
    DEVICES = "a driver's slices of devices or a class of devices changed"
    OWN_LABELS = "the labels of the pod that waits changed"
    OWN_TOLERATIONS = "the pod that waits tolerates more"
    OWN_GATES = "the last scheduling gate of the pod that waits was taken away"
    OWN_REQUESTS = "the pod that waits asks for less than it did"
    OWN_CLAIMS = "the claims that were made for the pod that waits are known"
    OWN_OTHER = "something else of the pod that waits changed"


OWN: Final = frozenset(event for event in ClusterEvent if event.name.startswith("OWN_"))
"""Changes of the pod itself: they are told to nobody else."""
