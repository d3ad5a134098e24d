"""Containers that begin anew, all of a pod together, because one of them ended as a rule of its own says.

As with kubelet's RestartAllContainers the runs so far are forgotten: what is left of them is one word about all of them.
"""

from enum import IntEnum
from typing import Final

from orchestrator.api.core.v1 import (
    ContainerState,
    ContainerStateTerminated,
    ContainerStateWaiting,
)
from orchestrator.kubelet.container_record import ContainerRecord, Stage

RESETTING: Final = "RestartingAllContainers"
_WHY: Final = "The container is removed because RestartAllContainers in place"
_KILLED: Final = 137
_WAITING: Final = ContainerState(waiting=ContainerStateWaiting(reason=RESETTING, message=_WHY))
_ENDED: Final = ContainerState(
    terminated=ContainerStateTerminated(reason=RESETTING, message=_WHY, exit_code=_KILLED)
)


class Reset(IntEnum):
    """How far a pod is whose containers are to begin anew."""

    NONE = 0
    TOLD = 1  # in its status
    BEGUN = 2  # they are being ended


def forget_runs(record: ContainerRecord) -> None:
    """Let a container that has ended begin anew, without a back-off. One that waited goes on waiting for its turn."""
    if record.state.waiting is None:
        record.state, record.last_state = _WAITING, _ENDED
        record.restarts += 1
    record.first = record.attempt + 1
    record.stage = Stage.WAITING
    record.retry_at = record.retry_delay = record.held_back_at = None
    record.ready = record.started = record.must_restart = False
