"""ReplicaSets: as many pods as were asked for, no more and no fewer.

Follows kube-controller-manager's replicaset controller: adoption and release by the controller
reference and the selector, creation in batches that double as long as the API server takes them
("slow start"), deletion in `deletion_order`, and one status write for a settled state.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Final

from msgspec import Struct
from msgspec.structs import replace

from orchestrator.api.apps.v1 import ReplicaSet, ReplicaSetCondition, ReplicaSetStatus
from orchestrator.api.core.v1 import Pod
from orchestrator.client import (
    Change,
    Key,
    KeyFunction,
    Source,
    same_but_status,
)
from orchestrator.controllers.base import KubernetesController
from orchestrator.controllers.claiming import Claim, claim_of, settle
from orchestrator.controllers.indexes import controller_index
from orchestrator.controllers.pod_control import create_pods, delete_pods
from orchestrator.controllers.pods import (
    available_at,
    deletion_order,
    is_active,
    is_ready,
    is_terminating,
    stamped,
)
from orchestrator.controllers.suitors import Suitors, selector_of
from orchestrator.machinery.labels import Selector
from orchestrator.machinery.owners import controller_of
from orchestrator.machinery.times import format_time
from orchestrator.protocol import ApiError

BURST: Final = 500  # how many pods one reconcile creates or deletes at the most


class Plan(Struct, frozen=True):
    """What one look at a ReplicaSet found to do."""

    claim: Claim[Pod]
    create: int
    delete: tuple[Pod, ...]


def plan(
    replica_set: ReplicaSet,
    selector: Selector,
    owned: list[Pod],
    orphans: list[Pod],
    related: Iterable[Pod],
) -> Plan:
    """What to do about the pods `owned` by the set and the `orphans` of its namespace.

    Pods that have ended or are going are neither adopted nor released.
    """
    spec = replica_set.spec
    assert spec is not None
    claim = claim_of(
        replica_set, filter(is_active, owned), filter(is_active, orphans), selector.matches
    )
    if replica_set.metadata.deletion_timestamp is not None:
        return Plan(claim, 0, ())
    active = [*claim.keep, *claim.adopt]
    missing = (1 if spec.replicas is None else spec.replicas) - len(active)
    surplus = deletion_order(active, related)[: min(-missing, BURST)] if missing < 0 else []
    return Plan(claim, max(0, min(missing, BURST)), tuple(surplus))


def status_of(
    replica_set: ReplicaSet,
    active: Sequence[Pod],
    terminating: int,
    failure: ApiError | None,
    missing: int,
    now: float,
) -> tuple[ReplicaSetStatus, float | None]:
    """The status for the `active` pods, and when (epoch seconds) a pod becomes available next."""
    spec = replica_set.spec
    assert spec is not None
    minimum = spec.min_ready_seconds or 0
    labels = spec.template.metadata.labels if spec.template is not None else {}
    times = [t for p in active if (t := available_at(p, minimum)) is not None]
    later = [t for t in times if t > now]
    status = ReplicaSetStatus(
        replicas=len(active),
        # Kubernetes leaves these out where they are zero.
        fully_labeled_replicas=sum(labels.items() <= p.metadata.labels.items() for p in active)
        or None,
        ready_replicas=sum(is_ready(p) for p in active) or None,
        available_replicas=len(times) - len(later) or None,
        terminating_replicas=terminating,
        observed_generation=replica_set.metadata.generation,
        conditions=_conditions(replica_set, failure, missing, now),
    )
    return status, min(later, default=None)


def _conditions(
    replica_set: ReplicaSet, failure: ApiError | None, missing: int, now: float
) -> tuple[ReplicaSetCondition, ...]:
    """ReplicaFailure is set by a failed create or delete, and taken away by success."""
    old = replica_set.status.conditions if replica_set.status is not None else ()
    kept = tuple(c for c in old if c.type != "ReplicaFailure")
    if failure is None:
        return kept
    was = next((c for c in old if c.type == "ReplicaFailure"), None)
    reason = "FailedCreate" if missing > 0 else "FailedDelete"
    if was is not None and was.reason == reason:
        return old
    return (
        *kept,
        ReplicaSetCondition(
            type="ReplicaFailure",
            status="True",
            reason=reason,
            message=failure.message,
            last_transition_time=format_time(now),
        ),
    )


class ReplicaSetController(KubernetesController):
    """Keeps each ReplicaSet's number of pods."""

    name = "replicaset"
    account = "replicaset-controller"
    kind: ClassVar[type[Any]] = ReplicaSet
    rest_seconds = 0.1
    owns = (Pod,)

    def watches(self) -> Mapping[Any, Source]:
        """A pod without a controller concerns the sets whose selector it matches."""
        return {Pod: Suitors(lambda: self.cache(self.kind), self.selector)}

    def own_keys(self, change: Change[Any]) -> Iterable[Key]:
        """Not after a write of the status: that was this controller's own."""
        old, new = change.old, change.new
        if old is not None and new is not None and same_but_status(old, new):
            return ()
        return super().own_keys(change)

    def indexes(self) -> Mapping[Any, Mapping[str, KeyFunction]]:
        """Pods, and sets themselves, by the uid of their controller; those without one by namespace."""
        return {Pod: {"controller": controller_index}, self.kind: {"controller": controller_index}}

    async def reconcile(self, key: Key) -> float | None:
        """Make the pods of one set as many as asked, and write its status."""
        replica_set = self.cache(self.kind).get(key.namespace, key.name)
        if replica_set is None or replica_set.spec is None:
            return None
        cache = self.cache(Pod)
        owned = sorted(
            cache.by_index("controller", replica_set.metadata.uid), key=lambda p: p.metadata.name
        )
        orphans = list(cache.by_index("controller", f"none/{key.namespace}"))
        selector = self.selector(replica_set)
        todo = plan(replica_set, selector, owned, orphans, self._related(replica_set, owned))
        active = await settle(self.client, replica_set, todo.claim)
        failure: ApiError | None = None
        try:
            if todo.create:
                pods = [stamped(replica_set, replica_set.spec.template)] * todo.create
                await create_pods(self.client, self.events, replica_set, pods)
            await delete_pods(self.client, self.events, replica_set, todo.delete)
        except ApiError as error:
            failure = error
        terminating = sum(is_terminating(p) and selector.matches(p.metadata.labels) for p in owned)
        now = self.ctx.clock.now()
        missing = todo.create - len(todo.delete)
        status, due = status_of(replica_set, active, terminating, failure, missing, now)
        written = self.written(status)
        if written != replica_set.status:
            await self.client.update_status(replace(replica_set, status=written))
        if failure is not None:
            raise failure
        return None if due is None else due - now

    def selector(self, owner: Any) -> Selector:
        """The selector of an object of this kind."""
        return selector_of(owner)

    def written(self, status: ReplicaSetStatus) -> Any:
        """The status as objects of this kind have it."""
        return status

    def _related(self, replica_set: ReplicaSet, owned: list[Pod]) -> Iterable[Pod]:
        """The pods of all sets with the same owner, for spreading deletions over nodes."""
        owner = controller_of(replica_set)
        if owner is None:
            return owned
        pods = self.cache(Pod)
        siblings = self.cache(self.kind).by_index("controller", owner.uid)
        return (p for s in siblings for p in pods.by_index("controller", s.metadata.uid))
