"""The nodes of a cluster: `/nodes`, below it a machine for each node, below that its components.

A machine is what its hardware is to a real node: when it stops, kubelet and proxy stop with it, and
nobody tells the API server. The containers of its runtime and the addresses of its pods outlive a kubelet's
crash, so the machine holds runtime and network and hands them to every new incarnation of the kubelet.
"""

from collections.abc import Callable, Mapping
from functools import partial
from ipaddress import IPv4Address
from random import Random
from typing import Any, Final, NamedTuple

from actors import ALWAYS, Actor, Clock, Ref, Request, Timer
from orchestrator.cluster.fabrics.interface import Fabric
from orchestrator.kubelet import Kubelet, NodeSpec, Runtime
from orchestrator.kubelet.networks.interface import PodNetwork
from orchestrator.kubelet.node_spec import DEFAULT_CAPACITY
from orchestrator.kubelet.runtimes import Runtimes
from orchestrator.kubelet.runtimes.handlers import NodeRuntimes
from orchestrator.kubelet.runtimes.interface import RuntimeEvent
from orchestrator.machinery.quantities import value
from orchestrator.protocol import ApiRef
from orchestrator.proxy import Place, Proxy, TableMemo
from orchestrator.proxy.planes.interface import Plane

# Disjoint from the service network 10.96.0.0/12: each node gets a /24 of pods, 32,768 nodes in all.
_FIRST_POD_NETWORK: Final = int(IPv4Address("10.128.0.0"))
_POD_NETWORKS: Final = 1 << 15
_ZONE: Final = "topology.kubernetes.io/zone"
_FIRST_ADDRESS: Final = int(IPv4Address("172.16.0.2"))


def node_spec(name: str, number: int, **fields: Any) -> NodeSpec:
    """A NodeSpec with the addresses of the node `number` (from 0) of a cluster."""
    if number >= _POD_NETWORKS:
        raise ValueError(f"a cluster has room for {_POD_NETWORKS} nodes of 254 pods each")
    network = IPv4Address(_FIRST_POD_NETWORK + (number << 8))
    address = IPv4Address(_FIRST_ADDRESS + number)
    return NodeSpec(name=name, address=str(address), pod_cidr=f"{network}/24", **fields)


class Equipment(NamedTuple):
    """What a machine holds while its actors come and go."""

    spec: NodeSpec
    runtimes: NodeRuntimes
    network: PodNetwork
    plane: Plane | None


class Machine(Actor):
    """One node's hardware: holds the runtime and runs kubelet and proxy. Is their `RuntimeHost`."""

    def __init__(
        self,
        api: ApiRef,
        equipment: "Equipment",
        memo: TableMemo | None,
        options: Mapping[str, bool],
    ) -> None:
        self._api = api
        self._spec = equipment.spec
        self._runtimes = equipment.runtimes
        self._network = equipment.network
        self._plane = equipment.plane
        self._memo = memo
        self._options = options
        self._kubelet: Ref[Any]

    def started(self) -> None:
        """Switch on."""
        self._runtimes.attach(self)
        self._kubelet = self.ctx.spawn(
            lambda: Kubelet(self._api, self._spec, self._runtimes, self._network, **self._options),
            "kubelet",
            restart=ALWAYS,
        )
        memo = self._memo
        if memo is not None:
            place = Place(self._spec.name, self._spec.labels.get(_ZONE, ""))
            self.ctx.spawn(
                lambda: Proxy(self._api, place, self._spec.address, memo, self._plane),
                "proxy",
                restart=ALWAYS,
            )

    # --- RuntimeHost -----------------------------------------------------------------------

    @property
    def clock(self) -> Clock:
        """The machine's clock."""
        return self.ctx.clock

    @property
    def random(self) -> Random:
        """The machine's dice."""
        return self.ctx.random

    @property
    def network(self) -> PodNetwork:
        """The network of the machine's pods."""
        return self._network

    @property
    def memory_bytes(self) -> int:
        """The memory that the node says it has."""
        return value({**DEFAULT_CAPACITY, **self._spec.capacity}["memory"])

    def call_after(self, seconds: float, function: Callable[..., None], *args: object) -> Timer:
        """A timer of the runtime."""
        return self.ctx.call_after(seconds, function, *args)

    def report(self, event: RuntimeEvent) -> None:
        """News of a container, for the kubelet."""
        self._kubelet.tell(event)


class AddNode(Request[Ref[Any]], frozen=True, gc=False):
    """Plug in a machine and switch it on; answers its ref."""

    spec: NodeSpec


class Nodes(Actor):
    """The machine room. `runtimes` make each new machine's runtime, by the name in its spec.

    `kubelet_options` are those of each `Kubelet`. `machines` is what stands in the room: it is not
    the actor's own, so that a restart of the room switches on the same machines with the same
    containers. `fabric` gives them their networks; without a `memo` they have no proxies.
    """

    def __init__(
        self,
        api: ApiRef,
        runtimes: Runtimes,
        machines: dict[str, Equipment],
        fabric: Fabric,
        *,
        memo: TableMemo | None,
        kubelet_options: Mapping[str, bool] | None = None,
    ) -> None:
        self._api = api
        self._runtimes = runtimes
        self._machines = machines
        self._fabric = fabric
        self._memo = memo
        self._options = kubelet_options or {}

    def started(self) -> None:
        """Switch on what stands here."""
        for equipment in self._machines.values():
            self._switch_on(equipment)

    def on_add_node(self, message: AddNode) -> Ref[Any]:
        """One more machine. A new one runs nothing: nor does one that is switched on again."""
        spec = message.spec
        runtimes = NodeRuntimes(self._made(spec.runtime), spec.runtime, self._made)
        network = self._fabric.network(spec)
        equipment = Equipment(spec, runtimes, network, self._fabric.plane(spec))
        self._machines[spec.name] = equipment
        return self._switch_on(equipment)

    def _made(self, name: str) -> Runtime:
        """A new runtime. Raises UnknownRuntime."""
        return self._runtimes.factory(name)()

    def _switch_on(self, equipment: Equipment) -> Ref[Any]:
        return self.ctx.spawn(
            partial(Machine, self._api, equipment, self._memo, self._options),
            equipment.spec.name,
            restart=ALWAYS,
        )
