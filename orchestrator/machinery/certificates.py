"""X.509 certificates and requests for them: read, checked, signed.

All keys and certificates are PEM. The library is imported when a certificate is looked at: most clusters
never do.
"""

import base64
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from msgspec import Struct

if TYPE_CHECKING:
    from cryptography import x509

Pem: TypeAlias = bytes

REQUEST_BLOCK: Final = "CERTIFICATE REQUEST"
CERTIFICATE_BLOCK: Final = "CERTIFICATE"
# A certificate begins a little in the past: other clocks differ. It must be less than the shortest lifetime.
BACKDATE_SECONDS: Final = 300
# A lifetime so short is not shortened by what it began earlier.
_SHORT_SECONDS: Final = 8 * 3600
_BLOCK: Final = re.compile(
    r"-----BEGIN ([^-\n]+)-----\s*\n(?P<headers>(?:[\w-]+: .*\n)*)\s*(?P<body>[A-Za-z0-9+/=\s]*?)-----END \1-----"
)

# What a key may be used for, by the names that requests have.
_KEY_USAGES: Final = {
    "signing": "digital_signature",
    "digital signature": "digital_signature",
    "content commitment": "content_commitment",
    "key encipherment": "key_encipherment",
    "key agreement": "key_agreement",
    "data encipherment": "data_encipherment",
    "cert sign": "key_cert_sign",
    "crl sign": "crl_sign",
    "encipher only": "encipher_only",
    "decipher only": "decipher_only",
}
_EXTENDED_USAGES: Final = {
    "any": "2.5.29.37.0",
    "server auth": "1.3.6.1.5.5.7.3.1",
    "client auth": "1.3.6.1.5.5.7.3.2",
    "code signing": "1.3.6.1.5.5.7.3.3",
    "email protection": "1.3.6.1.5.5.7.3.4",
    "s/mime": "1.3.6.1.5.5.7.3.4",
    "ipsec end system": "1.3.6.1.5.5.7.3.5",
    "ipsec tunnel": "1.3.6.1.5.5.7.3.6",
    "ipsec user": "1.3.6.1.5.5.7.3.7",
    "timestamping": "1.3.6.1.5.5.7.3.8",
    "ocsp signing": "1.3.6.1.5.5.7.3.9",
    "microsoft sgc": "1.3.6.1.4.1.311.10.3.3",
    "netscape sgc": "2.16.840.1.113730.4.1",
}
USAGES: Final = (*_KEY_USAGES, *_EXTENDED_USAGES)


class CertificateError(ValueError):
    """Not a certificate, or no request for one; the text says why, as Go does."""


class KeyPair(Struct, frozen=True):
    """A certificate and its private key, both PEM."""

    certificate: Pem
    key: Pem


class CertificateRequest(Struct, frozen=True):
    """Whom a certificate is asked for: the subject's names, and those that it stands for besides."""

    common_name: str
    organizations: tuple[str, ...]
    dns_names: tuple[str, ...] = ()
    ip_addresses: tuple[str, ...] = ()
    email_addresses: tuple[str, ...] = ()
    uris: tuple[str, ...] = ()


class _Block(Struct, frozen=True):
    kind: str
    headers: str
    body: bytes


def _blocks(text: str) -> Iterable[_Block]:
    for match in _BLOCK.finditer(text):
        try:
            body = base64.b64decode("".join(match["body"].split()), validate=True)
        except ValueError:
            continue
        yield _Block(match[1], match["headers"], body)


def decoded(text: str | None) -> str:
    """The PEM text in an object's base64; "" if there is none."""
    return base64.b64decode(text or "").decode("latin-1")


def encoded(pem: Pem) -> str:
    """PEM text as objects have it."""
    return base64.b64encode(pem).decode()


# --- reading -------------------------------------------------------------------------------


def read_request(text: str) -> CertificateRequest:
    """A request in PEM text, whose signature is right. Raises CertificateError."""
    from cryptography.x509 import NameOID

    request = _request(text)
    subject = request.subject
    names = [str(each.value) for each in subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    groups = subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    return CertificateRequest(
        common_name=names[-1] if names else "",
        organizations=tuple(str(each.value) for each in groups),
        **_alternatives(request),
    )


def check_request(text: str) -> None:
    """Raises CertificateError for what is no request, or one that another key has signed."""
    request = _request(text)
    try:
        valid = request.is_signature_valid
    except Exception as error:
        raise CertificateError(f"x509: cannot verify signature: {error}") from None
    if not valid:
        kind = type(request.public_key()).__name__
        raise CertificateError(
            "crypto/rsa: verification error"
            if "RSA" in kind
            else "x509: Ed25519 verification failure"
            if "Ed25519" in kind
            else "x509: ECDSA verification failure"
        )


def _request(text: str) -> "x509.CertificateSigningRequest":
    from cryptography import x509

    block = next(iter(_blocks(text)), None)
    if block is None or block.kind != REQUEST_BLOCK:
        raise CertificateError(f"PEM block type must be {REQUEST_BLOCK}")
    try:
        return x509.load_der_x509_csr(block.body)
    except ValueError:
        raise CertificateError("asn1: structure error") from None


def _alternatives(request: "x509.CertificateSigningRequest") -> dict[str, tuple[str, ...]]:
    from cryptography import x509

    kinds: dict[str, Any] = {
        "dns_names": x509.DNSName,
        "ip_addresses": x509.IPAddress,
        "email_addresses": x509.RFC822Name,
        "uris": x509.UniformResourceIdentifier,
    }
    try:
        found = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return {}
    return {name: tuple(map(str, found.get_values_for_type(kind))) for name, kind in kinds.items()}


def check_certificates(text: str) -> None:
    """Raises CertificateError if the text has anything but certificates, or none."""
    from cryptography import x509

    if not text:
        return
    found = 0
    for block in _blocks(text):
        if block.kind != CERTIFICATE_BLOCK:
            raise CertificateError(
                f'only {CERTIFICATE_BLOCK} PEM blocks are allowed, found "{block.kind}"'
            )
        if block.headers:
            raise CertificateError("no PEM block headers are permitted")
        try:
            x509.load_der_x509_certificate(block.body)
        except ValueError:
            raise CertificateError("x509: malformed certificate") from None
        found += 1
    if not found:
        raise CertificateError(f"must contain at least one {CERTIFICATE_BLOCK} PEM block")


def expires_at(text: str) -> float | None:
    """When the first certificate of the text ends, in seconds since the epoch; None if it is none."""
    from cryptography import x509

    block = next(iter(_blocks(text)), None)
    if block is None:
        return None
    try:
        certificate = x509.load_der_x509_certificate(block.body)
    except ValueError:
        return None
    return certificate.not_valid_after_utc.timestamp()


# --- signing -------------------------------------------------------------------------------


def sign(
    authority: KeyPair, text: str, usages: Sequence[str], *, seconds: float, now: float
) -> Pem:
    """The certificate that a request asks for, for so many seconds from `now` (since the epoch).

    Of its extensions it keeps the alternative names alone; it is no authority, and ends with the signer's.
    Raises CertificateError (the request; a signer that has expired; a usage that is none).
    """
    from datetime import UTC, datetime

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization

    request = _request(text)
    issuer = x509.load_pem_x509_certificate(authority.certificate)
    key: Any = serialization.load_pem_private_key(authority.key, None)
    last = issuer.not_valid_after_utc.timestamp()
    if now >= last:
        raise CertificateError(f"the signer has expired: NotAfter={issuer.not_valid_after_utc}")
    begin = now - BACKDATE_SECONDS
    end = (now if seconds < _SHORT_SECONDS else begin) + seconds
    builder = (
        x509.CertificateBuilder()
        .subject_name(request.subject)
        .issuer_name(issuer.subject)
        .public_key(request.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.fromtimestamp(begin, UTC))
        .not_valid_after(datetime.fromtimestamp(min(end, last), UTC))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False
        )
    )
    for extension, critical in _usages(usages):
        builder = builder.add_extension(extension, critical=critical)
    try:
        names = request.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        builder = builder.add_extension(names.value, critical=names.critical)
    except x509.ExtensionNotFound:
        pass
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def _usages(usages: Sequence[str]) -> Iterable[tuple[Any, bool]]:
    from cryptography import x509

    unknown = [usage for usage in usages if usage not in USAGES]
    if unknown:
        raise CertificateError(f"unrecognized usage values: {unknown}")
    wanted = {_KEY_USAGES[usage] for usage in usages if usage in _KEY_USAGES}
    if wanted:
        # Without an agreement there is nothing that it could be for only.
        agreed = "key_agreement" in wanted
        known = {
            name: name in wanted and (agreed or not name.endswith("_only"))
            for name in _KEY_USAGES.values()
        }
        yield x509.KeyUsage(**known), True
    extended = sorted({_EXTENDED_USAGES[usage] for usage in usages if usage in _EXTENDED_USAGES})
    if extended:
        yield x509.ExtendedKeyUsage(map(x509.ObjectIdentifier, extended)), False
