"""The Deployment controller: brings the ReplicaSets of a Deployment towards its template."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from orchestrator.api.apps.v1 import Deployment, DeploymentStatus, ReplicaSet
from orchestrator.api.core.v1 import Pod
from orchestrator.client import Change, Key, KeyFunction, same_but_status
from orchestrator.controllers.base import KubernetesController, namespace_ends
from orchestrator.controllers.claiming import claim_of, settle
from orchestrator.controllers.deployment import replica_sets as sets_
from orchestrator.controllers.deployment.replica_sets import (
    DESIRED,
    MAXIMUM,
    REVISION,
    replicas_of,
)
from orchestrator.controllers.deployment.rolling import (
    Sizes,
    new_size,
    scale_in_proportion,
    shrink_old,
    sizes_of,
)
from orchestrator.controllers.deployment.status import (
    counted_status,
    find_condition,
    has_deadline,
    is_complete,
    pause_noted,
    status_of,
    with_progress,
)
from orchestrator.controllers.indexes import controller_index
from orchestrator.controllers.pods import is_active
from orchestrator.machinery.labels import compile_selector
from orchestrator.machinery.owners import controller_of
from orchestrator.protocol import AlreadyExists, ApiError


class DeploymentController(KubernetesController):
    """Rolls out, scales, rolls back and cleans up."""

    name = "deployment"
    account = "deployment-controller"
    kind = Deployment
    rest_seconds = 0.1
    owns = (ReplicaSet,)

    def own_keys(self, change: Change[Any]) -> Iterable[Key]:
        """Not after a write of the status: that was this controller's own."""
        old, new = change.old, change.new
        if old is not None and new is not None and same_but_status(old, new):
            return ()
        return super().own_keys(change)

    def indexes(self) -> Mapping[Any, Mapping[str, KeyFunction]]:
        """ReplicaSets by the uid of their controller; those without one by namespace."""
        return {
            ReplicaSet: {"controller": controller_index},
            Pod: {"controller": controller_index},
        }

    async def reconcile(self, key: Key) -> float | None:
        """One step of a Deployment."""
        deployment = self.cache(Deployment).get(key.namespace, key.name)
        if deployment is None or deployment.spec is None:
            return None
        sets = await self._sets_of(deployment)
        if deployment.metadata.deletion_timestamp is not None:
            await self._write_counts(deployment, sets_.find_new(deployment, sets), sets)
            return None
        deployment = await self._note_pause(deployment)
        assert deployment.spec is not None
        if self._is_scaling(deployment, sets) or deployment.spec.paused:
            await self._scale(deployment, sets)
            return None
        strategy = deployment.spec.strategy
        if strategy is not None and strategy.type == "Recreate":
            return await self._recreate(deployment, sets)
        return await self._roll(deployment, sets)

    # --- the sets --------------------------------------------------------------------------

    async def _sets_of(self, deployment: Deployment) -> list[ReplicaSet]:
        """The Deployment's own sets, after it has adopted and released what its selector says."""
        cache = self.cache(ReplicaSet)
        assert deployment.spec is not None
        claim = claim_of(
            deployment,
            cache.by_index("controller", deployment.metadata.uid),
            cache.by_index("controller", f"none/{deployment.metadata.namespace}"),
            compile_selector(deployment.spec.selector).matches,
        )
        return sets_.by_age(list(await settle(self.client, deployment, claim)))

    async def _new_set(
        self, deployment: Deployment, sets: list[ReplicaSet], sizes: Sizes, create: bool
    ) -> tuple[Deployment, ReplicaSet | None]:
        """The set of the present template, brought up to date or created; and the Deployment that notes it."""
        found = sets_.find_new(deployment, sets)
        revision = sets_.next_revision([s for s in sets if s is not found])
        if found is None:
            return (
                await self._create_set(deployment, sets, sizes, revision)
                if create
                else (deployment, None)
            )
        assert found.spec is not None
        annotations = sets_.annotations_for(deployment, found.metadata.annotations, revision)
        minimum = deployment.spec.min_ready_seconds if deployment.spec is not None else None
        if annotations != found.metadata.annotations or (
            (found.spec.min_ready_seconds or 0) != (minimum or 0)
        ):
            changed = replace(
                found,
                metadata=replace(found.metadata, annotations=annotations),
                spec=replace(found.spec, min_ready_seconds=minimum),
            )
            updated = await self.client.update(changed)
            sets[sets.index(found)] = updated
            found = updated
        status = deployment.status
        if has_deadline(deployment) and find_condition(status, "Progressing") is None:
            message = f'Found new replica set "{found.metadata.name}"'
            status = with_progress(status, "True", "FoundNewReplicaSet", message, self._now())
        return await self._note(deployment, found, status), found

    async def _create_set(
        self, deployment: Deployment, sets: list[ReplicaSet], sizes: Sizes, revision: int
    ) -> tuple[Deployment, ReplicaSet]:
        replicas = new_size(0, sum(replicas_of(s) for s in sets), sizes)
        wanted = sets_.make_new(deployment, replicas, sizes.maximum, revision)
        try:
            made = await self.client.create(wanted)
        except AlreadyExists:
            await self._collided(deployment, wanted)
            raise
        except ApiError as error:
            await self._tell_refused(deployment, wanted, error)
            raise
        sets.append(made)
        if replicas > 0:
            self._record_scaling(deployment, made, 0, replicas)
        status = deployment.status
        if has_deadline(deployment):
            message = f'Created new replica set "{made.metadata.name}"'
            status = with_progress(status, "True", "NewReplicaSetCreated", message, self._now())
        return await self._note(deployment, made, status), made

    async def _tell_refused(
        self, deployment: Deployment, wanted: ReplicaSet, error: ApiError
    ) -> None:
        """Say that the new set could not be made; a namespace that goes takes the Deployment along."""
        if namespace_ends(error):
            return
        reason = "ReplicaSetCreateError"
        message = f'Failed to create new replica set "{wanted.metadata.name}": {error.message}'
        if has_deadline(deployment):
            status = with_progress(deployment.status, "False", reason, message, self._now())
            await self._write(deployment, status)
        self.events.event(deployment, "Warning", reason, message)

    async def _collided(self, deployment: Deployment, made: ReplicaSet) -> None:
        """Another set has the name: if it is not ours, the hash gets another ingredient."""
        other = await self.client.get(
            ReplicaSet, made.metadata.name, namespace=made.metadata.namespace
        )
        owner = controller_of(other)
        if owner is not None and owner.uid == deployment.metadata.uid:
            return  # the cache is behind: it is the set that we made before
        status = deployment.status or DeploymentStatus()
        count = (status.collision_count or 0) + 1
        await self.client.update_status(
            replace(deployment, status=replace(status, collision_count=count))
        )

    async def _note_pause(self, deployment: Deployment) -> Deployment:
        """Write that a Deployment is paused, or is so no more."""
        status = pause_noted(deployment, self._now())
        return deployment if status is None else await self._write(deployment, status)

    async def _note(
        self, deployment: Deployment, new: ReplicaSet, status: DeploymentStatus | None
    ) -> Deployment:
        """Write the new set's revision, by way of the status, which is no new generation."""
        revision = new.metadata.annotations.get(REVISION, "")
        metadata = deployment.metadata
        if metadata.annotations.get(REVISION) == revision and status == deployment.status:
            return deployment
        annotations = {**metadata.annotations, REVISION: revision}
        deployment = replace(deployment, metadata=replace(metadata, annotations=annotations))
        return await self._write(deployment, status)

    async def _write(self, deployment: Deployment, status: DeploymentStatus | None) -> Deployment:
        return await self.client.update_status(replace(deployment, status=status))

    async def _resize(
        self, deployment: Deployment, replica_set: ReplicaSet, replicas: int, sizes: Sizes
    ) -> ReplicaSet:
        """Give a set its size and note the Deployment's sizes on it."""
        assert replica_set.spec is not None
        before = replicas_of(replica_set)
        annotations = {
            **replica_set.metadata.annotations,
            DESIRED: str(sizes.desired),
            MAXIMUM: str(sizes.maximum),
        }
        if before == replicas and annotations == replica_set.metadata.annotations:
            return replica_set
        changed = await self.client.update(
            replace(
                replica_set,
                metadata=replace(replica_set.metadata, annotations=annotations),
                spec=replace(replica_set.spec, replicas=replicas),
            )
        )
        if before != replicas:
            self._record_scaling(deployment, replica_set, before, replicas)
        return changed

    def _record_scaling(
        self, deployment: Deployment, replica_set: ReplicaSet, before: int, after: int
    ) -> None:
        direction = "up" if after > before else "down"
        message = (
            f"Scaled {direction} replica set {replica_set.metadata.name} from {before} to {after}"
        )
        self.events.event(deployment, "Normal", "ScalingReplicaSet", message)

    # --- strategies ------------------------------------------------------------------------

    async def _roll(self, deployment: Deployment, sets: list[ReplicaSet]) -> float | None:
        sizes = sizes_of(deployment)
        deployment, new = await self._new_set(deployment, sets, sizes, create=True)
        assert new is not None
        old = [s for s in sets if s.metadata.uid != new.metadata.uid]
        if replicas_of(new) > sizes.desired:
            wanted = sizes.desired
        else:
            wanted = new_size(replicas_of(new), sum(replicas_of(s) for s in sets), sizes)
        if wanted != replicas_of(new):
            await self._resize(deployment, new, wanted, sizes)
            return await self._write_status(deployment, new, sets, sizes)
        active = [s for s in old if replicas_of(s) > 0]
        for name, replicas in shrink_old(new, active, sizes).items():
            replica_set = next(s for s in active if s.metadata.name == name)
            await self._resize(deployment, replica_set, replicas, sizes)
        return await self._finish(deployment, sets, new)

    async def _recreate(self, deployment: Deployment, sets: list[ReplicaSet]) -> float | None:
        """Old pods go entirely before new ones come."""
        sizes = sizes_of(deployment)
        deployment, new = await self._new_set(deployment, sets, sizes, create=False)
        old = [s for s in sets if new is None or s.metadata.uid != new.metadata.uid]
        active = [s for s in old if replicas_of(s) > 0]
        for replica_set in active:
            await self._resize(deployment, replica_set, 0, sizes)
        if active or self._have_pods(old):
            return await self._write_status(deployment, new, sets, sizes, again=1.0)
        if new is None:
            deployment, new = await self._new_set(deployment, sets, sizes, create=True)
        if new is not None and replicas_of(new) != sizes.desired:
            await self._resize(deployment, new, sizes.desired, sizes)
        return await self._finish(deployment, sets, new)

    def _have_pods(self, sets: Sequence[ReplicaSet]) -> bool:
        pods = self.cache(Pod)
        return any(
            is_active(pod) or pod.metadata.deletion_timestamp is not None
            for s in sets
            for pod in pods.by_index("controller", s.metadata.uid)
            if pod.status is None or pod.status.phase not in ("Succeeded", "Failed")
        )

    def _is_scaling(self, deployment: Deployment, sets: Sequence[ReplicaSet]) -> bool:
        """Whether the Deployment's size has changed since its active sets were sized."""
        desired = str(sets_.desired_of(deployment))
        return any(
            s.metadata.annotations.get(DESIRED, desired) != desired
            for s in sets
            if replicas_of(s) > 0
        )

    async def _scale(self, deployment: Deployment, sets: list[ReplicaSet]) -> None:
        """Bring the sets to the Deployment's size, without a step of the rollout."""
        sizes = sizes_of(deployment)
        deployment, new = await self._new_set(deployment, sets, sizes, create=False)
        active = [s for s in sets if replicas_of(s) > 0]
        rolling = deployment.spec is not None and (
            deployment.spec.strategy is None or deployment.spec.strategy.type != "Recreate"
        )
        if len(active) <= 1:
            newest = new if new is not None or not sets else sets_.by_age(sets)[-1]
            latest = active[0] if active else newest
            # A set that has its size keeps the sizes that it notes, too.
            if latest is not None and replicas_of(latest) != sizes.desired:
                resized = await self._resize(deployment, latest, sizes.desired, sizes)
                sets[sets.index(latest)] = resized
        elif new is not None and _saturated(new, sizes):
            for replica_set in active:
                if replica_set.metadata.uid != new.metadata.uid:
                    await self._resize(deployment, replica_set, 0, sizes)
        elif rolling:
            reported = deployment.status.replicas or 0 if deployment.status is not None else 0
            for name, replicas in scale_in_proportion(active, sizes, reported).items():
                replica_set = next(s for s in active if s.metadata.name == name)
                await self._resize(deployment, replica_set, replicas, sizes)
        if deployment.spec is not None and deployment.spec.paused:
            await self._clean_up(deployment, new, sets)
        await self._write_counts(deployment, new, sets)

    # --- the end of a step -----------------------------------------------------------------

    async def _finish(
        self, deployment: Deployment, sets: list[ReplicaSet], new: ReplicaSet | None
    ) -> float | None:
        """After a step that changed no size: the sets that history has no room for go when all is done."""
        sizes = sizes_of(deployment)
        if is_complete(deployment, counted_status(deployment, new, sets, sizes, self._now())):
            await self._clean_up(deployment, new, sets)
        return await self._write_status(deployment, new, sets, sizes)

    async def _clean_up(
        self, deployment: Deployment, new: ReplicaSet | None, sets: Sequence[ReplicaSet]
    ) -> None:
        old = [s for s in sets if new is None or s.metadata.uid != new.metadata.uid]
        for replica_set in sets_.to_clean_up(deployment, old):
            metadata = replica_set.metadata
            await self.client.delete(
                ReplicaSet, metadata.name, namespace=metadata.namespace, uid=metadata.uid
            )

    async def _write_counts(
        self, deployment: Deployment, new: ReplicaSet | None, sets: Sequence[ReplicaSet]
    ) -> None:
        sizes = sizes_of(deployment)
        status = counted_status(deployment, new, sets, sizes, self._now())
        if status != deployment.status:
            await self._write(deployment, status)

    def _now(self) -> float:
        return self.ctx.clock.now()

    async def _write_status(
        self,
        deployment: Deployment,
        new: ReplicaSet | None,
        sets: Sequence[ReplicaSet],
        sizes: Sizes,
        again: float | None = None,
    ) -> float | None:
        now = self._now()
        status, deadline = status_of(deployment, new, sets, sizes, now)
        if status != deployment.status:
            await self._write(deployment, status)
        if again is not None:
            return again
        return None if deadline is None else max(deadline - now, 0.0) + 1.0


def _saturated(new: ReplicaSet | None, sizes: Sizes) -> bool:
    """Whether the new set has all its pods available: the rollout is over."""
    return (
        new is not None
        and replicas_of(new) == sizes.desired
        and new.metadata.annotations.get(DESIRED) == str(sizes.desired)
        and new.status is not None
        and (new.status.available_replicas or 0) == sizes.desired
    )
