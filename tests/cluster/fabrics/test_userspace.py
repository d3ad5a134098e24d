"""Services that carry real traffic to pods that are coroutines, as an ordinary user."""

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from actors import Misuse
from orchestrator import Cluster
from orchestrator.api.apps.v1 import Deployment
from orchestrator.api.core.v1 import Node, Pod, Service
from orchestrator.cluster import node_spec
from tests.cluster.fabrics.servers import HERE, PORT, ask, pause
from tests.manifests import deployment, service

NODES = [node_spec(f"node-{i}", i, runtime="coroutine") for i in range(2)]


@pytest.fixture
async def real() -> AsyncIterator[Cluster]:
    """A cluster whose fabric follows from its runtime."""
    async with Cluster(nodes=NODES) as cluster:
        yield cluster


def _workload(function: str, replicas: int, **env: str) -> dict[str, Any]:
    made = deployment(replicas=replicas)
    container = made["spec"]["template"]["spec"]["containers"][0]
    container["image"] = f"{HERE}:{function}"
    container["env"] = [{"name": name, "value": value} for name, value in env.items()]
    return made


async def _up(
    cluster: Cluster, function: str = "say_name", replicas: int = 3, **spec: Any
) -> tuple[str, Service]:
    spec.setdefault("ports", [{"port": 8000, "targetPort": PORT}])
    await cluster.apply([_workload(function, replicas), service(**spec)])
    await cluster.client.wait(
        Deployment, "web", "condition=Available", namespace="default", timeout=20
    )
    found = await cluster.client.get(Service, "web", namespace="default")
    assert found.spec is not None
    return found.spec.cluster_ip or "", found


async def _until(check: Callable[[], Awaitable[Any]], seconds: float = 10) -> Any:
    async with asyncio.timeout(seconds):
        while True:
            try:
                return await check()
            except (ConnectionError, aiohttp.ClientConnectionError, AssertionError):
                await pause(0.05)


async def _all_answer(ip: str, port: int, pods: int, tries: int = 12) -> Counter[str]:
    answered = [await ask(ip, port) for _ in range(tries)]
    names = Counter(words[0][0] for words in answered)
    assert len(names) == pods
    return names


async def test_a_cluster_ip_leads_to_each_pod_in_turn(real: Cluster) -> None:
    """Each pod listens at its own address, and all that a service has get the same number of connections."""
    ip, _ = await _up(real)
    await _until(lambda: _all_answer(ip, 8000, 3, 3))
    counts = await _all_answer(ip, 8000, 3)
    pods = await real.client.list(Pod, namespace="default")
    assert counts == {pod.metadata.name: 4 for pod in pods}
    assert {p.status.pod_ip[:4] for p in pods if p.status is not None} == {"127."}


async def test_a_client_is_seen_at_its_own_address_and_stays_by_affinity(real: Cluster) -> None:
    """Another client has a pod of its own."""
    ip, _ = await _up(real, sessionAffinity="ClientIP")
    await _until(lambda: ask(ip, 8000, source="127.0.0.7"))
    one = [(await ask(ip, 8000, source="127.0.0.7"))[0][:2] for _ in range(4)]
    other = (await ask(ip, 8000, source="127.0.0.8"))[0][:2]
    assert len({name for name, _ in one}) == 1
    assert {peer for _, peer in one} == {"127.0.0.7"}
    assert other[1] == "127.0.0.8"


async def test_a_node_port_is_open_on_each_node_that_has_power(real: Cluster) -> None:
    """With an external policy of Local only where pods are."""
    _, found = await _up(real, replicas=1, type="NodePort")
    assert found.spec is not None
    port = found.spec.ports[0].node_port or 0
    addresses = [f"{block}.2" for block in await _blocks(real)] + [
        f"{block}.3" for block in await _blocks(real)
    ]
    for address in addresses:
        assert await _until(lambda address=address: ask(address, port))  # type: ignore[misc]
    patch = {"spec": {"externalTrafficPolicy": "Local"}}
    await real.client.patch(Service, "web", patch, namespace="default")
    (pod,) = await real.client.list(Pod, namespace="default")
    assert pod.status is not None
    for address in addresses:
        if address == pod.status.host_ip:
            assert await ask(address, port)
        else:
            await _until(lambda address=address: _refused(address, port))  # type: ignore[misc]
    await real.crash_node(pod.spec.node_name if pod.spec is not None else "")
    await _refused(pod.status.host_ip, port)


async def _blocks(cluster: Cluster) -> set[str]:
    pods = await cluster.client.list(Pod, namespace="default")
    return {p.status.host_ip.rpartition(".")[0] for p in pods if p.status is not None}


async def _refused(ip: str, port: int) -> None:
    try:
        await ask(ip, port)
    except ConnectionRefusedError:
        return
    raise AssertionError(f"{ip}:{port} is open")


async def test_a_load_balancer_s_address_leads_in_for_whom_it_may(real: Cluster) -> None:
    """It is one of the host's own; clients outside of the source ranges are cut off."""
    await _up(real, replicas=1, type="LoadBalancer", loadBalancerSourceRanges=["127.0.0.8/30"])

    async def address() -> str:
        service = await real.client.get(Service, "web", namespace="default")
        assert service.status is not None
        assert service.status.load_balancer is not None
        assert service.status.load_balancer.ingress
        return service.status.load_balancer.ingress[0].ip

    balancer = await _until(address)
    assert (await _until(lambda: ask(balancer, 8000, source="127.0.0.9")))[0][1] == "127.0.0.9"
    with pytest.raises(ConnectionResetError):
        await ask(balancer, 8000, source="127.0.0.7")


async def test_a_node_says_how_many_endpoints_it_has(real: Cluster) -> None:
    """To load balancers, at the Service's port for health checks: 200 with some, 503 without."""
    _, made = await _up(real, type="LoadBalancer", externalTrafficPolicy="Local", replicas=1)
    assert made.spec is not None
    port = made.spec.health_check_node_port or 0
    nodes = await real.client.list(Node)
    addresses = [node.status.addresses[0].address for node in nodes if node.status is not None]

    async def told() -> list[tuple[int, int]]:
        answers = []
        async with aiohttp.ClientSession() as session:
            for address in addresses:
                async with session.get(f"http://{address}:{port}/healthz") as answer:
                    body = await answer.json()
                    assert body["service"] == {"namespace": "default", "name": "web"}
                    answers.append((answer.status, body["localEndpoints"]))
        return sorted(answers)

    async def one_node_has_it() -> None:
        assert await told() == [(200, 1), (503, 0)]

    await _until(one_node_has_it)


async def test_without_endpoints_a_client_is_refused(real: Cluster) -> None:
    """Not accepted and cut off: nobody listens."""
    ip, _ = await _up(real, replicas=1)
    await _until(lambda: ask(ip, 8000))
    await real.client.patch(Deployment, "web", {"spec": {"replicas": 0}}, namespace="default")
    await _until(lambda: _refused(ip, 8000))


async def test_a_backend_s_reset_is_a_reset(real: Cluster) -> None:
    """The client does not take it for an orderly end."""
    ip, _ = await _up(real, "reset_all", 1)

    async def reset() -> None:
        reader, writer = await asyncio.open_connection(ip, 8000)
        writer.write(b"x\n")
        try:
            with pytest.raises(ConnectionResetError):
                await reader.readline()
        finally:
            writer.close()

    async def there() -> None:
        _, writer = await asyncio.open_connection(ip, 8000)
        writer.close()

    await _until(there)
    await reset()


async def test_datagrams_go_to_one_pod_a_client(real: Cluster) -> None:
    """And the answers come from the service's address."""
    ports = [{"port": 8000, "targetPort": PORT, "protocol": "UDP"}]
    ip, _ = await _up(real, "echo_datagrams", 2, ports=ports)

    async def say(count: int) -> set[bytes]:
        loop = asyncio.get_running_loop()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.setblocking(False)
            client.connect((ip, 8000))
            answers = set()
            for _ in range(count):
                await loop.sock_sendall(client, b"hello")
                async with asyncio.timeout(5):
                    answers.add(await loop.sock_recv(client, 100))
            return answers

    await _until(lambda: say(1))
    seen = [await say(3) for _ in range(4)]
    assert {len(each) for each in seen} == {1}
    assert len(set.union(*seen)) == 2


async def test_a_proxy_that_restarts_refuses_nobody(real: Cluster) -> None:
    """What listens belongs to the machine."""
    ip, _ = await _up(real, replicas=2)
    await _until(lambda: ask(ip, 8000))
    real.crash("/proxy")
    for _ in range(40):
        assert await ask(ip, 8000)
        await pause(0.01)
    await real.client.patch(Deployment, "web", {"spec": {"replicas": 4}}, namespace="default")
    await _until(lambda: _all_answer(ip, 8000, 4, 8))


async def test_a_roll_under_load_fails_no_request(real: Cluster) -> None:
    """Pods that end finish what they serve, and nobody is sent to one that is gone."""
    ip, _ = await _up(real)
    await _until(lambda: ask(ip, 8000))
    rolled = asyncio.Event()
    answered: Counter[str] = Counter()

    async def load() -> None:
        while not rolled.is_set():
            reader, writer = await asyncio.open_connection(ip, 8000)
            for _ in range(20):
                writer.write(b"x\n")
                words = (await reader.readline()).decode().split()
                assert words[-1] == "x"
                answered[words[0]] += 1
                await pause(0.002)
                if "close" in words:
                    break
            writer.close()

    clients = [asyncio.create_task(load()) for _ in range(4)]
    before = {p.metadata.name for p in await real.client.list(Pod, namespace="default")}
    await real.apply([_workload("say_name", 3, VERSION="2")])

    async def only_new() -> None:
        now = {p.metadata.name for p in await real.client.list(Pod, namespace="default")}
        assert len(now) == 3
        assert not now & before

    await _until(only_new, 30)
    rolled.set()
    await asyncio.gather(*clients)
    assert set(answered) > before


async def test_nothing_is_left_of_a_cluster() -> None:
    """Its ports are closed, and its addresses may be another's."""
    async with Cluster(nodes=NODES) as cluster:
        ip, _ = await _up(cluster, replicas=1)
        await _until(lambda: ask(ip, 8000))
    await _refused(ip, 8000)
    async with Cluster(nodes=NODES) as cluster:
        assert (await cluster.client.get(Service, "kubernetes", namespace="default")).spec


async def test_packets_do_not_travel_in_virtual_time(cluster: Cluster) -> None:
    """Nor is there a plane of any name."""
    with pytest.raises(Misuse, match="real time"):
        async with Cluster(nodes=1, proxy_mode="userspace"):
            pass
    with pytest.raises(ValueError, match="proxy_mode is one of table, userspace, nftables"):
        async with Cluster(nodes=1, proxy_mode="ipvs"):  # type: ignore[arg-type]
            pass
