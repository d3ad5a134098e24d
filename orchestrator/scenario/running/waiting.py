"""What a step waits for: counts of what is there, quiet, the end of arrivals, a condition."""

import asyncio
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any, Final

from orchestrator.api.scheme import DEFAULT
from orchestrator.client.waiting import WaitTimeout
from orchestrator.cluster import Cluster
from orchestrator.machinery.times import parse_duration
from orchestrator.scenario.counts import DAEMONSETS, DEPLOYMENTS, STATEFULSETS, Counts
from orchestrator.scenario.errors import StepFailed
from orchestrator.scenario.language import Bounds, Condition, Rollout, Wait
from orchestrator.scenario.measures.catalogue import within
from orchestrator.scenario.names import camel
from orchestrator.scenario.running.pending import why_pending
from orchestrator.scenario.running.rollouts import failure_of, left_of

_COUNTED: Final = (
    "pods",
    "pods_pending",
    "pods_bound",
    "pods_running",
    "pods_ready",
    "pods_succeeded",
    "pods_failed",
    "pods_terminating",
    "replicas_missing",
    "nodes",
    "nodes_ready",
)


_OF_PODS: Final = {
    "pods_bound": "bound",
    "pods_ready": "ready",
    "pods_terminating": "terminating",
}
_ROLLOUTS: Final = {
    "Deployment": DEPLOYMENTS,
    "StatefulSet": STATEFULSETS,
    "DaemonSet": DAEMONSETS,
}


class Waiting:
    """One wait. `arrivals` answers how many workloads have not come to their end."""

    def __init__(
        self, wait: Wait, cluster: Cluster, counts: Counts, arrivals: Callable[[], int]
    ) -> None:
        self._wait = wait
        self._cluster = cluster
        self._counts = counts
        self._arrivals = arrivals
        self._quiet = parse_duration(wait.quiet) if wait.quiet else 0.0
        rolled = wait.rolled_out
        self._rollout = Rollout(name=rolled) if isinstance(rolled, str) else rolled
        wanted = ((name, getattr(wait, name)) for name in _COUNTED)
        self._wanted = [(name, want) for name, want in wanted if want is not None]

    async def until_reached(self) -> None:
        """Wait until all is true at once. Raises StepFailed when it takes too long."""
        clock = self._cluster.clock
        deadline = clock.monotonic() + parse_duration(self._wait.timeout)
        await self._until_counted(deadline)
        while self._quiet:
            left = self._quiet_left()
            if left <= 0 and self.reached():
                break
            if clock.monotonic() + left > deadline:
                raise StepFailed(f"not within {self._wait.timeout}: it was never quiet for so long")
            await clock.sleep(max(left, 0.001))
            await self._until_counted(deadline)
        if self._wait.condition is not None:
            await self._until_condition(self._wait.condition, deadline)

    async def _until_counted(self, deadline: float) -> None:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        timer = loop.call_later(deadline - self._cluster.clock.monotonic(), _expire, future)
        try:
            await self._counts.until(self.reached, future)
        except TimeoutError:
            why = [self._missing(), await why_pending(self._cluster)]
            message = f"not within {self._wait.timeout}: {'; '.join(filter(None, why))}"
            raise StepFailed(message) from None
        finally:
            timer.cancel()
        if failed := self._failed():
            raise StepFailed(failed)

    async def _until_condition(self, condition: Condition, deadline: float) -> None:
        kind = DEFAULT.by_kind(condition.api_version, condition.kind)
        try:
            await self._cluster.client.wait(
                kind,
                condition.name,
                f"condition={condition.type}={condition.status}",
                namespace=condition.namespace if kind.namespaced else "",
                timeout=deadline - self._cluster.clock.monotonic(),
            )
        except WaitTimeout as error:
            raise StepFailed(str(error)) from None

    def _quiet_left(self) -> float:
        return self._counts.last_write_at + self._quiet - self._counts.now()

    # --- counts ----------------------------------------------------------------------------

    def reached(self) -> bool:
        """Whether there is nothing left to wait for: every count is as it should be, and what rolls out
        has done so, or has failed.
        """
        # Asked after each change of each pod: what takes longest to come is looked at first.
        still_arriving = self._wait.arrived and self._arrivals()
        counted = not still_arriving and all(holds for _, _, _, holds in self._looked())
        if self._rollout is None:
            return counted
        return (counted and not self._rolling()) or bool(self._failed())

    def share(self) -> float | None:
        """How far the first count has come, from 0 to 1; None if it cannot be said."""
        for _, have, want, _ in self._looked():
            if isinstance(want, int) and want > 0:
                return min(have / want, 1.0)
        return None

    def _missing(self) -> str:
        counts = [
            f"{camel(name)} is {have:,}, not {_wanted(want)}"
            for name, have, want, holds in self._looked()
            if not holds
        ]
        return ", ".join([*counts, *filter(None, (self._rolling(),))])

    def _rolling(self) -> str:
        """What is left of the rollout that is waited for."""
        rollout = self._rollout
        if rollout is None:
            return ""
        found = self._rollouts()
        if not found:
            return f"there is no {rollout.kind} {rollout.name} in {rollout.namespace}"
        left = ((each, rest) for each in found if (rest := left_of(each)))
        return next((f"{rollout.kind} {e.metadata.name}: {rest}" for e, rest in left), "")

    def _failed(self) -> str:
        """Why what is waited for cannot come any more; empty if it may."""
        return next(filter(None, map(failure_of, self._rollouts())), "")

    def _rollouts(self) -> list[Any]:
        rollout = self._rollout
        if rollout is None:
            return []
        place = (_ROLLOUTS[rollout.kind], rollout.namespace)
        return [
            each
            for (bucket, namespace, name), each in self._counts.rollouts.items()
            if (bucket, namespace) == place and fnmatchcase(name, rollout.name)
        ]

    def _looked(self) -> list[tuple[str, int, int | Bounds, bool]]:
        wait, counts = self._wait, self._counts
        looked: list[tuple[str, int, int | Bounds, bool]] = []
        for name, want in self._wanted:
            have = _count(counts, name)
            holds = have == want if isinstance(want, int) else within(want, have)
            looked.append((name, have, want, holds))
        pairs = []
        if wait.deployments_available:
            pairs.append(
                ("deployments_available", counts.deployments_available, counts.deployments)
            )
        if wait.jobs_finished:
            pairs.append(("jobs_finished", counts.jobs_finished, counts.jobs))
        if wait.arrived:
            pairs.append(("workloads_arriving", self._arrivals(), 0))
        return looked + [(name, have, want, have == want) for name, have, want in pairs]


def _count(counts: Counts, name: str) -> int:
    phase = name.removeprefix("pods_").capitalize()
    if phase in ("Pending", "Running", "Succeeded", "Failed"):
        return counts.phases[phase]
    return int(getattr(counts, _OF_PODS.get(name, name)))


def _wanted(want: int | Bounds) -> str:
    if isinstance(want, int):
        return f"{want:,}"
    names = {"equals": "=", "at_least": "at least", "at_most": "at most"}
    parts = [(text, getattr(want, field)) for field, text in names.items()]
    return " and ".join(f"{text} {bound:,.10g}" for text, bound in parts if bound is not None)


def _expire(future: "asyncio.Future[None]") -> None:
    if not future.done():
        future.set_exception(TimeoutError())
