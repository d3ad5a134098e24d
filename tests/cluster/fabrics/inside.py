"""Runs within a network namespace that a test has made: a bridge fabric of two nodes, and what one can find out there.

Prints a JSON object: of each scenario why it failed, empty if it did not.
"""

import asyncio
import json
import subprocess
import sys
import traceback
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
from msgspec import convert
from msgspec.structs import replace

from orchestrator.api.core.v1 import Container, ContainerPort, Pod, PodSpec, ServiceStatus
from orchestrator.api.discovery.v1 import EndpointPort
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.cluster import node_spec
from orchestrator.cluster.fabrics.bridge import BridgeFabric
from orchestrator.kubelet.networks.interface import PodLink
from orchestrator.proxy.policies.decisions import Allowed, Isolation, Ports
from orchestrator.proxy.table import (
    EMPTY_TABLE,
    Table,
    TableChange,
    advance,
    service_changed,
    slice_changed,
)
from tests.proxy.test_table import make_service, make_slice

PROGRAMS = Path(__file__).with_name("pod_programs.py")
PORT = 8080
SERVICE = "10.96.0.50"
NODES = [node_spec(f"node-{i}", i) for i in range(2)]


class Log:
    """Whatever is refused fails the scenario."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def warning(self, event: str, **keys: object) -> None:
        """Keep it."""
        self.said.append(f"{event} {keys}")


class Net:
    """Two nodes with two servers each, named after node and number; and a client on each node."""

    def __init__(self, fabric: BridgeFabric, log: Log) -> None:
        self.fabric, self.log = fabric, log
        self.networks = [fabric.network(fabric.place(spec)) for spec in NODES]
        self.planes = [fabric.plane(spec) for spec in NODES]
        self.links: dict[str, PodLink] = {}
        self.processes: list[subprocess.Popen[str]] = []
        for node in range(2):
            for name in (f"{node}a", f"{node}b", f"client{node}"):
                self.links[name] = self.networks[node].join(pod(name))
        for name in ("0a", "0b", "1a", "1b"):
            self.serve(name)

    def serve(self, name: str, port: int = PORT, rights: tuple[str, ...] = ()) -> None:
        """Run a server in a pod; `rights` is a command that runs it with fewer."""
        process = subprocess.Popen(
            [*_inside(self.links[name], *rights), "serve", name, str(port)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        self.processes.append(process)

    async def ask(
        self, client: str | None, ip: str, port: int = 80, count: int = 1, kind: str = "tcp"
    ) -> list[str]:
        """What a pod is answered, or the host for None."""
        where = [sys.executable, "-S", "-E", str(PROGRAMS)]
        command = where if client is None else _inside(self.links[client])
        done = await asyncio.to_thread(
            subprocess.run,
            [*command, "ask", ip, str(port), str(count), kind],
            capture_output=True,
            text=True,
            check=True,
        )
        found: list[str] = json.loads(done.stdout)
        return found

    async def sync(self, table: Table) -> None:
        """Bring a table into both nodes."""
        for plane in self.planes:
            plane.sync(table)
        await self.fabric.settled()
        assert not self.log.said, self.log.said

    async def serve_table(self, *names: str, **spec: Any) -> None:
        """A service SERVICE:80 with these endpoints."""
        endpoints = [
            {"addresses": [self.links[n].address], "nodeName": f"node-{n[0]}", "conditions": {}}
            for n in names
        ]
        protocol = spec.pop("protocol", "TCP")
        spec.setdefault("ports", [{"port": 80, "protocol": protocol}])
        slice_ = make_slice("a-1", "a", *endpoints)
        port = [{"port": PORT, "protocol": protocol}]
        slice_ = replace(slice_, ports=convert(port, tuple[EndpointPort, ...]))
        status = convert(spec.pop("status", {}), ServiceStatus)
        service = replace(make_service("a", SERVICE, **spec), status=status)
        changes: list[TableChange] = [*service_changed(None, service)]
        changes += slice_changed(None, slice_)
        await self.sync(advance(EMPTY_TABLE, changes))

    def close(self) -> None:
        """End the servers."""
        for process in self.processes:
            process.kill()
            process.communicate()


def pod(uid: str) -> Pod:
    """A pod with a network of its own."""
    return Pod(metadata=ObjectMeta(name=uid, uid=uid), spec=PodSpec())


def _inside(link: PodLink, *rights: str) -> list[str]:
    enter = ["nsenter", f"--net={link.namespace}", *rights]
    return [*enter, sys.executable, "-S", "-E", str(PROGRAMS)]


# --- scenarios -----------------------------------------------------------------------------


async def pods_reach_pods(net: Net) -> None:
    """On their node and across nodes, seen at their own addresses; so does the host."""
    own = net.links["client0"].address
    assert await net.ask("client0", net.links["0a"].address, PORT) == [f"0a {own}"]
    assert await net.ask("client0", net.links["1b"].address, PORT) == [f"1b {own}"]
    assert await net.ask(None, net.links["1a"].address, PORT) == ["1a 172.16.0.1"]


async def a_cluster_ip_leads_to_all_endpoints(net: Net) -> None:
    """Whichever node they are on, with the client's own address; from the host, too."""
    await net.serve_table("0a", "0b", "1a")
    said = await net.ask("client0", SERVICE, count=40)
    assert {words.split()[0] for words in said} == {"0a", "0b", "1a"}, said
    assert {words.split()[1] for words in said} == {net.links["client0"].address}, said
    said = await net.ask(None, SERVICE, count=20)
    assert {words.split()[0] for words in said} == {"0a", "0b", "1a"}, said


async def a_pod_reaches_itself_through_its_service(net: Net) -> None:
    """Its own answers come back by the node."""
    await net.serve_table("0a")
    (said,) = await net.ask("0a", SERVICE)
    assert said.startswith("0a "), said


async def datagrams_go_the_same_way(net: Net) -> None:
    """And come back from the service's address."""
    await net.serve_table("0a", "1a", protocol="UDP")
    said = await net.ask("client1", SERVICE, count=30, kind="udp")
    assert {words.split()[0] for words in said} == {"0a", "1a"}, said


async def datagrams_follow_the_endpoints(net: Net) -> None:
    """What the kernel knows of a client is forgotten with its endpoint, at a node port, too."""
    ports = [{"port": 80, "nodePort": 30053, "protocol": "UDP"}]
    spec: dict[str, Any] = {"protocol": "UDP", "ports": ports, "type": "NodePort"}
    for client, ip, port in (("client0", SERVICE, 80), (None, "172.16.0.2", 30053)):
        for name in ("0a", "1a", "0b"):
            await net.serve_table(name, **spec)
            (said,) = await net.ask(client, ip, port, kind="flow")
            assert said.startswith(f"{name} "), (client, name, said)


async def affinity_keeps_a_client(net: Net) -> None:
    """Also when the service changes meanwhile."""
    await net.serve_table("0a", "0b", "1a", sessionAffinity="ClientIP")
    before = await net.ask("client0", SERVICE, count=10)
    assert len(set(before)) == 1, before
    await net.serve_table("0a", "0b", "1a", "1b", sessionAffinity="ClientIP")
    after = await net.ask("client0", SERVICE, count=10)
    assert set(after) == set(before), (before, after)


async def without_endpoints_a_client_is_refused(net: Net) -> None:
    """At once; a port that the service has not is refused as well."""
    await net.serve_table()
    assert await net.ask("client0", SERVICE) == ["ConnectionRefusedError"]
    await net.serve_table("0a")
    assert await net.ask("client0", SERVICE, 81) == ["ConnectionRefusedError"]
    assert await net.ask("client0", "10.96.9.9", 81) == ["timeout"]


async def a_node_port_answers_on_each_node(net: Net) -> None:
    """Masqueraded by the node under the policy Cluster; under Local as it came, or not at all, but for the
    node's own clients.
    """
    ports = [{"port": 80, "nodePort": 30080, "protocol": "TCP"}]
    await net.serve_table("0a", type="NodePort", ports=ports)
    assert (await net.ask(None, "172.16.0.2", 30080))[0].startswith("0a 10.128.0.1"), "gateway"
    assert await net.ask(None, "172.16.0.3", 30080) == ["0a 172.16.0.3"]
    assert (await net.ask("client1", "172.16.0.3", 30080))[0].startswith("0a ")
    await net.serve_table("0a", type="NodePort", ports=ports, externalTrafficPolicy="Local")
    assert await net.ask(None, "172.16.0.2", 30080) == ["0a 172.16.0.1"]
    assert await net.ask(None, "172.16.0.3", 30080) == ["timeout"]
    assert (await net.ask("client1", "172.16.0.3", 30080))[0].startswith("0a "), "own"


async def external_addresses_lead_in(net: Net) -> None:
    """From pods; whatever routes them here may use them from outside."""
    await net.serve_table("1a", externalIPs=["192.0.2.7"])
    assert (await net.ask("client0", "192.0.2.7"))[0].startswith("1a "), "external"


async def load_balancers_lead_in_for_whom_they_may(net: Net) -> None:
    """Also from the host; under an external policy of Local with the client's own address."""
    status = {"loadBalancer": {"ingress": [{"ip": "198.18.0.1", "ipMode": "VIP"}]}}
    spec: dict[str, Any] = {
        "type": "LoadBalancer",
        "ports": [{"port": 80, "nodePort": 30081, "protocol": "TCP"}],
        "externalTrafficPolicy": "Local",
    }
    await net.serve_table("0a", status=status, **spec)
    assert await net.ask(None, "198.18.0.1") == ["0a 172.16.0.1"]
    assert (await net.ask("client0", "198.18.0.1"))[0].startswith("0a ")
    assert (await net.ask("client1", "198.18.0.1"))[0].startswith("0a "), "from the cluster: any"
    ranges = [f"{net.links['client0'].address}/32"]
    await net.serve_table("0a", status=status, loadBalancerSourceRanges=ranges, **spec)
    assert await net.ask(None, "198.18.0.1") == ["timeout"]
    assert (await net.ask("client0", "198.18.0.1"))[0].startswith("0a ")


async def load_balancers_are_told_where_endpoints_are(net: Net) -> None:
    """At the port for health checks of each node."""
    spec: dict[str, Any] = {"type": "LoadBalancer", "externalTrafficPolicy": "Local"}
    await net.serve_table("0a", "0b", healthCheckNodePort=30082, **spec)
    for ip, status, count in (("172.16.0.2", 200, 2), ("172.16.0.3", 503, 0)):
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"http://{ip}:30082/") as answer,
        ):
            assert answer.status == status, (ip, answer.status)
            assert (await answer.json())["localEndpoints"] == count
    await net.serve_table("0a")
    assert await net.ask(None, "172.16.0.2", 30082) == ["ConnectionRefusedError"]


async def local_traffic_stays_on_its_node(net: Net) -> None:
    """Where there is none its packets are dropped."""
    await net.serve_table("0a", internalTrafficPolicy="Local")
    assert (await net.ask("client0", SERVICE))[0].startswith("0a ")
    assert await net.ask("client1", SERVICE) == ["timeout"]


async def a_pod_s_address_is_free_when_it_leaves(net: Net) -> None:
    """Its namespace is gone, and the next with its address works."""
    network = net.networks[0]
    first = network.join(pod("one"))
    assert network.join(pod("one")) is first
    assert first.namespace is not None
    assert first.namespace.exists()
    network.leave("one")
    network.leave("one")
    for _ in range(100):
        if not first.namespace.exists():
            break
        await asyncio.sleep(0.02)  # noqa: TID251
    assert not first.namespace.exists()
    again = [network.join(pod(f"again-{i}")) for i in range(5)]
    assert first.address not in {link.address for link in again}, "the longest unused first"
    net.links["again"] = again[0]
    assert (await net.ask("again", net.links["0a"].address, PORT))[0].startswith("0a ")
    for i in range(5):
        network.leave(f"again-{i}")


async def a_pod_needs_no_rights_for_low_ports(net: Net) -> None:
    """A container that may not bind privileged ports listens at 80 in its pod's network."""
    deprived = ("setpriv", "--bounding-set=-net_bind_service", "--inh-caps=-net_bind_service")
    net.serve("client0", 80, deprived)
    assert (await net.ask("0a", net.links["client0"].address, 80))[0].startswith("client0 ")


async def links_are_made_meanwhile(net: Net) -> None:
    """Who prepares finds a link when it joins, and who does not join leaves nothing."""
    network = net.networks[0]
    made = [network.prepare(pod(f"soon-{i}")) for i in range(3)]
    assert {"soon-0", "soon-1", "soon-2"} <= set(network.joined())
    for each in made:
        if each is not None:
            await asyncio.wrap_future(each)
    assert network.prepare(pod("soon-0")) is None
    net.links["soon"] = network.join(pod("soon-0"))
    assert (await net.ask("soon", net.links["0a"].address, PORT))[0].startswith("0a ")
    for i in range(3):
        network.leave(f"soon-{i}")


async def host_ports_lead_to_their_pods(net: Net) -> None:
    """One port at several addresses, each another pod's; from the node itself at a loopback address, too."""
    network = net.networks[0]
    for name, ip in (("0c", "127.0.0.1"), ("0d", "172.16.0.2")):
        port = ContainerPort(container_port=PORT, host_port=5000, host_ip=ip)
        spec = PodSpec(containers=(Container(name="c", ports=(port,)),))
        net.links[name] = network.join(replace(pod(name), spec=spec))
        net.serve(name)
    net.links["node"] = network.join(replace(pod("node"), spec=PodSpec(host_network=True)))
    assert await net.ask("node", "127.0.0.1", 5000) == ["0c 10.128.0.1"]
    assert (await net.ask("node", "172.16.0.2", 5000))[0].startswith("0d ")
    assert await net.ask(None, "172.16.0.2", 5000) == ["0d 172.16.0.1"]
    assert (await net.ask("0d", "172.16.0.2", 5000))[0].startswith("0d "), "itself"
    network.leave("0d")
    assert await net.ask(None, "172.16.0.2", 5000) == ["ConnectionRefusedError"]
    network.leave("0c")


async def policies_are_held(net: Net) -> None:
    """A pod that is isolated takes only whom it allows, on its node and from others, also by a Service."""
    address = net.links["0a"].address
    enforce = net.fabric.enforcer()
    await net.serve_table("0a")

    async def isolate(*those: Isolation) -> None:
        enforce({"node-0": those})
        await net.fabric.settled()
        assert not net.log.said, net.log.said

    async def passes(*wanted: str) -> None:
        asked = [net.ask(client, address, PORT) for client in ("0b", "client0", "client1")]
        asked += [net.ask("client1", SERVICE), net.ask(None, address, PORT)]
        seen = tuple(words[0].split()[0] for words in await asyncio.gather(*asked))
        assert seen == wanted, seen

    await isolate(Isolation(address, (), None))
    await passes(*["timeout"] * 4, "0a")  # the control plane may always come
    client = Allowed(addresses=(net.links["client1"].address,), ports=Ports("TCP", 8000, 8100))
    block = Allowed(block="10.128.0.0/24", but_for=(f"{net.links['client0'].address}/32",))
    await isolate(Isolation(address, (client, block), None))
    await passes("0a", "timeout", "0a", "0a", "0a")
    await isolate(Isolation(net.links["0b"].address, None, (Allowed(ports=Ports("UDP")),)))
    await passes("timeout", "0a", "0a", "0a", "0a")
    await isolate()
    await passes(*["0a"] * 5)


SCENARIOS: list[Callable[[Net], Awaitable[None]]] = [
    pods_reach_pods,
    a_cluster_ip_leads_to_all_endpoints,
    a_pod_reaches_itself_through_its_service,
    datagrams_go_the_same_way,
    datagrams_follow_the_endpoints,
    affinity_keeps_a_client,
    without_endpoints_a_client_is_refused,
    a_node_port_answers_on_each_node,
    external_addresses_lead_in,
    load_balancers_lead_in_for_whom_they_may,
    load_balancers_are_told_where_endpoints_are,
    local_traffic_stays_on_its_node,
    a_pod_s_address_is_free_when_it_leaves,
    a_pod_needs_no_rights_for_low_ports,
    links_are_made_meanwhile,
    host_ports_lead_to_their_pods,
    policies_are_held,
]


async def main() -> dict[str, str]:
    """Run all of them; answers what failed, and what is left at the end."""
    log = Log()
    fabric = BridgeFabric(log)
    net = Net(fabric, log)
    results: dict[str, str] = {}
    try:
        for scenario in SCENARIOS:
            try:
                await scenario(net)
            except Exception:
                results[scenario.__name__] = traceback.format_exc()
                log.said.clear()
            else:
                results[scenario.__name__] = ""
    finally:
        net.close()
        fabric.close()
    results["left"] = _left(fabric)
    return results


def _left(fabric: BridgeFabric) -> str:
    """Namespaces, interfaces and routes that are still there."""
    spaces = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True)
    links = subprocess.run(["ip", "-br", "link"], capture_output=True, text=True, check=True)
    routes = subprocess.run(["ip", "route"], capture_output=True, text=True, check=True)
    own = [line for line in spaces.stdout.splitlines() if fabric.namespace("x")[:-6] in line]
    others = [line for line in links.stdout.splitlines() if not line.startswith("lo ")]
    return "\n".join((*own, *others, routes.stdout)).strip()


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main())))
