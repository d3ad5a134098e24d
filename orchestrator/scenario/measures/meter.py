"""All that is measured in a run, fed with every committed change."""

import resource
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from math import isfinite
from pathlib import Path
from typing import Final, Literal

from msgspec.structs import replace

from orchestrator.scenario.counts import NODES, PODS, Counts
from orchestrator.scenario.history import History
from orchestrator.scenario.journal import Journal
from orchestrator.scenario.measures import distribution
from orchestrator.scenario.measures.arrived import Arrived
from orchestrator.scenario.measures.availability import WORKLOADS, Availability
from orchestrator.scenario.measures.calls import CallMeter
from orchestrator.scenario.measures.figures import (
    Checkpoint,
    Moment,
    QueueUse,
    ResourceUse,
    Series,
)
from orchestrator.scenario.measures.marks import START, Mark
from orchestrator.scenario.measures.pauses import PauseMeter
from orchestrator.scenario.measures.pods import PodMark, PodTimes
from orchestrator.scenario.measures.resources import NodeUse, Use
from orchestrator.scenario.measures.samples import Sample, Samples
from orchestrator.scenario.measures.windows import Windows
from orchestrator.scenario.pod_states import PodStates
from orchestrator.store import Change

_PROGRESS_REVISIONS: Final = 256  # how often somebody may look at the wall clock
_RSS_UNIT: Final = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss, in bytes
_STATM: Final = Path("/proc/self/statm")
_QUEUE: Final = "queue/"
_MOST_MOMENTS: Final = 1_000  # that are kept: pictures cannot show as many


class Meter:
    """Watches one run. `now` is the cluster's clock in seconds since the run began; `group_of` names
    the group of a node; `queues` answers how many wait where, `messages` how many were handled by
    each kind of actor;
    `on_progress` is called now and then.
    """

    def __init__(
        self,
        now: Callable[[], float],
        group_of: Callable[[str], str],
        queues: Callable[[], Mapping[str, float]],
        messages: Callable[[], Mapping[str, int]],
        on_progress: Callable[[], None] | None,
    ) -> None:
        self._now = now
        self._queues = queues
        self._messages = messages
        self._on_progress = on_progress
        self._begun = self.first_step_at = time.perf_counter()
        self.history = History()
        self.counts = Counts(now)
        self._pod_states = PodStates()
        self.pods = PodTimes()
        self.use = NodeUse(group_of)
        self.availability = Availability(now)
        self.calls = CallMeter()
        self.struck: Callable[[], int] | None = (
            None  # requests that met a fault, if there are faults
        )
        self.pauses = PauseMeter()
        self.samples = Samples(self._sample)
        self._most: dict[tuple[str, str], float] = {}  # that a group had of a resource
        self.checkpoints: list[Checkpoint] = []
        self.moments: list[Moment] = []
        self.windows = Windows((), self)
        self.arrived: Arrived | None = None  # if what has been asked for is worth following
        self.journal: Journal | None = None

    @property
    def wall_seconds(self) -> float:
        """Since the meter was made."""
        return time.perf_counter() - self._begun

    def wall_at(self, time_: float) -> float:
        """A moment of the wall's clock in seconds since the meter was made."""
        return time_ - self._begun

    def observe(self, change: Change) -> None:
        """One more change."""
        history, bucket = self.history, change.bucket
        history.observe(change)
        if self.journal is not None:
            self.journal.note(self._now(), change)
        if bucket == PODS:
            self._observe_pod(change)
        else:
            self.counts.observe(change)
            if bucket == NODES:
                self.use.observe_node(change, self._now())
            elif bucket in WORKLOADS:
                self.availability.observe_workload(change)
                self._count_missing()
        self.samples.revision(history.revisions)
        if not history.revisions % _PROGRESS_REVISIONS:
            self.pauses.virtual_seconds = self._now()
            if self._on_progress is not None:
                self._on_progress()

    def _observe_pod(self, change: Change) -> None:
        now = self.counts.last_write_at = self._now()
        before, after = self._pod_states.follow(change)
        if self.arrived is not None and change.type == "ADDED":
            self.arrived.observe_created(change.object)
        if before is not after:
            if before.serving is not after.serving:
                self.availability.observe_ready(change.object, ready=after.serving)
                self.counts.replicas_missing = self.availability.missing.value
            self.counts.observe_pod(before, after)
            self.pods.observe(change.object, before, after, now)
            if before.running is not after.running:
                self.use.observe_pod(change.object, now, comes=after.running)

    def _count_missing(self) -> None:
        missing = self.availability.missing.value
        if missing != self.counts.replicas_missing:
            self.counts.replicas_missing = missing
            self.counts.look_again()

    def begin_steps(self) -> None:
        """Start-up is over."""
        self.first_step_at = time.perf_counter()
        self.pauses.counting = True

    def follow_arrivals(self, resource: str) -> None:
        """Measure what is allocated of an extended resource when so much of it has been asked for."""
        self.arrived = Arrived(resource, lambda: self.use.total(resource))

    def power(self, nodes: Sequence[str], *, on: bool) -> None:
        """Nodes have lost their power, or have it again."""
        for node in nodes:
            self.availability.power(node, on=on)
        self._count_missing()
        if nodes:
            what = nodes[0] if len(nodes) == 1 else f"{len(nodes):,} nodes"
            self.note("recovery" if on else "crash", what)

    def note(self, kind: Literal["crash", "recovery"], what: str) -> None:
        """Something happens that every picture over time should show."""
        moment = Moment(
            kind=kind, what=what, virtual_seconds=self._now(), wall_seconds=self.wall_seconds
        )
        if len(self.moments) < _MOST_MOMENTS:
            self.moments.append(moment)

    def checkpoint(self, name: str) -> None:
        """Keep the measures of this moment."""
        self.checkpoints.append(
            Checkpoint(
                name=name,
                virtual_seconds=self._now(),
                wall_seconds=self.wall_seconds,
                measures=self.measures(),
            )
        )

    # --- numbers ---------------------------------------------------------------------------

    def mark(self) -> Mark:
        """This moment, to measure from."""
        counts, now = self.counts, self._now()
        return Mark(
            virtual_seconds=now,
            wall_seconds=self.wall_seconds,
            revisions=self.history.revisions,
            writes=self.history.writes.copy(),
            created=counts.created,
            scheduled=counts.scheduled,
            started=counts.started,
            deleted=counts.deleted,
            messages=sum(self._messages().values()),
            pods=self.pods.mark(),
            calls=self.calls.mark(),
            struck=self.struck() if self.struck is not None else 0,
            turns=self.pauses.mark(),
            missing=self.availability.missing.mark(now),
            shares=self.use.mark(now),
        )

    def measures(self, since: Mark = START) -> dict[str, float]:
        """Every measure by its name, of what has happened since a mark; see the catalogue. What there is
        nothing to measure for is absent.
        """
        known = {
            **self._present(),
            **self._happened(since),
            **self._cost(since),
            **self._latencies(since),
            **self._availability(since),
            **self._shares(since),
        }
        return {
            name: value for name, value in known.items() if value is not None and isfinite(value)
        }

    def _present(self) -> dict[str, float | None]:
        """What is there now."""
        counts = self.counts
        return {
            "nodes": counts.nodes,
            "nodesReady": counts.nodes_ready,
            "nodesInUse": self.use.occupied,
            "pods": counts.pods,
            "podsPending": counts.phases["Pending"],
            "podsBound": counts.bound,
            "podsRunning": counts.phases["Running"],
            "podsReady": counts.ready,
            "podsTerminating": counts.terminating,
            "podsSucceeded": counts.phases["Succeeded"],
            "podsFailed": counts.phases["Failed"],
            "restarts": counts.restarts,
            "deployments": counts.deployments,
            "deploymentsAvailable": counts.deployments_available,
            "jobs": counts.jobs,
            "jobsFinished": counts.jobs_finished,
            "replicasMissing": self.availability.missing.value,
        }

    def _happened(self, since: Mark) -> dict[str, float | None]:
        counts = self.counts
        started, scheduled = counts.started - since.started, counts.scheduled - since.scheduled
        busy = counts.last_started_at - max(self.first_step_at, self._begun + since.wall_seconds)
        seconds = self._now() - since.virtual_seconds
        return {
            "podsCreated": counts.created - since.created,
            "podsScheduled": scheduled,
            "podsStarted": started,
            "podsDeleted": counts.deleted - since.deleted,
            "podsPerSecond": started / busy if busy > 0 else 0.0,
            "podsScheduledPerVirtualSecond": scheduled / seconds if seconds else 0.0,
        }

    def _cost(self, since: Mark) -> dict[str, float | None]:
        history = self.history
        writes = history.writes - since.writes
        return {
            "revisions": history.revisions - since.revisions,
            "writesPerPod": self._writes_per_pod(writes[PODS], since.created),
            "messages": sum(self._messages().values()) - since.messages,
            "longestPauseSeconds": self.pauses.longest_since(since.turns),
            "wallSeconds": self.wall_seconds - since.wall_seconds,
            "virtualSeconds": self._now() - since.virtual_seconds,
            "peakRssBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _RSS_UNIT,
            **{f"writes/{bucket}": count for bucket, count in writes.items()},
        }

    def _writes_per_pod(self, writes: int, created_before: int = 0) -> float:
        created = self.counts.created - created_before
        return writes / created if created else 0.0

    def _latencies(self, since: Mark) -> dict[str, float | None]:
        waits = self.calls.since(since.calls)
        found: dict[str, float | None] = {
            "apiCalls": waits.count,
            "apiFaults": self.struck() - since.struck if self.struck is not None else None,
            "apiCallSecondsP99": waits.worst_p99,
            "apiReadSecondsP99": waits.reading_p99,
            "apiWriteSecondsP99": waits.writing_p99,
        }
        for name, times in self.pods.since(since.pods, self._now()).items():
            summary = times.summary()
            for field in ("mean", "p50", "p90", "p99", "max"):
                value = getattr(summary, field) if summary.count else None
                found[f"{name}Seconds{field.capitalize()}"] = value
        found["podStartLeftOut"] = sum(self.pods.left_out(since.pods).values())
        return found

    def _availability(self, since: Mark) -> dict[str, float | None]:
        use = self.availability.missing.since(since.missing, self._now())
        zero = use.zero_since
        return {
            "replicasMissingMax": use.highest,
            "replicasMissingMean": use.mean,
            "missingPodSeconds": use.area,
            "incompleteSeconds": use.above_zero_seconds,
            "recoverySeconds": None if zero is None else zero - since.virtual_seconds,
        }

    def _shares(self, since: Mark) -> dict[str, float | None]:
        found: dict[str, float | None] = {}
        for use in self.use.now():
            found[f"requested/{use.resource}/{use.group}"] = use.share
            found[f"fragmentation/{use.resource}/{use.group}"] = use.fragmentation
        if self.arrived is not None:
            for percent, allocated in self.arrived.allocated_at.items():
                found[f"allocatedAt/{percent}/{self.arrived.resource}"] = allocated
            found.update(self._fragmentation_by_kind(self.arrived.resource))
        for name, group, share in self.use.since(since.shares, self._now()):
            found[f"requestedMean/{name}/{group}"] = share.mean
            found[f"requestedMax/{name}/{group}"] = share.highest
            lost = f"fragmentation/{name}/{group}"
            mean = self.samples.mean(lost, since.virtual_seconds)
            found[f"fragmentationMean/{name}/{group}"] = mean
        return found

    def _fragmentation_by_kind(self, resource: str) -> dict[str, float]:
        kinds = self.use.fragmentation_for(resource)
        return {f"fragmentationFor/{resource}/{kind}": share for kind, share in kinds.items()}

    def pod_times(self) -> dict[str, distribution.Distribution]:
        """How long pods took, over the whole run."""
        return self.pods.since(PodMark(), self._now())

    def left_out(self) -> dict[str, int]:
        """How many pods the start-up indicator leaves out, by the reason why."""
        return self.pods.left_out(PodMark())

    def _sample(self) -> Sample:
        counts = self.counts
        values: dict[str, float | None] = {
            **self._present(),
            "podsCreated": counts.created,
            "podsScheduled": counts.scheduled,
            "podsStarted": counts.started,
            "podsDeleted": counts.deleted,
            "apiCalls": self.calls.count,
            "apiReadSecondsP99": self.calls.so_far(reading=True),
            "apiWriteSecondsP99": self.calls.so_far(reading=False),
            "writesPerPod": self._writes_per_pod(self.history.writes[PODS]),
            "memoryBytes": _memory_bytes(),
        }
        for name, times in self.pods.so_far.items():
            values[f"{name}SecondsP99"] = times.quantile(0.99)
        if self.arrived is not None:
            values[f"arrived/{self.arrived.resource}"] = self.arrived.share
            values.update(self._fragmentation_by_kind(self.arrived.resource))
        for kind, count in self._messages().items():
            values[f"messages/{kind}"] = count
        for name, depth in self._queues().items():
            values[_QUEUE + name] = depth
        for use in self.use.now():
            key = (use.resource, use.group)
            self._most[key] = max(use.allocatable, self._most.get(key, 0.0))
            values[f"requested/{use.resource}/{use.group}"] = use.share
            values[f"fragmentation/{use.resource}/{use.group}"] = use.fragmentation
        return Sample(
            virtual_seconds=self._now(),
            wall_seconds=self.wall_seconds,
            revision=self.history.revisions,
            digest=self.history.digest,
            values=values,
            shares=self.use.shares(),
        )

    # --- tables ----------------------------------------------------------------------------

    def resources(self) -> tuple[ResourceUse, ...]:
        """Every resource of every group over the whole run, of groups that are gone as well."""
        left = {(use.resource, use.group): use for use in self.use.now()}
        return tuple(self._resource(*key, most, left.get(key)) for key, most in self._most.items())

    def _resource(self, name: str, group: str, most: float, left: Use | None) -> ResourceUse:
        requested = f"requested/{name}/{group}"
        fragmentation = f"fragmentation/{name}/{group}"
        return ResourceUse(
            group=group,
            resource=name,
            allocatable=most,
            requested_mean=self.samples.mean(requested) * most,
            requested_max=self.samples.most(requested) * most,
            requested_end=left.requested if left is not None else 0.0,
            fragmentation_mean=self.samples.mean(fragmentation),
            fragmentation_end=left.fragmentation if left is not None else 0.0,
        )

    def series(self) -> Series:
        """All samples, without the queues in which nobody ever waited."""
        series = self.samples.series()
        columns = {
            name: values
            for name, values in series.columns.items()
            if not name.startswith(_QUEUE) or any(values)
        }
        return replace(series, columns=columns)

    def queues(self) -> tuple[QueueUse, ...]:
        """Every queue in which anybody waited, over the whole run."""
        longest = {
            name: self.samples.most(name)
            for name in self.samples.names()
            if name.startswith(_QUEUE)
        }
        return tuple(
            QueueUse(
                name=name.removeprefix(_QUEUE),
                mean=self.samples.mean(name),
                max=round(most),
            )
            for name, most in longest.items()
            if most > 0
        )


def _memory_bytes() -> float:
    """What the process holds now; its greatest yet where the system does not say."""
    try:
        return float(_STATM.read_bytes().split()[1]) * resource.getpagesize()
    except OSError:
        return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _RSS_UNIT)
