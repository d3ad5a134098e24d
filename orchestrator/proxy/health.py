"""Health checks of Services: what a load balancer asks a node at the `healthCheckNodePort`.

A Service of type LoadBalancer whose external policy is Local has such a port; each node answers there how many ready
endpoints it has, with 200, or 503 where there are none and nothing should be sent.
"""

import asyncio
import socket
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from msgspec import Struct

from orchestrator.api.core.v1 import Service
from orchestrator.proxy.eligibility import Place
from orchestrator.proxy.table import ServiceKey, Table, is_ready

if TYPE_CHECKING:
    from aiohttp import web

Address = tuple[str, int]

_BODY: Final = """{
\t"service": {
\t\t"namespace": "%s",
\t\t"name": "%s"
\t},
\t"localEndpoints": %d,
\t"serviceProxyHealthy": true
}"""


class Health(Struct, frozen=True):
    """A Service, and how many of its ready endpoints are on the node that is asked."""

    service: ServiceKey
    local_endpoints: int


def health_checks(table: Table, nodes: Mapping[str, Place]) -> dict[Address, Health]:
    """What is answered where: at each node's address, at the port of each Service that has one."""
    return {
        (ip, port): Health(key, _local_endpoints(table, key, place.node))
        for key, port in _ports(table)
        for ip, place in nodes.items()
    }


def _ports(table: Table) -> Iterator[tuple[ServiceKey, int]]:
    for key, service in table.services.items():
        port = _port_of(service)
        if port:
            yield key, port


def _port_of(service: Service) -> int | None:
    spec = service.spec
    if spec is None or spec.type != "LoadBalancer" or spec.external_traffic_policy != "Local":
        return None
    return spec.health_check_node_port


def _local_endpoints(table: Table, key: ServiceKey, node: str) -> int:
    return len(
        {
            endpoint.addresses[0]
            for slice_ in table.slices.get(key, {}).values()
            if slice_.address_type == "IPv4"
            for endpoint in slice_.endpoints
            if endpoint.node_name == node and endpoint.addresses and is_ready(endpoint)
        }
    )


class HealthPorts:
    """Answers at addresses. `listen` makes the sockets (raises OSError); `log` hears where none can be had.

    Works in the running event loop.
    """

    def __init__(self, listen: Callable[[Address], socket.socket], log: Any) -> None:
        self._loop = asyncio.get_running_loop()
        self._listen, self._log = listen, log
        self._wanted: dict[Address, Health] = {}
        self._open: dict[Address, _Port] = {}
        self._refused: set[Address] = set()
        self._task: asyncio.Task[None] | None = None

    def sync(self, wanted: dict[Address, Health]) -> None:
        """Answer so from now on; ports that are new open a little later."""
        self._wanted = wanted
        self._refused &= wanted.keys()
        for address in self._open.keys() - wanted.keys():
            self._open.pop(address).close()
        if self._task is None and self._missing():
            self._task = self._loop.create_task(self._follow())

    def close(self) -> None:
        """Close all ports."""
        self.sync({})
        if self._task is not None:
            self._task.cancel()

    async def settled(self) -> None:
        """Wait until the ports are open that can be."""
        if self._task is not None:
            await self._task

    def _missing(self) -> list[Address]:
        return sorted(self._wanted.keys() - self._open.keys() - self._refused)

    async def _follow(self) -> None:
        try:
            while missing := self._missing():
                await self._begin(missing[0])
        finally:
            self._task = None

    async def _begin(self, address: Address) -> None:
        try:
            listening = self._listen(address)
        except OSError as error:
            self._refused.add(address)
            where = f"{address[0]}:{address[1]}"
            self._log.warning("health check not served", address=where, reason=str(error))
            return
        from aiohttp import web  # late: most clusters have no such port

        async def answer(_: web.BaseRequest) -> web.Response:
            return _response(self._wanted.get(address))

        handler = web.Server(answer)
        self._open[address] = _Port(
            handler, await self._loop.create_server(handler, sock=listening)
        )


class _Port(NamedTuple):
    handler: "web.Server"
    server: asyncio.Server

    def close(self) -> None:
        self.server.close()
        for connection in self.handler.connections:
            connection.close()


def _response(health: Health | None) -> "web.Response":
    from aiohttp import web

    if health is None:  # the port is about to be closed
        return web.Response(status=503)
    count = health.local_endpoints
    return web.Response(
        status=200 if count else 503,
        text=_BODY % (health.service.namespace, health.service.name, count),
        content_type="application/json",
        headers={
            "X-Content-Type-Options": "nosniff",
            "X-Load-Balancing-Endpoint-Weight": str(count),
        },
    )
