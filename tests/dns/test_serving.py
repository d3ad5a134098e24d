"""The cluster's DNS as its clients have it: over UDP and TCP, by the address of kube-dns."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable

import dns.asyncquery
import dns.exception
import dns.message
import dns.rcode
import pytest

from orchestrator import Cluster
from orchestrator.api.core.v1 import Service
from orchestrator.cluster import node_spec
from orchestrator.dns.records import Zone
from orchestrator.dns.serving import DnsServer, upstream_of
from tests.cluster.fabrics.servers import pause
from tests.dns.test_answering import make_service
from tests.manifests import service

HOST = "127.0.0.1"
Serve = Callable[..., Awaitable[int]]


class _Log:
    def warning(self, event: str, **keys: object) -> None:
        raise AssertionError(f"{event}: {keys}")


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Starts servers, and answers their ports."""
    servers: list[DnsServer] = []

    async def start(zone: Zone, *upstream: str) -> int:
        servers.append(DnsServer(zone, upstream, _Log()))
        return await servers[-1].open(HOST)

    yield start
    for each in servers:
        each.close()


def _zone(name: str, ip: str, domain: str = "cluster.local") -> Zone:
    zone = Zone(domain)
    zone.put_namespace("default")
    zone.put_service(("default", name), make_service(name, ip))
    return zone


async def _udp(name: str, port: int, where: str = HOST, seconds: float = 5) -> dns.message.Message:
    return await dns.asyncquery.udp(dns.message.make_query(name, "A"), where, seconds, port)


async def test_it_answers_over_udp_and_tcp(serve: Serve) -> None:
    """Several questions on one connection, and nothing for what is no question."""
    port = await serve(_zone("web", "10.96.0.7"))
    said = await _udp("web.default.svc.cluster.local", port)
    assert said.answer[0][0].to_text() == "10.96.0.7"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.sendto(b"rubbish", (HOST, port))
    reader, writer = await asyncio.open_connection(HOST, port)
    for _ in range(2):
        query = dns.message.make_query("web.default.svc.cluster.local", "A").to_wire()
        writer.write(len(query).to_bytes(2, "big") + query)
        length = int.from_bytes(await reader.readexactly(2), "big")
        assert dns.message.from_wire(await reader.readexactly(length)).answer
    writer.write(b"\0\x04oops")
    assert await reader.read() == b""
    writer.close()


async def test_foreign_names_are_asked_upstream(
    serve: Serve,
) -> None:
    """A server that is down is passed over; without any, the question is refused."""
    above = await serve(_zone("far", "192.0.2.1", "example.org"))
    name = "far.default.svc.example.org"
    port = await serve(Zone(), f"{HOST}:1", f"{HOST}:{above}")
    assert (await _udp(name, port)).answer[0][0].to_text() == "192.0.2.1"
    alone = await serve(Zone())
    assert (await _udp(name, alone)).rcode() == dns.rcode.REFUSED
    dead = await serve(Zone(), f"{HOST}:1")
    assert (await _udp(name, dead)).rcode() == dns.rcode.SERVFAIL


async def test_a_cluster_answers_for_its_services_at_the_address_of_kube_dns(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It follows changes, has the rights for that when it begins, and a watcher that restarts changes nothing."""
    nodes = [node_spec("node-0", 0, runtime="coroutine")]
    async with Cluster(nodes, furnished=True) as cluster:
        kube_dns = await cluster.client.get(Service, "kube-dns", namespace="kube-system")
        assert kube_dns.spec is not None
        where = kube_dns.spec.cluster_ip or ""
        assert where.endswith(".0.10")
        await cluster.apply([service(ports=[{"port": 8000}])])
        web = await cluster.client.get(Service, "web", namespace="default")
        assert web.spec is not None

        async def answered(name: str, port: int = 53) -> list[str]:
            async with asyncio.timeout(10):
                while True:
                    try:
                        said = await _udp(name, port, where, 0.5)
                    except (OSError, dns.exception.Timeout):
                        await pause(0.05)
                        continue
                    if said.answer or said.rcode() == dns.rcode.NXDOMAIN:
                        return [r.to_text() for s in said.answer for r in s]
                    await pause(0.05)

        async def until(name: str, wanted: list[str]) -> None:
            async with asyncio.timeout(10):
                while await answered(name) != wanted:
                    await pause(0.05)

        await until("web.default.svc.cluster.local", [web.spec.cluster_ip or ""])
        assert "cannot watch" not in caplog.text
        cluster.crash("/dns")
        assert await answered("web.default.svc.cluster.local") == [web.spec.cluster_ip]
        await cluster.client.delete(Service, "web", namespace="default")
        await until("web.default.svc.cluster.local", [])
        kubernetes = str(cluster._components.fabric.service_network[1])
        await until("kubernetes.default.svc.cluster.local", [kubernetes])


@pytest.mark.parametrize(
    ("text", "server"),
    [
        ("8.8.8.8", ("8.8.8.8", 53)),
        ("8.8.8.8:5353", ("8.8.8.8", 5353)),
        ("2001:db8::1", ("2001:db8::1", 53)),
        ("[2001:db8::1]:5353", ("2001:db8::1", 5353)),
    ],
)
def test_an_upstream_is_an_address_and_perhaps_a_port(text: str, server: tuple[str, int]) -> None:
    """Of either family."""
    assert upstream_of(text) == server


@pytest.mark.parametrize(
    "text", ["", "dns.example", "8.8.8.8:", "8.8.8.8:0", "8.8.8.8:65536", "8.8.8.8:x", "[::1"]
)
def test_an_upstream_that_is_none_is_refused_at_once(text: str) -> None:
    """And not when the first question comes."""
    with pytest.raises(ValueError, match="expected"):
        DnsServer(Zone(), [text], _Log())
