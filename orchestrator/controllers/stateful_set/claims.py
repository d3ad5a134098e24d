"""The storage of a StatefulSet's pods: claims that are made with a pod and outlive it, or not.

By the set's retention policy a claim goes with the set (`whenDeleted`), with a pod that is scaled away
(`whenScaled`), with either, or with none: it then has them for owners, and the garbage collector does the
rest. A claim never loses owners that others gave it.
"""

from collections.abc import Iterable

from msgspec.structs import replace

from orchestrator.api.apps.v1 import StatefulSet
from orchestrator.api.core.v1 import PersistentVolumeClaim, Pod
from orchestrator.api.meta.v1 import OwnerReference
from orchestrator.client import Cache, Client, EventRecorder
from orchestrator.controllers.stateful_set.identity import claims_of, ordinal_of, ordinals
from orchestrator.machinery.owners import owner_reference
from orchestrator.protocol import AlreadyExists, ApiError


def with_owners(
    claim: PersistentVolumeClaim, stateful_set: StatefulSet, pod: Pod | None, *, condemned: bool
) -> PersistentVolumeClaim:
    """The claim with the owners that the retention policy asks for; the very same if it has them.

    `condemned`: its pod is beyond the number that is asked for.
    """
    spec = stateful_set.spec
    policy = spec.persistent_volume_claim_retention_policy if spec is not None else None
    with_set = policy is not None and policy.when_deleted == "Delete"
    with_pod = policy is not None and policy.when_scaled == "Delete" and condemned
    wanted: list[OwnerReference] = []
    if with_pod and pod is not None:
        wanted.append(replace(owner_reference(pod, controller=True), block_owner_deletion=None))
    elif with_set:
        wanted.append(
            replace(owner_reference(stateful_set, controller=True), block_owner_deletion=None)
        )
    ours = {("StatefulSet", stateful_set.metadata.name)}
    if pod is not None:
        ours.add(("Pod", pod.metadata.name))
    have = claim.metadata.owner_references
    others = [each for each in have if (each.kind, each.name) not in ours]
    if any(each.controller for each in others):
        return claim
    references = (*others, *wanted)
    if {each.uid for each in references} == {each.uid for each in have}:
        return claim
    return replace(claim, metadata=replace(claim.metadata, owner_references=references))


class ClaimKeeper:
    """Makes and mends the claims of pods."""

    __slots__ = ("_cache", "_client", "_events")

    def __init__(
        self, client: Client, events: EventRecorder, cache: Cache[PersistentVolumeClaim]
    ) -> None:
        self._client = client
        self._events = events
        self._cache = cache

    async def ensure(self, stateful_set: StatefulSet, ordinal: int) -> bool:
        """Create the claims of an ordinal that are missing; False: wait, one still goes with its pod.

        Raises `protocol.ApiError`s.
        """
        for claim in claims_of(stateful_set, ordinal):
            metadata = claim.metadata
            present = self._cache.get(metadata.namespace, metadata.name)
            if present is None:
                await self._create(stateful_set, claim, ordinal)
            elif _goes_with_its_pod(present):
                return False
        return True

    async def _create(
        self, stateful_set: StatefulSet, claim: PersistentVolumeClaim, ordinal: int
    ) -> None:
        pod = f"{stateful_set.metadata.name}-{ordinal}"
        owned = with_owners(claim, stateful_set, None, condemned=False)
        about = f"Pod {pod} in StatefulSet {stateful_set.metadata.name}"
        try:
            await self._client.create(owned)
        except AlreadyExists:
            return  # the cache is behind
        except ApiError as error:
            message = f"Create Claim {claim.metadata.name} for {about} failed error: {error}"
            self._events.event(stateful_set, "Warning", "FailedCreate", message)
            raise
        message = f"Create Claim {claim.metadata.name} {about} success"
        self._events.event(stateful_set, "Normal", "SuccessfulCreate", message)

    async def retain(self, stateful_set: StatefulSet, pods: Iterable[Pod]) -> None:
        """Give the claims of pods the owners that the retention policy asks for."""
        asked = ordinals(stateful_set)
        for pod in pods:
            ordinal = ordinal_of(stateful_set.metadata.name, pod.metadata.name)
            if ordinal is None:
                continue
            for claim in claims_of(stateful_set, ordinal):
                present = self._cache.get(claim.metadata.namespace, claim.metadata.name)
                if present is None:
                    continue
                owned = with_owners(present, stateful_set, pod, condemned=ordinal not in asked)
                if owned is not present:
                    await self._client.update(owned)


def _goes_with_its_pod(claim: PersistentVolumeClaim) -> bool:
    return claim.metadata.deletion_timestamp is not None or any(
        each.kind == "Pod" for each in claim.metadata.owner_references
    )
