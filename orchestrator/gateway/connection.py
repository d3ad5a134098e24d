"""One HTTPS connection pool to an API server."""

import ssl
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout, TCPConnector

from actors import Clock
from orchestrator.gateway.access import Access, AccessError
from orchestrator.gateway.answers import error_of
from orchestrator.gateway.credentials import Credentials
from orchestrator.gateway.requests import HttpRequest
from orchestrator.protocol import ServiceUnavailable, Unauthorized

_CONNECT_SECONDS: Final = 30.0
_ANSWER_SECONDS: Final = 60.0  # after so long an API server gives a request up itself
_RETRIES: Final = 10  # of requests that are asked to come again, as client-go does
_UNCHANGED: Final = ("GET",)  # these may be sent again when the connection broke


class Connection:
    """Sends requests with the credentials of an access. Make one with `connected`."""

    def __init__(
        self, access: Access, credentials: Credentials, session: ClientSession, clock: Clock
    ) -> None:
        self.access = access
        self._credentials = credentials
        self._session = session
        self._clock = clock

    async def send(self, request: HttpRequest) -> tuple[int, bytes, Mapping[str, str]]:
        """The code, the body and the headers of the answer to a request.

        A server that asks to come again later is asked again, ten times at the most. Raises ApiError;
        ServiceUnavailable when the server cannot be reached, Unauthorized without credentials.
        """
        broken = renewed = False
        for left in reversed(range(_RETRIES)):
            try:
                async with self._open(request, _ANSWER_SECONDS) as answer:
                    body = await answer.read()
                    code, headers = answer.status, answer.headers
            except (ClientError, OSError, TimeoutError) as error:
                if request.method in _UNCHANGED and not broken:
                    broken = True  # an idle connection may have been closed meanwhile
                    continue
                raise self._unreachable(error) from error
            if code == 401 and not renewed:
                renewed = True
                self._credentials.refused()
                continue
            wait = headers.get("Retry-After", "")
            if left and code in (429, 503) and wait.isdecimal():
                await self._clock.sleep(float(wait))
                continue
            if code >= 400:
                raise error_of(code, body, headers)
            return code, body, headers
        raise ServiceUnavailable("the server asked to come again later once too often")

    @asynccontextmanager
    async def stream(self, request: HttpRequest, seconds: float) -> AsyncIterator[ClientResponse]:
        """The answer to a request that goes on for so long at the most. Raises as `send`."""
        try:
            async with self._open(request, seconds + _ANSWER_SECONDS) as answer:
                if answer.status >= 400:
                    if answer.status == 401:
                        self._credentials.refused()
                    raise error_of(answer.status, await answer.read(), answer.headers)
                yield answer
        except (ClientError, OSError, TimeoutError) as error:
            raise self._unreachable(error) from error

    @asynccontextmanager
    async def _open(self, request: HttpRequest, seconds: float) -> AsyncIterator[ClientResponse]:
        try:
            header = await self._credentials.header()
        except AccessError as error:
            raise Unauthorized(str(error)) from error
        headers = {"Accept": "application/json"}
        if header:
            headers["Authorization"] = header
        if request.body is not None:
            headers["Content-Type"] = request.content_type
        async with self._session.request(
            request.method,
            self.access.server + request.path,
            params=request.query,
            data=request.body,
            headers=headers,
            timeout=ClientTimeout(total=seconds, sock_connect=_CONNECT_SECONDS),
            server_hostname=self.access.server_name or None,
        ) as answer:
            yield answer

    def _unreachable(self, error: BaseException) -> ServiceUnavailable:
        words = str(error) or type(error).__name__
        return ServiceUnavailable(f"{self.access.server} cannot be reached: {words}")


@asynccontextmanager
async def connected(access: Access, clock: Clock) -> AsyncIterator[Connection]:
    """A connection to an API server until the block ends. Raises AccessError."""
    credentials = Credentials(access, clock)
    certificate, key = await credentials.certificate()
    context = _context(access, certificate, key) if access.server.startswith("https:") else False
    async with ClientSession(connector=TCPConnector(ssl=context, limit=0)) as session:
        yield Connection(access, credentials, session, clock)


def _context(access: Access, certificate: bytes, key: bytes) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(
            cadata=access.authority.decode() if access.authority else None
        )
        if not access.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if certificate:
            _show(context, certificate, key)
    except (ssl.SSLError, ValueError) as error:
        raise AccessError(f"{access.server}: the certificates cannot be used: {error}") from None
    return context


def _show(context: ssl.SSLContext, certificate: bytes, key: bytes) -> None:
    """Take a certificate to show; Python reads it from a file only."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "client.pem"
        file.touch(mode=0o600)
        file.write_bytes(certificate.rstrip() + b"\n" + key)
        context.load_cert_chain(file)
