"""ValidatingAdmissionPolicies say which generation of them has been looked at.

The original also checks the types of their expressions by the schemas of the kinds that they match, and warns
in the status. Here expressions are compiled without types, when a policy is written: what does not compile
is refused there, and there is nothing to warn of.
"""

from msgspec.structs import replace

from orchestrator.api.admissionregistration.v1 import (
    TypeChecking,
    ValidatingAdmissionPolicy,
    ValidatingAdmissionPolicyStatus,
)
from orchestrator.client import Key, write_status
from orchestrator.controllers.base import KubernetesController


class ValidatingAdmissionPolicyStatusController(KubernetesController):
    """Writes `observedGeneration`."""

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
            seen = replace(status, observed_generation=generation, type_checking=TypeChecking())
            await write_status(self.client, policy, seen)
        return None
