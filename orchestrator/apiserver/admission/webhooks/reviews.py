"""AdmissionReviews: what a webhook is asked, and what its answer means."""

from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct

from orchestrator.api import codec
from orchestrator.api.admissionregistration.v1 import MutatingWebhook
from orchestrator.api.errors import DecodeError
from orchestrator.api.meta.v1 import Status
from orchestrator.api.scheme import Resource
from orchestrator.apiserver.admission.interface import AdmissionRequest, Reader
from orchestrator.apiserver.admission.questions import asked, document, new_document
from orchestrator.apiserver.admission.read_back import shown
from orchestrator.apiserver.admission.webhooks.answers import CallFailed, check_review
from orchestrator.apiserver.admission.webhooks.matching import Webhook
from orchestrator.machinery.field_errors import quote
from orchestrator.protocol import BadRequest, Cause, GiveUp

_GROUP: Final = "admission.k8s.io"
_KIND: Final = "AdmissionReview"
_KNOWN: Final = ("v1", "v1beta1")


class Review(Struct, frozen=True):
    """A question: its `uid`, which the answer must repeat, its version, and its document."""

    uid: str
    version: str
    document: dict[str, Any]


class AdmissionResponse(Struct, frozen=True, rename="camel"):
    """A webhook's answer, as it writes it; the names of these two are Go's, which tells of them."""

    uid: str = ""
    allowed: bool = False
    status: Status | None = None
    patch: bytes | None = None
    patch_type: str | None = None
    audit_annotations: Mapping[str, str] | None = None
    warnings: tuple[str, ...] | None = None


class AdmissionReview(Struct, frozen=True, rename="camel"):
    api_version: str = ""
    kind: str = ""
    response: AdmissionResponse | None = None


class Denied(GiveUp):
    """A webhook has refused the write: with its own code, reason and details, if it says any."""

    def __init__(self, name: str, status: Status) -> None:
        details = status.details
        super().__init__(
            _denial(name, status),
            kind="" if details is None else details.kind or "",
            group="" if details is None else details.group or "",
            name="" if details is None else details.name or "",
            causes=()
            if details is None
            else tuple(
                Cause(each.reason or "", each.message or "", each.field or "")
                for each in details.causes
            ),
            retry_after_seconds=None if details is None else details.retry_after_seconds,
            has_details=details is not None,
        )
        self.code = max(status.code or 0, _BAD_REQUEST)
        self.reason = status.reason or ""


_BAD_REQUEST: Final = 400


def _denial(name: str, status: Status) -> str:
    denied = f"admission webhook {quote(name)} denied the request"
    why = status.message or status.reason
    return f"{denied}: {why}" if why else f"{denied} without explanation"


def check_dry_run(webhook: Webhook, request: AdmissionRequest) -> None:
    """A webhook that has effects of its own is not asked what if. Raises BadRequest."""
    if request.dry_run and webhook.side_effects not in ("None", "NoneOnDryRun"):
        raise BadRequest(f"admission webhook {quote(webhook.name)} does not support dry run")


def question(
    webhook: Webhook, request: AdmissionRequest, reader: Reader, version: Resource
) -> Review:
    """The review for a webhook, its objects in that version. Raises CallFailed."""
    known = [each for each in webhook.admission_review_versions if each in _KNOWN]
    if not known:
        raise CallFailed(
            "could not create admission objects: "
            "webhook does not accept known AdmissionReview versions (v1, v1beta1)"
        )
    uid, scheme = reader.uid(), reader.scheme
    new = new_document(request, version, scheme)
    if new is not None and isinstance(webhook, MutatingWebhook):
        new = shown(new, request)
    said = asked(request, version, judges=not isinstance(webhook, MutatingWebhook))
    last = {name: said.pop(name) for name in ("dryRun", "options")}
    about = {
        "uid": uid,
        **said,
        "object": new,
        "oldObject": document(request.old_object, request, version, scheme),
        **last,
    }
    head = {"kind": _KIND, "apiVersion": f"{_GROUP}/{known[0]}"}
    return Review(uid, known[0], {**head, "request": about})


def answered(review: Review, answer: Any, *, mutating: bool) -> AdmissionResponse:
    """The response of a webhook's decoded answer. Raises CallFailed if it is no valid one."""
    try:
        check_review(answer, _GROUP, review.version, _KIND)
        read = codec.decode(answer, AdmissionReview)
    except CallFailed as error:
        raise CallFailed(f"failed to call webhook: {error}") from None
    except DecodeError as error:
        words = error.words.replace("of type webhooks.", f"of type {review.version}.")
        raise CallFailed(f"failed to call webhook: {words}") from None
    try:
        response = _verified(review, read)
        _check_patch(response, mutating=mutating, lenient=review.version != "v1")
    except _InvalidResponse as error:
        raise CallFailed(f"received invalid webhook response: {error}") from None
    return response


class _InvalidResponse(Exception):
    """Why an answer is none."""


def _verified(review: Review, answer: AdmissionReview) -> AdmissionResponse:
    response = answer.response
    if response is None:
        raise _InvalidResponse("webhook response was absent")
    if review.version != "v1":  # the older version was never checked
        return response
    if response.uid != review.uid:
        raise _InvalidResponse(
            f"expected response.uid={quote(review.uid)}, got {quote(response.uid)}"
        )
    if (answer.api_version, answer.kind) != (f"{_GROUP}/v1", _KIND):
        raise _InvalidResponse(
            f"expected webhook response of {_GROUP}/v1, Kind={_KIND}, "
            f"got {answer.api_version or '/'}, Kind={answer.kind}"
        )
    return response


def _check_patch(response: AdmissionResponse, *, mutating: bool, lenient: bool) -> None:
    if lenient:
        return
    patch, patch_type = response.patch, response.patch_type
    if not mutating:
        if patch:
            raise _InvalidResponse("validating webhook may not return response.patch")
        if patch_type is not None:
            raise _InvalidResponse("validating webhook may not return response.patchType")
        return
    if patch and patch_type is None:
        raise _InvalidResponse("webhook returned response.patch but not response.patchType")
    if not patch and patch_type is not None:
        raise _InvalidResponse("webhook returned response.patchType but not response.patch")
    if patch_type == "":
        raise _InvalidResponse('webhook returned invalid response.patchType of ""')


def verdict(webhook: Webhook, request: AdmissionRequest, response: AdmissionResponse) -> None:
    """Tell the client the warnings and the audit log the annotations, and raise Denied if the webhook does
    not allow the write.
    """
    if request.annotate is not None:
        for key, value in (response.audit_annotations or {}).items():
            request.annotate(f"{webhook.name}/{key}", value)
    if request.warn is not None:
        for text in response.warnings or ():
            request.warn(text)
    if not response.allowed:
        raise Denied(webhook.name, response.status or Status())
