"""The power switch of simulated nodes, where kubectl reaches it: an annotation.

    kubectl annotate node node-3 simulation.orchestrator.dev/power=off
    kubectl annotate node node-3 simulation.orchestrator.dev/power-

A node without power is what a crashed one is: nobody is told, and the cluster has to find out.
"""

from typing import Final, Protocol

from orchestrator.api.core.v1 import Node
from orchestrator.client import Controller, Key
from orchestrator.kubelet.runtimes.profile import ANNOTATION_PREFIX

POWER: Final = ANNOTATION_PREFIX + "power"


class PowerGrid(Protocol):
    """Who can switch nodes; the cluster."""

    async def crash_node(self, name: str) -> None:
        """Cut a node's power."""

    async def restart_node(self, name: str) -> None:
        """Give it power again."""

    def has_node(self, name: str) -> bool:
        """Whether the node is one of the grid's."""


def power_switch(grid: PowerGrid) -> type[Controller]:
    """The controller that switches the nodes of `grid` as their annotation says.

    It gives power back to those nodes only from which it took it: a node may be down for another
    reason, and a cluster that is served later must not bring it back.
    """
    switched_off: set[str] = set()  # outlives a restart of the controller

    class PowerSwitch(Controller):
        """Switches a node off while its annotation says `off`."""

        name = "power-switch"
        kind = Node

        async def reconcile(self, key: Key) -> float | None:
            """Make the power of one node what is asked."""
            node = self.cache(Node).get(key.namespace, key.name)
            if node is None or not grid.has_node(key.name):
                return None
            if node.metadata.annotations.get(POWER, "on") == "off":
                switched_off.add(key.name)
                await grid.crash_node(key.name)
            elif key.name in switched_off:
                switched_off.remove(key.name)
                await grid.restart_node(key.name)
            return None

    return PowerSwitch
