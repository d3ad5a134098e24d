"""What is known of a pod on its node, and what follows from it: whether it ends, what restarts, how long it has."""

from collections.abc import Iterable
from itertools import chain
from typing import Final

from orchestrator.api.core.v1 import ContainerState, ContainerStateWaiting, Pod, PodSpec
from orchestrator.kubelet.backoff import MAX_SECONDS
from orchestrator.kubelet.container_record import ContainerRecord, Role, Stage
from orchestrator.kubelet.pod_events import PodRejected
from orchestrator.kubelet.pod_traits import traits_of
from orchestrator.machinery.restarts import restarts

DEFAULT_GRACE_SECONDS: Final = 30
CREATING: Final = ContainerState(waiting=ContainerStateWaiting(reason="ContainerCreating"))
_INITIALIZING: Final = ContainerState(waiting=ContainerStateWaiting(reason="PodInitializing"))


class PodState:
    """One pod on its node. `PodWorker` changes it; `pod_status.py` reads it."""

    __slots__ = (
        "containers",
        "debuggers",
        "failure",
        "finished",
        "init_containers",
        "most_delay",
        "mounted",
        "pod",
        "resetting",
        "resize_pending",
        "start_time",
        "traits",
        "uid",
        "vanished",
    )

    def __init__(self, pod: Pod, now: float, most_delay: float = MAX_SECONDS) -> None:
        self.pod = pod
        self.most_delay = most_delay  # between two runs of a container
        self.uid = pod.metadata.uid
        self.start_time = now
        self.failure: PodRejected | None = None  # why the pod as a whole failed
        self.resize_pending: tuple[str, str] | None = None  # why its node gives it no more
        self.resetting = False  # all containers are to begin anew, and end first
        self.vanished = False
        self.finished = False
        spec = pod.spec or PodSpec()
        self.traits = traits_of(spec)
        self.mounted = not self.traits.mounts
        init = spec.init_containers
        waiting = _INITIALIZING if init else CREATING
        self.init_containers = [
            ContainerRecord(
                c, Role.SIDECAR if c.restart_policy == "Always" else Role.INIT, waiting, waiting
            )
            for c in init
        ]
        self.containers = [ContainerRecord(c, Role.MAIN, waiting, waiting) for c in spec.containers]
        self.debuggers: list[ContainerRecord] = []

    def records(self) -> Iterable[ContainerRecord]:
        """All containers of the pod."""
        return chain(self.containers, self.init_containers, self.debuggers)

    @property
    def policy(self) -> str:
        """The pod's restart policy."""
        return self.pod.spec.restart_policy if self.pod.spec is not None else "Always"

    def restarts(self, record: ContainerRecord) -> bool:
        """Whether the container's last run is followed by another."""
        if record.role is Role.SIDECAR or record.must_restart or self.resetting:
            return True
        if record.role is Role.DEBUG:
            return False
        ended = record.state.terminated or (
            record.last_state.terminated if record.last_state is not None else None
        )
        code = ended.exit_code if ended is not None else 0
        if record.role is Role.INIT and code == 0:
            return False
        return restarts(record.spec, self.policy, code)

    def ending(self, now: float) -> bool:
        """Whether the pod as a whole is to stop, noticing a deadline that has passed."""
        if self.vanished or self.failure is not None:
            return True
        deadline = self.pod.spec.active_deadline_seconds if self.pod.spec is not None else None
        if deadline is not None and now >= self.start_time + deadline and not self.terminal:
            self.failure = PodRejected(
                "DeadlineExceeded", "Pod was active on the node longer than the specified deadline"
            )
            return True
        return self.pod.metadata.deletion_timestamp is not None

    @property
    def terminal(self) -> bool:
        """Whether no container runs and none will run again."""
        if self.failure is not None:
            return not any(r.active for r in self.records())
        if self.resetting:
            return False
        for record in self.init_containers:
            if not record.sidecar and self.failed_for_good(record):
                return True
        for record in self.containers:
            if record.stage != Stage.EXITED or self.restarts(record):
                return False
        return bool(self.containers)

    @property
    def stopped(self) -> bool:
        """Whether the pod is to end and nothing of it is active any more: nothing restarts then."""
        ended = self.finished or self.failure is not None
        return (ended or self.pod.metadata.deletion_timestamp is not None) and not any(
            r.active for r in self.records()
        )

    @property
    def initialized(self) -> bool:
        """Whether its containers have been started once: sidecars that restart do not change that."""
        return any(r.attempt >= r.first for r in self.containers)

    def failed_for_good(self, record: ContainerRecord) -> bool:
        """Whether the container failed and no run follows."""
        return record.stage == Stage.EXITED and bool(record.exit_code) and not self.restarts(record)

    def grace_seconds(self) -> float:
        """How long containers have to stop."""
        if self.vanished:
            return 0.0
        if self.failure is not None and self.failure.grace_seconds is not None:
            return self.failure.grace_seconds
        metadata, spec = self.pod.metadata, self.pod.spec
        if metadata.deletion_grace_period_seconds is not None:
            return float(metadata.deletion_grace_period_seconds)
        seconds = spec.termination_grace_period_seconds if spec is not None else None
        return float(DEFAULT_GRACE_SECONDS if seconds is None else seconds)
