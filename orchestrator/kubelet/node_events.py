"""What a kubelet tells of its node, in Kubernetes' words: that it has begun, and how its conditions change."""

from collections.abc import Mapping
from typing import Final

from msgspec.structs import replace

from orchestrator.api.core.v1 import Node
from orchestrator.client import EventRecorder

# Of each condition: the reason when it is not true, and when it is.
_PRESSURES: Final[Mapping[str, tuple[str, str]]] = {
    "MemoryPressure": ("NodeHasSufficientMemory", "NodeHasInsufficientMemory"),
    "DiskPressure": ("NodeHasNoDiskPressure", "NodeHasDiskPressure"),
    "PIDPressure": ("NodeHasSufficientPID", "NodeHasInsufficientPID"),
}
READY: Final = ("NodeNotReady", "NodeReady")


class NodeEvents:
    """Records the events of one node. They are about its name: a kubelet knows no other identity of it."""

    def __init__(self, recorder: EventRecorder, node: Node) -> None:
        self._recorder = recorder
        self._about = replace(node, metadata=replace(node.metadata, uid=node.metadata.name))
        self._pressed: frozenset[str] = frozenset()

    def began(self) -> None:
        """The kubelet has started, and its node is well."""
        self._say("Starting", "Starting kubelet.")
        for well, _ in _PRESSURES.values():
            self._changed(well)
        self._say("NodeAllocatableEnforced", "Updated Node Allocatable limit across pods")
        self._changed(READY[True])

    def pressed(self, conditions: frozenset[str]) -> None:
        """These of the conditions of pressure are true by now."""
        for name, reasons in _PRESSURES.items():
            if (name in conditions) != (name in self._pressed):
                self._changed(reasons[name in conditions])
        self._pressed = conditions

    def ready(self, *, well: bool) -> None:
        """Whether the node is ready has changed."""
        self._changed(READY[well])

    def reclaiming(self, resource: str) -> None:
        """Too little is left of a resource for too long."""
        self.warn("EvictionThresholdMet", f"Attempting to reclaim {resource}")

    def warn(self, reason: str, message: str) -> None:
        """Something is wrong with the node."""
        self._recorder.event(self._about, "Warning", reason, message)

    def _changed(self, reason: str) -> None:
        self._say(reason, f"Node {self._about.metadata.name} status is now: {reason}")

    def _say(self, reason: str, message: str) -> None:
        self._recorder.event(self._about, "Normal", reason, message)
