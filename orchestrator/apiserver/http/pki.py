"""Certificates: a CA of the cluster's own, the server's certificate, and those of clients.

Keys are EC P-256: made in a fraction of a millisecond, accepted by every client, and short. Their
randomness comes from the operating system and not from the run's seed. That is right although
everything else here is seeded: a key that follows from a seed is no secret, and no event of a run
depends on its bits, since the front serves in real time only.
"""

import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from msgspec import Struct

from orchestrator.machinery.certificates import KeyPair
from orchestrator.protocol import MASTERS

ADMIN_USER: Final = "kubernetes-admin"
# What pods and scripts call the server, besides the host it listens at.
SERVER_NAMES: Final = (
    "localhost",
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
    "127.0.0.1",
    "::1",
    "10.96.0.1",
)
_CA_DAYS: Final = 3650
_DAYS: Final = 365
# Certificates begin a little in the past: the clocks of clients differ from ours.
_SKEW: Final = timedelta(hours=1)


class Pki(Struct, frozen=True):
    """The certificates of one cluster. `authority` signs; `server` and `admin` are signed by it."""

    authority: KeyPair
    server: KeyPair
    admin: KeyPair


def generate(now: float, *, hosts: Sequence[str] = (), authority: KeyPair | None = None) -> Pki:
    """New certificates, valid from an hour before `now` (seconds since the epoch).

    The server's names are SERVER_NAMES and `hosts` (names or addresses). Without an `authority` there
    is a new one.
    """
    authority = new_authority(now) if authority is None else authority
    return Pki(
        authority=authority,
        server=_server(authority, now, tuple(dict.fromkeys((*SERVER_NAMES, *hosts)))),
        admin=client_certificate(authority, now, ADMIN_USER, (MASTERS,)),
    )


def client_certificate(
    authority: KeyPair, now: float, user: str, groups: Sequence[str] = ()
) -> KeyPair:
    """A certificate by which its holder is `user` in `groups`."""
    names = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
    names.append(x509.NameAttribute(NameOID.COMMON_NAME, user))
    return _signed(authority, now, x509.Name(names), ExtendedKeyUsageOID.CLIENT_AUTH)


def write_private(path: Path, data: bytes) -> None:
    """Write a file that only its owner may read, from its first byte on."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "wb") as file:
        file.write(data)


# --- inside --------------------------------------------------------------------------------


def new_authority(now: float) -> KeyPair:
    """An authority that signs other certificates."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kubernetes")])
    usage = x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=True,
        crl_sign=True,
        key_encipherment=False,
        content_commitment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    builder = (
        _builder(name, name, key.public_key(), now, _CA_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(usage, critical=True)
    )
    return _pair(builder.sign(key, hashes.SHA256()), key)


def _server(authority: KeyPair, now: float, names: Sequence[str]) -> KeyPair:
    alternatives = x509.SubjectAlternativeName([_general_name(n) for n in dict.fromkeys(names)])
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kube-apiserver")])
    return _signed(authority, now, subject, ExtendedKeyUsageOID.SERVER_AUTH, alternatives)


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _signed(
    authority: KeyPair,
    now: float,
    subject: x509.Name,
    purpose: x509.ObjectIdentifier,
    alternatives: x509.SubjectAlternativeName | None = None,
) -> KeyPair:
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = x509.load_pem_x509_certificate(authority.certificate)
    signer = serialization.load_pem_private_key(authority.key, None)
    assert isinstance(signer, ec.EllipticCurvePrivateKey)
    builder = (
        _builder(subject, issuer.subject, key.public_key(), now, _DAYS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
    )
    if alternatives is not None:
        builder = builder.add_extension(alternatives, critical=False)
    return _pair(builder.sign(signer, hashes.SHA256()), key)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: float, days: int
) -> x509.CertificateBuilder:
    begin = datetime.fromtimestamp(now, UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin - _SKEW)
        .not_valid_after(begin + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _pair(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> KeyPair:
    return KeyPair(
        certificate.public_bytes(serialization.Encoding.PEM),
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
    )
