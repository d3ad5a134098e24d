"""Who may approve and sign certificates, and for whom none is asked.

A signer is a resource that is not there: who may `approve` or `sign` for it is what roles say of
`signers`, by its name or by all of its domain (`example.com/*`).
"""

from typing import Any, Final

from orchestrator.api.certificates.v1 import CertificateSigningRequest
from orchestrator.api.scheme import Resource
from orchestrator.apiserver.admission.interface import (
    AdmissionPlugin,
    AdmissionRequest,
    Operation,
    Reader,
)
from orchestrator.apiserver.errors import forbidden
from orchestrator.machinery import certificates
from orchestrator.machinery.cel.authorization import Question
from orchestrator.machinery.certificates import CertificateError
from orchestrator.machinery.field_errors import quote
from orchestrator.protocol import MASTERS

_GROUP: Final = "certificates.k8s.io"
_KEY: Final = f"certificatesigningrequests.{_GROUP}"
_BUNDLES: Final = f"clustertrustbundles.{_GROUP}"
_CLIENT: Final = "kubernetes.io/kube-apiserver-client"


class CertificateApproval(AdmissionPlugin):
    """Approvals are for those who may approve for the signer."""

    name = "CertificateApproval"

    def handles(self, operation: Operation, resource: Resource, subresource: str) -> bool:
        """As `AdmissionPlugin.handles`."""
        return operation == "UPDATE" and resource.key == _KEY and subresource == "approval"

    def validate(self, request: AdmissionRequest, reader: Reader) -> None:
        """Errors: Forbidden."""
        signer = request.old_object.spec.signer_name
        if not _may("approve", signer, request):
            why = f"user not permitted to approve requests with signerName {quote(signer)}"
            raise forbidden(request.resource, request.name, why)


class CertificateSigning(AdmissionPlugin):
    """Certificates are set by those who may sign for the signer."""

    name = "CertificateSigning"

    def handles(self, operation: Operation, resource: Resource, subresource: str) -> bool:
        """As `AdmissionPlugin.handles`."""
        return operation == "UPDATE" and resource.key == _KEY and subresource == "status"

    def validate(self, request: AdmissionRequest, reader: Reader) -> None:
        """Errors: Forbidden."""
        if _said(request.object) == _said(request.old_object):
            return
        signer = request.old_object.spec.signer_name
        if not _may("sign", signer, request):
            why = f"user not permitted to sign requests with signerName {quote(signer)}"
            raise forbidden(request.resource, request.name, why)


class ClusterTrustBundleAttest(AdmissionPlugin):
    """Bundles that are a signer's are written by those who may attest for the signer."""

    name = "ClusterTrustBundleAttest"

    def handles(self, operation: Operation, resource: Resource, subresource: str) -> bool:
        """As `AdmissionPlugin.handles`."""
        return operation in ("CREATE", "UPDATE") and resource.key == _BUNDLES and not subresource

    def validate(self, request: AdmissionRequest, reader: Reader) -> None:
        """Errors: Forbidden."""
        signer = request.object.spec.signer_name
        if signer and not _may("attest", signer, request):
            why = f"user not permitted to attest for signerName {quote(signer)}"
            raise forbidden(request.resource, request.name, why)


class CertificateSubjectRestriction(AdmissionPlugin):
    """Nobody gets a certificate by which everything is allowed."""

    name = "CertificateSubjectRestriction"

    def handles(self, operation: Operation, resource: Resource, subresource: str) -> bool:
        """As `AdmissionPlugin.handles`."""
        return operation == "CREATE" and resource.key == _KEY and not subresource

    def validate(self, request: AdmissionRequest, reader: Reader) -> None:
        """Errors: Forbidden."""
        spec = request.object.spec
        if spec.signer_name != _CLIENT:
            return
        try:
            asked = certificates.read_request(certificates.decoded(spec.request))
        except CertificateError as error:
            why = f"failed to parse CSR: {error}"
            raise forbidden(request.resource, request.name, why) from None
        if MASTERS in asked.organizations:
            why = f"use of {_CLIENT} signer with {MASTERS} group is not allowed"
            raise forbidden(request.resource, request.name, why)


def _said(request: CertificateSigningRequest) -> tuple[Any, ...]:
    status = request.status
    return (None, ()) if status is None else (status.certificate, status.conditions)


def _may(verb: str, signer: str, request: AdmissionRequest) -> bool:
    ask = request.ask
    if ask is None:
        return True
    domain = signer.partition("/")[0]
    return any(
        ask(Question(verb, group=_GROUP, resource="signers", name=name))[0]
        for name in (signer, f"{domain}/*")
    )
