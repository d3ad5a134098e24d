"""What a kubelet knows of one container of a pod: a small record that the pod worker changes."""

from enum import IntEnum

from orchestrator.api.core.v1 import Container, ContainerState
from orchestrator.kubelet.runtimes.interface import ContainerKey


class Stage(IntEnum):
    """Where a container stands."""

    WAITING = 0  # not started, or between two runs
    STARTING = 1  # the runtime was asked to start it
    RUNNING = 2
    STOPPING = 3  # the runtime was asked to stop it
    EXITED = 4


class ContainerRecord:
    """One container. `attempt` counts starts asked of the runtime, `restarts` runs that ended."""

    __slots__ = (
        "attempt",
        "container_id",
        "last_state",
        "ready",
        "restarts",
        "retry_at",
        "retry_delay",
        "sidecar",
        "spec",
        "stage",
        "started",
        "started_at",
        "state",
    )

    def __init__(self, spec: Container, sidecar: bool, state: ContainerState) -> None:
        self.spec = spec
        self.sidecar = sidecar  # an init container with restartPolicy Always
        self.stage = Stage.WAITING
        self.attempt = -1
        self.restarts = 0
        self.ready = False
        self.started = False
        self.started_at: float | None = None
        self.container_id = ""
        self.state = state
        self.last_state: ContainerState | None = None
        self.retry_at: float | None = None  # when a back-off ends
        self.retry_delay: float | None = None

    @property
    def active(self) -> bool:
        """Whether the runtime has, or may have, a running container."""
        return Stage.STARTING <= self.stage <= Stage.STOPPING

    @property
    def is_ready(self) -> bool:
        """Whether it runs and its last probe was well."""
        return self.ready and self.state.running is not None

    @property
    def exit_code(self) -> int | None:
        """The exit code of the run that ended; None unless it stays ended."""
        ended = self.state.terminated
        return None if ended is None else ended.exit_code

    def key(self, pod_uid: str) -> ContainerKey:
        """The present run's name towards the runtime."""
        return ContainerKey(pod_uid, self.spec.name, self.attempt)
