"""Which claims of devices a pod uses, whose a claim is, and which taints of devices are tolerated."""

from collections.abc import Iterable, Iterator
from typing import Final

from orchestrator.api.core.v1 import Pod, PodResourceClaim
from orchestrator.api.resource.v1 import (
    DeviceTaint,
    DeviceToleration,
    ResourceClaim,
    ResourceClaimConsumerReference,
)
from orchestrator.machinery.errors import MachineryError
from orchestrator.machinery.owners import controller_of

FINALIZER: Final = "resource.kubernetes.io/delete-protection"
"""What keeps a claim while it is allocated."""

POD_CLAIM_NAME: Final = "resource.kubernetes.io/pod-claim-name"
"""The annotation of a claim made from a template: the name that the pod has for it."""


class ClaimError(MachineryError):
    """A claim that a pod names cannot be used; says why, in Kubernetes' words."""


def claim_name(pod: Pod, claim: PodResourceClaim) -> str | None:
    """The name of the claim that stands behind an entry of a pod; None: it needs none.

    Raises ClaimError while the claim of a template has not been made.
    """
    if claim.resource_claim_name is not None:
        return claim.resource_claim_name
    metadata = pod.metadata
    where = f'pod "{metadata.namespace}/{metadata.name}"'
    if claim.resource_claim_template_name is None:
        raise ClaimError(
            f'{where}, spec.resourceClaim "{claim.name}": none of the supported fields are set'
        )
    for status in pod.status.resource_claim_statuses if pod.status is not None else ():
        if status.name == claim.name:
            return status.resource_claim_name
    raise ClaimError(f"{where}: ResourceClaim not created yet")


def check_owner(pod: Pod, claim: ResourceClaim) -> None:
    """Raises ClaimError unless a claim of a template was made for the pod."""
    ours, its = pod.metadata, claim.metadata
    owner = controller_of(claim)
    if owner is None or owner.uid != ours.uid:
        raise ClaimError(
            f"ResourceClaim {its.namespace}/{its.name} was not created for Pod "
            f"{ours.namespace}/{ours.name} (Pod is not owner)"
        )


def claims_named(pod: Pod) -> Iterator[tuple[PodResourceClaim, str]]:
    """A pod's entries, and the claims behind them; those that need none are left out.

    Raises ClaimError while the claim of a template has not been made.
    """
    for each in pod.spec.resource_claims if pod.spec is not None else ():
        name = claim_name(pod, each)
        if name is not None:
            yield each, name


def consumer(pod: Pod) -> ResourceClaimConsumerReference:
    """A pod as the user of a claim."""
    metadata = pod.metadata
    return ResourceClaimConsumerReference(resource="pods", name=metadata.name, uid=metadata.uid)


def is_reserved_for(claim: ResourceClaim, uid: str) -> bool:
    """Whether somebody may use a claim."""
    return claim.status is not None and any(each.uid == uid for each in claim.status.reserved_for)


def tolerates(tolerations: Iterable[DeviceToleration], taint: DeviceTaint) -> bool:
    """Whether one of the tolerations is for a taint."""
    return any(is_for(each, taint) for each in tolerations)


def is_for(toleration: DeviceToleration, taint: DeviceTaint) -> bool:
    """Whether a toleration is for a taint: an empty effect or key is for all of them."""
    if toleration.effect and toleration.effect != taint.effect:
        return False
    if toleration.key and toleration.key != taint.key:
        return False
    if toleration.operator in (None, "", "Equal"):
        return (toleration.value or "") == (taint.value or "")
    return toleration.operator == "Exists"
