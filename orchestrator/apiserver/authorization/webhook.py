"""An authorizer elsewhere: https://kubernetes.io/docs/reference/access-authn-authz/webhook/.

It is sent SubjectAccessReviews. What it answers counts for a time; until an answer is there `decide` raises
Unanswered, and the server asks, serves others, and comes again.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct
from msgspec.structs import astuple

from orchestrator.api import codec
from orchestrator.api.authorization.v1 import SubjectAccessReviewSpec
from orchestrator.apiserver.authorization.interface import (
    NO_OPINION,
    Attributes,
    Authorizer,
    Decision,
    Rules,
)
from orchestrator.apiserver.authorization.questions import spec_of
from orchestrator.apiserver.authorization.webhook_counts import Result, WebhookCounts
from orchestrator.apiserver.peers import Peer, PeerFailed, ask_peer
from orchestrator.apiserver.unanswered import Unanswered
from orchestrator.machinery.cel import EvaluationError, compile_expression, scope_of
from orchestrator.protocol import Identity

VARIABLES: Final = frozenset({"request"})
_MOST: Final = 8_192
_LONGEST: Final = (
    10_000  # characters of what a client may make long: such questions are not remembered
)


class WebhookSettings(Struct, frozen=True):
    """One webhook of an AuthorizationConfiguration; times are seconds.

    `conditions` are expressions in CEL about the review's spec, all of which must hold for it to be asked. `name` is
    what the metrics call it.
    """

    peer: Peer
    timeout: float = 30.0
    authorized: float = 300.0
    unauthorized: float = 30.0
    on_failure: Literal["NoOpinion", "Deny"] = "NoOpinion"
    conditions: tuple[str, ...] = ()
    version: str = "v1"
    name: str = "default"


class WebhookAuthorizer(Authorizer):
    """Asks another server what it thinks of requests."""

    def __init__(self, settings: WebhookSettings) -> None:
        self._settings = settings
        self._now: Callable[[], float] = lambda: 0.0
        self._counts = WebhookCounts()
        self._known: dict[bytes, tuple[float, Decision]] = {}
        self._heard: dict[bytes, Decision] = {}  # answers that nobody has had yet
        self._on_failure = NO_OPINION
        if settings.on_failure == "Deny":
            self._on_failure = Decision("deny")

    def begin(self, now: Callable[[], float], counts: WebhookCounts) -> None:
        """The server begins; `now` is its clock."""
        self._now = now
        self._counts = counts

    def decide(self, identity: Identity, attributes: Attributes) -> Decision:
        """What it says. Raises Unanswered."""
        spec = spec_of(identity, attributes)
        try:
            if not self._is_asked(spec):
                return NO_OPINION
        except EvaluationError as error:
            return Decision(self._on_failure.verdict, error=str(error))
        question = codec.encode(spec)
        heard = self._heard.pop(question, None)
        if heard is not None:
            return heard
        until, known = self._known.get(question, (float("-inf"), NO_OPINION))
        if self._now() < until:
            return known
        raise Unanswered("an authorizer elsewhere", partial(self._ask, question, spec))

    def rules(self, identity: Identity, namespace: str) -> Rules:
        """Nobody lists them."""
        return Rules(
            incomplete=True, error="webhook authorizer does not support user rule resolution"
        )

    def _is_asked(self, spec: SubjectAccessReviewSpec) -> bool:
        """Whether the conditions hold: a false one is enough that they do not. Raises EvaluationError."""
        conditions, name = self._settings.conditions, self._settings.name
        if not conditions:
            return True
        began, holds = self._now(), None
        try:
            holds = all_hold(conditions, spec)
            return holds
        finally:
            self._counts.conditions(name, max(self._now() - began, 0.0), holds=holds)

    async def _ask(self, question: bytes, spec: SubjectAccessReviewSpec) -> None:
        settings = self._settings
        review = {
            "apiVersion": f"authorization.k8s.io/{settings.version}",
            "kind": "SubjectAccessReview",
            "metadata": {"creationTimestamp": None},
            "spec": _in_version(_filled(codec.to_dict(spec)), settings.version),
            "status": {"allowed": False},
        }
        began = self._now()
        try:
            answer = await ask_peer(settings.peer, review, settings.timeout)
            status = msgspec.convert(answer.get("status") or {}, _Status)
        except (PeerFailed, msgspec.ValidationError) as error:
            self._heard[question] = Decision(self._on_failure.verdict, error=str(error))
            self._count("timeout" if isinstance(error.__cause__, TimeoutError) else "error", began)
            return
        self._count("success", began)
        decision = self._heard[question] = _decision_of(status)
        if _is_kept(spec):
            if len(self._known) >= _MOST:
                self._known.clear()
            lasts = settings.authorized if status.allowed else settings.unauthorized
            self._known[question] = (self._now() + lasts, decision)

    def _count(self, result: Result, began: float) -> None:
        seconds, settings = max(self._now() - began, 0.0), self._settings
        opens = settings.on_failure != "Deny"
        self._counts.asked(settings.name, result, seconds, open_=opens)


class _Status(Struct, frozen=True):
    allowed: bool = False
    denied: bool = False
    reason: str = ""


def _decision_of(status: _Status) -> Decision:
    if status.denied:
        fault = "webhook subject access review returned both allow and deny response"
        return Decision("deny", status.reason, error=fault if status.allowed else "")
    return Decision("allow" if status.allowed else "no opinion", status.reason)


def all_hold(conditions: Sequence[str], spec: SubjectAccessReviewSpec) -> bool:
    """Whether no condition about a review's spec is false. Raises EvaluationError if one has no value."""
    if not conditions:
        return True
    request = _shown(codec.to_dict(spec))
    failed: list[str] = []
    for text in conditions:
        try:
            expression = compile_expression(text, scope_of(VARIABLES))
            if expression.value({"request": request}) is not True:
                return False
        except EvaluationError as error:
            failed.append(f"cel evaluation error: expression '{text}' resulted in error: {error}")
    if failed:
        raise EvaluationError(failed[0] if len(failed) == 1 else f"[{', '.join(failed)}]")
    return True


def _shown(spec: Mapping[str, Any]) -> dict[str, Any]:
    """As expressions see it: texts and lists are there when they are empty."""
    found: dict[str, Any] = {"user": "", "groups": [], "uid": "", "extra": {}, **spec}
    for name, parts in _PARTS.items():
        if name in found:
            found[name] = {**dict.fromkeys(parts, ""), **found[name]}
    return found


_PARTS: Final[Mapping[str, Sequence[str]]] = {
    "resourceAttributes": (
        *("namespace", "verb", "group", "version"),
        *("resource", "subresource", "name"),
    ),
    "nonResourceAttributes": ("path", "verb"),
}


def _filled(document: Mapping[str, Any]) -> dict[str, Any]:
    """Without what is empty, as Go leaves it out."""
    found = {
        name: _filled(value) if isinstance(value, dict) else value
        for name, value in document.items()
    }
    return {name: value for name, value in found.items() if value}


def _in_version(spec: dict[str, Any], version: str) -> dict[str, Any]:
    if version == "v1beta1" and "groups" in spec:
        spec["group"] = spec.pop("groups")
    return spec


def _is_kept(spec: SubjectAccessReviewSpec) -> bool:
    """Whether what a client may make long is short enough to be remembered."""
    asked = spec.resource_attributes or spec.non_resource_attributes
    parts = [] if asked is None else [value for value in astuple(asked) if isinstance(value, str)]
    return sum(map(len, parts)) < _LONGEST
