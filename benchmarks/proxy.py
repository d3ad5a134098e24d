"""Requests a second, and how long one takes, through each data plane beside a direct connection.

    python -m benchmarks.proxy [--seconds 1] [--rounds 5] [--connections 32]

A client and a server, a process each, speak HTTP/1.1 on kept connections, a request in flight on each: 100 bytes there,
200 back. They take turns: direct, then through a plane, in rounds, and medians are printed. The userspace plane runs in
this process, with nothing else on its loop, and listens at a service address of 127.0.0.0/8. As root the whole runs in
a network namespace of its own, and client and server of the nftables plane are pods of one node. `new` opens a
connection for each request.
"""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

from orchestrator.api import codec
from orchestrator.api.core.v1 import Pod, Service
from orchestrator.api.discovery.v1 import EndpointSlice
from orchestrator.kubelet.networks.namespaces import configure, why_not
from orchestrator.proxy.table import (
    EMPTY_TABLE,
    Table,
    TableChange,
    advance,
    service_changed,
    slice_changed,
)

_PORT: Final = 8080
_ENDS = r"""
import asyncio, json, sys, time
REQUEST = b"GET / HTTP/1.1\r\nHost: web\r\n" + b"X-Pad: %s\r\n\r\n" % (b"x" * 62)
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 158\r\n\r\n" + b"y" * 158

class Server(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport
    def data_received(self, data):
        self.transport.write(ANSWER)

class Client(asyncio.Protocol):
    def __init__(self, took):
        self.took, self.got = took, 0
    def connection_made(self, transport):
        self.transport = transport
        self.ask()
    def ask(self):
        self.at = time.perf_counter()
        self.transport.write(REQUEST)
    def data_received(self, data):
        self.got += len(data)
        if self.got >= len(ANSWER):
            self.got = 0
            self.took.append(time.perf_counter() - self.at)
            self.ask()

async def serve(ip, port):
    server = await asyncio.get_running_loop().create_server(Server, ip, port, backlog=1024)
    print("ready", flush=True)
    await server.serve_forever()

async def one(ip, port, took):
    while True:
        at = time.perf_counter()
        reader, writer = await asyncio.open_connection(ip, port)
        writer.write(REQUEST)
        await reader.readexactly(len(ANSWER))
        writer.close()
        took.append(time.perf_counter() - at)

async def load(ip, port, connections, seconds, kept):
    loop, took = asyncio.get_running_loop(), []
    begun = time.perf_counter()
    if kept:
        for _ in range(connections):
            await loop.create_connection(lambda: Client(took), ip, port)
    else:
        tasks = [loop.create_task(one(ip, port, took)) for _ in range(connections)]
    await asyncio.sleep(seconds)
    took.sort()
    took = took or [float("inf")]
    print(json.dumps([len(took) / (time.perf_counter() - begun), took[len(took) // 2]]), flush=True)
    import os
    os._exit(0)

if sys.argv[1] == "serve":
    asyncio.run(serve(sys.argv[2], int(sys.argv[3])))
else:
    asyncio.run(load(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5]), sys.argv[6] == "kept"))
"""

Ask = Callable[[str, int, str], Awaitable[tuple[float, float]]]


def table_of(service_ip: str, backend: str) -> Table:
    """A service with one endpoint."""
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {"clusterIP": service_ip, "clusterIPs": [service_ip], "ports": [{"port": 8000}]},
    }
    slice_ = {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": "web",
            "namespace": "default",
            "labels": {"kubernetes.io/service-name": "web"},
        },
        "addressType": "IPv4",
        "endpoints": [{"addresses": [backend], "conditions": {}}],
        "ports": [{"port": _PORT}],
    }
    changes: list[TableChange] = [*service_changed(None, codec.from_dict(service, Service))]
    changes += slice_changed(None, codec.from_dict(slice_, EndpointSlice))
    return advance(EMPTY_TABLE, changes)


class Ends:
    """The programs at both ends, with `prefix` before each command of the client."""

    def __init__(self, program: Path, arguments: argparse.Namespace) -> None:
        self._program = [sys.executable, str(program)]
        self._arguments = arguments

    def serve(self, ip: str, prefix: tuple[str, ...] = ()) -> "subprocess.Popen[str]":
        """Start a server."""
        command = [*prefix, *self._program, "serve", ip, str(_PORT)]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert server.stdout is not None
        server.stdout.readline()
        return server

    def client(self, *prefix: str) -> Ask:
        """What loads an address, and answers requests a second and the median's seconds."""

        async def ask(ip: str, port: int, kind: str) -> tuple[float, float]:
            given = self._arguments
            words = [str(given.connections), str(given.seconds), kind]
            command = [*prefix, *self._program, "load", ip, str(port), *words]
            process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
            out, _ = await process.communicate()
            rate, took = json.loads(out)
            return rate, took

        return ask


async def compare(
    name: str, ask: Ask, direct: tuple[str, int], plane: tuple[str, int], rounds: int
) -> None:
    """Print medians of rounds in which both take turns."""
    for kind in ("kept", "new"):
        seen: dict[str, list[tuple[float, float]]] = {"direct": [], name: []}
        for _ in range(rounds):
            seen["direct"].append(await ask(*direct, kind))
            seen[name].append(await ask(*plane, kind))
        rates = {who: statistics.median(rate for rate, _ in those) for who, those in seen.items()}
        took = {
            who: statistics.median(seconds for _, seconds in those) for who, those in seen.items()
        }
        added = (took[name] - took["direct"]) * 1e6
        print(
            f"{name:10} {kind:4} {rates['direct']:10,.0f} {rates[name]:10,.0f} "
            f"{rates[name] / rates['direct']:7.0%} {took['direct'] * 1e6:9,.0f} {added:+9,.0f}",
            flush=True,
        )


class Log:
    """Nothing should be said."""

    def warning(self, event: str, **keys: Any) -> None:
        """Say it."""
        print(event, keys, file=sys.stderr)


async def userspace(ends: Ends, rounds: int) -> None:
    """The userspace plane."""
    from orchestrator.proxy.planes.userspace import UserspacePlane

    server = ends.serve("127.3.0.2")
    plane = UserspacePlane({}, Log())
    plane.sync(table_of("127.3.1.1", "127.3.0.2"))
    try:
        await compare("userspace", ends.client(), ("127.3.0.2", _PORT), ("127.3.1.1", 8000), rounds)
    finally:
        plane.close()
        server.kill()
        server.communicate()


async def nftables(ends: Ends, rounds: int) -> None:
    """The nftables plane, between two pods of one node."""
    from orchestrator.api.meta.v1 import ObjectMeta
    from orchestrator.cluster import node_spec
    from orchestrator.cluster.fabrics.bridge import BridgeFabric

    fabric = BridgeFabric(Log())
    spec = fabric.place(node_spec("node-0", 0))
    network, plane = fabric.network(spec), fabric.plane(spec)
    pods = [network.join(Pod(metadata=ObjectMeta(name=n, uid=n))) for n in ("server", "client")]
    prefixes = [("nsenter", f"--net={link.namespace}") for link in pods]
    server = ends.serve("0.0.0.0", prefixes[0])
    plane.sync(table_of("10.96.0.50", pods[0].address))
    await fabric.settled()
    try:
        direct, service = (pods[0].address, _PORT), ("10.96.0.50", 8000)
        await compare("nftables", ends.client(*prefixes[1]), direct, service, rounds)
    finally:
        server.kill()
        server.communicate()
        fabric.close()


async def main(arguments: argparse.Namespace) -> None:
    """Measure what this user may."""
    lacks = why_not()
    if not lacks:
        configure(("link set lo up",))
    print(
        f"{'plane':10} {'':4} {'direct/s':>10} {'plane/s':>10} {'ratio':>7} {'direct µs':>9} {'added µs':>9}"
    )
    with tempfile.TemporaryDirectory() as directory:
        program = Path(directory) / "ends.py"
        program.write_text(_ENDS)
        ends = Ends(program, arguments)
        await userspace(ends, arguments.rounds)
        if lacks:
            print(f"nftables   not measured: {lacks}")
        else:
            await nftables(ends, arguments.rounds)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--connections", type=int, default=32)
    if not why_not() and "BENCHMARKED" not in os.environ:
        os.environ["BENCHMARKED"] = "1"
        command = ["unshare", "--net", sys.executable, "-m", "benchmarks.proxy", *sys.argv[1:]]
        raise SystemExit(subprocess.run(command, check=False).returncode)
    asyncio.run(main(parser.parse_args()))
