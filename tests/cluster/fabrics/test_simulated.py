"""Simulated pods that talk with one another: nothing is sent, and answers come as over a network."""

from typing import Any

import pytest

from orchestrator import Cluster
from orchestrator.api.core.v1 import Node, Pod
from orchestrator.machinery.conditions import is_true
from tests.manifests import pod, service

_AGNHOST = "registry.k8s.io/e2e-test-images/agnhost:2.63.0"
_SERVER = ["netexec", "--http-port=8080", "--udp-port=8081"]
_PORTS = [
    {"name": "http", "port": 80, "targetPort": 8080, "nodePort": 30080},
    {"name": "udp", "port": 81, "targetPort": 8081, "protocol": "UDP"},
]


def _agnhost(name: str, *args: str, app: str = "", **container: Any) -> dict[str, Any]:
    made = pod(name)
    made["metadata"]["labels"] = {"app": app} if app else {}
    made["spec"]["containers"][0].update(image=_AGNHOST, args=[*args], **container)
    return made


def _client(script: str) -> dict[str, Any]:
    """A pod that is ready when a script ends well."""
    probe = {"exec": {"command": ["sh", "-c", script]}, "periodSeconds": 1}
    return _agnhost("client", "pause", readinessProbe=probe)


async def _is_ready(cluster: Cluster) -> bool:
    await cluster.clock.sleep(10)
    found = await cluster.client.get(Pod, "client", namespace="default")
    return found.status is not None and is_true(found.status.conditions, "Ready")


@pytest.mark.parametrize(
    "script",
    [
        "curl -s http://web/hostname | grep -q '^web-0$'",
        "curl -s http://web.default.svc.cluster.local:80/clientip | grep -q ^10",
        "echo hostname | nc -u -w 1 web 81 | grep -q web-0",
        "echo hostName | nc -v web 80 | grep -q '400 Bad Request'",
        "nc -z web 80",
        "wget -qO- http://web/hostname | grep -q '^web-0$'",
        "wget -O /tmp/f web/hostname && grep -q web-0 /tmp/f",
        "nslookup web | grep -q Address",
        "curl -s 'http://web/dial?host=web&port=80&request=hostname' | grep -q web-0",
        "curl -s http://NODE:30080/hostname | grep -q web-0",
        "curl -s 'http://web/dial?request=hostname&protocol=udp&host=web&port=81&tries=2' | grep -q '.\"web-0\",\"web-0\"'",
    ],
)
async def test_a_client_reaches_a_service(cluster: Cluster, script: str) -> None:
    """By its name or a node's port, over TCP and UDP; not before it has an endpoint."""
    nodes = await cluster.client.list(Node)
    status = nodes[1].status
    assert status is not None
    script = script.replace("NODE", status.addresses[0].address)
    made = service(type="NodePort", ports=_PORTS)
    await cluster.apply([made, _client(script)])
    assert await _is_ready(cluster) == script.startswith("nslookup")
    await cluster.apply([_agnhost("web-0", *_SERVER, app="web")])
    assert await _is_ready(cluster)


async def test_where_nobody_listens_a_client_is_refused(cluster: Cluster) -> None:
    """At another port of a pod at once, and at an address that is nobody's after a while."""
    await cluster.apply([_agnhost("web-0", *_SERVER, app="web"), service(clusterIP="None")])
    script = "curl -s http://web:9999/; test $? = 7 && { curl -s --connect-timeout 0.5 10.9.9.9; test $? = 28; } && ! nslookup other"
    await cluster.apply([_client(script)])
    assert await _is_ready(cluster)


async def test_a_server_counts_who_has_written_to_it(cluster: Cluster) -> None:
    """agnhost's nettest keeps what wget posts, and says it."""
    ports = [{"port": 80, "targetPort": 8080}]
    await cluster.apply([_agnhost("web-0", "nettest", app="web"), service(ports=ports)])
    await cluster.clock.sleep(5)
    script = """wget -qO- --post-data='{"Source": "me"}' http://web/write && curl -s http://web/read | grep -q '"me": '"""
    await cluster.apply([_client(script)])
    assert await _is_ready(cluster)


async def test_a_guestbook_reads_from_replicas_what_its_primary_was_told(cluster: Cluster) -> None:
    """The front writes to the primary, which tells its replicas; one that comes later takes over what there is."""
    replica = ("guestbook", "--replicaof", "agnhost-primary", "--http-port", "6379")
    ports = [{"port": 6379}]
    for name in ("agnhost-primary", "agnhost-replica"):
        selector = {"app": name}
        await cluster.apply([service(name, ports=ports, selector=selector)])
    await cluster.apply(
        [
            _agnhost("one", *replica, app="agnhost-replica"),
            _agnhost("primary", "guestbook", "--http-port", "6379", app="agnhost-primary"),
            _agnhost("front", "guestbook", app="web"),
            service(ports=[{"port": 80}]),
        ]
    )
    await cluster.clock.sleep(10)
    script = "curl -s 'http://web/guestbook?cmd=set&key=k&value=v' | grep -q Updated && "
    script += """curl -s 'http://web/guestbook?cmd=get&key=k' | grep -q '^{"data":"v"}$'"""
    await cluster.apply([_client(script)])
    assert await _is_ready(cluster)
    await cluster.apply([_agnhost("two", *replica, app="agnhost-replica")])
    await cluster.client.delete(Pod, "one", namespace="default")
    await cluster.client.delete(Pod, "primary", namespace="default")
    await cluster.client.delete(Pod, "client", namespace="default")
    await cluster.clock.sleep(40)
    await cluster.apply([_client(script.rpartition(" && ")[2])])
    assert await _is_ready(cluster)


async def test_affinity_keeps_a_simulated_client(cluster: Cluster) -> None:
    """As it keeps any."""
    servers = [_agnhost(f"web-{n}", *_SERVER, app="web") for n in range(3)]
    await cluster.apply([*servers, service(sessionAffinity="ClientIP")])
    await cluster.clock.sleep(10)
    script = "for i in 1 2 3 4 5; do curl -s http://web/hostname; echo; done | sort -u | wc -l | grep -q '^ *1$'"
    await cluster.apply([_client(script)])
    assert await _is_ready(cluster)


@pytest.mark.parametrize(("port", "restarts"), [(8080, False), (9999, True)])
async def test_a_hook_s_request_reaches_another_pod(
    cluster: Cluster, port: int, restarts: bool
) -> None:
    """A container whose request after its start is refused is ended, and begins again."""
    await cluster.apply([_agnhost("web-0", *_SERVER, app="web"), service(clusterIP="None")])
    await cluster.clock.sleep(5)
    hook = {"postStart": {"httpGet": {"host": "web", "port": port, "path": "/echo?msg=hello"}}}
    await cluster.apply([_agnhost("client", "pause", lifecycle=hook)])
    await cluster.clock.sleep(5)
    found = await cluster.client.get(Pod, "client", namespace="default")
    assert found.status is not None
    assert (found.status.container_statuses[0].restart_count > 0) == restarts


_LISTENS = "while true; do printf 'hello\\n' | nc -l -p 8080; done"


async def test_netcat_serves_one_client_after_another(cluster: Cluster) -> None:
    """Each gets its input, and what they send is what it says; its port is open while it waits."""
    server = pod("web-0")
    server["metadata"]["labels"] = {"app": "web"}
    server["spec"]["containers"][0].update(
        image="busybox",
        command=["sh", "-c", _LISTENS],
        readinessProbe={"tcpSocket": {"port": 8080}, "periodSeconds": 1},
    )
    script = "echo hi | nc web 80 | grep -q hello"
    await cluster.apply([server, service(type="NodePort", ports=_PORTS[:1]), _client(script)])
    assert await _is_ready(cluster)
    await cluster.clock.sleep(20)  # each second another client
    for name in ("web-0", "client"):
        found = await cluster.client.get(Pod, name, namespace="default")
        assert found.status is not None
        assert is_true(found.status.conditions, "Ready")
