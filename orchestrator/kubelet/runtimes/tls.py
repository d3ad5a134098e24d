"""TLS on the server's side of a session: what simulated servers with a certificate speak."""

import ssl
import tempfile
from typing import Final

from orchestrator.sessions import Session

_PIECE: Final = 65536


def context_of(certificate: bytes, key: bytes) -> ssl.SSLContext:
    """What a server with this certificate and key speaks; both in PEM. Raises ssl.SSLError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.NamedTemporaryFile(suffix=".pem") as file:  # the library reads files only
        file.write(certificate + b"\n" + key)
        file.flush()
        context.load_cert_chain(file.name)
    return context


class Secured:
    """The plain side of a session whose client speaks TLS."""

    def __init__(self, session: Session, context: ssl.SSLContext) -> None:
        self._session = session
        self._arrived = ssl.MemoryBIO()
        self._leaving = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._arrived, self._leaving, server_side=True)

    async def read(self) -> bytes | None:
        """What the client says next; None at its end, or where it does not speak as it should."""
        while True:
            try:
                return self._tls.read(_PIECE) or None
            except ssl.SSLWantReadError:
                await self._flush()
            except ssl.SSLError:
                await self._flush()
                return None
            data = await self._session.read()
            if data is None:
                return None
            self._arrived.write(data)

    async def write(self, data: bytes) -> None:
        """Say something."""
        self._tls.write(data)
        await self._flush()

    async def _flush(self) -> None:
        if data := self._leaving.read():
            await self._session.write(data)
