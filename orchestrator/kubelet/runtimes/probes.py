"""Probes and hooks that really ask: commands, TCP connections, HTTP and gRPC requests, each with its time."""

import asyncio
import os
import ssl
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, Protocol

from orchestrator.api.core.v1 import (
    Container,
    ExecAction,
    GRPCAction,
    HTTPGetAction,
    LifecycleHandler,
    Pod,
    Probe,
    TCPSocketAction,
)
from orchestrator.kubelet.networks.interface import PodLink
from orchestrator.kubelet.runtimes.ports import UnknownPort, number_of

if TYPE_CHECKING:
    import aiohttp
    from yarl import URL

_AGENT: Final = "kube-probe/1.36"
MOST_OUTPUT: Final = 10 * 1024
_HOOK_SECONDS: Final = 60.0  # for a hook's request


class Unanswered(Exception):
    """A probe found no answer, or not the right one; the text is the probe's output."""


class NotAsked(Exception):
    """A probe could not be asked, so nothing is known; the text says why."""


class Probed(Protocol):
    """A run of a container, to who probes it."""

    container: Container


class Prober(ABC):
    """Asks a node's containers. `link` says where a pod is in the network. Base: commands and connections differ."""

    def __init__(self, link: Callable[[Pod], PodLink]) -> None:
        self._link = link

    @abstractmethod
    async def _run(
        self, run: Any, command: tuple[str, ...], seconds: float | None
    ) -> tuple[int, bytes]:
        """Exit code and output of a command in a container. Raises NotAsked, and TimeoutError."""

    @abstractmethod
    async def _connect(self, host: str, port: int, seconds: float) -> None:
        """Connect, and go. Raises TimeoutError and ConnectionRefusedError."""

    async def ask(self, run: Probed, pod: Pod, probe: Probe) -> tuple[bool | None, str]:
        """Whether a probe succeeds, and its output; None where it could not be asked, and why."""
        seconds = float(probe.timeout_seconds or 1)
        try:
            if probe.exec is not None:
                await self._execute(run, probe.exec, seconds)
            elif probe.http_get is not None:
                await self._get(run, pod, probe.http_get, seconds)
            elif probe.tcp_socket is not None:
                await self._dial(run, pod, probe.tcp_socket, seconds)
            elif probe.grpc is not None:
                await self._call(pod, probe.grpc, seconds)
        except (NotAsked, UnknownPort) as fault:
            return None, str(fault)
        except Unanswered as fault:
            return False, str(fault)
        except OSError as error:
            return False, str(error)
        return True, ""

    async def hook(self, run: Probed, pod: Pod, handler: LifecycleHandler) -> bool:
        """Run a hook; whether it went well."""
        try:
            if handler.exec is not None:
                await self._execute(run, handler.exec, None)
            elif handler.http_get is not None:
                await self._get(run, pod, handler.http_get, _HOOK_SECONDS)
        except (Unanswered, NotAsked, UnknownPort, OSError):
            return False
        return True

    async def _execute(self, run: Probed, action: ExecAction, seconds: float | None) -> None:
        """Raises Unanswered with what the command said, and NotAsked."""
        try:
            code, said = await self._run(run, action.command, seconds)
        except TimeoutError:
            command = " ".join(action.command)
            raise Unanswered(
                f'command timed out: "{command}" timed out after {seconds:g}s'
            ) from None
        if code:
            raise Unanswered(said[:MOST_OUTPUT].decode(errors="replace"))

    async def _get(self, run: Probed, pod: Pod, action: HTTPGetAction, seconds: float) -> None:
        """Raises Unanswered and UnknownPort."""
        import aiohttp  # late: few kubelets probe

        host = action.host or self._link(pod).address
        port = number_of(action.port, run.container)
        scheme = (action.scheme or "HTTP").lower()
        path = action.path or "/"
        url = f"{scheme}://{host}:{port}{path if path.startswith('/') else '/' + path}"
        headers = {"User-Agent": _AGENT, "Accept": "*/*", "Connection": "close"}
        for each in action.http_headers:
            headers[each.name] = each.value
        try:
            async with (
                asyncio.timeout(seconds),
                self._session(scheme) as session,
                session.get(_whole(url), headers=headers, allow_redirects=False) as response,
            ):
                status = response.status
                await response.content.read(MOST_OUTPUT)
        except TimeoutError:
            raise Unanswered(
                f'Get "{url}": context deadline exceeded (Client.Timeout exceeded while awaiting headers)'
            ) from None
        except aiohttp.ClientConnectorError as error:
            why = f"dial tcp {host}:{port}: connect: {(error.strerror or str(error)).lower()}"
            if error.os_error.errno:
                why = (
                    f"dial tcp {host}:{port}: connect: {os.strerror(error.os_error.errno).lower()}"
                )
            raise Unanswered(f'Get "{url}": {why}') from None
        except aiohttp.ServerDisconnectedError:
            raise Unanswered(f'Get "{url}": EOF') from None
        except (aiohttp.ClientError, ValueError) as error:
            raise Unanswered(f'Get "{url}": {error}') from None
        if not 200 <= status < 400:
            raise Unanswered(f"HTTP probe failed with statuscode: {status}")

    def _session(self, scheme: str) -> "aiohttp.ClientSession":
        import aiohttp

        trusting: ssl.SSLContext | bool = True
        if scheme == "https":
            trusting = ssl.create_default_context()
            trusting.check_hostname = False
            trusting.verify_mode = ssl.CERT_NONE
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=trusting, force_close=True),
            skip_auto_headers=("Accept-Encoding",),
        )

    async def _dial(self, run: Probed, pod: Pod, action: TCPSocketAction, seconds: float) -> None:
        """Raises Unanswered and UnknownPort."""
        host = action.host or self._link(pod).address
        port = number_of(action.port, run.container)
        try:
            await self._connect(host, port, seconds)
        except TimeoutError:
            raise Unanswered(f"dial tcp {host}:{port}: i/o timeout") from None
        except ConnectionRefusedError as error:
            raise Unanswered(str(error).replace("tcp4", "tcp")) from None

    async def _call(self, pod: Pod, action: GRPCAction, seconds: float) -> None:
        """Raises Unanswered."""
        from orchestrator.kubelet.runtimes.grpc_health import check

        host = self._link(pod).address
        where = f"{host}:{action.port}"
        try:
            async with asyncio.timeout(seconds):
                status = await check(host, action.port, action.service or "")
        except TimeoutError:
            raise Unanswered(
                f'timeout: failed to connect service "{where}" within {seconds:g}s: context deadline exceeded'
            ) from None
        except (OSError, EOFError) as error:
            raise Unanswered(f'error: failed to connect service at "{where}": {error}') from None
        if status != "SERVING":
            raise Unanswered(f'service unhealthy (responded with "{status}")')


def _whole(url: str) -> "str | URL":
    from yarl import URL

    with suppress(ValueError):
        return URL(url, encoded=True)
    return url
