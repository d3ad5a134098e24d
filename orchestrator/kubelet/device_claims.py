"""The claims of devices that a pod needs before its containers start. Preparing the devices is simulated."""

from orchestrator.api.core.v1 import Pod
from orchestrator.api.resource.v1 import ResourceClaim
from orchestrator.kubelet.material import Found, Source
from orchestrator.machinery.resource_claims import (
    ClaimError,
    check_owner,
    claims_named,
    is_reserved_for,
)

FAILED = "FailedPrepareDynamicResources"


def claim_sources(pod: Pod) -> tuple[Source, ...]:
    """The claims of a pod, as far as they are known."""
    try:
        return tuple((ResourceClaim, name) for _, name in claims_named(pod))
    except ClaimError:
        return ()


def claims_fault(pod: Pod, found: Found) -> str:
    """Why the devices of a pod cannot be prepared, in the kubelet's words; empty: they are."""
    try:
        for entry, name in claims_named(pod):
            claim: ResourceClaim | None = found.get((ResourceClaim, name))
            if claim is None:
                missing = f'resourceclaims.resource.k8s.io "{name}" not found'
                return _said(f"fetch ResourceClaim {name}: {missing}")
            if entry.resource_claim_name is None:
                check_owner(pod, claim)
            if not is_reserved_for(claim, pod.metadata.uid):
                return _said(
                    f"pod {pod.metadata.name} ({pod.metadata.uid}) is not allowed to use "
                    f"ResourceClaim {name} ({claim.metadata.uid})"
                )
            if claim.status is None or claim.status.allocation is None:
                return _said(f"ResourceClaim {name}: not allocated")
    except ClaimError as error:
        return _said(str(error))
    return ""


def _said(why: str) -> str:
    return f"Failed to prepare dynamic resources: prepare dynamic resources: {why}"
