"""What Kubernetes fills in of the kinds of `admissionregistration`."""

from collections.abc import Mapping
from typing import Any, Final

from orchestrator.api.admissionregistration.v1 import (
    MatchResources,
    MutatingAdmissionPolicy,
    MutatingAdmissionPolicyBinding,
    MutatingWebhookConfiguration,
    ValidatingAdmissionPolicy,
    ValidatingAdmissionPolicyBinding,
    ValidatingWebhookConfiguration,
)
from orchestrator.api.meta.v1 import LabelSelector
from orchestrator.apiserver.defaults.change import each, fill, maybe, put

_ALL: Final = LabelSelector()


_WEBHOOK: Final[Mapping[str, Any]] = {
    "failure_policy": "Fail",
    "match_policy": "Equivalent",
    "namespace_selector": _ALL,
    "object_selector": _ALL,
    "timeout_seconds": 10,
}


def default_validating_webhooks(
    configuration: ValidatingWebhookConfiguration,
) -> ValidatingWebhookConfiguration:
    """Webhooks see everything that their rules name, and must answer."""
    return put(configuration, webhooks=each(configuration.webhooks, _default_webhook))


def default_mutating_webhooks(
    configuration: MutatingWebhookConfiguration,
) -> MutatingWebhookConfiguration:
    """The same; they are asked once."""

    def default(webhook: Any) -> Any:
        return fill(_default_webhook(webhook), reinvocation_policy="Never")

    return put(configuration, webhooks=each(configuration.webhooks, default))


def _default_webhook(webhook: Any) -> Any:
    webhook = fill(webhook, **_WEBHOOK)
    config = webhook.client_config
    if config is not None and config.service is not None:
        config = put(config, service=fill(config.service, port=443))
    return put(webhook, client_config=config, rules=each(webhook.rules, _default_scope))


def _default_scope(rule: Any) -> Any:
    return fill(rule, scope="*")


def _default_match(match: MatchResources) -> MatchResources:
    match = fill(match, match_policy="Equivalent", namespace_selector=_ALL, object_selector=_ALL)
    return put(
        match,
        resource_rules=each(match.resource_rules, _default_scope),
        exclude_resource_rules=each(match.exclude_resource_rules, _default_scope),
    )


def default_admission_policy(policy: ValidatingAdmissionPolicy) -> ValidatingAdmissionPolicy:
    """A policy that cannot be asked refuses."""
    return policy if policy.spec is None else put(policy, spec=_default_policy(policy.spec))


def default_mutating_policy(policy: MutatingAdmissionPolicy) -> MutatingAdmissionPolicy:
    """A policy that cannot be asked refuses."""
    return policy if policy.spec is None else put(policy, spec=_default_policy(policy.spec))


def _default_policy(spec: Any) -> Any:
    spec = fill(spec, failure_policy="Fail")
    return put(spec, match_constraints=maybe(spec.match_constraints, _default_match))


def default_admission_binding(
    binding: ValidatingAdmissionPolicyBinding,
) -> ValidatingAdmissionPolicyBinding:
    """A binding is about everything that the policy is about."""
    return binding if binding.spec is None else put(binding, spec=_default_binding(binding.spec))


def default_mutating_binding(
    binding: MutatingAdmissionPolicyBinding,
) -> MutatingAdmissionPolicyBinding:
    """A binding is about everything that the policy is about."""
    return binding if binding.spec is None else put(binding, spec=_default_binding(binding.spec))


def _default_binding(spec: Any) -> Any:
    return put(spec, match_resources=maybe(spec.match_resources, _default_match))
