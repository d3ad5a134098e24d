"""The nodes of a cluster as its owner has them: plugged in, crashed, switched on again, taken out."""

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, Final

from msgspec.structs import replace

from actors import ActorSystem, Ref
from orchestrator.api.core.v1 import Node
from orchestrator.client import Client
from orchestrator.cluster.errors import NodesNotReady, UnknownNode
from orchestrator.cluster.fabrics import Fabric
from orchestrator.cluster.nodes import AddNode, Equipment
from orchestrator.kubelet import FallSilent, NodeSpec, ShutDown
from orchestrator.kubelet.runtimes import Runtimes
from orchestrator.kubelet.shutdown import two_waves
from orchestrator.machinery import node_labels
from orchestrator.protocol import Expired, NotFound

READY_SECONDS: Final = 60.0  # how long adding nodes waits for them


class Machines:
    """What nodes there are, and which of them have power.

    `standing` is what has power, by name; the actor `/nodes` keeps it. Where `heartbeats_computed`, a
    kubelet is told that it falls silent, for nobody would miss a heartbeat that was never written.
    """

    def __init__(
        self, system: ActorSystem, runtimes: Runtimes, *, heartbeats_computed: bool
    ) -> None:
        self._system = system
        self._runtimes = runtimes
        self._heartbeats_computed = heartbeats_computed
        self._known: dict[str, NodeSpec] = {}
        self.standing: dict[str, Equipment] = {}
        self._room: Ref[Any]
        self._fabric: Fabric
        self._client: Client

    def begin(self, room: Ref[Any], client: Client, fabric: Fabric) -> None:
        """The actor `/nodes` is there, the API server, and the network."""
        self._room, self._client, self._fabric = room, client, fabric

    def __len__(self) -> int:
        return len(self._known)

    def __contains__(self, name: object) -> bool:
        return name in self._known

    async def add(self, specs: Iterable[NodeSpec]) -> None:
        """As `Cluster.add_nodes`."""
        names: dict[str, None] = {}
        more: dict[str, dict[str, str]] = {}
        for spec in specs:
            self._runtimes.factory(spec.runtime)
            spec, labels = _parted(self._fabric.place(spec))
            if labels:
                more[spec.name] = labels
            self._known[spec.name] = spec
            names[spec.name] = None
            await self._room.ask(AddNode(spec))
        await self._until_ready(names)
        for name, labels in more.items():
            await self._client.patch(Node, name, {"metadata": {"labels": labels}})

    async def _until_ready(self, names: dict[str, None]) -> None:
        try:
            async with asyncio.timeout(READY_SECONDS):
                while names:
                    with suppress(Expired):  # a message was lost: look at all of them again
                        await self._watch_until_ready(names)
        except TimeoutError:
            raise NodesNotReady(tuple(names), READY_SECONDS) from None

    async def _watch_until_ready(self, names: dict[str, None]) -> None:
        """Take out of `names` what becomes Ready. Raises Expired."""
        async with self._client.watch(Node) as events:
            async for event in events:
                if event.type != "DELETED" and _is_ready(event.object):
                    names.pop(event.object.metadata.name, None)
                    if not names:
                        return

    async def crash(self, name: str) -> None:
        """As `Cluster.crash_node`."""
        self._spec(name)
        equipment = self.standing.pop(name, None)
        if self._heartbeats_computed:
            kubelet = self._system.find(f"/nodes/{name}/kubelet")
            if kubelet is not None:
                await kubelet.ask(FallSilent())
        machine = self._system.find(f"/nodes/{name}")
        if machine is not None:
            await self._system.stop_actor(machine)
        if equipment is not None:
            await _switch_off(equipment)
            self._fabric.unplug(equipment.spec)

    async def shut_down(
        self,
        name: str,
        grace_seconds: float,
        critical_seconds: float,
        by_priority: Mapping[int, float] | None,
    ) -> None:
        """As `Cluster.shut_down_node`."""
        self._spec(name)
        kubelet = self._system.find(f"/nodes/{name}/kubelet")
        if kubelet is not None:
            seconds = by_priority or two_waves(grace_seconds, critical_seconds)
            await kubelet.ask(ShutDown(seconds), timeout=None)
        await self.crash(name)

    async def close(self, *, carries: bool) -> None:
        """Leave nothing on this machine of what the nodes have made there; their actors have stopped.

        `carries`: their pods' networks are real.
        """
        standing = [e for e in self.standing.values() if carries or e.runtimes.is_real()]
        await asyncio.gather(*(_switch_off(equipment) for equipment in standing))

    async def restart(self, name: str) -> None:
        """As `Cluster.restart_node`."""
        spec = self._spec(name)
        if name not in self.standing:
            await self._room.ask(AddNode(spec))

    async def remove(self, name: str) -> None:
        """As `Cluster.remove_node`."""
        await self.crash(name)
        del self._known[name]
        with suppress(NotFound):
            await self._client.delete(Node, name)

    def _spec(self, name: str) -> NodeSpec:
        spec = self._known.get(name)
        if spec is None:
            raise UnknownNode(f"the cluster has no node {name!r}")
        return spec


def _parted(spec: NodeSpec) -> tuple[NodeSpec, dict[str, str]]:
    """What a kubelet registers, and the labels (roles, say) that an installer sets afterwards."""
    more = {key: value for key, value in spec.labels.items() if not node_labels.may_set(key)}
    if not more:
        return spec, more
    return replace(spec, labels={k: v for k, v in spec.labels.items() if k not in more}), more


async def _switch_off(equipment: Equipment) -> None:
    """End what a machine runs, as a cut of its power does."""
    await equipment.runtimes.close()
    equipment.network.close()


def _is_ready(node: Node) -> bool:
    conditions = node.status.conditions if node.status is not None else ()
    return any(c.type == "Ready" and c.status == "True" for c in conditions)
