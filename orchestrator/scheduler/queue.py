"""The scheduling queue: which pod next, and when a pod that did not fit is worth another try. Pure.

- active: ready to be tried; the highest priority first, then the one that waited longest;
- back-off: failed a while ago; comes back after 1 s, doubled for each failure, at most 10 s, or when
  nothing is active;
- unschedulable: comes back when something happens that may help one of the plugins that refused it,
  or after five minutes;
- gated: a plugin keeps it outside.

What happens while a pod is in flight (decided, and waiting for somebody's word before it is bound) is
remembered, and counts when it comes back refused.
"""

import heapq
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Final, TypeAlias

from orchestrator.api.core.v1 import Pod
from orchestrator.scheduler.backoff import (
    INITIAL_BACKOFF_SECONDS,
    MAX_BACKOFF_SECONDS,
    Backoff,
    QueuedPod,
)
from orchestrator.scheduler.events import ClusterEvent
from orchestrator.scheduler.metrics import (
    ADDED,
    BACKED_OFF,
    FAILED,
    FLUSHED,
    TAKEN_EARLY,
    Hinted,
    Incoming,
    event_label,
)
from orchestrator.scheduler.nominations import priority_of

FLUSH_SECONDS: Final = 300.0

Hint: TypeAlias = Callable[[Pod, ClusterEvent, Any, Any], bool]
"""(a pod that a plugin refused, what happened, the object before and after) -> whether it may help."""

SortKey: TypeAlias = Callable[[Pod, float], tuple[float, ...]]
"""(pod, when it came to the queue) -> what orders the pods, ascending."""


def by_priority(pod: Pod, queued_at: float) -> tuple[float, ...]:
    """The highest priority first, then the one that waited longest."""
    priority = pod.spec.priority if pod.spec is not None else None
    return (-(priority or 0), queued_at)


class SchedulingQueue:
    """The pods that wait, by uid."""

    def __init__(
        self,
        helped_by: dict[ClusterEvent, frozenset[str]],
        *,
        hints: Mapping[str, Hint] = {},
        gate: Callable[[Pod], str] = lambda _: "",
        initial_backoff: float = INITIAL_BACKOFF_SECONDS,
        max_backoff: float = MAX_BACKOFF_SECONDS,
        sort_key: SortKey = by_priority,
        incoming: Incoming | None = None,
    ) -> None:
        self.incoming = incoming  # who counts where pods come to, and why; None: nobody
        self.hinted: Hinted | None = None  # who wants to know how long plugins take for a hint
        self.now: Callable[[], float] = lambda: 0.0  # seconds, for that
        self._helped_by = helped_by  # event -> the plugins whose refusals it may lift
        self._hints = hints  # by plugin; those without are helped by each event of theirs
        self._gate = gate  # a pod -> the plugin that keeps it outside; empty: none
        self._sort_key = sort_key
        self._active: list[tuple[tuple[float, ...], int, str]] = []
        self._backoff = Backoff(initial_backoff, max_backoff)
        self._unschedulable: dict[str, frozenset[str]] = {}  # by whom each was refused
        # The same by who refused them, with the number of the failure: an event that helps none of
        # them, or that comes a second time, must not cost a walk over all.
        self._refused: dict[frozenset[str], dict[str, int]] = {}
        self._gated: dict[str, str] = {}  # by which plugin
        # The same by plugin: an event that helps none of them must not cost a walk over all.
        self._gated_by: dict[str, dict[str, None]] = {}
        self._pods: dict[str, QueuedPod] = {}
        self._flights: dict[str, list[tuple[ClusterEvent, Any, Any]]] = {}  # what happened since
        self._where: dict[str, str] = {}
        self._depths = dict.fromkeys(("active", "backoff", "unschedulable", "gated"), 0)
        self._number = 0

    @property
    def depths(self) -> dict[str, int]:
        """How many pods are active, in back-off, unschedulable, gated."""
        return dict(self._depths)

    def __len__(self) -> int:
        return len(self._pods)

    def __contains__(self, uid: str) -> bool:
        return uid in self._pods

    def put(self, pod: Pod, now: float) -> str:
        """A pod to schedule, worth a try at once. Answers the plugin that keeps it outside; empty: none."""
        uid = pod.metadata.uid
        gated = self._gate(pod)
        known = self._pods.get(uid)
        if known is None:
            known = self._pods[uid] = QueuedPod(pod, now)
        else:
            known.pod = pod
            if self._where.get(uid) in ("active", "backoff") and not gated:
                return ""
        if gated:
            self._shut(uid, gated, ADDED)
        else:
            self._activate(uid, known, now, ADDED)
        return gated

    def change(self, old: Pod, new: Pod, events: Iterable[ClusterEvent], now: float) -> str | None:
        """A pod that waits is another one; it is tried again if that may help it, by its plugins' hints.

        Answers the plugin that keeps it outside, as `put` does; None: nobody was asked.
        """
        uid = new.metadata.uid
        if uid in self._flights:
            self._flights[uid] += [(event, old, new) for event in events]
            return None
        known = self._pods.get(uid)
        if known is None:
            return self.put(new, now)
        known.pod = new
        if uid in self._gated:
            plugins = frozenset((self._gated[uid],))
        elif uid in self._unschedulable:
            plugins = self._unschedulable[uid]
        else:
            return None
        for event in events:
            if self._helps(plugins, uid, event, old, new):
                label = event_label(event, old, new) if self.incoming is not None else ""
                return self._return(uid, known, now, label)
        return None

    def _helps(
        self, plugins: frozenset[str], uid: str, event: ClusterEvent, old: Any, new: Any
    ) -> bool:
        """Whether one of some plugins says that an event may help a pod."""
        return any(
            self._may_help(plugin, uid, event, old, new)
            for plugin in plugins & self._helped_by.get(event, frozenset())
        )

    def _shut(self, uid: str, gated: str, why: str) -> None:
        if self.incoming is not None:  # by its name for who is refused, as in kube-scheduler
            self.incoming("unschedulable", why)
        self._no_longer_unschedulable(uid)
        self._no_longer_gated(uid)
        self._backoff.discard(uid)
        self._move(uid, "gated", "")
        self._gated[uid] = gated
        self._gated_by.setdefault(gated, {})[uid] = None

    def is_gated(self, uid: str) -> bool:
        """Whether a plugin keeps a pod outside."""
        return uid in self._gated

    def remove(self, uid: str) -> None:
        """The pod needs no scheduling any more."""
        self._flights.pop(uid, None)
        if self._pods.pop(uid, None) is None:
            return  # nothing else is kept of one that is not here
        where = self._where.pop(uid, None)
        if where is not None:
            self._depths[where] -= 1
            if where == "backoff":
                self._backoff.discard(uid)
        self._no_longer_unschedulable(uid)
        self._no_longer_gated(uid)

    def _no_longer_gated(self, uid: str) -> None:
        plugin = self._gated.pop(uid, None)
        if plugin is not None:
            del self._gated_by[plugin][uid]
            if not self._gated_by[plugin]:
                del self._gated_by[plugin]

    def _no_longer_unschedulable(self, uid: str) -> None:
        refused_by = self._unschedulable.pop(uid, None)
        if refused_by is not None:
            group = self._refused[refused_by]
            del group[uid]
            if not group:
                del self._refused[refused_by]

    def pop(self) -> QueuedPod | None:
        """The next pod to try; it leaves the queue."""
        while self._active:
            uid = heapq.heappop(self._active)[2]
            if self._where.get(uid) == "active":
                return self._taken(uid)
        early = self._backoff.pop_early()
        if early is None:
            return None
        if self.incoming is not None:
            self.incoming("active", TAKEN_EARLY)
        return self._taken(early)

    def take(self, uid: str) -> QueuedPod | None:
        """A pod that waits, whatever it waits for; None: no plugin lets it in, or it is not here."""
        queued = self._pods.get(uid)
        if queued is None or uid in self._gated or self._gate(queued.pod):
            return None
        return self._taken(uid)

    def _taken(self, uid: str) -> QueuedPod:
        queued = self._pods[uid]
        self.remove(uid)
        return queued

    def take_off(self, queued: QueuedPod) -> None:
        """A pod that left the queue is in flight until it fails or is removed."""
        self._flights[queued.pod.metadata.uid] = []

    def fail(
        self,
        queued: QueuedPod,
        refused_by: frozenset[str],
        now: float,
        *,
        by_time_alone: bool = False,
    ) -> None:
        """The pod fitted nowhere; empty `refused_by`: an error, which back-off alone mends.

        `by_time_alone`: what refused it lies not with events, so it comes back after its back-off.
        """
        queued.attempts += 1
        if refused_by:
            queued.refusals += 1
            queued.errors = 0
        else:
            queued.errors += 1
        queued.fails(now)
        queued.refused_by = refused_by
        uid = queued.pod.metadata.uid
        self._pods[uid] = queued
        self._no_longer_unschedulable(uid)
        meanwhile = self._flights.pop(uid, ())
        if by_time_alone or not refused_by or self._helps_one(queued, meanwhile):
            self._return(uid, queued, now, FAILED)
            return
        self._move(uid, "unschedulable", FAILED)
        self._number += 1
        self._unschedulable[uid] = refused_by
        self._refused.setdefault(refused_by, {})[uid] = self._number

    def _helps_one(
        self, queued: QueuedPod, events: Iterable[tuple[ClusterEvent, Any, Any]]
    ) -> bool:
        """Whether one of the events may help a pod."""
        uid = queued.pod.metadata.uid
        return any(
            self._helps(queued.refused_by, uid, event, old, new) for event, old, new in events
        )

    def happened(
        self,
        event: ClusterEvent,
        now: float,
        old: Any = None,
        new: Any = None,
        most: int | None = None,
    ) -> None:
        """Bring back the pods that `event`, a change of an object, may help; with `most`, of that priority at most."""
        for flight in self._flights.values():
            flight.append((event, old, new))
        if not self._refused and not self._gated:
            return
        helped = self._helped_by.get(event, frozenset())
        waiting: dict[str, int] = {}
        for refused_by, group in self._refused.items():
            plugins = refused_by & helped
            if plugins:
                waiting |= self._worth_a_try(plugins, group, event, old, new)
        if most is not None:
            waiting = {u: n for u, n in waiting.items() if priority_of(self._pods[u].pod) <= most}
        asked = [
            uid
            for plugin, uids in self._gated_by.items()
            if plugin in helped
            for uid in uids
            if self._may_help(plugin, uid, event, old, new)
        ]
        label = event_label(event, old, new) if self.incoming is not None else ""
        for uid in (*sorted(waiting, key=waiting.__getitem__), *asked):  # in the order of failure
            self._return(uid, self._pods[uid], now, label)

    def _worth_a_try(
        self,
        plugins: frozenset[str],
        group: dict[str, int],
        event: ClusterEvent,
        old: Any,
        new: Any,
    ) -> dict[str, int]:
        """Of pods that plugins refused, those that one of these says may be helped."""
        if any(plugin not in self._hints for plugin in plugins):
            return group
        return {
            uid: number
            for uid, number in group.items()
            if any(self._may_help(plugin, uid, event, old, new) for plugin in plugins)
        }

    def _may_help(self, plugin: str, uid: str, event: ClusterEvent, old: Any, new: Any) -> bool:
        hint = self._hints.get(plugin)
        if hint is None:
            return True
        if self.hinted is None:
            return hint(self._pods[uid].pod, event, old, new)
        began = self.now()
        helps = hint(self._pods[uid].pod, event, old, new)
        words = "Queue" if helps else "QueueSkip"
        self.hinted(self.now() - began, plugin, event_label(event, old, new), words)
        return helps

    def advance(self, now: float) -> float | None:
        """Bring back what is due; answers when to call again, or None."""
        while (uid := self._backoff.pop_due(now)) is not None:
            self._activate(uid, self._pods[uid], now, BACKED_OFF)
        oldest = self._oldest_unschedulable()  # they stand in the order in which they failed
        while oldest is not None and oldest.waits_since + FLUSH_SECONDS <= now:  # as is answered
            self._return(oldest.pod.metadata.uid, oldest, now, FLUSHED)
            oldest = self._oldest_unschedulable()
        times = [] if oldest is None else [oldest.waits_since + FLUSH_SECONDS]
        due = self._backoff.next_due()
        return min(times if due is None else [*times, due], default=None)

    def _oldest_unschedulable(self) -> QueuedPod | None:
        uid = next(iter(self._unschedulable), None)
        return None if uid is None else self._pods[uid]

    def _return(self, uid: str, queued: QueuedPod, now: float, why: str) -> str:
        """Bring a pod back, if no plugin keeps it outside by now; answers which does."""
        gated = self._gate(queued.pod)
        if gated:
            self._shut(uid, gated, why)
        else:
            self._activate(uid, queued, now, why)
        return gated

    def _activate(self, uid: str, queued: QueuedPod, now: float, why: str) -> None:
        self._no_longer_unschedulable(uid)
        self._no_longer_gated(uid)
        key = self._sort_key(queued.pod, queued.waits_since)
        if self._backoff.over_at(queued) > now:
            self._move(uid, "backoff", why)
            self._backoff.put(queued, key)
            return
        self._move(uid, "active", why)
        self._number += 1
        heapq.heappush(self._active, (key, self._number, uid))

    @property
    def in_flight(self) -> dict[str, int]:
        """By kube-scheduler's names, how many events are kept for the pods in flight: since the first of them left."""
        longest = max(self._flights.values(), key=len, default=())
        found = Counter(event_label(event, old, new) for event, old, new in longest)
        return {"PodPopped": len(self._flights), **found}

    @property
    def refused(self) -> Mapping[frozenset[str], Collection[str]]:
        """The uids of the pods that wait for an event, by the plugins that refused them."""
        return self._refused

    def pod_of(self, uid: str) -> Pod:
        """A pod that waits."""
        return self._pods[uid].pod

    def _move(self, uid: str, where: str, why: str) -> None:
        if self.incoming is not None and why:
            self.incoming(where, why)
        before = self._where.get(uid)
        if before is not None:
            self._depths[before] -= 1
        self._where[uid] = where
        self._depths[where] += 1
