"""The StatefulSet controller: looks, plans, does, and writes the status."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from orchestrator.api.apps.v1 import ControllerRevision, StatefulSet, StatefulSetStatus
from orchestrator.api.core.v1 import PersistentVolumeClaim, Pod
from orchestrator.client import Change, Key, KeyFunction, Source, same_but_status
from orchestrator.controllers.base import KubernetesController
from orchestrator.controllers.claiming import claim_of, settle
from orchestrator.controllers.indexes import controller_index
from orchestrator.controllers.rollout import History, Recent, hash_of_patch, template_of
from orchestrator.controllers.stateful_set.claims import ClaimKeeper, ClaimsFailed
from orchestrator.controllers.stateful_set.identity import mended, ordinal_of, pod_of
from orchestrator.controllers.stateful_set.plan import Plan, Pods, from_current, plan, revision_of
from orchestrator.controllers.stateful_set.status import status_of
from orchestrator.controllers.suitors import Suitors
from orchestrator.machinery.labels import compile_selector
from orchestrator.protocol import AlreadyExists, ApiError, NotFound

HASH_LABEL = "controller.kubernetes.io/hash"


class StatefulSetController(KubernetesController):
    """Keeps the pods of each StatefulSet, their claims and its history."""

    name = "statefulset"
    account = "statefulset-controller"
    dormant = True
    kind = StatefulSet
    owns = (Pod,)

    def watches(self) -> Mapping[Any, Source]:
        """A pod without a controller concerns the sets whose selector it matches."""
        return {Pod: Suitors(lambda: self.cache(StatefulSet))}

    def own_keys(self, change: Change[Any]) -> Iterable[Key]:
        """Not after a write of the status: that was this controller's own."""
        old, new = change.old, change.new
        if old is not None and new is not None and same_but_status(old, new):
            return ()
        return super().own_keys(change)

    def indexes(self) -> Mapping[Any, Mapping[str, KeyFunction]]:
        """Pods and revisions by the uid of their controller; those without one by namespace."""
        return {
            Pod: {"controller": controller_index},
            ControllerRevision: {"controller": controller_index},
        }

    def prepare(self) -> None:
        """Read revisions and claims, too."""
        revisions = self.cache(ControllerRevision)
        self._history = History(self.client, revisions, HASH_LABEL, hash_of_patch)
        self._claims = ClaimKeeper(self.client, self.events, self.cache(PersistentVolumeClaim))

    async def reconcile(self, key: Key) -> float | None:
        """One step of a set."""
        stateful_set = self.cache(StatefulSet).get(key.namespace, key.name)
        if stateful_set is None or stateful_set.spec is None:
            return None
        recent = await self._history.of(stateful_set)
        pods = await self._pods_of(stateful_set)
        now = self.ctx.clock.now()
        status = stateful_set.status
        named = status.current_revision if status is not None else ""
        current = next((r for r in recent.all if r.metadata.name == named), recent.newest)
        sorted_pods = Pods(stateful_set, pods, now)
        todo = plan(stateful_set, sorted_pods, recent.newest.metadata.name)
        failure = await self._carry_out(stateful_set, todo, sorted_pods, current, recent)
        written, again = await self._write_status(
            stateful_set, pods, current, recent, 0 if failure else todo.replaced
        )
        if failure is not None:
            raise failure
        in_use = {written.current_revision, written.update_revision, *map(revision_of, pods)}
        await self._history.cut(stateful_set, recent.all, in_use)
        return again

    async def _pods_of(self, stateful_set: StatefulSet) -> Sequence[Pod]:
        cache, name = self.cache(Pod), stateful_set.metadata.name
        orphans = cache.by_index("controller", f"none/{stateful_set.metadata.namespace}")
        assert stateful_set.spec is not None
        claim = claim_of(
            stateful_set,
            cache.by_index("controller", stateful_set.metadata.uid),
            [pod for pod in orphans if ordinal_of(name, pod.metadata.name) is not None],
            compile_selector(stateful_set.spec.selector).matches,
        )
        return await settle(self.client, stateful_set, claim)

    async def _carry_out(
        self,
        stateful_set: StatefulSet,
        todo: Plan,
        pods: Pods,
        current: ControllerRevision,
        recent: Recent,
    ) -> ApiError | ClaimsFailed | None:
        """Do what is planned; answers the error that ended it."""
        try:
            for ordinal in todo.create:
                old = from_current(stateful_set, ordinal)
                await self._create(stateful_set, current if old else recent.newest, ordinal)
            for pod in todo.pending:
                await self._claims.ensure(stateful_set, pod)
                await self._claims.retain(stateful_set, pod)
            for pod in todo.keep:
                await self._mend(stateful_set, pod)
            for pod in todo.condemned:
                await self._claims.retain(stateful_set, pod)
            for pod in todo.delete:
                await self._delete(stateful_set, pod)
        except (ApiError, ClaimsFailed) as error:
            return error
        return None

    async def _create(
        self, stateful_set: StatefulSet, revision: ControllerRevision, ordinal: int
    ) -> None:
        pod = pod_of(stateful_set, template_of(revision), revision.metadata.name, ordinal)
        if self._claims.still_go(stateful_set, pod):
            return
        try:
            await self._claims.ensure(stateful_set, pod)
            await self.client.create(pod)
        except AlreadyExists:
            raise  # the cache is behind, or somebody else has the name
        except (ApiError, ClaimsFailed) as error:
            self._tell(stateful_set, "Create", pod, error)
            raise
        self._tell(stateful_set, "Create", pod)

    async def _mend(self, stateful_set: StatefulSet, pod: Pod) -> None:
        """Give a pod back what makes it the set's own, if it has lost any of it."""
        ordinal = ordinal_of(stateful_set.metadata.name, pod.metadata.name)
        assert ordinal is not None
        whole = mended(stateful_set, pod, ordinal)
        try:
            if whole.spec is not pod.spec:
                await self._claims.ensure(stateful_set, pod)
            retained = await self._claims.retain(stateful_set, pod)
            if whole is not pod:
                await self.client.update(whole)
        except (ApiError, ClaimsFailed) as error:
            self._tell(stateful_set, "Update", pod, error)
            raise
        if retained or whole is not pod:
            self._tell(stateful_set, "Update", pod)

    async def _delete(self, stateful_set: StatefulSet, pod: Pod) -> None:
        metadata = pod.metadata
        try:
            await self.client.delete(
                Pod, metadata.name, namespace=metadata.namespace, uid=metadata.uid
            )
        except NotFound:
            return
        except ApiError as error:
            self._tell(stateful_set, "Delete", pod, error)
            raise
        self._tell(stateful_set, "Delete", pod)

    def _tell(
        self,
        stateful_set: StatefulSet,
        verb: str,
        pod: Pod,
        error: ApiError | ClaimsFailed | None = None,
    ) -> None:
        """Record how something went that was done to a pod."""
        about = f"{verb} Pod {pod.metadata.name} in StatefulSet {stateful_set.metadata.name}"
        if error is None:
            self.events.event(stateful_set, "Normal", f"Successful{verb}", f"{about} successful")
        else:
            message = f"{about} failed error: {error}"
            self.events.event(stateful_set, "Warning", f"Failed{verb}", message)

    async def _write_status(
        self,
        stateful_set: StatefulSet,
        pods: Sequence[Pod],
        current: ControllerRevision,
        recent: Recent,
        replaced: int,
    ) -> tuple[StatefulSetStatus, float | None]:
        now = self.ctx.clock.now()
        status, due = status_of(
            stateful_set,
            pods,
            current=current.metadata.name,
            update=recent.newest.metadata.name,
            collisions=recent.collisions,
            replaced=replaced,
            now=now,
        )
        if status != stateful_set.status:
            await self.client.update_status(replace(stateful_set, status=status))
        return status, None if due is None else due - now
