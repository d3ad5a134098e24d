"""MutatingAdmissionWebhook: the webhooks that a write concerns are asked one after another.

Each sees what the one before it made of the object. When one has changed it, those before it that want
to be asked again are, in a second round of all mutating plugins.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import chain
from typing import Any, Final, TypeVar

import msgspec
from msgspec.structs import replace

from orchestrator.api import codec
from orchestrator.api.admissionregistration.v1 import MutatingWebhookConfiguration
from orchestrator.api.errors import DecodeError
from orchestrator.api.scheme import Resource
from orchestrator.apiserver.admission.interface import (
    AdmissionPlugin,
    AdmissionRequest,
    Operation,
    Reader,
    Rounds,
    Wait,
)
from orchestrator.apiserver.admission.questions import document, filled
from orchestrator.apiserver.admission.read_back import read_back, shown
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
    Called,
    concerns,
    version_for,
    webhooks_of,
)
from orchestrator.apiserver.admission.webhooks.reviews import (
    AdmissionResponse,
    answered,
    check_dry_run,
    verdict,
)
from orchestrator.apiserver.kinds.versions import Unconverted
from orchestrator.machinery.errors import PatchError
from orchestrator.machinery.field_errors import quote
from orchestrator.machinery.patches import apply_json_patch
from orchestrator.protocol import ApiError

R = TypeVar("R")

_MUTATION: Final = "mutation.webhook.admission.k8s.io/"
_PATCH: Final = "patch.webhook.admission.k8s.io/"


class MutatingAdmissionWebhook(AdmissionPlugin):
    """Makes of an object what webhooks make of it, or refuses with the first that refuses."""

    name = "MutatingAdmissionWebhook"
    asks = (MutatingWebhookConfiguration,)
    admits_deletions = True

    def __init__(self, handlers: Mapping[str, Handler]) -> None:
        self._handlers = handlers

    def handles(self, operation: Operation, resource: Resource, subresource: str) -> bool:
        """As `AdmissionPlugin.handles`."""
        return concerns(resource)

    def admit(self, request: AdmissionRequest, reader: Reader) -> Any:
        """Ask. Errors: whatever a webhook says, InternalError (a call failed), BadRequest (dry run)."""
        asked = replace(request, object=filled(request.object, request, reader.scheme))
        return _Round(asked, request.object, reader, self._handlers).begin()


class _Memory:
    """What the second round needs to know of the first."""

    def __init__(self) -> None:
        self.output: Any = None
        self.asked: set[tuple[str, int]] = set()  # those that may be asked again
        self.again: set[tuple[str, int]] = set()  # those that are to be

    def changed(self) -> None:
        """Whoever was asked before this change is to see it."""
        self.again |= self.asked
        self.asked = set()


class _Round:
    """One round through the webhooks."""

    def __init__(
        self,
        request: AdmissionRequest,
        given: Any,
        reader: Reader,
        handlers: Mapping[str, Handler],
    ) -> None:
        self._request = request
        self._given = given
        self._untouched = request.object
        self._reader = reader
        self._handlers = handlers
        self._rounds = request.rounds or Rounds()
        self._memory: _Memory = self._rounds.memory.setdefault(
            MutatingAdmissionWebhook.name, _Memory()
        )
        self._left: Iterator[Called] = webhooks_of(MutatingWebhookConfiguration, reader)

    def begin(self) -> Any:
        """The object, or a wait for it."""
        memory = self._memory
        if self._rounds.second and memory.output != self._request.object:
            memory.changed()
        return self._next()

    def _next(self) -> Any:
        request = self._request
        for called in self._left:
            webhook = called.webhook
            try:
                version = version_for(webhook, request, self._reader)
                if version is None or self._is_passed(called):
                    continue
                check_dry_run(webhook, request)
                call = call_of(webhook, request, self._reader, version, self._handlers)
            except Unconverted as missing:
                self._left = chain((called,), self._left)
                return self._converting(missing, self._next)
            except CallFailed as error:
                self._failed(called, error, 0.0)
                continue
            began = request.counts.monotonic() if request.counts is not None else 0.0
            return Wait(call.effect, partial(self._heard, called, version, call, began))
        self._memory.output = request.object
        # Nobody has changed it: its defaults are for a later step.
        return self._given if request.object is self._untouched else request.object

    def _converting(self, missing: Unconverted, then: Callable[[], Any]) -> Wait:
        """Ask for the object in a version, and go on. Errors: InternalError, if it cannot be had."""

        def again(error: ApiError | None) -> Any:
            if error is not None:
                raise internal(str(internal(error.message)))
            try:
                return then()
            except Unconverted as more:
                return self._converting(more, then)

        return asking(self._reader, missing.question, again)

    def _is_passed(self, called: Called) -> bool:
        return self._rounds.second and called.key not in self._memory.again

    def _failed(self, called: Called, error: CallFailed, seconds: float) -> None:
        self._annotate(called, _MUTATION, mutated=False)
        ignored = is_ignored(called.webhook)
        count_failure(self._request, called.webhook.name, "admit", seconds, ignored=ignored)
        if not ignored:
            raise failure(called.webhook, error)
        if self._request.annotate is not None:
            key = f"failed-open.{_MUTATION}{self._place(called)}"
            self._request.annotate(key, called.webhook.name)
        self._note(called)

    def _place(self, called: Called) -> str:
        return f"round_{int(self._rounds.second)}_index_{called.index}"

    def _annotate(self, called: Called, prefix: str, **said: Any) -> None:
        """Note for the audit log what a webhook has done."""
        if self._request.annotate is not None:
            about = {"configuration": called.configuration, "webhook": called.webhook.name, **said}
            key = f"{prefix}{self._place(called)}"
            self._request.annotate(key, msgspec.json.encode(about).decode())

    def _note(self, called: Called) -> None:
        if getattr(called.webhook, "reinvocation_policy", None) == "IfNeeded":
            self._memory.asked.add(called.key)

    def _heard(
        self, called: Called, version: Resource, call: Call, began: float, answer: Any
    ) -> Any:
        """A webhook has answered: go on with what it makes of the object."""
        counts = self._request.counts
        seconds = counts.monotonic() - began if counts is not None else 0.0

        def judged() -> AdmissionResponse:
            if isinstance(answer, CallFailed):
                raise answer
            response = answered(call.review, answer, mutating=True)
            verdict(called.webhook, self._request, response)
            return response

        response = self._counted(called, seconds, judged)
        if response is None:
            return self._next()
        try:
            return self._changed(called, version, response, seconds)
        except Unconverted as missing:
            then = partial(self._changed, called, version, response, seconds)
            return self._converting(missing, then)

    def _counted(self, called: Called, seconds: float, step: Callable[[], R]) -> R | None:
        """What a step gives that a webhook's answer leads to; None where it fails and that is ignored.

        What refuses the write is counted as the webhook's answer, and raised.
        """
        request = self._request
        try:
            return step()
        except CallFailed as error:
            self._failed(called, error, seconds)
            return None
        except ApiError as error:
            count_answer(request, called.webhook.name, "admit", seconds, error)
            raise

    def _changed(
        self, called: Called, version: Resource, response: AdmissionResponse, seconds: float
    ) -> Any:
        """What a webhook has allowed is done; the next ones are asked. Raises Unconverted."""
        before = self._request

        def patched() -> bool:
            self._patch(called, version, response)
            mutated = self._request.object is not before.object
            self._annotate(called, _MUTATION, mutated=mutated)
            return True

        if self._counted(called, seconds, patched):
            count_answer(before, called.webhook.name, "admit", seconds)
            self._note(called)
        return self._next()

    def _patch(self, called: Called, version: Resource, response: AdmissionResponse) -> None:
        request, scheme = self._request, self._reader.scheme
        operations = _operations(response)
        if not operations:
            return
        if request.object is None:
            raise internal(
                f"admission webhook {quote(called.webhook.name)} attempted to modify the object, "
                "which is not supported for this operation"
            )
        if response.patch_type not in ("JSONPatch", None):
            raise CallFailed(f"unsupported patch type {quote(response.patch_type)}")
        before = shown(document(request.object, request, version, scheme), request)
        try:
            patched = apply_json_patch(before, operations)
            new = read_back(patched, request, version, scheme)
        except PatchError as error:
            raise internal(str(error)) from None
        except DecodeError as error:
            raise internal(error.words) from None
        self._annotate(called, _PATCH, patch=operations, patchType="JSONPatch")
        if new != request.object:
            self._memory.changed()
            self._rounds.again = True
            self._request = replace(request, object=new)


def _operations(response: AdmissionResponse) -> list[Any]:
    """The patch. Raises CallFailed if it is none."""
    if not response.patch:
        return []
    words = "received undecodable patch in webhook response: "
    try:
        operations = codec.loads(response.patch)
    except DecodeError as error:
        raise CallFailed(words + error.message) from None
    if not isinstance(operations, list):
        kind = {dict: "object", str: "string", bool: "bool"}.get(type(operations), "number")
        raise CallFailed(
            f"{words}json: cannot unmarshal {kind} into Go value of type jsonpatch.Patch"
        )
    return operations
