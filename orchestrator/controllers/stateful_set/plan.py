"""What to do next about the pods of a StatefulSet. Pure.

An ordered set (`OrderedReady`) takes one step at a time, lowest ordinal first, and only while all pods
before it are available; a `Parallel` one creates and removes all at once. Pods beyond the number asked for
go next, the highest first; then a roll-out replaces what is of another revision, the highest first, one
after the other: it waits for the pod that it has replaced, and not for those below it. Where the set says
`maxUnavailable` (the API server keeps that field by a feature gate alone) it replaces as many at once, less
those that are not available anyway, wherever they are.
"""

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from orchestrator.api.apps.v1 import StatefulSet
from orchestrator.api.core.v1 import Pod
from orchestrator.controllers.pods import available_at, has_ended, is_ready
from orchestrator.controllers.stateful_set.identity import REVISION, ordinal_of, ordinals
from orchestrator.machinery.intstr import resolve


class Plan(Struct, frozen=True):
    """The ordinals to create, lowest first, the pods to delete, and whose claims to look after.

    The claims of a `pending` pod are made again where they are missing; a pod to `keep` gets back what
    makes it the set's own; one that is `condemned` goes sooner or later, and its claims with it or not.
    """

    create: tuple[int, ...] = ()
    pending: tuple[Pod, ...] = ()
    keep: tuple[Pod, ...] = ()
    condemned: tuple[Pod, ...] = ()
    delete: tuple[Pod, ...] = ()
    replaced: int = 0  # of `delete`, those that a roll-out replaces


class Pods:
    """The pods of a set by ordinal, those asked for and those beyond; and what `now` says of them."""

    def __init__(self, stateful_set: StatefulSet, pods: Sequence[Pod], now: float) -> None:
        spec = stateful_set.spec
        assert spec is not None
        self.minimum = spec.min_ready_seconds or 0
        self.now = now
        self.wanted: dict[int, Pod | None] = dict.fromkeys(ordinals(stateful_set))
        beyond: list[tuple[int, Pod]] = []
        for pod in pods:
            ordinal = ordinal_of(stateful_set.metadata.name, pod.metadata.name)
            if ordinal is None:
                continue
            if ordinal in self.wanted:
                self.wanted[ordinal] = pod
            else:
                beyond.append((ordinal, pod))
        self.beyond = [pod for _, pod in sorted(beyond, key=lambda each: -each[0])]

    def is_available(self, pod: Pod) -> bool:
        """Ready for as long as the set asks."""
        at = available_at(pod, self.minimum)
        return at is not None and at <= self.now and _is_running(pod)

    def is_unavailable(self, pod: Pod | None) -> bool:
        """Missing, going, or not available."""
        return pod is None or is_going(pod) or not self.is_available(pod)


def plan(stateful_set: StatefulSet, pods: Pods, update_revision: str) -> Plan:
    """The next steps."""
    spec = stateful_set.spec
    assert spec is not None
    if stateful_set.metadata.deletion_timestamp is not None:
        return Plan()
    ordered = spec.pod_management_policy != "Parallel"
    first, whole = _fill(pods, ordered)
    if not whole:
        return first
    first = replace(first, condemned=tuple(pods.beyond))
    surplus = _shrink(pods, ordered)
    if ordered and pods.beyond:
        return replace(first, delete=surplus)
    update = _update(stateful_set, pods, update_revision)
    return replace(first, delete=(*first.delete, *surplus, *update), replaced=len(update))


def _fill(pods: Pods, ordered: bool) -> tuple[Plan, bool]:
    """Create what is missing and remove what has ended; and whether nothing more is to be waited for."""
    create: list[int] = []
    pending: list[Pod] = []
    ended: list[Pod] = []
    keep: list[Pod] = []
    for ordinal, pod in pods.wanted.items():
        waits = pods.is_unavailable(pod)
        if pod is None:
            create.append(ordinal)
        elif has_ended(pod):
            waits = True
            if not is_going(pod):
                ended.append(pod)
        else:
            if pod.status is not None and pod.status.phase == "Pending":
                pending.append(pod)
            if not (ordered and waits):
                keep.append(pod)
        if ordered and waits:
            return Plan(tuple(create), tuple(pending), tuple(keep), delete=tuple(ended)), False
    return Plan(tuple(create), tuple(pending), tuple(keep), delete=tuple(ended)), True


def _shrink(pods: Pods, ordered: bool) -> tuple[Pod, ...]:
    """The pods beyond what is asked that go now."""
    if not ordered or not pods.beyond:
        return tuple(pod for pod in pods.beyond if not is_going(pod))
    highest = pods.beyond[0]
    if is_going(highest):
        return ()
    # All that are asked for are available here: the first that is not is the lowest beyond them.
    unhealthy = next((pod for pod in reversed(pods.beyond) if pods.is_unavailable(pod)), None)
    return () if pods.is_unavailable(highest) and highest is not unhealthy else (highest,)


def _update(stateful_set: StatefulSet, pods: Pods, update_revision: str) -> tuple[Pod, ...]:
    """The pods that a roll-out replaces now, if any: the highest of another revision.

    It waits for the pods above that one, and does not mind those below, nor whether the pod itself is well; with
    `maxUnavailable` it counts those that are not available instead.
    """
    spec = stateful_set.spec
    assert spec is not None
    strategy = spec.update_strategy
    if strategy is not None and strategy.type == "OnDelete":
        return ()
    rolling = strategy.rolling_update if strategy is not None else None
    partition = rolling.partition or 0 if rolling is not None else 0
    wanted = list(pods.wanted.values())
    if rolling is not None and rolling.max_unavailable is not None:
        most = max(1, resolve(rolling.max_unavailable, len(wanted), round_up=False))
        free = most - sum(map(pods.is_unavailable, wanted))
        others = [
            pod
            for pod in reversed(wanted[partition:])
            if pod is not None and not is_going(pod) and revision_of(pod) != update_revision
        ]
        return tuple(others[: max(0, free)])
    for pod in reversed(wanted[partition:]):
        if pod is None or is_going(pod) or has_ended(pod):
            return ()
        if revision_of(pod) != update_revision:
            return (pod,)
        if pods.is_unavailable(pod):
            return ()
    return ()


def from_current(stateful_set: StatefulSet, ordinal: int) -> bool:
    """Whether a pod that is created is one of the revision before the roll-out: below its partition."""
    strategy = stateful_set.spec.update_strategy if stateful_set.spec is not None else None
    start = ordinals(stateful_set).start
    if strategy is None or strategy.rolling_update is None:
        if strategy is not None and strategy.type != "RollingUpdate":
            return False
        status = stateful_set.status
        current = status.current_replicas or 0 if status is not None else 0
        return ordinal < start + current
    return ordinal < start + (strategy.rolling_update.partition or 0)


def revision_of(pod: Pod) -> str:
    """The revision that a pod was made from; empty when it does not say."""
    return pod.metadata.labels.get(REVISION, "")


def is_going(pod: Pod) -> bool:
    """Whether the pod is being deleted, in whatever phase."""
    return pod.metadata.deletion_timestamp is not None


def is_running_and_ready(pod: Pod) -> bool:
    """Whether the pod runs and is ready."""
    return _is_running(pod) and is_ready(pod)


def _is_running(pod: Pod) -> bool:
    return pod.status is not None and pod.status.phase == "Running"
