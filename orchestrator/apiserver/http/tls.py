"""TLS as the server speaks it: what it shows, whom it believes, and what its connections are told of it."""

import ssl
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from orchestrator.apiserver.http import pki as certificates
from orchestrator.apiserver.http.pki import Pki

_LEAST: Final = ssl.TLSVersion.TLSv1_2


class Context(ssl.SSLContext):
    """The settings of all connections; `failed` is called for each whose handshake fails."""

    failed: Callable[[], None]

    def wrap_bio(self, incoming: ssl.MemoryBIO, *arguments: Any, **options: Any) -> "Session":
        """TLS of a new connection, whose bytes come by `incoming`."""
        session = super().wrap_bio(incoming, *arguments, **options)
        assert isinstance(session, Session)
        session.incoming, session.failed = incoming, self.failed
        return session


class Session(ssl.SSLObject):
    """TLS of one connection: who serves hears of it only when its handshake is over."""

    incoming: ssl.MemoryBIO
    failed: Callable[[], None]

    def do_handshake(self) -> None:
        """Raises SSLError."""
        try:
            super().do_handshake()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise
        except ssl.SSLError:
            self.failed()
            raise

    def read(self, len: int = 1024, buffer: Any = None) -> Any:  # noqa: A002 - the base's name
        """Decrypted bytes. Raises SSLWantReadError where there are none yet.

        asyncio reads until this is raised, at every request. The library asks OpenSSL, which works out what there is
        to say of an error; that takes longer than to decrypt what has come.
        """
        if self.incoming.pending or self.pending():
            return super().read(len, buffer)
        raise ssl.SSLWantReadError


def context_of(pki: Pki, authorities: str, failed: Callable[[], None]) -> Context:
    """The context of a server with these keys; clients' certificates may be signed by `authorities` (PEM)."""
    context = Context(ssl.PROTOCOL_TLS_SERVER)
    context.sslobject_class, context.failed = Session, failed
    context.minimum_version = _LEAST
    # Clients may come with a certificate, a token or nothing; a foreign certificate ends the
    # handshake.
    context.verify_mode = ssl.CERT_OPTIONAL
    context.load_verify_locations(cadata=authorities)
    context.set_alpn_protocols(["http/1.1"])
    # Python reads keys from files only; these live for a moment, in a directory of our own.
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        certificate, key = directory / "tls.crt", directory / "tls.key"
        certificate.write_bytes(pki.server.certificate)
        certificates.write_private(key, pki.server.key)
        context.load_cert_chain(certificate, key)
    return context
