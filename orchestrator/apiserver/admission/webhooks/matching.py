"""Which webhooks a write concerns, and in which version they are to see it."""

from collections.abc import Iterator
from typing import Any, Final, TypeAlias

from msgspec import Struct

from orchestrator.api.admissionregistration.v1 import (
    MutatingWebhook,
    MutatingWebhookConfiguration,
    ValidatingWebhook,
    ValidatingWebhookConfiguration,
)
from orchestrator.api.scheme import Resource
from orchestrator.apiserver.admission.expressions import Failed, Scope, all_hold
from orchestrator.apiserver.admission.interface import AdmissionRequest, Reader
from orchestrator.apiserver.admission.questions import seen
from orchestrator.apiserver.admission.rule_matching import (
    matched_version,
    selects_namespace,
    selects_object,
)
from orchestrator.apiserver.errors import forbidden
from orchestrator.machinery.cel.authorization import asking

Webhook: TypeAlias = MutatingWebhook | ValidatingWebhook

# What judges others is not judged, so that nobody locks the cluster.
_GROUP: Final = "admissionregistration.k8s.io"


class Called(Struct, frozen=True):
    """A webhook of a configuration. `index` is its place among all webhooks of its sort."""

    webhook: Webhook
    configuration: str
    index: int

    @property
    def key(self) -> tuple[str, int]:
        """Which webhook it is: names may stand twice in a configuration."""
        return self.configuration, self.index


def concerns(resource: Resource) -> bool:
    """Whether webhooks may be asked about writes of this resource at all."""
    return resource.group != _GROUP


def webhooks_of(
    kind: type[MutatingWebhookConfiguration] | type[ValidatingWebhookConfiguration],
    reader: Reader,
) -> Iterator[Called]:
    """All webhooks, by the names of their configurations and their order in them."""
    index = 0
    for configuration in reader.list(kind):
        for webhook in configuration.webhooks:
            yield Called(webhook, configuration.metadata.name, index)
            index += 1


def version_for(webhook: Webhook, request: AdmissionRequest, reader: Reader) -> Resource | None:
    """In which version the webhook is to see the write; None if it is not to be called.

    Raises Forbidden where a condition has no value, and failures are not ignored.
    """
    if not selects_namespace(webhook.namespace_selector, request, reader):
        return None
    if not selects_object(webhook.object_selector, request):
        return None
    version = matched_version(webhook.rules, webhook.match_policy, request, reader.scheme)
    if version is None or not webhook.match_conditions:
        return version
    return version if _conditions_hold(webhook, request, reader, version) else None


def _conditions_hold(
    webhook: Webhook, request: AdmissionRequest, reader: Reader, version: Resource
) -> bool:
    variables: dict[str, Any] = seen(
        request, reader, version, judges=not isinstance(webhook, MutatingWebhook)
    )
    counts, step = request.counts, "admit" if isinstance(webhook, MutatingWebhook) else "validating"
    about = (webhook.name, "webhook", step, request.operation)
    began = counts.monotonic() if counts is not None else 0.0
    try:
        with asking(request.ask):
            holds = all_hold(webhook.match_conditions, Scope(variables, counts=counts))
        if counts is not None:
            counts.conditions(*about, began, outcome=holds)
        return holds
    except Failed as error:
        if counts is not None:
            counts.conditions(*about, began, outcome=None)
        if webhook.failure_policy == "Ignore":
            return False
        raise forbidden(request.resource, request.name, str(error)) from None
