"""All that is measured in a run, fed with every committed change."""

import resource
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from orchestrator.scenario.counts import NODES, PODS, Counts
from orchestrator.scenario.history import History
from orchestrator.scenario.journal import Journal
from orchestrator.scenario.measures.calls import CallMeter
from orchestrator.scenario.measures.figures import (
    Checkpoint,
    QueueUse,
    ResourceUse,
    Series,
)
from orchestrator.scenario.measures.pauses import PauseMeter
from orchestrator.scenario.measures.pods import PodTimes
from orchestrator.scenario.measures.resources import NodeUse, Use
from orchestrator.scenario.measures.samples import Sample, Samples
from orchestrator.scenario.pod_states import PodStates
from orchestrator.store import Change

_PROGRESS_REVISIONS: Final = 256  # how often somebody may look at the wall clock
_RSS_UNIT: Final = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss, in bytes
_STATM: Final = Path("/proc/self/statm")
_QUEUE: Final = "queue/"


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
        self.calls = CallMeter()
        self.pauses = PauseMeter()
        self.samples = Samples(self._sample)
        self._most: dict[tuple[str, str], float] = {}  # that a group had of a resource
        self.checkpoints: list[Checkpoint] = []
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
                self.use.observe_node(change)
        self.samples.revision(history.revisions)
        if not history.revisions % _PROGRESS_REVISIONS:
            self.pauses.virtual_seconds = self._now()
            if self._on_progress is not None:
                self._on_progress()

    def _observe_pod(self, change: Change) -> None:
        now = self.counts.last_write_at = self._now()
        before, after = self._pod_states.follow(change)
        if before is not after:
            self.counts.observe_pod(before, after)
            self.pods.observe(change.object, before, after, now)
            if before.running is not after.running:
                self.use.observe_pod(change.object, comes=after.running)

    def begin_steps(self) -> None:
        """Start-up is over."""
        self.first_step_at = time.perf_counter()
        self.pauses.counting = True

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

    def measures(self) -> dict[str, float]:
        """Every measure by its name, as they are now; see the catalogue."""
        counts, history = self.counts, self.history
        busy = counts.last_started_at - self.first_step_at
        seconds = self._now()
        found: dict[str, float] = {
            **self._present(),
            "nodesReady": counts.nodes_ready,
            "podsPerSecond": counts.started / busy if busy > 0 else 0.0,
            "podsScheduledPerVirtualSecond": counts.scheduled / seconds if seconds else 0.0,
            "deployments": counts.deployments,
            "deploymentsAvailable": counts.deployments_available,
            "jobs": counts.jobs,
            "jobsFinished": counts.jobs_finished,
            "apiCallSecondsP99": self.calls.worst_p99().p99,
            "revisions": history.revisions,
            "messages": sum(self._messages().values()),
            "longestPauseSeconds": self.pauses.report().turns.max,
            "wallSeconds": self.wall_seconds,
            "virtualSeconds": seconds,
            "peakRssBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _RSS_UNIT,
        }
        for bucket, count in history.writes.items():
            found[f"writes/{bucket}"] = count
        for name, histogram in self.pods.histograms.items():
            summary = histogram.summary()
            for field in ("mean", "p50", "p90", "p99", "max"):
                found[f"{name}Seconds{field.capitalize()}"] = getattr(summary, field)
        for use in self.use.now():
            found[f"requested/{use.resource}/{use.group}"] = use.share
            found[f"fragmentation/{use.resource}/{use.group}"] = use.fragmentation
        return found

    def _present(self) -> dict[str, float]:
        counts = self.counts
        return {
            "nodes": counts.nodes,
            "pods": counts.pods,
            "podsPending": counts.phases["Pending"],
            "podsBound": counts.bound,
            "podsRunning": counts.phases["Running"],
            "podsReady": counts.ready,
            "podsSucceeded": counts.phases["Succeeded"],
            "podsFailed": counts.phases["Failed"],
            "podsCreated": counts.created,
            "podsScheduled": counts.scheduled,
            "podsStarted": counts.started,
            "podsDeleted": counts.deleted,
            "restarts": counts.restarts,
            "apiCalls": self.calls.count,
            "apiReadSecondsP99": self.calls.p99(reading=True),
            "apiWriteSecondsP99": self.calls.p99(reading=False),
            "writesPerPod": self._writes_per_pod,
        }

    @property
    def _writes_per_pod(self) -> float:
        created = self.counts.created
        return self.history.writes[PODS] / created if created else 0.0

    def _sample(self) -> Sample:
        values = {**self._present(), "memoryBytes": _memory_bytes()}
        for name, histogram in self.pods.histograms.items():
            values[f"{name}SecondsP99"] = histogram.quantile(0.99)
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
        names = [n for n in self.series().columns if n.startswith(_QUEUE)]
        return tuple(
            QueueUse(
                name=name.removeprefix(_QUEUE),
                mean=self.samples.mean(name),
                max=round(self.samples.most(name)),
            )
            for name in names
        )


def _memory_bytes() -> float:
    """What the process holds now; its greatest yet where the system does not say."""
    try:
        return float(_STATM.read_bytes().split()[1]) * resource.getpagesize()
    except OSError:
        return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _RSS_UNIT)
