"""Several authorizers, asked one after another."""

from collections.abc import Callable

from orchestrator.api.rbac.v1 import PolicyRule
from orchestrator.apiserver.authorization.interface import (
    NO_OPINION,
    Attributes,
    Authorizer,
    Decision,
    Rules,
)
from orchestrator.apiserver.authorization.webhook import WebhookAuthorizer
from orchestrator.apiserver.authorization.webhook_counts import WebhookCounts
from orchestrator.apiserver.telemetry.families import Histogram, Series
from orchestrator.protocol import MASTERS, Identity

_EVERYTHING = PolicyRule(verbs=("*",), api_groups=("*",), resources=("*",))
_EVERY_PATH = PolicyRule(verbs=("*",), non_resource_urls=("*",))


class MastersAuthorizer(Authorizer):
    """Everything for the group `system:masters`, whatever the roles say."""

    def decide(self, identity: Identity, attributes: Attributes) -> Decision:
        """Allowed for masters."""
        return _ALLOWED if MASTERS in identity.groups else NO_OPINION

    def rules(self, identity: Identity, namespace: str) -> Rules:
        """Kubernetes lists none here: its role `cluster-admin` says the same."""
        return Rules()


class AlwaysAllow(Authorizer):
    """Everything for everybody: the mode AlwaysAllow."""

    def decide(self, identity: Identity, attributes: Attributes) -> Decision:
        """Allowed."""
        return _ALLOWED

    def rules(self, identity: Identity, namespace: str) -> Rules:
        """One rule that grants all."""
        return Rules((_EVERYTHING, _EVERY_PATH))


class AlwaysDeny(Authorizer):
    """Nothing for anybody: the mode AlwaysDeny."""

    def decide(self, identity: Identity, attributes: Attributes) -> Decision:
        """No opinion, and a reason."""
        return Decision(reason="Everything is forbidden.")

    def rules(self, identity: Identity, namespace: str) -> Rules:
        """None."""
        return Rules()


class Union(Authorizer):
    """The first that allows or denies decides; the reasons of the others are told where none does."""

    def __init__(self, *authorizers: Authorizer) -> None:
        self._authorizers = authorizers
        self._counts = WebhookCounts()

    def begin(self, now: Callable[[], float]) -> None:
        """The server begins, and with it those to whom time matters; `now` is its clock."""
        for each in self._authorizers:
            if isinstance(each, WebhookAuthorizer):
                each.begin(now, self._counts)

    def families(self) -> tuple[Series | Histogram, ...]:
        """What those were asked that are elsewhere, for the metrics."""
        return self._counts.families()

    def decide(self, identity: Identity, attributes: Attributes) -> Decision:
        """The first opinion."""
        reasons, faults = [], []
        for authorizer in self._authorizers:
            decision = authorizer.decide(identity, attributes)
            if decision.verdict != "no opinion":
                return decision
            if decision.reason:
                reasons.append(decision.reason)
            if decision.error:
                faults.append(decision.error)
        return Decision(reason="\n".join(reasons), error="; ".join(faults))

    def rules(self, identity: Identity, namespace: str) -> Rules:
        """What all of them list together."""
        found = [each.rules(identity, namespace) for each in self._authorizers]
        return Rules(
            tuple(rule for each in found for rule in each.rules),
            incomplete=any(each.incomplete for each in found),
            error="; ".join(each.error for each in found if each.error),
        )


_ALLOWED = Decision("allow", holds="everywhere")
