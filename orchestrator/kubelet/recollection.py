"""What a kubelet that restarted knows of a container: what it reported last, if nothing newer is told."""

from typing import Final

from orchestrator.api.core.v1 import ContainerState, ContainerStateTerminated, ContainerStatus
from orchestrator.kubelet.container_record import ContainerRecord, Stage
from orchestrator.machinery.times import format_time

LOST_EXIT_CODE: Final = 255  # of a container whose end nobody saw


def recall(record: ContainerRecord, status: ContainerStatus) -> None:
    """Take up what was last reported of a container. Its attempts go on from its restarts."""
    record.restarts = status.restart_count
    last = status.last_state
    record.last_state = last if last is not None and last.terminated is not None else None
    record.container_id = status.container_id
    record.attempt = status.restart_count - 1
    state = status.state
    if state is not None and state.terminated is not None:
        record.attempt = status.restart_count
        record.state, record.stage = state, Stage.EXITED


def lost(record: ContainerRecord, reported: ContainerStatus, now: float) -> None:
    """If the container was reported to run, it has ended: the runtime has never heard of it."""
    running = reported.state.running if reported.state is not None else None
    if running is None:
        return
    record.attempt += 1
    record.stage = Stage.EXITED
    record.state = ContainerState(
        terminated=ContainerStateTerminated(
            exit_code=LOST_EXIT_CODE,
            reason="Unknown",
            started_at=running.started_at,
            finished_at=format_time(now),
            container_id=record.container_id,
        )
    )
