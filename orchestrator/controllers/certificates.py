"""Certificates' requests: a kubelet's own are approved, approved ones are signed, old ones are deleted."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from msgspec.structs import replace

from orchestrator.api.authorization.v1 import (
    ResourceAttributes,
    SubjectAccessReview,
    SubjectAccessReviewSpec,
)
from orchestrator.api.certificates.v1 import (
    CertificateSigningRequest,
    CertificateSigningRequestCondition,
    CertificateSigningRequestStatus,
)
from orchestrator.client import Backoff, Key, Wiring
from orchestrator.controllers.base import KubernetesController
from orchestrator.machinery import certificates
from orchestrator.machinery.certificates import CertificateError, CertificateRequest, KeyPair
from orchestrator.machinery.times import parse_time
from orchestrator.protocol import NotFound

_CLIENT: Final = "kubernetes.io/kube-apiserver-client"
_KUBELET_CLIENT: Final = "kubernetes.io/kube-apiserver-client-kubelet"
_KUBELET_SERVING: Final = "kubernetes.io/kubelet-serving"
_LEGACY: Final = "kubernetes.io/legacy-unknown"
_NODES: Final = "system:nodes"
_NODE: Final = "system:node:"

# How long Kubernetes' signers make certificates for, and what they do not go below.
LIFETIME_SECONDS: Final = 365 * 86_400.0
_LEAST_SECONDS: Final = 600.0
_HOUR: Final = 3600.0
_DAY: Final = 24 * _HOUR


# --- who asks for what ---------------------------------------------------------------------


def client_fault(asked: CertificateRequest, usages: Sequence[str]) -> str:
    """Why a request is none for a client's certificate; "" if it is one."""
    for usage in usages:
        if usage not in ("digital signature", "key encipherment", "client auth"):
            return f"invalid usage for client certificate: {usage}"
    if "client auth" not in usages:
        return "missing required usage for client certificate: client auth"
    return ""


def kubelet_client_fault(asked: CertificateRequest, usages: Sequence[str]) -> str:
    """Why a request is none for a kubelet as a client; "" if it is one."""
    if asked.organizations != (_NODES,):
        return f"subject organization is not {_NODES}"
    for names, what in (
        (asked.dns_names, "DNS"),
        (asked.email_addresses, "Email"),
        (asked.ip_addresses, "IP"),
        (asked.uris, "URI"),
    ):
        if names:
            return f"{what} subjectAltNames are not allowed"
    if not asked.common_name.startswith(_NODE):
        return f"subject common name does not begin with {_NODE}"
    return _usages_fault(usages, "client auth")


def kubelet_serving_fault(asked: CertificateRequest, usages: Sequence[str]) -> str:
    """Why a request is none for a kubelet as a server; "" if it is one."""
    if asked.organizations != (_NODES,):
        return f"subject organization is not {_NODES}"
    if not asked.dns_names and not asked.ip_addresses:
        return "DNS or IP subjectAltName is required"
    for names, what in ((asked.email_addresses, "Email"), (asked.uris, "URI")):
        if names:
            return f"{what} subjectAltNames are not allowed"
    fault = _usages_fault(usages, "server auth")
    if not fault and not asked.common_name.startswith(_NODE):
        return f"subject common name does not begin with {_NODE}"
    return fault


def _usages_fault(usages: Sequence[str], purpose: str) -> str:
    least = {"digital signature", purpose}
    if set(usages) in (least, least | {"key encipherment"}):
        return ""
    return f"usages did not match [{' '.join(sorted(least | {'key encipherment'}))}]"


def _no_fault(asked: CertificateRequest, usages: Sequence[str]) -> str:
    return ""


SIGNERS: Final[dict[str, Callable[[CertificateRequest, Sequence[str]], str]]] = {
    _CLIENT: client_fault,
    _KUBELET_CLIENT: kubelet_client_fault,
    _KUBELET_SERVING: kubelet_serving_fault,
    _LEGACY: _no_fault,
}
"""Kubernetes' own signers, and why they do not sign a request."""


def _status(request: CertificateSigningRequest) -> CertificateSigningRequestStatus:
    return request.status or CertificateSigningRequestStatus()


def _types(request: CertificateSigningRequest) -> set[str]:
    return {each.type for each in _status(request).conditions}


def _with(
    request: CertificateSigningRequest, kind: str, reason: str, message: str
) -> CertificateSigningRequest:
    condition = CertificateSigningRequestCondition(
        type=kind, status="True", reason=reason, message=message
    )
    status = _status(request)
    return replace(request, status=replace(status, conditions=(*status.conditions, condition)))


# --- the controllers -----------------------------------------------------------------------


_BACKOFF: Final = Backoff(base_seconds=0.2)


class CertificateApprover(KubernetesController):
    """Approves what kubelets ask for themselves, if they may."""

    name = "csrapproving"
    account = "certificate-controller"
    kind = CertificateSigningRequest
    backoff = _BACKOFF
    dormant = True

    async def reconcile(self, key: Key) -> float | None:
        """Approve one request, if it is a kubelet's and its author may have such a certificate."""
        request = self.cache(CertificateSigningRequest).get("", key.name)
        if (
            request is None
            or _status(request).certificate
            or _types(request) & {"Approved", "Denied"}
        ):
            return None
        for subresource, message in _recognized(request):
            if await self._is_allowed(request, subresource):
                approved = _with(request, "Approved", "AutoApproved", message)
                await self.client.update(approved, subresource="approval")
                return None
        return None

    async def _is_allowed(self, request: CertificateSigningRequest, subresource: str) -> bool:
        spec = request.spec
        about = ResourceAttributes(
            group="certificates.k8s.io",
            version="*",
            resource="certificatesigningrequests",
            subresource=subresource,
            verb="create",
        )
        review = SubjectAccessReview(
            spec=SubjectAccessReviewSpec(
                user=spec.username or "",
                groups=spec.groups,
                uid=spec.uid or "",
                extra=spec.extra,
                resource_attributes=about,
            )
        )
        answer: SubjectAccessReview = await self.client.create(review)
        return answer.status is not None and answer.status.allowed


def _recognized(request: CertificateSigningRequest) -> Iterator[tuple[str, str]]:
    """The permissions by which a request may be approved, each with what is said then."""
    if request.spec.signer_name != _KUBELET_CLIENT:
        return
    try:
        asked = certificates.read_request(certificates.decoded(request.spec.request))
    except CertificateError:
        return
    if kubelet_client_fault(asked, request.spec.usages):
        return
    if request.spec.username == asked.common_name:
        yield (
            "selfnodeclient",
            "Auto approving self kubelet client certificate after SubjectAccessReview.",
        )
    yield (
        "nodeclient",
        "Auto approving kubelet client certificate after SubjectAccessReview.",
    )


class CertificateSigner(KubernetesController):
    """Signs what is approved for one of Kubernetes' own signers, with the cluster's authority.

    `authority` gives it when the first request is to be signed; without it nothing is.
    """

    name = "csrsigning"
    account = "certificate-controller"
    kind = CertificateSigningRequest
    backoff = _BACKOFF
    dormant = True

    def __init__(self, wiring: Wiring, authority: Callable[[], KeyPair] | None = None) -> None:
        super().__init__(wiring)
        self._authority = authority

    async def reconcile(self, key: Key) -> float | None:
        """Sign one request, or say why not."""
        request = self.cache(CertificateSigningRequest).get("", key.name)
        if request is None or self._authority is None or not _waits_for_signature(request):
            return None
        spec = request.spec
        text = certificates.decoded(spec.request)
        fault = SIGNERS[spec.signer_name](certificates.read_request(text), spec.usages)
        if fault:
            failed = _with(request, "Failed", "SignerValidationFailure", fault)
            await self.client.update(failed, subresource="status")
            return None
        signed = certificates.sign(
            self._authority(),
            text,
            spec.usages,
            seconds=_lifetime(spec.expiration_seconds),
            now=self.ctx.clock.now(),
        )
        status = replace(_status(request), certificate=certificates.encoded(signed))
        await self.client.update(replace(request, status=status), subresource="status")
        return None


def _waits_for_signature(request: CertificateSigningRequest) -> bool:
    types = _types(request)
    return (
        request.spec.signer_name in SIGNERS
        and not _status(request).certificate
        and "Approved" in types
        and not types & {"Denied", "Failed"}
    )


def _lifetime(asked: int | None) -> float:
    return LIFETIME_SECONDS if asked is None else max(_LEAST_SECONDS, min(asked, LIFETIME_SECONDS))


class CertificateCleaner(KubernetesController):
    """Deletes requests an hour after their end, those that nobody answers after a day."""

    name = "csrcleaner"
    account = "certificate-controller"
    kind = CertificateSigningRequest
    dormant = True

    async def reconcile(self, key: Key) -> float | None:
        """Delete one request, if it is time; else the seconds until it may be."""
        request = self.cache(CertificateSigningRequest).get("", key.name)
        if request is None:
            return None
        left = ends_at(request) - self.ctx.clock.now()
        if left > 0:
            return left
        try:
            await self.client.delete(CertificateSigningRequest, key.name, uid=request.metadata.uid)
        except NotFound:
            return None
        return None


def ends_at(request: CertificateSigningRequest) -> float:
    """When a request is deleted, in seconds since the epoch."""
    status = _status(request)
    ends = []
    if not status.conditions:
        ends.append(_seconds(request.metadata.creation_timestamp, _DAY))
    for condition in status.conditions:
        if condition.type in ("Denied", "Failed"):
            ends.append(_seconds(condition.last_update_time, _HOUR))
        elif condition.type == "Approved":
            issued = bool(status.certificate)
            ends.append(_seconds(condition.last_update_time, _HOUR if issued else _DAY))
            if issued:
                expires = certificates.expires_at(certificates.decoded(status.certificate))
                ends.append(_NEVER if expires is None else expires)
    return min(ends, default=_NEVER)


_NEVER: Final = float("inf")


def _seconds(time: Any, more: float) -> float:
    return _NEVER if time is None else parse_time(time) + more
