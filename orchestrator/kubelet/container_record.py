"""What a kubelet knows of one container of a pod: a small record that the pod worker changes."""

from enum import IntEnum

from msgspec import Struct

from orchestrator.api.core.v1 import Container, ContainerState
from orchestrator.kubelet.runtimes.interface import ContainerKey, ContainerStarted


class Stage(IntEnum):
    """Where a container stands."""

    WAITING = 0  # not started, or between two runs
    STARTING = 1  # the runtime was asked to start it, or its postStart hook runs
    RUNNING = 2
    STOPPING = 3  # its preStop hook runs, or the runtime was asked to stop it
    EXITED = 4


class Role(IntEnum):
    """What a container is in its pod."""

    MAIN = 0
    INIT = 1
    SIDECAR = 2  # an init container with restartPolicy Always
    DEBUG = 3  # an ephemeral container


class ContainerRecord(Struct, gc=False, eq=False):
    """One container. `attempt` counts starts asked of the runtime, `restarts` runs that ended.

    `waiting` is its state until it runs.
    """

    spec: Container
    role: Role
    waiting: ContainerState
    state: ContainerState
    stage: Stage = Stage.WAITING
    image: str = ""  # of the present run, or the last one
    attempt: int = -1
    first: int = 0  # attempt since its pod's containers began, or began anew
    restarts: int = 0
    ready: bool = False
    started: bool = False
    started_at: float | None = None
    container_id: str = ""
    recursive: bool = True  # what it reads only, it reads only all the way down
    last_state: ContainerState | None = None
    retry_at: float | None = None  # when a back-off ends
    retry_delay: float | None = None
    pull_delay: float | None = None  # of the image's back-off
    held_back_at: float | None = None  # when a failed pull becomes a back-off
    must_restart: bool = False  # whatever the policy: its definition has changed
    replaced: bool = False  # it is stopped for another run to begin at once
    hooked: ContainerStarted | None = None  # what its postStart hook keeps back
    stop_at: float | None = None  # when a preStop hook has had its time

    @property
    def sidecar(self) -> bool:
        """Whether it is an init container that runs as long as the pod."""
        return self.role is Role.SIDECAR

    @property
    def title(self) -> str:
        """What an event calls a container that has to go."""
        return f"{'Init container' if self.sidecar else 'Container'} {self.spec.name}"

    @property
    def active(self) -> bool:
        """Whether the runtime has, or may have, a running container."""
        return Stage.STARTING <= self.stage <= Stage.STOPPING

    @property
    def is_ready(self) -> bool:
        """Whether it runs, has started and its last probe was well."""
        return self.ready and self.started and self.state.running is not None

    @property
    def exit_code(self) -> int | None:
        """The exit code of the run that ended; None unless it stays ended."""
        ended = self.state.terminated
        return None if ended is None else ended.exit_code

    @property
    def completed(self) -> bool:
        """Whether it ended well: all that an init container has to do."""
        return self.stage is Stage.EXITED and self.exit_code == 0

    def key(self, pod_uid: str) -> ContainerKey:
        """The present run's name towards the runtime."""
        return ContainerKey(pod_uid, self.spec.name, self.attempt)
