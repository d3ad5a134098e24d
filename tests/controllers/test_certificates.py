"""Certificates' requests in a cluster: approved, signed, refused, deleted."""

from collections.abc import Sequence
from typing import Any

import pytest
from cryptography import x509
from msgspec.structs import replace

from orchestrator import Cluster
from orchestrator.api.certificates.v1 import (
    CertificateSigningRequest,
    CertificateSigningRequestCondition,
    CertificateSigningRequestSpec,
)
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.machinery import certificates
from orchestrator.protocol import ADMIN, AUTHENTICATED, Create, Forbidden, Identity, NotFound
from tests.requesting import requested

CLIENT = "kubernetes.io/kube-apiserver-client"
KUBELET = "kubernetes.io/kube-apiserver-client-kubelet"
SERVING = "kubernetes.io/kubelet-serving"
USAGES = ("client auth", "digital signature")


def asking(
    pem: bytes, signer: str = CLIENT, usages: Sequence[str] = USAGES, **fields: Any
) -> CertificateSigningRequest:
    """The request `r`."""
    spec = CertificateSigningRequestSpec(
        request=certificates.encoded(pem), signer_name=signer, usages=tuple(usages), **fields
    )
    return CertificateSigningRequest(metadata=ObjectMeta(name="r"), spec=spec)


async def create(
    cluster: Cluster, request: CertificateSigningRequest, identity: Identity = ADMIN
) -> CertificateSigningRequest:
    """As stored, of this author."""
    resource = cluster.scheme.by_type(CertificateSigningRequest)
    made: CertificateSigningRequest = await cluster.api.ask(
        Create(resource=resource, object=request, identity=identity)
    )
    return made


async def decide(cluster: Cluster, kind: str = "Approved") -> CertificateSigningRequest:
    """Approve or deny the request, and see what it has become."""
    request = await cluster.client.get(CertificateSigningRequest, "r")
    condition = CertificateSigningRequestCondition(type=kind, status="True", reason="Test")
    assert request.status is not None
    status = replace(request.status, conditions=(condition,))
    await cluster.client.update(replace(request, status=status), subresource="approval")
    return await seen(cluster)


async def seen(cluster: Cluster) -> CertificateSigningRequest:
    """The request a second later."""
    await cluster.clock.sleep(1)
    return await cluster.client.get(CertificateSigningRequest, "r")


def issued(request: CertificateSigningRequest) -> x509.Certificate | None:
    """The certificate, if there is one."""
    assert request.status is not None
    text = certificates.decoded(request.status.certificate)
    return x509.load_pem_x509_certificate(text.encode()) if text else None


@pytest.mark.cluster(nodes=0)
async def test_an_approved_request_is_signed(cluster: Cluster) -> None:
    """Not before; for a year, or as long as was asked."""
    _, pem = requested("anna", ["team"])
    await create(cluster, asking(pem, expiration_seconds=3600))
    assert issued(await seen(cluster)) is None
    certificate = issued(await decide(cluster))
    assert certificate is not None
    lasts = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    assert lasts.total_seconds() == 3600 + 300
    assert "CN=anna" in certificate.subject.rfc4514_string()


@pytest.mark.cluster(nodes=0)
async def test_a_denied_request_is_not_signed(cluster: Cluster) -> None:
    """And is deleted an hour later."""
    await create(cluster, asking(requested("anna")[1]))
    assert issued(await decide(cluster, "Denied")) is None
    await cluster.clock.sleep(3500)
    await cluster.client.get(CertificateSigningRequest, "r")
    await cluster.clock.sleep(200)
    with pytest.raises(NotFound):
        await cluster.client.get(CertificateSigningRequest, "r")


@pytest.mark.cluster(nodes=0)
async def test_a_request_that_nobody_answers_is_deleted_after_a_day(cluster: Cluster) -> None:
    """Whoever wanted it asks again."""
    await create(cluster, asking(requested("anna")[1]))
    await cluster.clock.sleep(86_300)
    await cluster.client.get(CertificateSigningRequest, "r")
    await cluster.clock.sleep(200)
    with pytest.raises(NotFound):
        await cluster.client.get(CertificateSigningRequest, "r")


@pytest.mark.cluster(nodes=0)
@pytest.mark.parametrize(
    ("signer", "subject", "usages", "message"),
    [
        (
            CLIENT,
            {"name": "a"},
            ("client auth", "server auth"),
            "invalid usage for client certificate: server auth",
        ),
        (
            KUBELET,
            {"name": "system:node:a"},
            USAGES,
            "subject organization is not system:nodes",
        ),
        (
            KUBELET,
            {"name": "system:node:a", "groups": ["system:nodes"], "dns": ["a.b"]},
            USAGES,
            "DNS subjectAltNames are not allowed",
        ),
        (
            SERVING,
            {"name": "system:node:a", "groups": ["system:nodes"]},
            ("server auth", "digital signature"),
            "DNS or IP subjectAltName is required",
        ),
        (
            SERVING,
            {"name": "system:node:a", "groups": ["system:nodes"], "ips": ["10.0.0.1"]},
            USAGES,
            "usages did not match [digital signature key encipherment server auth]",
        ),
    ],
)
async def test_a_signer_refuses_what_it_is_not_for(
    cluster: Cluster, signer: str, subject: dict[str, Any], usages: Sequence[str], message: str
) -> None:
    """Though it was approved; the request says why."""
    await create(cluster, asking(requested(**subject)[1], signer, usages))
    status = (await decide(cluster)).status
    assert status is not None
    assert [(each.type, each.reason, each.message) for each in status.conditions[1:]] == [
        ("Failed", "SignerValidationFailure", message)
    ]


@pytest.mark.cluster(nodes=0)
@pytest.mark.parametrize("allowed", [True, False])
async def test_a_new_kubelet_gets_its_certificate_by_itself(
    cluster: Cluster, allowed: bool
) -> None:
    """If roles say that its author may have one; otherwise somebody must approve."""
    roles = [("ask", "certificatesigningrequests")]
    if allowed:
        roles.append(("join", "certificatesigningrequests/nodeclient"))
    await cluster.apply([each for name, what in roles for each in _granting(name, what)])
    _, pem = requested("system:node:n", ["system:nodes"])
    joiner = Identity("joiner", (AUTHENTICATED,), "7")
    made = await create(cluster, asking(pem, KUBELET), joiner)
    assert (made.spec.username, made.spec.uid, made.spec.groups) == ("joiner", "7", joiner.groups)
    request = await seen(cluster)
    assert request.status is not None
    reasons = [each.reason for each in request.status.conditions]
    assert reasons == (["AutoApproved"] if allowed else [])
    assert (issued(request) is not None) is allowed


def _granting(name: str, resource: str) -> list[dict[str, Any]]:
    """A role that lets somebody create such things, and its binding."""
    group = "rbac.authorization.k8s.io"
    head = {"apiVersion": f"{group}/v1", "metadata": {"name": name}}
    rule = {"apiGroups": ["certificates.k8s.io"], "resources": [resource], "verbs": ["create"]}
    return [
        {**head, "kind": "ClusterRole", "rules": [rule]},
        {
            **head,
            "kind": "ClusterRoleBinding",
            "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": name},
            "subjects": [{"apiGroup": group, "kind": "User", "name": "joiner"}],
        },
    ]


@pytest.mark.cluster(nodes=0)
async def test_nobody_asks_to_be_master(cluster: Cluster) -> None:
    """Not even one who may approve."""
    _, pem = requested("anna", ["system:masters"])
    with pytest.raises(Forbidden, match="with system:masters group is not allowed"):
        await create(cluster, asking(pem))
