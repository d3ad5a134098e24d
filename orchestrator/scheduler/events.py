"""What may make an unschedulable pod schedulable."""

from enum import Enum


class ClusterEvent(Enum):
    """A change that a plugin may have waited for."""

    NODE_ADDED = "node added"
    NODE_REMOVED = "node removed"
    NODE_ALLOCATABLE = "node's allocatable changed"
    NODE_LABELS = "node's labels changed"
    NODE_FEATURES = "node's declared features changed"
    NODE_TAINTS = "node's taints or unschedulable changed"
    POD_CHANGED = "a pod that waits changed"
    POD_ADDED = "a pod got its node"
    POD_REMOVED = "an assigned pod went"
    POD_SMALLER = "an assigned pod asks for less than it did"
    POD_LABELS = "an assigned pod's labels changed"
    POD_WAITS = "a pod came that waits for a node, and belongs to a group"
    POD_GROUPS = "a group of pods was made"
    VOLUMES = "a volume, a claim, a storage class or a node's drivers changed"
    DEVICE_CLAIMS = "a claim of devices, or a pod's list of them, changed"
    DEVICES = "a driver's slices of devices or a class of devices changed"
