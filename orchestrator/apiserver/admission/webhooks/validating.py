"""ValidatingAdmissionWebhook: all webhooks that a write concerns are asked beside one another."""

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

from msgspec import Struct

from orchestrator.api.admissionregistration.v1 import ValidatingWebhookConfiguration
from orchestrator.api.scheme import Resource
from orchestrator.apiserver.admission.interface import (
    AdmissionPlugin,
    AdmissionRequest,
    Operation,
    Reader,
    Wait,
)
from orchestrator.apiserver.admission.webhooks.answers import CallFailed
from orchestrator.apiserver.admission.webhooks.asking import (
    Call,
    call_of,
    count_answer,
    count_failure,
    failure,
    internal,
    is_ignored,
)
from orchestrator.apiserver.admission.webhooks.calling import Handler
from orchestrator.apiserver.admission.webhooks.converting import asking
from orchestrator.apiserver.admission.webhooks.matching import (
    Webhook,
    concerns,
    version_for,
    webhooks_of,
)
from orchestrator.apiserver.admission.webhooks.reviews import answered, check_dry_run, verdict
from orchestrator.apiserver.kinds.versions import Unconverted
from orchestrator.protocol import ApiError

_FAILED_OPEN: Final = "failed-open.validating.webhook.admission.k8s.io/"


class _Asked(Struct, frozen=True):
    """A webhook, and the call to it; or why there can be none."""

    webhook: Webhook
    call: Call | CallFailed | ApiError


class ValidatingAdmissionWebhook(AdmissionPlugin):
    """Refuses what a webhook refuses; of several refusals the first in the webhooks' order."""

    name = "ValidatingAdmissionWebhook"
    waits = True
    asks = (ValidatingWebhookConfiguration,)

    def __init__(self, handlers: Mapping[str, Handler]) -> None:
        self._handlers = handlers

    def handles(self, operation: Operation, resource: Resource, subresource: str) -> bool:
        """As `AdmissionPlugin.handles`."""
        return concerns(resource)

    def validate(self, request: AdmissionRequest, reader: Reader) -> Wait | None:
        """Ask. Errors: whatever a webhook says, InternalError (a call failed), BadRequest (dry run)."""
        try:
            concerned = [
                _Asked(called.webhook, self._call(called.webhook, request, reader, version))
                for called in webhooks_of(ValidatingWebhookConfiguration, reader)
                if (version := version_for(called.webhook, request, reader)) is not None
            ]
        except Unconverted as missing:
            return asking(reader, missing.question, partial(self._converted, request, reader))
        if not concerned:
            return None

        async def effect() -> list[tuple[Any, float]]:
            return list(await asyncio.gather(*(_answer(each, request) for each in concerned)))

        return Wait(effect, lambda answers: _judge(request, concerned, answers))

    def _converted(
        self, request: AdmissionRequest, reader: Reader, error: ApiError | None
    ) -> Wait | None:
        """The object is known in another version, or cannot be had in that."""
        if error is not None:
            raise internal(error.message)
        return self.validate(request, reader)

    def _call(
        self, webhook: Webhook, request: AdmissionRequest, reader: Reader, version: Resource
    ) -> Call | CallFailed | ApiError:
        try:
            check_dry_run(webhook, request)
            return call_of(webhook, request, reader, version, self._handlers)
        except (CallFailed, ApiError) as error:
            return error


async def _answer(asked: _Asked, request: AdmissionRequest) -> tuple[Any, float]:
    """What a webhook answers, and after how many seconds, of a write that is counted."""
    if not isinstance(asked.call, Call):
        return asked.call, 0.0
    if request.counts is None:
        return await asked.call.effect(), 0.0
    began = request.counts.monotonic()
    return await asked.call.effect(), request.counts.monotonic() - began


def _judge(
    request: AdmissionRequest, concerned: Sequence[_Asked], answers: Sequence[tuple[Any, float]]
) -> None:
    """Every warning is told, before the first error is raised."""
    errors: list[ApiError] = []
    for index, (asked, (answer, seconds)) in enumerate(zip(concerned, answers, strict=True)):
        name = asked.webhook.name
        try:
            _judge_one(request, asked, answer)
        except CallFailed as error:
            ignored = is_ignored(asked.webhook)
            count_failure(request, name, "validating", seconds, ignored=ignored)
            if not ignored:
                errors.append(failure(asked.webhook, error))
            elif request.annotate is not None:
                request.annotate(f"{_FAILED_OPEN}round_0_index_{index}", name)
        except ApiError as error:
            count_answer(request, name, "validating", seconds, error)
            errors.append(error)
        else:
            count_answer(request, name, "validating", seconds)
    if errors:
        raise errors[0]


def _judge_one(request: AdmissionRequest, asked: _Asked, answer: Any) -> None:
    if isinstance(answer, Exception):
        raise answer
    assert isinstance(asked.call, Call)
    verdict(asked.webhook, request, answered(asked.call.review, answer, mutating=False))
