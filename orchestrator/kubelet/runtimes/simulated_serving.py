"""What answers at the ports of simulated containers, and what probes find there."""

from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeVar

from msgspec.structs import replace

from orchestrator.api.core.v1 import Container, HTTPGetAction, Pod, Probe
from orchestrator.kubelet.networks.wires import Outside, Segment
from orchestrator.kubelet.runtimes.commands.network import sent
from orchestrator.kubelet.runtimes.interface import World
from orchestrator.kubelet.runtimes.ports import UnknownPort, number_of
from orchestrator.kubelet.runtimes.programs import site_of
from orchestrator.kubelet.runtimes.services import (
    HttpRequest,
    HttpResponse,
    Scene,
    Service,
    encoded,
    taken,
    text,
)
from orchestrator.kubelet.runtimes.shell import Err, Out, Sleep, run

T = TypeVar("T")

_BAD: Final = b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n400 Bad Request"
_MOST_STEPS: Final = 10_000
_HEADERS: Final = {"User-Agent": "kube-probe/1.36", "Accept": "*/*"}


def fault_of_site(container: Container, world: World | None) -> bool:
    """Whether the page is gone that a web server's image had: somebody has moved it in the running container."""
    site = site_of(container)
    return bool(site) and world is not None and f"{site}/index.html" not in world.files


def answer(service: Service, request: HttpRequest, port: int, scene: Scene) -> HttpResponse:
    """What a server answers."""
    return service.handler(request, port, scene)


def by_name(host: str, request: HttpRequest) -> HttpResponse:
    """What a server answers of which nothing is known: the name of its pod."""
    return text(f"{host} {request.target}\n")


def at_node(pod: Pod | None, container: T, segment: Segment) -> Iterator[tuple[T, int]]:
    """A container, and the port that a segment to the node's own address is to it, if it is any."""
    spec = pod.spec if pod is not None else None
    if spec is None:
        return
    if spec.host_network:
        yield container, segment.port
        return
    for each in (*spec.containers, *spec.init_containers):
        for port in each.ports:
            if (
                port.host_port == segment.port
                and (port.protocol or "TCP") == segment.protocol
                and port.host_ip in ("", "0.0.0.0", segment.ip)
            ):
                yield container, port.container_port


def replied(
    service: Service | None,
    segment: Segment,
    port: int,
    served: Callable[[HttpRequest], HttpResponse],
    scene: Callable[[], Scene],
) -> bytes | None:
    """What a server says to a segment; None: it does not listen there. Of None nothing is known: it says its name."""
    if segment.protocol == "UDP":
        if service is None or port not in service.datagrams:
            return None
        said = segment.data.decode(errors="replace")
        return service.talk(said, f"{segment.source}:40000", scene()).encode()
    if service is not None and not service.listens(port):
        return None
    if not segment.data or (service is not None and port not in service.ports):
        return b""
    head, end, body = segment.data.partition(b"\r\n\r\n")
    if not end:
        return _BAD
    request = taken(head, body, f"{segment.source}:40000")
    return encoded(served(request), request.method)


def asked(action: HTTPGetAction, container: Container, outside: Outside | None) -> bool:
    """Whether the request of a hook is answered well; without a network it is taken to be."""
    if outside is None:
        return True
    host = action.host or "localhost"  # the pod's own
    target = action.path or "/"
    target = target if target.startswith("/") else f"/{target}"
    lines = [f"GET {target} HTTP/1.1", f"Host: {host}", "User-Agent: kube-lifecycle/1.36"]
    lines += [f"{each.name}: {each.value}" for each in action.http_headers]
    data = "\r\n".join([*lines, "", ""]).encode()
    try:
        world = World({}, {}, outside=outside)
        said = sent(world, host, number_of(action.port, container), "TCP", data)
    except (OSError, UnknownPort):
        return False
    status = said.split(b" ", 2)[1:2]
    return bool(status) and status[0].isdigit() and 200 <= int(status[0]) < 400


def output_of(script: str, world: World) -> tuple[bytes, int]:
    """What a script writes and its code; the time that it takes does not pass."""
    inner = replace(world, signals=[], trapped=set())
    command, out = run(["sh", "-c", script], inner), b""
    for _ in range(_MOST_STEPS):
        try:
            step = command.send(None)
        except StopIteration as end:
            return out, int(end.value)
        if isinstance(step, Out | Err):
            out += step.data
    return out, 137


def length_of(argv: Iterable[str], world: World) -> tuple[float, int, bytes]:
    """How long a command takes in a world, its code and its output."""
    inner = replace(world, signals=[], trapped=set(), environment=dict(world.environment))
    command, out, seconds = run(list(argv), inner), b"", 0.0
    for _ in range(_MOST_STEPS):
        try:
            step = command.send(None)
        except StopIteration as end:
            return seconds, int(end.value), out
        if isinstance(step, Out | Err):
            out += step.data
        elif isinstance(step, Sleep):
            seconds += step.seconds
    return seconds, 137, out


def probed(
    probe: Probe, container: Container, service: Service, scene: Scene, address: str
) -> tuple[bool, str]:
    """Whether a server passes a probe that asks one of its ports, and what is said if not."""
    if probe.http_get is not None:
        return _by_http(probe.http_get, container, service, scene, address)
    if probe.tcp_socket is not None:
        port = number_of(probe.tcp_socket.port, container)
        return service.listens(port), "" if service.listens(port) else _refused(address, port)
    if probe.grpc is not None:
        port = probe.grpc.port or 0
        if port not in service.health:
            said = f'timeout: failed to connect service "{address}:{port}" within 1s: context deadline exceeded'
            return False, said
        serving = scene.state.get("serving", "yes") == "yes"
        return serving, "" if serving else 'service unhealthy (responded with "NOT_SERVING")'
    return True, ""


def _by_http(
    action: HTTPGetAction, container: Container, service: Service, scene: Scene, address: str
) -> tuple[bool, str]:
    port = number_of(action.port, container)
    target = action.path or "/"
    if port not in service.ports:
        where = f"http://{address}:{port}{target}"
        return False, f'Get "{where}": {_refused(address, port)}'
    given = {h.name: h.value for h in action.http_headers}
    request = HttpRequest("GET", target, {**_HEADERS, **given})
    response = answer(service, request, port, scene)
    where = response.headers.get("Location", "")
    if 300 <= response.status < 400 and where.startswith("/"):
        response = answer(service, replace(request, target=where), port, scene)
    if 200 <= response.status < 400:
        return True, ""
    return False, f"HTTP probe failed with statuscode: {response.status}"


def _refused(address: str, port: int) -> str:
    return f"dial tcp {address}:{port}: connect: connection refused"


def address_of(pod: Pod) -> str:
    """The pod's address, if it has one."""
    return pod.status.pod_ip if pod.status is not None else ""
