"""Which fabric a cluster has."""

from collections.abc import Sequence
from ipaddress import IPv4Network
from typing import Any, Final, Literal, TypeAlias

from actors import Clock, Misuse
from orchestrator.apiserver.allocation import SERVICE_NETWORK
from orchestrator.cluster.fabrics.interface import Fabric, Unfit
from orchestrator.cluster.fabrics.simulated import SimulatedFabric
from orchestrator.kubelet import NodeSpec
from orchestrator.kubelet.networks.namespaces import why_not

ProxyMode: TypeAlias = Literal["table", "userspace", "nftables"]
MODES: Final[tuple[ProxyMode, ...]] = ("table", "userspace", "nftables")

# What these runtimes run carries packets; the first ones share the host's network. One of somebody else's has to
# say so (`proxy_mode`).
_SHARING: Final = frozenset({"coroutine", "cri"})
_APART: Final = "process"


def choose(
    mode: ProxyMode | None,
    nodes: Sequence[NodeSpec],
    clock: Clock,
    log: Any,
    service_network: IPv4Network = SERVICE_NETWORK,
) -> Fabric:
    """The fabric of a mode, or the one that carries what the runtimes of `nodes` run.

    Raises ValueError for an unknown mode, Unfit for one that the runtimes do not go with, Misuse for one that carries
    packets while time jumps, and NetworkFault.
    """
    if mode is not None and mode not in MODES:
        raise ValueError(f"proxy_mode is one of {', '.join(MODES)}, not {mode!r}")
    if mode is None:
        mode = _fitting(nodes, clock)
    if mode == "table":
        return SimulatedFabric(service_network)
    if clock.virtual:
        raise Misuse(f"packets travel in real time: proxy_mode={mode!r} needs asyncio.run(main())")
    # Late: most clusters carry nothing.
    if mode == "nftables":
        if any(spec.runtime == "cri" for spec in nodes):
            raise Unfit(
                "pods of the runtime 'cri' share the host's network: proxy_mode is userspace or table, not 'nftables'"
            )
        from orchestrator.cluster.fabrics.bridge import BridgeFabric

        return BridgeFabric(log, service_network)
    if service_network != SERVICE_NETWORK:
        raise Unfit(
            "with proxy_mode 'userspace' Services have addresses of 127.0.0.0/8, not of a network that is given"
        )
    from orchestrator.cluster.fabrics.loopback import LoopbackFabric

    return LoopbackFabric(log)


def _fitting(nodes: Sequence[NodeSpec], clock: Clock) -> ProxyMode:
    runtimes = {spec.runtime for spec in nodes}
    if clock.virtual or not runtimes & {*_SHARING, _APART}:
        return "table"
    return "userspace" if runtimes & _SHARING or why_not() else "nftables"
