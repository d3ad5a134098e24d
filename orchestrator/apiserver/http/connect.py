"""Connections to what runs in pods: logs, commands, attached terminals, ports.

The server asks the kubelet of the pod's node to open a session, and passes bytes between it and the client.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from aiohttp.web import Response, StreamResponse

from actors import ActorCrashed, ActorStopped, AskTimeout, MailboxFull, Request
from orchestrator.api.core.v1 import Pod
from orchestrator.api.unstructured import Unstructured
from orchestrator.apiserver import errors
from orchestrator.apiserver.authorization import Attributes
from orchestrator.apiserver.http.channels import (
    serve_command,
    serve_ports,
    serve_stream,
)
from orchestrator.apiserver.http.errors import NotImplementedHere
from orchestrator.apiserver.http.front import Call, Front
from orchestrator.apiserver.http.log_options import log_options
from orchestrator.apiserver.http.node_pages import node_page
from orchestrator.apiserver.http.parameters import boolean
from orchestrator.apiserver.http.proxying import divided, proxy
from orchestrator.apiserver.http.websockets import wants_websocket
from orchestrator.machinery.digits import whole
from orchestrator.protocol import AdmitConnection, BadRequest, Get, InternalError
from orchestrator.sessions import (
    AttachTo,
    Chunk,
    Execute,
    OpenPort,
    Reach,
    ReadLog,
    Session,
)

# What admission sees of a connection, and the switches among it.
_OPTIONS: Final = {
    "exec": "PodExecOptions",
    "attach": "PodAttachOptions",
    "portforward": "PodPortForwardOptions",
}
_PROXIED: Final = {
    "pods": "PodProxyOptions",
    "services": "ServiceProxyOptions",
    "nodes": "NodeProxyOptions",
}
_STREAMS: Final = ("stdin", "stdout", "stderr", "tty")
_TIMEOUT_SECONDS: Final = 30.0


async def connect(front: Front, call: Call) -> StreamResponse:
    """Connect a client with a container of a pod. Errors: NotFound, Forbidden, BadRequest."""
    target = call.target
    if "dryRun" in call.query and target.part != "log":
        raise BadRequest("dryRun is not supported")
    # Before anybody looks whether the object is there, as the original asks.
    await _admit(front, call)
    await _authorize(front, call)
    if target.part == "proxy" and target.resource.key in ("pods", "services"):
        return await proxy(front, call)
    if target.part == "log":
        log_options(call.query, target.name, front.clock.now())
    found = await front.ask(
        Get(
            resource=target.resource,
            name=target.name,
            namespace=target.namespace,
        )
    )
    if target.resource.key == "nodes" and target.part == "proxy" and call.verb == "get":
        return await node_page(front, call, found)
    serve = _PARTS.get(target.part) if target.resource.key == "pods" else None
    if serve is None:
        raise NotImplementedHere(
            f'{target.resource.plural} "{target.name}": {target.part} is not supported by this runtime',
            kind=target.resource.plural,
            group=target.resource.group,
            name=target.name,
        )
    return await serve(front, call, found)


async def _admit(front: Front, call: Call) -> None:
    """Ask admission about a connection; a log is none. Raises what it refuses with."""
    target = call.target
    options = _proxy_options(call) if target.part == "proxy" else _pod_options(call)
    if options is None:
        return
    await front.ask(
        AdmitConnection(
            resource=target.resource,
            object=options,
            name=target.name,
            namespace=target.namespace,
            subresource=target.part,
            identity=call.identity,
            warn=call.warnings.append,
            annotate=call.annotate,
        )
    )


def _proxy_options(call: Call) -> Unstructured | None:
    """Where behind its prefix a proxied request goes."""
    kind = _PROXIED.get(call.target.resource.key)
    path = divided(call)[1]
    content = {"path": path} if path else {}
    return None if kind is None else Unstructured(api_version="v1", kind=kind, content=content)


def _pod_options(call: Call) -> Unstructured | None:
    """What the query says of a command, a terminal or ports."""
    kind = _OPTIONS.get(call.target.part)
    if kind is None:
        return None
    query = call.query
    said: dict[str, Any] = {name: True for name in _STREAMS if boolean(query, name)}
    if container := query.get("container", ""):
        said["container"] = container
    if command := query.getall("command", []):
        said["command"] = list(command)
    if ports := query.getall("ports", []):
        said["ports"] = [whole(each) for each in ports if each.isdecimal()]
    return Unstructured(api_version="v1", kind=kind, content=said)


async def _authorize(front: Front, call: Call) -> None:
    """Who upgrades a GET wants what a POST creates. Raises Forbidden."""
    target = call.target
    if call.verb != "get" or target.part not in ("exec", "attach", "portforward"):
        return
    resource = target.resource
    asked = Attributes(
        "create", resource.group, resource.plural, target.part, target.namespace, target.name
    )
    allowed, reason = await front.decide(call.identity, asked)
    if not allowed:
        raise errors.refused(call.identity, asked, reason)


# --- the kubelet ---------------------------------------------------------------------------


async def _tell_kubelet(front: Front, pod: Pod, message: Request[None]) -> None:
    """Have the pod's kubelet open a session. Raises what it refuses with, InternalError if it is not there."""
    node = pod.spec.node_name if pod.spec is not None else ""
    kubelet = front.kubelet_of(node or "")
    address = pod.status.host_ip if pod.status is not None else node
    gone = f"dial tcp {address or node}:10250: connect: connection refused"
    if kubelet is None:
        raise InternalError(f"error dialing backend: {gone}")
    try:
        await kubelet.ask(message, timeout=_TIMEOUT_SECONDS)
    except (AskTimeout, ActorStopped, ActorCrashed, MailboxFull) as error:
        raise InternalError(f"error dialing backend: {gone}") from error


def _container_of(pod: Pod, asked: str) -> str:
    """The container that is meant. Raises BadRequest."""
    spec = pod.spec
    assert spec is not None
    name = pod.metadata.name
    names = [c.name for c in spec.containers]
    init = [c.name for c in spec.init_containers]
    others = [c.name for c in spec.ephemeral_containers]
    if asked:
        if asked not in (*names, *init, *others):
            raise BadRequest(f"container {asked} is not valid for pod {name}")
        return asked
    if len(names) == 1:
        return names[0]
    text = f"a container name must be specified for pod {name}, choose one of: [{' '.join(names)}]"
    if init:
        text += f" or one of the init containers: [{' '.join(init)}]"
    if others:
        text += f" or one of the ephemeral containers: [{' '.join(others)}]"
    raise BadRequest(text)


def _reach(pod: Pod, container: str) -> Reach:
    return Reach(pod.metadata.uid, container, Session())


# --- logs ----------------------------------------------------------------------------------


async def _log(front: Front, call: Call, pod: Pod) -> StreamResponse:
    container = _container_of(pod, call.query.get("container", ""))
    options = log_options(call.query, call.target.name, front.clock.now())
    response = StreamResponse(
        headers={"Content-Type": "text/plain", "Cache-Control": "no-cache, private"}
    )
    if pod.spec is None or not pod.spec.node_name:
        return Response(status=204, headers={"Cache-Control": "no-cache, private"})
    reach = _reach(pod, container)
    await _tell_kubelet(front, pod, ReadLog(reach, options))
    if wants_websocket(call.request):
        return await serve_stream(call.request, reach.session)
    await response.prepare(call.request)
    try:
        while isinstance(said := await reach.session.take(), Chunk):
            await response.write(said.data)
        if said.fault:
            await response.write(said.fault.encode())
        await response.write_eof()
    finally:
        reach.session.leave()
    return response


# --- commands and ports --------------------------------------------------------------------


def _assigned(pod: Pod) -> None:
    if pod.spec is None or not pod.spec.node_name:
        raise BadRequest(f"pod {pod.metadata.name} does not have a host assigned")


async def _exec(front: Front, call: Call, pod: Pod) -> StreamResponse:
    container = _container_of(pod, call.query.get("container", ""))
    _assigned(pod)
    command = tuple(call.query.getall("command", ()))
    if not command:
        raise BadRequest("you must specify at least 1 command for the container")
    reach = _reach(pod, container)
    stdin, tty = boolean(call.query, "stdin"), boolean(call.query, "tty")
    await _tell_kubelet(front, pod, Execute(reach, command, stdin, tty))
    return await serve_command(call.request, reach.session, command, stdin=stdin, tty=tty)


async def _attach(front: Front, call: Call, pod: Pod) -> StreamResponse:
    container = _container_of(pod, call.query.get("container", ""))
    _assigned(pod)
    reach = _reach(pod, container)
    stdin, tty = boolean(call.query, "stdin"), boolean(call.query, "tty")
    await _tell_kubelet(front, pod, AttachTo(reach, stdin, tty))
    return await serve_command(call.request, reach.session, (), stdin=stdin, tty=tty)


async def _open_port(front: Front, pod: Pod, port: int) -> Session:
    _assigned(pod)
    reach = _reach(pod, "")
    await _tell_kubelet(front, pod, OpenPort(reach, port))
    return reach.session


async def _port_forward(front: Front, call: Call, pod: Pod) -> StreamResponse:
    _assigned(pod)

    async def opened(port: int) -> Session:
        return await _open_port(front, pod, port)

    ports = [whole(text) for text in call.query.getall("ports", ()) if text.isdecimal()]
    return await serve_ports(call.request, ports, opened)


_PARTS: Final[Mapping[str, Callable[[Front, Call, Any], Awaitable[StreamResponse]]]] = {
    "log": _log,
    "exec": _exec,
    "attach": _attach,
    "portforward": _port_forward,
}
