"""kubectl approves and denies certificates, and one that it got lets its holder in."""

import base64
from pathlib import Path

import yaml

from tests.clients.conftest import Kubectl
from tests.requesting import requested


def _ask(kubectl: Kubectl, name: str, user: str) -> bytes:
    """Ask for a user's certificate; answers its key."""
    key, pem = requested(user)
    document = {
        "apiVersion": "certificates.k8s.io/v1",
        "kind": "CertificateSigningRequest",
        "metadata": {"name": name},
        "spec": {
            "request": base64.b64encode(pem).decode(),
            "signerName": "kubernetes.io/kube-apiserver-client",
            "usages": ["client auth"],
        },
    }
    kubectl("create", "-f", "-", stdin=yaml.safe_dump(document))
    return key


def test_an_approved_certificate_lets_its_holder_in(kubectl: Kubectl, tmp_path: Path) -> None:
    """As the user that it names, with kubectl's own flags."""
    key = _ask(kubectl, "csr-anna", "anna")
    assert "Pending" in kubectl("get", "csr", "csr-anna")
    assert "approved" in kubectl("certificate", "approve", "csr-anna")
    kubectl("wait", "csr/csr-anna", "--for=jsonpath={.status.certificate}", "--timeout=30s")
    assert "Approved,Issued" in kubectl("get", "csr", "csr-anna")
    encoded = kubectl("get", "csr", "csr-anna", "-o", "jsonpath={.status.certificate}")
    (tmp_path / "crt").write_bytes(base64.b64decode(encoded))
    (tmp_path / "key").write_bytes(key)
    holder = (f"--client-certificate={tmp_path / 'crt'}", f"--client-key={tmp_path / 'key'}")
    assert 'User "anna" cannot list' in kubectl.refused("get", "secrets", *holder)


def test_a_denied_certificate_is_not_issued(kubectl: Kubectl) -> None:
    """And cannot be approved any more."""
    _ask(kubectl, "csr-beth", "beth")
    assert "denied" in kubectl("certificate", "deny", "csr-beth")
    assert "Denied" in kubectl("get", "csr", "csr-beth")
    assert "already Denied" in kubectl.refused("certificate", "approve", "csr-beth")
