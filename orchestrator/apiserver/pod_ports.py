"""A pod's port as an address on loopback, for the server's own calls to what pods serve.

Webhooks, conversions and aggregated APIs lead to endpoints, and the address of a pod means something to
this machine only if the pod's runtime gives it one. So the pod's kubelet connects, as for
`kubectl port-forward`, whatever the runtime; endpoints that are no pods are addresses as they stand.
"""

import asyncio
import errno
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any, Final

from msgspec import Struct

from actors import ActorCrashed, ActorStopped, AskTimeout, MailboxFull, Ref
from orchestrator.api.discovery.v1 import EndpointSlice
from orchestrator.protocol import ApiError
from orchestrator.sessions import Chunk, OpenPort, Reach, Session

_SECONDS: Final = 30.0
_PIECE: Final = 65536

FindKubelet = Callable[[str], Ref[Any] | None]
"""The kubelet of a node of this name, if it runs."""


class Endpoint(Struct, frozen=True):
    """A ready endpoint's address and port; `pod_uid` and `node` where a pod is behind it."""

    host: str
    port: int
    pod_uid: str = ""
    node: str = ""


def ready_endpoints(slices: Iterable[EndpointSlice], port_name: str) -> list[Endpoint]:
    """The endpoints of a service's port that are ready, in the order of its slices."""
    found = []
    for part in slices:
        for port in part.ports:
            if (port.name or "") != port_name or not port.port:
                continue
            for endpoint in part.endpoints:
                if endpoint.conditions is not None and endpoint.conditions.ready is False:
                    continue
                pod = endpoint.target_ref
                uid = pod.uid if pod is not None and pod.kind == "Pod" else ""
                found += [
                    Endpoint(address, port.port, uid, endpoint.node_name or "")
                    for address in endpoint.addresses[:1]
                ]
    return found


@asynccontextmanager
async def reached(endpoint: Endpoint, kubelet_of: FindKubelet) -> AsyncIterator[tuple[str, int]]:
    """Where an endpoint can be connected to inside the block. Raises ConnectionRefusedError."""
    if not endpoint.pod_uid:
        yield endpoint.host, endpoint.port
        return
    kubelet = kubelet_of(endpoint.node)
    if kubelet is None:
        raise _refused(endpoint)
    session = await _opened(endpoint, kubelet)
    async with AsyncExitStack() as stack:
        yield await _relay(endpoint, kubelet, session, stack)


async def _opened(endpoint: Endpoint, kubelet: Ref[Any]) -> Session:
    session = Session()
    try:
        reach = Reach(endpoint.pod_uid, "", session)
        await kubelet.ask(OpenPort(reach, endpoint.port), timeout=_SECONDS)
    except (ApiError, AskTimeout, ActorStopped, ActorCrashed, MailboxFull):
        raise _refused(endpoint) from None
    return session


async def _relay(
    endpoint: Endpoint, kubelet: Ref[Any], first: Session, stack: AsyncExitStack
) -> tuple[str, int]:
    """A listener whose connections go to the pod; the first over the session that is open."""
    waiting = [first]
    tasks: set[asyncio.Task[Any]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            session = waiting.pop() if waiting else await _opened(endpoint, kubelet)
            await _pump(reader, writer, session)
        except (OSError, asyncio.CancelledError):
            pass  # the connection is over, and its client sees that
        finally:
            tasks.discard(task)
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)

    async def end() -> None:
        server.close()
        for session in waiting:
            await session.give(None)
        for task in tuple(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    stack.push_async_callback(end)
    host, port = server.sockets[0].getsockname()
    return host, port


async def _pump(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, session: Session
) -> None:
    """Bytes both ways until the pod's side ends."""

    async def to_pod() -> None:
        with suppress(OSError):
            while data := await reader.read(_PIECE):
                await session.give(data)
        await session.give(None)

    sending = asyncio.get_running_loop().create_task(to_pod())
    try:
        while isinstance(said := await session.take(), Chunk):
            writer.write(said.data)
            await writer.drain()
    finally:
        if not sending.done():
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
            await session.give(None)


def _refused(endpoint: Endpoint) -> ConnectionRefusedError:
    return ConnectionRefusedError(
        errno.ECONNREFUSED, f"dial tcp {endpoint.host}:{endpoint.port}: connect: connection refused"
    )
