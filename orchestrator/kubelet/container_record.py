"""What a kubelet knows of one container of a pod: a small record that the pod worker changes."""

from enum import IntEnum

from msgspec import Struct

from orchestrator.api.core.v1 import Container, ContainerState
from orchestrator.kubelet.runtimes.interface import ContainerKey


class Stage(IntEnum):
    """Where a container stands."""

    WAITING = 0  # not started, or between two runs
    STARTING = 1  # the runtime was asked to start it
    RUNNING = 2
    STOPPING = 3  # the runtime was asked to stop it
    EXITED = 4


class ContainerRecord(Struct, gc=False, eq=False):
    """One container. `attempt` counts starts asked of the runtime, `restarts` runs that ended."""

    spec: Container
    sidecar: bool  # an init container with restartPolicy Always
    state: ContainerState
    stage: Stage = Stage.WAITING
    attempt: int = -1
    restarts: int = 0
    ready: bool = False
    started: bool = False
    started_at: float | None = None
    container_id: str = ""
    last_state: ContainerState | None = None
    retry_at: float | None = None  # when a back-off ends
    retry_delay: float | None = None

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
