"""Requests for certificates, as a client makes them."""

from collections.abc import Sequence
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_PEM = serialization.Encoding.PEM


def requested(
    name: str, groups: Sequence[str] = (), *, dns: Sequence[str] = (), ips: Sequence[str] = ()
) -> tuple[bytes, bytes]:
    """A new key, and a request that it be `name`'s in `groups`; both PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    names = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, each) for each in groups]
    names.append(x509.NameAttribute(NameOID.COMMON_NAME, name))
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(names))
    if dns or ips:
        found = [*map(x509.DNSName, dns), *(x509.IPAddress(ip_address(each)) for each in ips)]
        builder = builder.add_extension(x509.SubjectAlternativeName(found), critical=False)
    request = builder.sign(key, hashes.SHA256()).public_bytes(_PEM)
    private = key.private_bytes(
        _PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private, request
