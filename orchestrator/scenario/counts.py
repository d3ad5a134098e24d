"""What is there, counted from the changes as they are committed: counts that cost no polling."""

import time
from asyncio import Future
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

from orchestrator.api.apps.v1 import Deployment
from orchestrator.api.batch.v1 import Job
from orchestrator.api.core.v1 import Node
from orchestrator.scenario.pod_states import PodState
from orchestrator.store import Change

PODS: Final = "pods"
NODES: Final = "nodes"
DEPLOYMENTS: Final = "deployments.apps"
STATEFULSETS: Final = "statefulsets.apps"
DAEMONSETS: Final = "daemonsets.apps"
JOBS: Final = "jobs.batch"
LEASES: Final = "leases.coordination.k8s.io"


class Counts:
    """Counts of what is there after every committed change, and who waits for them."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.now = now  # seconds of the cluster's clock
        self._awaited: list[tuple[Callable[[], bool], Future[None]]] = []
        self.phases: Counter[str] = Counter()  # present pods by phase
        self.ready = 0  # present pods that are ready
        self.bound = 0  # present pods that have a node
        self.terminating = 0  # present pods that are asked to end
        self.restarts = 0  # of present pods' containers
        self.created = 0  # pods, ever
        self.scheduled = 0  # pods that were given a node, ever
        self.started = 0  # pods that came to Running, ever
        self.deleted = 0  # pods, ever
        self.last_started_at = 0.0  # when the last of them did, by the wall's clock
        self.replicas_missing = 0.0  # that workloads want, and that do not serve
        self.nodes = 0
        self.nodes_ready = 0
        self.deployments = 0
        self.deployments_available = 0  # all of whose replicas are up to date and available
        self.jobs = 0
        self.jobs_finished = 0  # complete or failed
        self.last_write_at = 0.0  # of the cluster's clock, heartbeats excepted
        self.rollouts: dict[tuple[str, str, str], Any] = {}  # by resource, namespace, name
        self._counted: dict[str, Callable[[Change], None]] = {
            NODES: self._count_node,
            DEPLOYMENTS: self._count_deployment,
            STATEFULSETS: self._keep_rollout,
            DAEMONSETS: self._keep_rollout,
            JOBS: self._count_job,
        }

    @property
    def pods(self) -> int:
        """Pods that exist."""
        return self.phases.total()

    def observe(self, change: Change) -> None:
        """One more change of anything but a pod."""
        bucket = change.bucket
        if bucket == LEASES or (bucket == NODES and _is_heartbeat(change)):
            return
        self.last_write_at = self.now()
        count = self._counted.get(bucket)
        if count is not None:
            count(change)

    async def until(self, reached: Callable[[], bool], future: "Future[None]") -> None:
        """Wait until `reached` holds; it is asked after every change of what is counted."""
        if reached():
            return
        entry = (reached, future)
        self._awaited.append(entry)
        try:
            await future
        finally:
            self._awaited.remove(entry)

    def look_again(self) -> None:
        """Something else than the store has changed that somebody may wait for."""
        self._wake()

    def _wake(self) -> None:
        for reached, future in self._awaited:
            if not future.done() and reached():
                future.set_result(None)

    # --- kinds -----------------------------------------------------------------------------

    def observe_pod(self, before: PodState, after: PodState) -> None:
        """A pod was in one state and is in another."""
        if before.phase != after.phase:
            self._count_phases(before.phase, after.phase)
        if after.bound and not before.bound:
            self.scheduled += 1
        self.bound += after.bound - before.bound
        self.ready += after.ready - before.ready
        self.terminating += after.terminating - before.terminating
        self.restarts += after.restarts - before.restarts
        self._wake()

    def _count_phases(self, before: str, after: str) -> None:
        if before:
            self.phases[before] -= 1
        else:
            self.created += 1
        if after:
            self.phases[after] += 1
        else:
            self.deleted += 1
        if after == "Running":
            self.started += 1
            self.last_started_at = time.perf_counter()

    def _count_node(self, change: Change) -> None:
        self.nodes += {"ADDED": 1, "DELETED": -1}.get(change.type, 0)
        self.nodes_ready += _difference(change, _is_ready)
        self._wake()

    def _keep_rollout(self, change: Change) -> None:
        metadata = change.object.metadata
        key = (change.bucket, metadata.namespace, metadata.name)
        if change.type == "DELETED":
            self.rollouts.pop(key, None)
        else:
            self.rollouts[key] = change.object
        self._wake()

    def _count_deployment(self, change: Change) -> None:
        self.deployments += {"ADDED": 1, "DELETED": -1}.get(change.type, 0)
        self.deployments_available += _difference(change, _is_available)
        self._keep_rollout(change)

    def _count_job(self, change: Change) -> None:
        self.jobs += {"ADDED": 1, "DELETED": -1}.get(change.type, 0)
        self.jobs_finished += _difference(change, _is_finished)
        self._wake()


def _difference(change: Change, holds: Callable[[Any], bool]) -> int:
    before = change.previous is not None and holds(change.previous)
    after = change.type != "DELETED" and holds(change.object)
    return after - before


def _is_ready(node: Node) -> bool:
    conditions = node.status.conditions if node.status is not None else ()
    return any(c.type == "Ready" and c.status == "True" for c in conditions)


def _is_heartbeat(change: Change) -> bool:
    """Whether a node has but said again what it had said before."""
    before, after = change.previous, change.object
    if change.type != "MODIFIED" or before is None:
        return False
    if before.spec is not after.spec or before.status is None or after.status is None:
        return False
    return [(c.type, c.status) for c in before.status.conditions] == [
        (c.type, c.status) for c in after.status.conditions
    ]


def _is_finished(job: Job) -> bool:
    conditions = job.status.conditions if job.status is not None else ()
    return any(c.type in ("Complete", "Failed") and c.status == "True" for c in conditions)


def _is_available(deployment: Deployment) -> bool:
    """As `kubectl rollout status` sees it: the new replicas are all there, and no others are."""
    spec, status = deployment.spec, deployment.status
    if spec is None or status is None:
        return False
    wanted = 1 if spec.replicas is None else spec.replicas
    return (
        (status.observed_generation or 0) >= (deployment.metadata.generation or 0)
        and (status.updated_replicas or 0) == wanted
        and (status.replicas or 0) == wanted
        and (status.available_replicas or 0) == wanted
    )
