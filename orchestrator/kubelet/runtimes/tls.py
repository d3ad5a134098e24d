"""TLS on the server's side of a session: what simulated servers with a certificate speak."""

import ssl
import tempfile
from datetime import UTC, datetime
from functools import cache
from typing import Final

from orchestrator.sessions import Session

_PIECE: Final = 65536
_BEGIN: Final = datetime(1970, 1, 1, tzinfo=UTC)
_END: Final = datetime(2100, 1, 1, tzinfo=UTC)


def context_of(certificate: bytes, key: bytes) -> ssl.SSLContext:
    """What a server with this certificate and key speaks; both in PEM. Raises ssl.SSLError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.NamedTemporaryFile(suffix=".pem") as file:  # the library reads files only
        file.write(certificate + b"\n" + key)
        file.flush()
        context.load_cert_chain(file.name)
    return context


@cache
def self_signed() -> ssl.SSLContext:
    """What servers speak that made their certificate themselves, for `localhost`: all of them the same one.

    Its key comes from the operating system's randomness, and it is valid at any time.
    """
    from cryptography import x509  # late: few servers speak TLS
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_BEGIN)
        .not_valid_after(_END)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return context_of(made.public_bytes(pem), secret)


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
