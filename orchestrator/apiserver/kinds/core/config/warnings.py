"""What whoever writes a secret or a service account is told, though it is accepted."""

import base64
from typing import Final

from orchestrator.api.core.v1 import Secret, ServiceAccount
from orchestrator.apiserver.validation.warnings import Warnings

_MOUNTABLE: Final = "kubernetes.io/enforce-mountable-secrets"
_TLS: Final = "kubernetes.io/tls"
_BEGIN: Final = b"-----BEGIN "


def account_warnings(new: ServiceAccount, old: ServiceAccount | None) -> Warnings:
    """Of an annotation that is newly set."""
    if old is not None and _MOUNTABLE in old.metadata.annotations:
        return
    if _MOUNTABLE in new.metadata.annotations:
        yield (
            f"metadata.annotations[{_MOUNTABLE}]: deprecated in v1.32+; prefer separate "
            "namespaces to isolate access to mounted secrets"
        )


def secret_warnings(new: Secret, _old: Secret | None) -> Warnings:
    """Of a certificate and its key that do not make a pair."""
    if new.type != _TLS:
        return
    certificate, key = (base64.b64decode(new.data.get(n, "")) for n in ("tls.crt", "tls.key"))
    for name, data in (("certificate", certificate), ("key", key)):
        if _BEGIN not in data:
            yield f"tls: failed to find any PEM data in {name} input"
            return
    if not _match(certificate, key):
        yield "tls: private key does not match public key"


def _match(certificate: bytes, key: bytes) -> bool:
    """Whether they are a pair; what cannot be read is not judged."""
    from cryptography import x509  # late: few secrets hold certificates
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        public = x509.load_pem_x509_certificate(certificate).public_key()
        return bool(load_pem_private_key(key, None).public_key() == public)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return True
