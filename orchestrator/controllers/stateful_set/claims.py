"""The storage of a StatefulSet's pods: claims that are made with a pod and outlive it, or not.

By the set's retention policy a claim goes with the set (`whenDeleted`), with a pod that is scaled away
(`whenScaled`), with either, or with none: it then has them for owners, and the garbage collector does the
rest. A claim never loses owners that others gave it, and one that another controller manages gets none.
"""

from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from orchestrator.api.apps.v1 import StatefulSet
from orchestrator.api.core.v1 import PersistentVolumeClaim, Pod
from orchestrator.api.meta.v1 import OwnerReference
from orchestrator.client import Cache, Client, EventRecorder
from orchestrator.controllers.stateful_set.identity import claims_of, ordinal_of, ordinals
from orchestrator.machinery.owners import owner_reference
from orchestrator.protocol import AlreadyExists, ApiError


class ClaimsFailed(Exception):
    """A pod cannot be created: its claims could not be, or still go; in Kubernetes' words."""


def with_owners(
    claim: PersistentVolumeClaim, stateful_set: StatefulSet, pod: Pod, *, condemned: bool
) -> PersistentVolumeClaim:
    """The claim with the owners that the retention policy asks for; the very same if it has them.

    `condemned`: its pod is beyond the number that is asked for.
    """
    have = claim.metadata.owner_references
    ours = [each for each in have if _names(each, stateful_set) or _names(each, pod)]
    if _is_stale(ours, stateful_set, pod):
        return claim  # of a set or pod that had the name before: it goes with that one
    others = [each for each in have if each not in ours]
    policy = _policy(stateful_set)
    wanted: list[OwnerReference] = []
    if not (_is_managed(stateful_set) and any(each.controller for each in others)):
        if policy[1] and condemned:
            wanted.append(owner_reference(pod, controller=True))
        elif policy[0]:
            wanted.append(owner_reference(stateful_set, controller=True))
    alike = {each.uid for each in ours} == {each.uid for each in wanted}
    if alike and all(each.controller for each in ours):
        return claim
    return replace(claim, metadata=replace(claim.metadata, owner_references=(*others, *wanted)))


def has_conflict(claim: PersistentVolumeClaim, stateful_set: StatefulSet, pod: Pod) -> bool:
    """Whether another controller manages the claim, so that the retention policy says nothing of it."""
    if not _is_managed(stateful_set):
        return False
    have = claim.metadata.owner_references
    ours = [each for each in have if _names(each, stateful_set) or _names(each, pod)]
    return _is_stale(ours, stateful_set, pod) or any(
        each.controller for each in have if each not in ours
    )


def _policy(stateful_set: StatefulSet) -> tuple[bool, bool]:
    """Whether claims go with the set, and whether with pods that are scaled away."""
    spec = stateful_set.spec
    policy = spec.persistent_volume_claim_retention_policy if spec is not None else None
    if policy is None:
        return False, False
    return policy.when_deleted == "Delete", policy.when_scaled == "Delete"


def _is_managed(stateful_set: StatefulSet) -> bool:
    return any(_policy(stateful_set))


def _names(reference: OwnerReference, owner: Any) -> bool:
    return (reference.api_version, reference.kind, reference.name) == (
        owner.api_version,
        owner.kind,
        owner.metadata.name,
    )


def _is_stale(ours: Sequence[OwnerReference], stateful_set: StatefulSet, pod: Pod) -> bool:
    uids = (stateful_set.metadata.uid, pod.metadata.uid)
    return any(each.uid not in uids for each in ours)


class ClaimKeeper:
    """Makes and mends the claims of pods."""

    __slots__ = ("_cache", "_client", "_events")

    def __init__(
        self, client: Client, events: EventRecorder, cache: Cache[PersistentVolumeClaim]
    ) -> None:
        self._client = client
        self._events = events
        self._cache = cache

    def still_go(self, stateful_set: StatefulSet, pod: Pod) -> bool:
        """Whether claims go with the pod that had the name of `pod`, which is to be created, before."""
        ordinal = ordinal_of(stateful_set.metadata.name, pod.metadata.name)
        return _policy(stateful_set)[1] and any(
            _names(reference, pod)
            for _, present in self._claims(stateful_set, ordinal)
            if present is not None
            for reference in present.metadata.owner_references
        )

    async def ensure(self, stateful_set: StatefulSet, pod: Pod) -> None:
        """Create the claims of a pod that are missing. Raises ClaimsFailed."""
        ordinal = ordinal_of(stateful_set.metadata.name, pod.metadata.name)
        faults: list[str] = []
        for claim, present in self._claims(stateful_set, ordinal):
            name = claim.metadata.name
            if present is None:
                error = await self._create(stateful_set, claim, pod)
                if error is not None:
                    faults.append(f"failed to create PVC {name}: {error.message}")
            elif present.metadata.deletion_timestamp is not None:
                faults.append(f"pvc {name} is being deleted")
            elif has_conflict(present, stateful_set, pod):
                self._tell_of_conflict(stateful_set, name)
        if faults:
            raise ClaimsFailed(faults[0] if len(faults) == 1 else f"[{', '.join(faults)}]")

    async def _create(
        self, stateful_set: StatefulSet, claim: PersistentVolumeClaim, pod: Pod
    ) -> ApiError | None:
        """Create a claim; answers why that failed."""
        about = f"Pod {pod.metadata.name} in StatefulSet {stateful_set.metadata.name}"
        owned = with_owners(claim, stateful_set, pod, condemned=False)
        try:
            await self._client.create(owned)
        except AlreadyExists as error:
            return error
        except ApiError as error:
            message = (
                f"Create Claim {claim.metadata.name} for {about} failed error: {error.message}"
            )
            self._events.event(stateful_set, "Warning", "FailedCreate", message)
            return error
        message = f"Create Claim {claim.metadata.name} {about} success"
        self._events.event(stateful_set, "Normal", "SuccessfulCreate", message)
        return None

    async def retain(self, stateful_set: StatefulSet, pod: Pod) -> bool:
        """Give the claims of a pod the owners that the retention policy asks for; whether any had others.

        Raises `protocol.ApiError`s.
        """
        ordinal = ordinal_of(stateful_set.metadata.name, pod.metadata.name)
        condemned = ordinal not in ordinals(stateful_set)
        changed = False
        for claim, present in self._claims(stateful_set, ordinal):
            if present is None:
                continue
            owned = with_owners(present, stateful_set, pod, condemned=condemned)
            if owned is present:
                continue
            if has_conflict(present, stateful_set, pod):
                self._tell_of_conflict(stateful_set, claim.metadata.name)
            await self._client.update(owned)
            changed = True
        return changed

    def _tell_of_conflict(self, stateful_set: StatefulSet, name: str) -> None:
        message = (
            f"PersistentVolumeClaim {name} has a conflicting OwnerReference that acts as a manging "
            "controller, the retention policy is ignored for this claim"
        )
        self._events.event(stateful_set, "Warning", "ConflictingController", message)

    def _claims(
        self, stateful_set: StatefulSet, ordinal: int | None
    ) -> Sequence[tuple[PersistentVolumeClaim, PersistentVolumeClaim | None]]:
        """The claims of an ordinal as they are made, each beside what there is."""
        if ordinal is None:
            return ()
        return [
            (claim, self._cache.get(claim.metadata.namespace, claim.metadata.name))
            for claim in claims_of(stateful_set, ordinal)
        ]
