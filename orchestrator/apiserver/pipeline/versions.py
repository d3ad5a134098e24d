"""The steps of custom resources between whose versions a webhook converts, and how it is asked.

A write sees its object in the version in which it comes: what is stored is opened for it, and what it
makes of that is closed again. Other custom resources, and all built-in kinds, have no such steps.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from orchestrator.api.admissionregistration.v1 import ServiceReference, WebhookClientConfig
from orchestrator.api.apiextensions.v1 import WebhookConversion
from orchestrator.apiserver.admission.webhooks.answers import CallFailed, check_review
from orchestrator.apiserver.admission.webhooks.calling import (
    ask_server,
    destination_of,
)
from orchestrator.apiserver.environment import Environment
from orchestrator.apiserver.kinds.versions import (
    GROUP,
    REVIEW,
    Question,
    Unconverted,
    Versions,
    answers_in,
    failed,
    review_of,
)
from orchestrator.apiserver.pipeline.course import Course
from orchestrator.apiserver.pipeline.draft import Draft, Step, Wait
from orchestrator.apiserver.unanswered import Unanswered
from orchestrator.protocol import ApiError

_SECONDS: Final = 30.0
_CALL: Final = "failed to call webhook: "


def open_stored(course: Course) -> tuple[Step, ...]:
    """The stored object in the version of the request. Errors: Unconverted."""
    versions, api_version = course.served.versions, course.served.resource.api_version
    if versions is None:
        return ()

    def step(_env: Environment, draft: Draft) -> None:
        opened = versions.converted(draft.old, api_version)
        draft.stored, draft.old = draft.old, opened

    return (step,)


def close(course: Course) -> tuple[Step, ...]:
    """The new object in the version that is stored. Errors: Unconverted."""
    versions, api_version = course.served.versions, course.served.resource.api_version
    if versions is None:
        return ()

    def step(_env: Environment, draft: Draft) -> None:
        new, old = draft.new, draft.old
        same = old is not None and (new is old or new == old)
        closed = draft.stored if same else versions.converted(new, versions.storage)
        versions.require((closed,), api_version)
        draft.new, draft.old = closed, draft.stored

    return (step, partial(_prepare_watches, versions))


def _prepare_watches(versions: Versions, env: Environment, draft: Draft) -> Any:
    """Who watches another version sees the change in that; if it cannot be had, the watch ends."""
    states = [each for each in (draft.old, draft.new) if each is not None]
    for api_version in sorted(versions.watched):
        try:
            versions.require(states, api_version)
        except Unconverted as missing:
            question = missing.question
            again = partial(_watch_answered, versions, env, draft, question)
            return asking(env, question, again)
    return None


def _watch_answered(
    versions: Versions, env: Environment, draft: Draft, question: Question, error: Any
) -> Any:
    if error is not None:
        versions.watched.discard(question.api_version)
    return _prepare_watches(versions, env, draft)


# --- asking --------------------------------------------------------------------------------


def asking(env: Environment, question: Question, then: Callable[[ApiError | None], Any]) -> Wait:
    """Ask the webhook, remember its answer, and go on; `then` gets what went wrong."""
    review = review_of(question, env.uid())
    try:
        where = destination_of(_config(question.versions.webhook), env, _SECONDS)
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


def waiting_for(
    env: Environment, missing: Unconverted | Unanswered, then: Callable[[ApiError | None], Any]
) -> Wait:
    """Ask for what somebody has missed; `then` gets what went wrong, and takes the step again."""
    if isinstance(missing, Unconverted):
        return asking(env, missing.question, then)
    return Wait(missing.ask, lambda _nothing: then(None))


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
