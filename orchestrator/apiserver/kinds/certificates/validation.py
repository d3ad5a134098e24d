"""What Kubernetes refuses of certificates' requests.

A fault that the stored object has already is borne in its updates.
"""

from collections.abc import Iterator
from typing import Final

from orchestrator.api.certificates.v1 import (
    CertificateSigningRequest,
    CertificateSigningRequestCondition,
    CertificateSigningRequestSpec,
    CertificateSigningRequestStatus,
)
from orchestrator.apiserver.validation.field import FieldError
from orchestrator.apiserver.validation.rules import Rules
from orchestrator.machinery import certificates, names
from orchestrator.machinery.certificates import CertificateError
from orchestrator.machinery.field_errors import (
    duplicate,
    forbidden,
    index,
    invalid,
    not_supported,
    quote,
    required,
    too_long,
)

LEGACY: Final = "kubernetes.io/legacy-unknown"
_CONDITIONS: Final = "status.conditions"
_APPROVAL: Final = ("Approved", "Denied")
_ENDS: Final = (*_APPROVAL, "Failed")
_MIN_SECONDS: Final = 600
_MAX_DOMAIN: Final = 253
_FORM: Final = "must be a fully qualified domain and path of the form 'example.com/signer-name'"
_NO_STATUS: Final = CertificateSigningRequestStatus()


def status_of(request: CertificateSigningRequest) -> CertificateSigningRequestStatus:
    """A request's status, empty if it has none."""
    return request.status or _NO_STATUS


def _spec_errors(request: CertificateSigningRequest) -> Iterator[FieldError]:
    spec = request.spec
    try:
        certificates.check_request(certificates.decoded(spec.request))
    except CertificateError as error:
        yield invalid("spec.request", spec.request or None, str(error))
    if not spec.usages:
        yield required("spec.usages")
    for position, usage in enumerate(spec.usages):
        if usage not in certificates.USAGES:
            yield not_supported(index("spec.usages", position), usage, sorted(certificates.USAGES))
    for position, usage in enumerate(spec.usages):
        if usage in spec.usages[:position]:
            yield duplicate(index("spec.usages", position), usage)
    yield from _signer_errors(spec)
    if spec.expiration_seconds is not None and spec.expiration_seconds < _MIN_SECONDS:
        yield invalid(
            "spec.expirationSeconds",
            spec.expiration_seconds,
            "may not specify a duration less than 600 seconds (10 minutes)",
        )


def _signer_errors(spec: CertificateSigningRequestSpec) -> Iterator[FieldError]:
    if spec.signer_name == LEGACY:
        words = "the legacy signerName is not allowed via this API version"
        yield invalid("spec.signerName", spec.signer_name, words)
        return
    yield from signer_name_errors("spec.signerName", spec.signer_name)


def signer_name_errors(path: str, name: str) -> Iterator[FieldError]:
    """What is wrong with a signer's name: `domain/path`, the domain of two labels at least."""
    if not name:
        yield required(path)
        return
    if name.count("/") != 1:
        yield invalid(path, name, _FORM)
        return
    domain, _, rest = name.partition("/")
    if len(domain) > _MAX_DOMAIN:
        yield too_long(path, _MAX_DOMAIN)
    labels = domain.split(".")
    for label in labels:
        found = names.dns1123_label_errors(label)
        if found:
            for words in found:
                yield invalid(path, domain, f"validating label {quote(label)}: {words}")
            break
    if len(labels) < 2:
        yield invalid(
            path, domain, "should be a domain with at least two segments separated by dots"
        )
    for label in rest.split("."):
        found = names.dns1123_subdomain_errors(label)
        if found:
            for words in found:
                yield invalid(path, rest, f"validating label {quote(label)}: {words}")
            break


# --- status --------------------------------------------------------------------------------


def _status_errors(
    new: CertificateSigningRequest, old: CertificateSigningRequest
) -> Iterator[FieldError]:
    yield from _common_errors(new, old)
    for kind in _APPROVAL:
        after, before = _of(new, kind), _of(old, kind)
        if len(after) > len(before):
            yield forbidden(_CONDITIONS, f'updates may not add a condition of type "{kind}"')
        elif len(after) == len(before) and after != before:
            yield forbidden(_CONDITIONS, f'updates may not modify a condition of type "{kind}"')
    certificate = status_of(old).certificate
    if certificate and certificate != status_of(new).certificate:
        yield forbidden("status.certificate", "updates may not modify existing certificate content")


def approval_errors(
    new: CertificateSigningRequest, old: CertificateSigningRequest
) -> Iterator[FieldError]:
    """What an approval may not do, nor a denial: take back what was said."""
    yield from _common_errors(new, old)


def _common_errors(
    new: CertificateSigningRequest, old: CertificateSigningRequest
) -> Iterator[FieldError]:
    yield from _condition_errors(status_of(new), status_of(old))
    certificate, before = status_of(new).certificate, status_of(old).certificate
    if certificate != before and _is_sound(before):
        try:
            certificates.check_certificates(certificates.decoded(certificate))
        except CertificateError as error:
            yield invalid("status.certificate", "<certificate data>", str(error))
    for kind in _ENDS:
        if len(_of(new, kind)) < len(_of(old, kind)):
            yield forbidden(_CONDITIONS, f'updates may not remove a condition of type "{kind}"')


def _is_sound(certificate: str | None) -> bool:
    try:
        certificates.check_certificates(certificates.decoded(certificate))
    except CertificateError:
        return False
    return True


def _condition_errors(
    new: CertificateSigningRequestStatus, old: CertificateSigningRequestStatus
) -> Iterator[FieldError]:
    before = [each.type for each in old.conditions]
    was_both = set(_APPROVAL) <= set(before)
    repeated = len(before) != len(set(before))
    seen: set[str] = set()
    for position, condition in enumerate(new.conditions):
        path, kind = index(_CONDITIONS, position), condition.type
        if not kind and "" not in before:
            yield required(f"{path}.type")
        allowed = ("True",) if kind in _ENDS else ("False", "True", "Unknown")
        if not condition.status:
            yield required(f"{path}.status")
        elif condition.status not in allowed:
            yield not_supported(f"{path}.status", condition.status, allowed)
        other = next((each for each in _APPROVAL if each != kind), "")
        if kind in _APPROVAL and other in seen and not was_both:
            words = "Approved and Denied conditions are mutually exclusive"
            yield invalid(_CONDITIONS, kind, words)
        if kind in seen and not repeated:
            yield duplicate(f"{path}.type", kind)
        seen.add(kind)


def _of(request: CertificateSigningRequest, kind: str) -> list[CertificateSigningRequestCondition]:
    return [each for each in status_of(request).conditions if each.type == kind]


REQUEST_RULES: Final = Rules(
    name=names.path_segment_errors,
    spec=_spec_errors,
    status=_status_errors,
    recheck="never",
    metadata_again=("whole", "change"),
)
