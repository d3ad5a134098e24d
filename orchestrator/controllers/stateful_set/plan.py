"""What to do next about the pods of a StatefulSet. Pure.

An ordered set (`OrderedReady`) takes one step at a time, lowest ordinal first, and only while all pods
before it are available; a `Parallel` one creates and removes all at once. Pods beyond the number asked for
go next, the highest first; then a roll-out replaces what is of another revision, the highest first, while
fewer than `maxUnavailable` pods are unavailable.
"""

from collections.abc import Sequence

from msgspec import Struct

from orchestrator.api.apps.v1 import RollingUpdateStatefulSetStrategy, StatefulSet
from orchestrator.api.core.v1 import Pod
from orchestrator.controllers.pods import available_at, has_ended, is_ready
from orchestrator.controllers.stateful_set.identity import REVISION, ordinal_of, ordinals
from orchestrator.machinery.intstr import resolve


class Plan(Struct, frozen=True):
    """The ordinals to create, oldest first, and the pods to delete; `keep` need their claims."""

    create: tuple[int, ...] = ()
    delete: tuple[Pod, ...] = ()
    keep: tuple[Pod, ...] = ()
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
    first = _fill(pods, ordered)
    if ordered and first is not None:
        return first
    fill = first or Plan(keep=_present(pods))
    surplus = _shrink(pods, ordered)
    if ordered and surplus is not None:
        return Plan(delete=surplus, keep=fill.keep)
    update = () if ordered and surplus else _update(stateful_set, pods, update_revision)
    gone = {pod.metadata.uid for pod in fill.delete}
    update = tuple(pod for pod in update if pod.metadata.uid not in gone)
    return Plan(
        create=fill.create,
        delete=(*fill.delete, *(surplus or ()), *update),
        keep=fill.keep,
        replaced=len(update),
    )


def _fill(pods: Pods, ordered: bool) -> Plan | None:
    """Create what is missing and remove what has ended; None when nothing of it is in the way."""
    create: list[int] = []
    ended: list[Pod] = []
    keep: list[Pod] = []
    for ordinal, pod in pods.wanted.items():
        if pod is None:
            create.append(ordinal)
        elif has_ended(pod):
            if not is_going(pod):
                ended.append(pod)
        else:
            keep.append(pod)
        if ordered and (pod is None or pods.is_unavailable(pod)):
            return Plan(tuple(create), tuple(ended), tuple(keep))
    return Plan(tuple(create), tuple(ended), tuple(keep)) if create or ended else None


def _shrink(pods: Pods, ordered: bool) -> tuple[Pod, ...] | None:
    """The pods beyond what is asked that go now; None when there are none at all."""
    if not pods.beyond:
        return None
    if not ordered:
        return tuple(pod for pod in pods.beyond if not is_going(pod))
    highest = pods.beyond[0]
    if is_going(highest):
        return ()
    # All that are asked for are available here: the first that is not is the lowest beyond them.
    unhealthy = next((pod for pod in reversed(pods.beyond) if pods.is_unavailable(pod)), None)
    return () if pods.is_unavailable(highest) and highest is not unhealthy else (highest,)


def _update(stateful_set: StatefulSet, pods: Pods, update_revision: str) -> tuple[Pod, ...]:
    """The pods that a roll-out replaces now, the highest ordinal first."""
    spec = stateful_set.spec
    assert spec is not None
    strategy = spec.update_strategy
    if strategy is not None and strategy.type == "OnDelete":
        return ()
    rolling = strategy.rolling_update if strategy is not None else None
    rolling = rolling or RollingUpdateStatefulSetStrategy()
    most = max(1, resolve(rolling.max_unavailable or 1, len(pods.wanted), round_up=False))
    room = most - sum(pods.is_unavailable(pod) for pod in pods.wanted.values())
    if room <= 0:
        return ()
    old = [
        pod
        for pod in list(pods.wanted.values())[rolling.partition or 0 :]
        if pod is not None and not is_going(pod) and revision_of(pod) != update_revision
    ]
    return tuple(reversed(old))[:room]


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


def _present(pods: Pods) -> tuple[Pod, ...]:
    return tuple(pod for pod in pods.wanted.values() if pod is not None)
