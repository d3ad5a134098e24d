"""`proxy` to pods and services: one HTTP request, passed on to a port of a pod.

The name in the path may say scheme and port: `web`, `web:80`, `http:web:metrics`.
"""

from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp.web import Response, StreamResponse

from orchestrator.api.core.v1 import Pod, Service
from orchestrator.api.discovery.v1 import EndpointSlice
from orchestrator.api.scheme import resource_of
from orchestrator.apiserver.http.front import Call, Front
from orchestrator.protocol import BadRequest, Get, InternalError, List, ServiceUnavailable
from orchestrator.sessions import Chunk, Session

_PODS: Final = resource_of(Pod)
_SERVICES: Final = resource_of(Service)
_SLICES: Final = resource_of(EndpointSlice)
_OWN: Final = frozenset(
    {"connection", "content-length", "transfer-encoding", "host", "authorization"}
)

Opened = Callable[[Pod, int], Awaitable[Session]]


async def proxy(front: Front, call: Call, opened: Opened) -> StreamResponse:
    """Pass a request on, and its answer back. Errors: NotFound, BadRequest, ServiceUnavailable."""
    target = call.target
    name, port = _named(target.name)
    if target.resource.key == "services":
        pod, number = await _backend(front, target.namespace, name, port)
    else:
        pod = await front.ask(Get(resource=_PODS, name=name, namespace=target.namespace))
        number = _port_of(pod, port)
    path = call.request.path.partition("/proxy")[2]
    if not path:
        return Response(status=301, headers={"Location": f"{call.request.path}/"})
    session = await opened(pod, number)
    await session.give(_request(call, path, await call.request.read(), name))
    return await _answer(session)


def _named(text: str) -> tuple[str, str]:
    """Name and port. Raises BadRequest."""
    parts = text.split(":")
    if len(parts) == 3 and parts[0] in ("http", "https", ""):
        return parts[1], parts[2]
    if len(parts) > 2:
        raise BadRequest(f'invalid service request "{text}"')
    return parts[0], parts[1] if len(parts) == 2 else ""


def _port_of(pod: Pod, text: str) -> int:
    if text.isdecimal():
        return int(text)
    ports = [p for c in (pod.spec.containers if pod.spec is not None else ()) for p in c.ports]
    for port in ports:
        if not text or port.name == text:
            return port.container_port
    if text:
        raise BadRequest(f"no port {text} found on pod {pod.metadata.name}")
    return 80


async def _backend(front: Front, namespace: str, name: str, text: str) -> tuple[Pod, int]:
    """A pod that serves, and its port."""
    service = await front.ask(Get(resource=_SERVICES, name=name, namespace=namespace))
    ports = service.spec.ports if service.spec is not None else ()
    chosen = [p for p in ports if text in (p.name, str(p.port)) or (not text and len(ports) == 1)]
    none = ServiceUnavailable(f'no endpoints available for service "{name}"')
    if not chosen:
        raise ServiceUnavailable(f'no service port "{text}" found for service "{name}"')
    selector = f"kubernetes.io/service-name={name}"
    page = await front.ask(List(resource=_SLICES, namespace=namespace, label_selector=selector))
    for each in page.items:
        numbers = [p.port for p in each.ports if (p.name or "") == chosen[0].name]
        for endpoint in each.endpoints:
            ready = endpoint.conditions is None or endpoint.conditions.ready is not False
            if ready and endpoint.target_ref is not None and numbers and numbers[0]:
                where = endpoint.target_ref
                pod = await front.ask(
                    Get(resource=_PODS, name=where.name, namespace=where.namespace)
                )
                return pod, numbers[0]
    raise none


def _request(call: Call, path: str, body: bytes, host: str) -> bytes:
    query = call.request.query_string
    lines = [f"{call.request.method} {path}{'?' if query else ''}{query} HTTP/1.1", f"Host: {host}"]
    lines += [f"{k}: {v}" for k, v in call.request.headers.items() if k.lower() not in _OWN]
    lines += [f"Content-Length: {len(body)}", "Connection: close", "", ""]
    return "\r\n".join(lines).encode() + body


async def _answer(session: Session) -> Response:
    data = b""
    while isinstance(said := await session.take(), Chunk):
        data += said.data
    head, found, body = data.partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    parts = status.split(" ", 2)
    if not found or len(parts) < 2 or not parts[1].isdecimal():
        raise InternalError(f"error trying to reach service: {said.fault or 'no answer in HTTP'}")
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        if name.lower() not in _OWN:
            headers[name] = value.strip()
    return Response(status=int(parts[1]), headers=headers, body=body)
