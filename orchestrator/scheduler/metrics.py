"""What the scheduler counts of itself, by the names that kube-scheduler's metrics have.

Nothing is counted in virtual time, where nobody asks and each pod's cost is looked at.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, Literal, TypeAlias

import numpy as np
from msgspec import Struct, field

from orchestrator.scheduler.events import ClusterEvent

Values: TypeAlias = tuple[str, ...]

ADDED: Final = "UnschedulablePodAdd"
FAILED: Final = "ScheduleAttemptFailure"
BACKED_OFF: Final = "BackoffComplete"
TAKEN_EARLY: Final = "PopFromBackoffQ"
FLUSHED: Final = "UnschedulableTimeout"
MANY: Final = 1024  # values that are counted together
_MOST_TRIES: Final = 16  # are told apart


def event_label(event: ClusterEvent, old: object, new: object) -> str:
    """What kube-scheduler calls the change of an object."""
    label = _LABELS.get(event)
    return kind_label(type(new or old), old, new) if label is None else label


def kind_label(kind: type[Any], old: object, new: object) -> str:
    """The same by the kind alone, which has its group before it."""
    action = "Add" if old is None else "Delete" if new is None else "Update"
    group, within, _ = kind.api_version.partition("/")
    return f"{group}{within}{kind.__name__}{action}" if within else f"{kind.__name__}{action}"


_LABELS: Final[Mapping[ClusterEvent, str]] = {
    ClusterEvent.NODE_ADDED: "NodeAdd",
    ClusterEvent.NODE_REMOVED: "NodeDelete",
    ClusterEvent.NODE_ALLOCATABLE: "NodeUpdateNodeAllocatable",
    ClusterEvent.NODE_LABELS: "NodeUpdateNodeLabel",
    ClusterEvent.NODE_FEATURES: "NodeUpdateNodeDeclaredFeature",
    ClusterEvent.NODE_TAINTS: "NodeUpdateNodeTaint",
    ClusterEvent.POD_ADDED: "AssignedPodAdd",
    ClusterEvent.POD_REMOVED: "AssignedPodDelete",
    ClusterEvent.POD_SMALLER: "AssignedPodUpdatePodScaleDown",
    ClusterEvent.POD_LABELS: "AssignedPodUpdatePodLabel",
    ClusterEvent.OWN_LABELS: "UnschedulablePodUpdatePodLabel",
    ClusterEvent.OWN_TOLERATIONS: "UnschedulablePodUpdatePodToleration",
    ClusterEvent.OWN_GATES: "UnschedulablePodUpdatePodSchedulingGatesEliminated",
    ClusterEvent.OWN_REQUESTS: "UnschedulablePodUpdatePodScaleDown",
    ClusterEvent.OWN_CLAIMS: "UnschedulablePodUpdatePodGeneratedResourceClaim",
    ClusterEvent.OWN_OTHER: "UnschedulablePodUpdate",
}


class Distribution(Struct):
    """How often values were at most so large: a count a bucket, the last for what is beyond all of them."""

    counts: list[int]
    sum: float = 0.0


class Family(Struct, frozen=True):
    """A counter, a gauge or (with `buckets`) a histogram: a value for each combination of labels' values."""

    name: str
    text: str
    labels: tuple[str, ...] = ()
    kind: Literal["counter", "gauge", "histogram"] = "counter"
    values: Mapping[Values, float] = {}
    buckets: tuple[float, ...] = ()
    distributions: Mapping[Values, Distribution] = {}


class Observations:
    """Values of one histogram as they come: put into buckets when there are many, or when somebody asks."""

    def __init__(self, buckets: Sequence[float]) -> None:
        self.buckets = tuple(buckets)
        self._new: dict[Values, list[float]] = {}
        self._found: dict[Values, Distribution] = {}

    @property
    def found(self) -> Mapping[Values, Distribution]:
        """How often each was at most so large, by the values of labels."""
        for labels in self._new:
            self._count(labels)
        return self._found

    def observe(self, value: float, *labels: str) -> None:
        """There was one of this value."""
        new = self._new.get(labels)
        if new is None:
            new = self._of(labels)
        new.append(value)
        if len(new) >= MANY:
            self._count(labels)

    def observe_all(self, values: Iterable[float], *labels: str) -> None:
        """There was one of each of these."""
        (self._new.get(labels) or self._of(labels)).extend(values)
        self._count(labels)

    def _of(self, labels: Values) -> list[float]:
        self._found.setdefault(labels, Distribution([0] * (len(self.buckets) + 1)))
        return self._new.setdefault(labels, [])

    def _count(self, labels: Values) -> None:
        found, new = self._found[labels], self._new[labels]
        places = np.bincount(np.searchsorted(self.buckets, new), minlength=len(found.counts))
        found.counts = [was + more for was, more in zip(found.counts, places.tolist(), strict=True)]
        found.sum = sum(new, found.sum)
        new.clear()


def _powers(first: float, count: int, times: float = 2.0) -> list[float]:
    """Buckets of which each reaches so many times as far as the one before."""
    return [first * times**n for n in range(count)]


class Attempt(Struct, gc=False):
    """A pod that is being scheduled: when this attempt began, when it came, and which attempt it is."""

    began: float
    came: float
    number: int
    bind_began: float = 0.0
    ended: float = 0.0


class Measurements(Struct):
    """The counts. Times are seconds of the clock."""

    attempts: Counter[Values] = field(default_factory=Counter)
    incoming: Counter[Values] = field(default_factory=Counter)
    batches: Counter[Values] = field(default_factory=Counter)
    preemptions: int = 0
    took: Observations = field(default_factory=lambda: Observations(_powers(0.001, 15)))
    decided: Observations = field(default_factory=lambda: Observations(_powers(0.001, 15)))
    victims: Observations = field(default_factory=lambda: Observations(_powers(1, 7)))
    tries: Observations = field(default_factory=lambda: Observations(_powers(1, 5)))
    waited: Observations = field(default_factory=lambda: Observations(_powers(0.01, 20)))
    points: Observations = field(default_factory=lambda: Observations(_powers(0.0001, 12)))
    plugins: Observations = field(default_factory=lambda: Observations(_powers(0.00001, 20, 1.5)))
    handled: Observations = field(default_factory=lambda: Observations(_powers(0.0001, 12)))
    hints: Observations = field(default_factory=lambda: Observations(_powers(0.00001, 20, 1.5)))
    under_way: dict[str, Attempt] = field(default_factory=dict)  # by uid
    # Those that ended in a binding, by profile: counted when there are many, or when somebody asks.
    bound: dict[str, list[Attempt]] = field(default_factory=dict)

    def begins(self, uid: str, attempt: Attempt) -> None:
        """A pod leaves the queue."""
        self.under_way[uid] = attempt

    def decides(self, uid: str, now: float) -> None:
        """It has got a node, which it may be bound to at once, or none."""
        attempt = self.under_way.get(uid)
        if attempt is not None:
            self.decided.observe(now - attempt.began)
            attempt.bind_began = now

    def binds(self, uid: str, now: float) -> None:
        """Its binding is asked for, after what came before it."""
        attempt = self.under_way.get(uid)
        if attempt is not None:
            attempt.bind_began = now

    def scheduled(self, uid: str, profile: str, now: float) -> None:
        """It was bound."""
        attempt = self.under_way.pop(uid, None)
        if attempt is None:
            return
        attempt.ended = now
        bound = self.bound.get(profile)
        if bound is None:
            bound = self.bound[profile] = []
        bound.append(attempt)
        if len(bound) >= MANY:
            self._count_bound(profile, bound)

    def _count_bound(self, profile: str, bound: list[Attempt]) -> None:
        """All about attempts that ended in a binding."""
        self.attempts["scheduled", profile] += len(bound)
        self.took.observe_all((a.ended - a.began for a in bound), "scheduled", profile)
        binding = (a.ended - a.bind_began for a in bound)
        self.points.observe_all(binding, "Bind", "Success", profile)
        self.tries.observe_all(a.number for a in bound)
        for number in dict.fromkeys(a.number for a in bound):
            waited = (a.ended - a.came for a in bound if a.number == number)
            label = str(number) if number < _MOST_TRIES else f"{_MOST_TRIES - 1}+"
            self.waited.observe_all(waited, label)
        bound.clear()

    def failed(self, uid: str, profile: str, now: float, *, fault: bool) -> None:
        """It fits nowhere; or something went wrong."""
        attempt = self.under_way.pop(uid, None)
        if attempt is not None:
            result = "error" if fault else "unschedulable"
            self.attempts[result, profile] += 1
            self.took.observe(now - attempt.began, result, profile)

    def preempted(self, victims: int) -> None:
        """Room was to be made; 0 victims: there was none to be made."""
        self.preemptions += 1
        if victims:
            self.victims.observe(victims)

    def families(
        self,
        pending: Mapping[str, int],
        cached: Mapping[str, int],
        refused: Mapping[Values, int],
        in_flight: Mapping[str, int],
    ) -> Iterator[Family]:
        """All of them; `pending` by queue, `cached` by what is remembered, `refused` by plugin and profile, and
        the events that are kept for pods that are `in_flight`.
        """
        for profile, bound in self.bound.items():
            if bound:
                self._count_bound(profile, bound)
        by = ("result", "profile")
        yield Family(
            "scheduler_schedule_attempts_total",
            "Attempts to schedule pods, by the result.",
            by,
            values=self.attempts,
        )
        yield Family(
            "scheduler_queue_incoming_pods_total",
            "Pods added to scheduling queues, by event and queue.",
            ("queue", "event"),
            values=self.incoming,
        )
        yield Family(
            "scheduler_batch_attempts_total",
            "Decisions for pods like others that were decided about before, and the first ones of a kind.",
            ("profile", "result"),
            values=self.batches,
        )
        yield Family(
            "scheduler_preemption_attempts_total",
            "Attempts to make room for a pod.",
            values={(): self.preemptions},
        )
        for name, text, labels, gauge in (
            ("pending_pods", "Pods that wait, by queue.", ("queue",), _labelled(pending)),
            ("cache_size", "Nodes, pods and assumed pods known.", ("type",), _labelled(cached)),
            ("unschedulable_pods", "Pods refused, by plugin.", ("plugin", "profile"), refused),
            (
                "inflight_events",
                "Events kept for pods in flight.",
                ("event",),
                _labelled(in_flight),
            ),
            (
                "goroutines",
                "What is done beside the scheduler's own turns.",
                ("operation",),
                _labelled({"binding": cached["assumed_pods"]}),
            ),
        ):
            yield Family(f"scheduler_{name}", text, labels, "gauge", gauge)
        yield from self._histograms(by)

    def _histograms(self, by: tuple[str, ...]) -> Iterator[Family]:
        for name, text, labels, found in (
            ("scheduling_attempt_duration_seconds", "Decision and binding.", by, self.took),
            ("scheduling_algorithm_duration_seconds", "Decision alone.", (), self.decided),
            ("preemption_victims", "Pods that had to go.", (), self.victims),
            (
                "framework_extension_point_duration_seconds",
                "All plugins of an extension point.",
                ("extension_point", "status", "profile"),
                self.points,
            ),
            (
                "plugin_execution_duration_seconds",
                "A plugin at an extension point, in one of ten decisions.",
                ("plugin", "extension_point", "status"),
                self.plugins,
            ),
            (
                "event_handling_duration_seconds",
                "What a change in the cluster sets in motion.",
                ("event",),
                self.handled,
            ),
            (
                "queueing_hint_execution_duration_seconds",
                "A plugin's word on whether an event may help a pod.",
                ("plugin", "event", "hint"),
                self.hints,
            ),
            ("pod_scheduling_attempts", "Attempts that a pod took.", (), self.tries),
            (
                "pod_scheduling_sli_duration_seconds",
                "From the queue to the binding.",
                ("attempts",),
                self.waited,
            ),
        ):
            yield Family(
                f"scheduler_{name}",
                text,
                labels,
                "histogram",
                buckets=found.buckets,
                distributions=found.found,
            )


def _labelled(values: Mapping[str, int]) -> dict[Values, float]:
    return {(name,): value for name, value in values.items()}


Incoming = Callable[[str, str], None]
"""(queue, event): a pod came to a queue because of an event."""

Hinted = Callable[[float, str, str, str], None]
"""(seconds, plugin, event, "Queue" or "QueueSkip"): a plugin said whether an event may help a pod."""
