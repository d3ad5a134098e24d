"""UDP flows that the kernel remembers, and that lead nowhere any more.

A translated flow keeps its endpoint as long as datagrams pass, whatever the rules have become; TCP notices that its
end is gone, UDP does not. So, as kube-proxy does, flows to an address of a Service are forgotten that do not lead to
one of its endpoints that serve: the next datagram is looked up anew. A service without endpoints is left alone.
"""

import socket
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from msgspec import Struct

from orchestrator.proxy.planes.nftables.spaces import inside
from orchestrator.proxy.table import ServicePort, Table

Address = tuple[str, int]

_GONE: Final = 2  # ENOENT: it has ended by itself


class Flow(NamedTuple):
    """Who sends where, and who answers."""

    source: Address
    to: Address
    answered_by: Address


class Served(Struct, frozen=True):
    """Who serves UDP behind each address of a Service, and behind each node port."""

    addresses: Mapping[Address, frozenset[Address]]
    node_ports: Mapping[int, frozenset[Address]]

    def leads_astray(self, flow: Flow) -> bool:
        """Whether a flow goes to a Service, but not to an endpoint of it."""
        found = self.addresses.get(flow.to)
        if found is not None and flow.answered_by not in found:
            return True
        found = self.node_ports.get(flow.to[1])
        return found is not None and flow.answered_by not in found


NOBODY: Final = Served({}, {})


def served(table: Table) -> Served:
    """Who serves UDP by this table."""
    return Served(
        {
            (frontend.ip, frontend.port): ends
            for frontend, port in table.frontends.items()
            if frontend.protocol == "UDP" and (ends := _ends(port))
        },
        {
            node_port.port: ends
            for node_port, port in table.node_ports.items()
            if node_port.protocol == "UDP" and (ends := _ends(port))
        },
    )


def _ends(port: ServicePort) -> frozenset[Address]:
    return frozenset((b.ip, b.port) for b in (*port.backends, *port.draining))


def forget(namespace: Path, by: Served) -> None:
    """Have the kernel of a namespace forget the flows that lead astray. Raises OSError and NetlinkError."""
    inside(namespace, lambda: _forget(by))


def _forget(by: Served) -> None:
    # Late: it takes longer to import than all the rest, and only real packets need it.
    from pyroute2.netlink.exceptions import NetlinkError
    from pyroute2.netlink.nfnetlink.nfctsocket import NFCTAttrTuple, NFCTSocket

    with NFCTSocket() as kernel:
        for flow in [each for each in _flows(kernel.dump()) if by.leads_astray(each)]:
            (source, sport), (to, dport) = flow.source, flow.to
            told = NFCTAttrTuple(
                saddr=source, daddr=to, proto=socket.IPPROTO_UDP, sport=sport, dport=dport
            )
            try:
                kernel.entry("del", tuple_orig=told)
            except NetlinkError as error:
                if error.code != _GONE:
                    raise


def _flows(entries: Iterable[Any]) -> Iterator[Flow]:
    for entry in entries:
        there, back = entry.get_attr("CTA_TUPLE_ORIG"), entry.get_attr("CTA_TUPLE_REPLY")
        if there.get_attr("CTA_TUPLE_PROTO").get_attr("CTA_PROTO_NUM") == socket.IPPROTO_UDP:
            yield Flow(_end(there, "SRC"), _end(there, "DST"), _end(back, "SRC"))


def _end(told: Any, which: str) -> Address:
    address = told.get_attr("CTA_TUPLE_IP").get_attr(f"CTA_IP_V4_{which}")
    port = told.get_attr("CTA_TUPLE_PROTO").get_attr(f"CTA_PROTO_{which}_PORT")
    return (address or "", port)
