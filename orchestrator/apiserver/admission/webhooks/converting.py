"""How the webhook that converts a definition's objects is asked, by whoever needs them in another version."""

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from orchestrator.api.admissionregistration.v1 import ServiceReference, WebhookClientConfig
from orchestrator.api.apiextensions.v1 import WebhookConversion
from orchestrator.apiserver.admission.interface import Reader, Wait
from orchestrator.apiserver.admission.webhooks.answers import CallFailed, check_review
from orchestrator.apiserver.admission.webhooks.calling import ask_server, destination_of
from orchestrator.apiserver.kinds.versions import (
    GROUP,
    REVIEW,
    Question,
    answers_in,
    failed,
    review_of,
)
from orchestrator.protocol import ApiError

_SECONDS: Final = 30.0
_CALL: Final = "failed to call webhook: "


def asking(reader: Reader, question: Question, then: Callable[[ApiError | None], Any]) -> Wait:
    """Ask the webhook, remember its answer, and go on; `then` gets what went wrong."""
    review = review_of(question, reader.uid())
    try:
        where = destination_of(_config(question.versions.webhook), reader, _SECONDS)
    except CallFailed as error:
        return Wait(_nothing, partial(_refuse, failed(question, _words(error)), then))

    def heard(document: Any) -> Any:
        try:
            if isinstance(document, CallFailed):
                raise failed(question, _words(document))
            check_review(document, GROUP, review["apiVersion"].rpartition("/")[2], REVIEW)
            question.versions.learn(question, answers_in(question, review, document))
        except CallFailed as error:
            return then(failed(question, str(error)))
        except ApiError as error:
            return then(error)
        return then(None)

    return Wait(partial(ask_server, where, review, _SECONDS), heard)


async def _nothing() -> None:
    """A question that cannot be put has its answer at once."""


def _refuse(error: ApiError, then: Callable[[ApiError | None], Any], _nothing: Any) -> Any:
    return then(error)


def _words(error: CallFailed) -> str:
    return str(error).removeprefix(_CALL)


def _config(webhook: WebhookConversion) -> WebhookClientConfig:
    """The same as webhooks of admission have it."""
    config = webhook.client_config
    if config is None:
        return WebhookClientConfig()
    service = config.service
    reference = None
    if service is not None:
        reference = ServiceReference(
            name=service.name, namespace=service.namespace, path=service.path, port=service.port
        )
    return WebhookClientConfig(url=config.url, ca_bundle=config.ca_bundle, service=reference)
