"""`proxy` to pods and services: one HTTP request, passed on to a port of a pod.

The name in the path may say scheme and port: `web`, `web:80`, `https:web:metrics`. Certificates of pods are not
verified, as Kubernetes does not: nobody has issued them for this use.
"""

import zlib
from collections.abc import Mapping
from contextlib import suppress
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Final

from aiohttp.web import Response, StreamResponse
from multidict import CIMultiDict

from orchestrator.api.core.v1 import Endpoints, Node, Pod, Service
from orchestrator.api.scheme import resource_of
from orchestrator.apiserver import errors
from orchestrator.apiserver.http.connections import OWN_HEADERS, ask_for_body
from orchestrator.apiserver.http.front import Call, Front
from orchestrator.apiserver.http.links import Links
from orchestrator.apiserver.pod_ports import Endpoint, reached
from orchestrator.machinery.digits import whole
from orchestrator.protocol import BadRequest, Get, InternalError, NotFound, ServiceUnavailable

if TYPE_CHECKING:
    from aiohttp import ClientResponse

_PODS: Final = resource_of(Pod)
_SERVICES: Final = resource_of(Service)
_ENDPOINTS: Final = resource_of(Endpoints)
_NODES: Final = resource_of(Node)
_SCHEMES: Final = ("", "http", "https")
# What concerns one connection alone, and who asks.
_NOT_PASSED: Final = frozenset(
    {
        "authorization",
        "connection",
        "expect",
        "host",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_PORTS: Final[Mapping[str, int]] = {"": 80, "http": 80, "https": 443}


async def proxy(front: Front, call: Call) -> StreamResponse:
    """Pass a request on, and its answer back. Errors: NotFound, BadRequest, ServiceUnavailable."""
    target = call.target
    prefix, path = divided(call)
    if target.resource.key == "services":
        scheme, endpoint = await _of_service(front, target.namespace, target.name)
    else:
        scheme, endpoint = await _of_pod(front, target.namespace, target.name)
    if not path and call.request.method in ("GET", "HEAD"):
        query = f"?{call.request.query_string}" if call.request.query_string else ""
        return Response(status=301, headers={"Location": f"{call.request.path}/{query}"})
    return await _passed(front, call, scheme or "http", endpoint, prefix)


def divided(call: Call, path: str = "") -> tuple[str, str]:
    """A request's path, or another form of it, up to the subresource and behind it, by its segments: names may
    begin with `proxy`, too.
    """
    segments = (path or call.request.path).split("/")
    length = 8 if call.target.namespace else 6  # /api/v1/namespaces/NAMESPACE/pods/NAME/proxy
    end = "".join(f"/{each}" for each in segments[length:])
    return "/".join(segments[:length]), end


# --- where ---------------------------------------------------------------------------------


def _named(text: str, what: str) -> tuple[str, str, str]:
    """Scheme, name and port. Raises BadRequest."""
    parts = text.split(":")
    scheme, name, port = "", parts[0], ""
    if len(parts) == 2:
        port = parts[1]
    elif len(parts) == 3:
        scheme, name, port = parts
    if len(parts) > 3 or not name or scheme not in _SCHEMES:
        raise BadRequest(f'invalid {what} request "{text}"')
    return scheme, name, port


async def _of_pod(front: Front, namespace: str, text: str) -> tuple[str, Endpoint]:
    """A port of a pod: the first that it names if none is asked for."""
    scheme, name, port = _named(text, "pod")
    pod: Pod = await front.ask(Get(resource=_PODS, name=name, namespace=namespace))
    containers = pod.spec.containers if pod.spec is not None else ()
    first = next((c.ports[0].container_port for c in containers if c.ports), _PORTS[scheme])
    if port and not port.isdecimal():
        raise BadRequest(f'invalid pod request "{text}"')
    address = pod.status.pod_ip if pod.status is not None else None
    if not address or not await _is_proxied(front, pod, address):
        raise BadRequest("address not allowed")
    return scheme, _endpoint(pod, address, whole(port) if port else first)


async def _is_proxied(front: Front, pod: Pod, address: str) -> bool:
    """Whether an address may be the pod's: this machine itself and its link may not.

    But where nodes give their pods addresses of the loopback interface, those are pods' own.
    """
    try:
        found = ip_address(address)
    except ValueError:
        return False
    if found.is_loopback:
        name = pod.spec.node_name if pod.spec is not None else None
        with suppress(NotFound):
            node: Node = await front.ask(Get(resource=_NODES, name=name or ""))
            networks = node.spec.pod_cidrs if node.spec is not None else ()
            return any(found in ip_network(each) for each in networks)
        return False
    return not (found.is_link_local or found.is_unspecified or found.is_multicast)


def _endpoint(pod: Pod, address: str, port: int) -> Endpoint:
    node = pod.spec.node_name if pod.spec is not None else ""
    return Endpoint(address, port, pod.metadata.uid, node or "")


async def _of_service(front: Front, namespace: str, text: str) -> tuple[str, Endpoint]:
    """A pod that serves, by chance, and its port."""
    scheme, name, port = _named(text, "service")
    if port.isdecimal():
        service: Service = await front.ask(Get(resource=_SERVICES, name=name, namespace=namespace))
        ports = service.spec.ports if service.spec is not None else ()
        named = next((each for each in ports if each.port == whole(port)), None)
        if named is None:
            raise ServiceUnavailable(f'no service port {port} found for service "{name}"')
        port = named.name or ""
    try:
        found: Endpoints = await front.ask(Get(resource=_ENDPOINTS, name=name, namespace=namespace))
    except NotFound as error:
        raise errors.not_found(_SERVICES, name) from error  # so the original calls them here
    if not found.subsets:
        raise ServiceUnavailable(f'no endpoints available for service "{name}"')
    places = [
        (address, each.port)
        for subset in found.subsets
        for each in subset.ports
        if (each.name or "") == port
        for address in subset.addresses
    ]
    front.random.shuffle(places)
    for address, number in places:
        ref = address.target_ref
        if ref is None or ref.namespace != namespace:
            continue  # only addresses of pods are proxied to
        try:
            pod: Pod = await front.ask(
                Get(resource=_PODS, name=ref.name or "", namespace=namespace)
            )
        except NotFound:
            continue
        if pod.status is None or all(each.ip != address.ip for each in pod.status.pod_ips):
            continue
        if await _is_proxied(front, pod, address.ip):
            return scheme, _endpoint(pod, address.ip, number)
    raise ServiceUnavailable(f'no endpoints available for service "{text}"')


# --- there and back ------------------------------------------------------------------------


async def _passed(
    front: Front, call: Call, scheme: str, endpoint: Endpoint, prefix: str
) -> StreamResponse:
    # Late: few clusters are proxied through.
    from aiohttp import ClientError, ClientSession, TCPConnector
    from yarl import URL

    request = call.request
    path, _, query = request.raw_path.partition("?")
    path = divided(call, path)[1] or "/"
    headers = CIMultiDict(
        (name, each) for name, each in request.headers.items() if name.lower() not in _NOT_PASSED
    )
    headers["Host"] = request.headers.get("Host", endpoint.host)
    headers["X-Forwarded-Uri"] = prefix + path
    headers["Connection"] = "close"
    response: StreamResponse | None = None
    ask_for_body(request)
    try:
        async with (
            reached(endpoint, front.kubelet_of) as (host, port),
            ClientSession(
                auto_decompress=False, connector=TCPConnector(force_close=True)
            ) as session,
            session.request(
                request.method,
                URL(
                    f"{scheme}://{_joined(host, port)}{path}{'?' if query else ''}{query}",
                    encoded=True,
                ),
                data=request.content if request.can_read_body else None,
                headers=headers,
                ssl=False,
                allow_redirects=False,
                skip_auto_headers=OWN_HEADERS,
            ) as received,
        ):
            kept = [(n, v) for n, v in received.headers.items() if n.lower() not in _NOT_PASSED]
            response = StreamResponse(status=received.status, headers=CIMultiDict(kept))
            page = await _linked(
                received, response, Links(prefix, (headers["Host"], endpoint.host))
            )
            await response.prepare(request)
            if page is not None:
                await response.write(page)
            async for piece in received.content.iter_any():
                await response.write(piece)
    except (ClientError, OSError) as error:
        if response is not None and response.prepared:
            raise  # the client sees a cut answer
        words = error.strerror if isinstance(error, ConnectionRefusedError) else str(error)
        raise ServiceUnavailable(f"error trying to reach service: {words}") from error
    await response.write_eof()
    return response


def _joined(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


async def _linked(
    received: "ClientResponse", response: StreamResponse, links: Links
) -> bytes | None:
    """Change the response's links; answers its page if it is one of HTML."""
    if location := received.headers.get("Location"):
        response.headers["Location"] = links.through(location)
        return None
    if received.content_type != "text/html" or received.method == "HEAD":
        return None
    page = await received.read()
    try:
        page = links.in_page(page, received.headers.get("Content-Encoding", ""))
    except (OSError, EOFError, zlib.error) as error:
        raise InternalError(f"the page of the pod is not encoded as it says: {error}") from error
    response.content_length = len(page)
    return page
