"""The kinds of `admissionregistration`: a row each, which holds all that the server knows of it."""

from typing import Final

from orchestrator.api.admissionregistration.v1 import (
    MutatingAdmissionPolicy,
    MutatingAdmissionPolicyBinding,
    MutatingWebhookConfiguration,
    ValidatingAdmissionPolicy,
    ValidatingAdmissionPolicyBinding,
    ValidatingWebhookConfiguration,
)
from orchestrator.apiserver.kinds.admissionregistration.defaults import (
    default_admission_binding,
    default_admission_policy,
    default_mutating_binding,
    default_mutating_policy,
    default_mutating_webhooks,
    default_validating_webhooks,
)
from orchestrator.apiserver.kinds.admissionregistration.policy_validation import (
    BINDING_RULES,
    MUTATING_BINDING_RULES,
    MUTATING_POLICY_RULES,
    POLICY_RULES,
)
from orchestrator.apiserver.kinds.admissionregistration.tables import (
    MUTATING_POLICIES,
    POLICIES,
    POLICY_BINDINGS,
    WEBHOOKS,
)
from orchestrator.apiserver.kinds.admissionregistration.webhook_validation import WEBHOOK_RULES
from orchestrator.apiserver.kinds.kind import Kind
from orchestrator.apiserver.kinds.resets import STATUS_ALONE
from orchestrator.apiserver.kinds.strategy import OBSERVED_STRICT, Traits

# A policy's status is written by the store of policies, which may create.
_POLICY_TRAITS: Final = Traits(generation=True, unconditional_update=False, created_by_status=True)
_HOOK_TRAITS: Final = Traits(generation=True, empties_count=True, unconditional_update=False)

KINDS: Final[tuple[Kind, ...]] = (
    Kind(
        MutatingAdmissionPolicy,
        rules=MUTATING_POLICY_RULES,
        default=default_mutating_policy,
        traits=OBSERVED_STRICT,
        table=MUTATING_POLICIES,
    ),
    Kind(
        MutatingAdmissionPolicyBinding,
        rules=MUTATING_BINDING_RULES,
        default=default_mutating_binding,
        traits=OBSERVED_STRICT,
        table=POLICY_BINDINGS,
    ),
    Kind(
        MutatingWebhookConfiguration,
        rules=WEBHOOK_RULES,
        default=default_mutating_webhooks,
        traits=_HOOK_TRAITS,
        table=WEBHOOKS,
    ),
    Kind(
        ValidatingAdmissionPolicy,
        rules=POLICY_RULES,
        default=default_admission_policy,
        traits=_POLICY_TRAITS,
        table=POLICIES,
        resets=STATUS_ALONE,
    ),
    Kind(
        ValidatingAdmissionPolicyBinding,
        rules=BINDING_RULES,
        default=default_admission_binding,
        traits=OBSERVED_STRICT,
        table=POLICY_BINDINGS,
    ),
    Kind(
        ValidatingWebhookConfiguration,
        rules=WEBHOOK_RULES,
        default=default_validating_webhooks,
        traits=_HOOK_TRAITS,
        table=WEBHOOKS,
    ),
)
