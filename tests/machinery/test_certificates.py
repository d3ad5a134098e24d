"""Certificates and requests: what is read of them, and what a signed one promises."""

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from orchestrator.apiserver.http.pki import new_authority
from orchestrator.machinery import certificates
from orchestrator.machinery.certificates import CertificateError
from tests.requesting import requested

NOW = 1_700_000_000.0
DAY = 86_400.0


def test_a_request_says_who_asks() -> None:
    """Names, groups, and what else the certificate is to stand for."""
    _, pem = requested("system:node:a", ["system:nodes"], dns=["a.example.com"], ips=["10.0.0.1"])
    certificates.check_request(pem.decode())
    read = certificates.read_request("# a preface\n" + pem.decode())
    assert (read.common_name, read.organizations) == ("system:node:a", ("system:nodes",))
    assert (read.dns_names, read.ip_addresses) == (("a.example.com",), ("10.0.0.1",))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "PEM block type must be CERTIFICATE REQUEST"),
        ("-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----", "asn1"),
    ],
)
def test_what_is_no_request_is_refused(text: str, words: str) -> None:
    """In Go's words."""
    with pytest.raises(CertificateError, match=words):
        certificates.check_request(text)


def test_a_request_must_be_signed_by_its_key() -> None:
    """A changed one is no longer its author's."""
    _, pem = requested("anna")
    request = x509.load_pem_x509_csr(pem)
    from cryptography.hazmat.primitives.serialization import Encoding

    changed = request.public_bytes(Encoding.DER).replace(b"anna", b"beth")
    text = f"-----BEGIN CERTIFICATE REQUEST-----\n{certificates.encoded(changed)}\n-----END CERTIFICATE REQUEST-----"
    with pytest.raises(CertificateError, match="x509: ECDSA verification failure"):
        certificates.check_request(text)


@pytest.mark.parametrize(
    ("seconds", "lasts"), [(DAY, DAY - 300), (3600.0, 3600.0), (1e12, 3650 * DAY)]
)
def test_a_certificate_is_what_was_asked_for(seconds: float, lasts: float) -> None:
    """It begins five minutes ago, ends with its signer at the latest, and is no authority."""
    authority = new_authority(NOW)
    _, pem = requested("anna", ["g"], dns=["x.example.com"])
    usages = ("client auth", "digital signature", "encipher only")
    signed = certificates.sign(authority, pem.decode(), usages, seconds=seconds, now=NOW)
    made = x509.load_pem_x509_certificate(signed)
    made.verify_directly_issued_by(x509.load_pem_x509_certificate(authority.certificate))
    assert made.not_valid_before_utc.timestamp() == NOW - 300
    assert made.not_valid_after_utc.timestamp() == NOW + lasts
    assert certificates.expires_at(signed.decode()) == NOW + lasts
    extensions = made.extensions
    assert not extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    key_usage = extensions.get_extension_for_class(x509.KeyUsage).value
    assert key_usage.digital_signature
    assert not key_usage.key_cert_sign
    extended = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(extended) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    certificates.check_certificates(signed.decode())


def test_only_certificates_are_certificates() -> None:
    """Text without any is refused, and a block of another kind."""
    _, pem = requested("anna")
    with pytest.raises(CertificateError, match="must contain at least one CERTIFICATE PEM block"):
        certificates.check_certificates("nothing")
    with pytest.raises(CertificateError, match='found "CERTIFICATE REQUEST"'):
        certificates.check_certificates(pem.decode())
    with pytest.raises(CertificateError, match="the signer has expired"):
        certificates.sign(new_authority(NOW), pem.decode(), (), seconds=DAY, now=NOW + 4000 * DAY)
