"""ValidatingAdmissionPolicies say which generation of them has been looked at.

What does not compile whatever it is about is refused when a policy is written; what is wrong about the kinds that
a policy is for is a warning in its status (`policy_types`).
"""

from msgspec.structs import replace

from orchestrator.api.admissionregistration.v1 import (
    TypeChecking,
    ValidatingAdmissionPolicy,
    ValidatingAdmissionPolicyStatus,
)
from orchestrator.client import Key, write_status
from orchestrator.controllers.base import KubernetesController
from orchestrator.controllers.policy_types import warnings_of


class ValidatingAdmissionPolicyStatusController(KubernetesController):
    """Writes `observedGeneration`, and warns of expressions."""

    name = "validatingadmissionpolicy-status"
    account = "validatingadmissionpolicy-status-controller"
    kind = ValidatingAdmissionPolicy

    async def reconcile(self, key: Key) -> float | None:
        """Look at one policy."""
        policy = self.cache(ValidatingAdmissionPolicy).get(*key)
        if policy is None:
            return None
        status = policy.status or ValidatingAdmissionPolicyStatus()
        generation = policy.metadata.generation or 0
        if generation > (status.observed_generation or 0):
            checked = TypeChecking(expression_warnings=warnings_of(policy))
            seen = replace(status, observed_generation=generation, type_checking=checked)
            await write_status(self.client, policy, seen)
        return None
