"""What answers at the ports of simulated containers, and what probes find there."""

from collections.abc import Iterable
from typing import Final

from msgspec.structs import replace

from orchestrator.api.core.v1 import Container, HTTPGetAction, Pod, Probe
from orchestrator.api.scalars import IntOrString
from orchestrator.kubelet.runtimes.interface import World
from orchestrator.kubelet.runtimes.programs import site_of
from orchestrator.kubelet.runtimes.services import HttpRequest, HttpResponse, Scene, Service, text
from orchestrator.kubelet.runtimes.shell import Err, Out, Sleep, run

_MOST_STEPS: Final = 10_000
_HEADERS: Final = {"User-Agent": "kube-probe/1.36", "Accept": "*/*"}


def fault_of_site(container: Container, world: World | None) -> bool:
    """Whether the page is gone that a web server's image had: somebody has moved it in the running container."""
    site = site_of(container)
    return bool(site) and world is not None and f"{site}/index.html" not in world.files


def pages_of(container: Container) -> dict[str, bytes]:
    """The files that the image of a web server brings."""
    site = site_of(container)
    page = b"<html><body><h1>It works!</h1></body></html>\n"
    return {f"{site}/index.html": page} if site else {}


def answer(service: Service, request: HttpRequest, port: int, scene: Scene) -> HttpResponse:
    """What a server answers."""
    return service.handler(request, port, scene)


def by_name(host: str, request: HttpRequest) -> HttpResponse:
    """What a server answers of which nothing is known: the name of its pod."""
    return text(f"{host} {request.target}\n")


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


def number_of(port: IntOrString, container: Container) -> int:
    """A port's number, looked up if it is the name of one of the container's; 0 if there is none."""
    if isinstance(port, int):
        return port
    if port.isdecimal():
        return int(port)
    return next((p.container_port for p in container.ports if p.name == port), 0)


def address_of(pod: Pod) -> str:
    """The pod's address, if it has one."""
    return pod.status.pod_ip if pod.status is not None else ""
