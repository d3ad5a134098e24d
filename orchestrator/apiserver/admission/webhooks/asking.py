"""One call to one webhook: the question, the effect that asks it, and what a failure amounts to."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, Final

from msgspec import Struct

from orchestrator.api.scheme import Resource
from orchestrator.apiserver.admission.interface import AdmissionRequest, Reader
from orchestrator.apiserver.admission.webhooks.answers import CallFailed
from orchestrator.apiserver.admission.webhooks.calling import (
    Handler,
    ask_handler,
    ask_server,
    destination_of,
    url_of,
)
from orchestrator.apiserver.admission.webhooks.matching import Webhook
from orchestrator.apiserver.admission.webhooks.reviews import Denied, Review, question
from orchestrator.apiserver.telemetry.admission import Mistake, WebhookKind
from orchestrator.machinery.field_errors import quote
from orchestrator.protocol import ApiError, Cause, InternalError

_SECONDS: Final = 10
_UNAVAILABLE: Final = 503


class Call(Struct, frozen=True):
    """`effect` answers the decoded answer to `review`, or a CallFailed."""

    review: Review
    effect: Callable[[], Awaitable[Any]]


def call_of(
    webhook: Webhook,
    request: AdmissionRequest,
    reader: Reader,
    version: Resource,
    handlers: Mapping[str, Handler],
) -> Call:
    """The call that asks a webhook about a write. Raises CallFailed."""
    review = question(webhook, request, reader, version)
    seconds = webhook.timeout_seconds or _SECONDS
    handler = handlers.get(url_of(webhook.client_config))
    if handler is not None:
        return Call(review, partial(ask_handler, handler, review.document, seconds))
    where = destination_of(webhook.client_config, reader, seconds)
    return Call(review, partial(ask_server, where, review.document, seconds))


def is_ignored(webhook: Webhook) -> bool:
    """Whether the write goes on without a webhook that cannot be asked."""
    return webhook.failure_policy == "Ignore"


def failure(webhook: Webhook, error: CallFailed) -> InternalError:
    """The end of a write whose webhook must be asked, and could not."""
    return internal(f"failed calling webhook {quote(webhook.name)}: {error}")


def internal(why: str) -> InternalError:
    """The end of a write for which the server itself finds no way."""
    return InternalError(f"Internal error occurred: {why}", causes=(Cause("", why, ""),))


def count_answer(
    request: AdmissionRequest,
    name: str,
    kind: WebhookKind,
    seconds: float,
    refusal: ApiError | None = None,
) -> None:
    """Count a webhook's answer; what the server itself makes of it is no answer of the webhook's."""
    counts = request.counts
    if counts is None:
        return
    own = refusal is not None and not isinstance(refusal, Denied)
    code = 200 if refusal is None else 0 if own else refusal.code
    mistake: Mistake = "apiserver_internal_error" if own else "no_error"
    refused = refusal is not None
    counts.webhook(
        name, kind, request.operation, seconds, code=code, mistake=mistake, refused=refused
    )


def count_failure(
    request: AdmissionRequest, name: str, kind: WebhookKind, seconds: float, *, ignored: bool
) -> None:
    """Count a webhook that could not be asked, or gave no valid answer."""
    counts = request.counts
    if counts is None:
        return
    counts.webhook(
        name,
        kind,
        request.operation,
        seconds,
        code=_UNAVAILABLE,
        mistake="calling_webhook_error",
        refused=not ignored,
    )
    if ignored:
        counts.failed_open(name, kind)
