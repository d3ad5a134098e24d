"""What the scheduler counts of itself, by the names that kube-scheduler's metrics have.

Nothing is counted in virtual time, where nobody asks and each pod's cost is looked at.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, Literal, TypeAlias

from msgspec import Struct, field

from orchestrator.scheduler.events import ClusterEvent

Values: TypeAlias = tuple[str, ...]

ADDED: Final = "UnschedulablePodAdd"
FAILED: Final = "ScheduleAttemptFailure"
BACKED_OFF: Final = "BackoffComplete"
TAKEN_EARLY: Final = "PopFromBackoffQ"
FLUSHED: Final = "UnschedulableTimeout"
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
    """Values of one histogram as they come."""

    def __init__(self, buckets: Sequence[float]) -> None:
        self.buckets = tuple(buckets)
        self._first = self.buckets[0]
        self.found: dict[Values, Distribution] = {}

    def observe(self, value: float, *labels: str) -> None:
        """There was one of this value."""
        found = self.found.get(labels)
        if found is None:
            found = self.found[labels] = Distribution([0] * (len(self.buckets) + 1))
        found.counts[bisect_left(self.buckets, value) if value > self._first else 0] += 1
        found.sum += value


def _powers(first: float, count: int, times: float = 2.0) -> list[float]:
    """Buckets of which each reaches so many times as far as the one before."""
    return [first * times**n for n in range(count)]


class Attempt(Struct):
    """A pod that is being scheduled: when this attempt began, when it came, and which attempt it is."""

    began: float
    came: float
    number: int
    bind_began: float = 0.0


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
        attempt = self._ends(uid, "scheduled", profile, now)
        if attempt is not None:
            self.points.observe(now - attempt.bind_began, "Bind", "Success", profile)
            self.tries.observe(attempt.number)
            label = str(attempt.number) if attempt.number < _MOST_TRIES else f"{_MOST_TRIES - 1}+"
            self.waited.observe(now - attempt.came, label)

    def failed(self, uid: str, profile: str, now: float, *, fault: bool) -> None:
        """It fits nowhere; or something went wrong."""
        self._ends(uid, "error" if fault else "unschedulable", profile, now)

    def preempted(self, victims: int) -> None:
        """Room was to be made; 0 victims: there was none to be made."""
        self.preemptions += 1
        if victims:
            self.victims.observe(victims)

    def _ends(self, uid: str, result: str, profile: str, now: float) -> Attempt | None:
        attempt = self.under_way.pop(uid, None)
        if attempt is not None:
            self.attempts[result, profile] += 1
            self.took.observe(now - attempt.began, result, profile)
        return attempt

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
