"""Containers that cannot be created: what is said of them, and when they are tried again.

An image that cannot be pulled is tried after 10 s, then twice as late each time, up to 5 minutes.
Everything else is tried again whenever the kubelet looks at the pod, some ten seconds later.
"""

from typing import Final

from orchestrator.api.core.v1 import ContainerState, ContainerStateWaiting
from orchestrator.kubelet.backoff import INITIAL_SECONDS, MAX_SECONDS
from orchestrator.kubelet.container_record import ContainerRecord, Stage
from orchestrator.kubelet.happenings import found_image, normal, pulled_anew, warning
from orchestrator.kubelet.pod_events import RecordEvent

RETRY_SECONDS: Final = 10.0  # backOffPeriod
_HELD_BACK_AFTER: Final = 1.0  # the next look at a pod whose image could not be pulled
PULL_FAILED: Final = "ErrImagePull"
INVALID_NAME: Final = "InvalidImageName"
NEVER_PULLED: Final = "ErrImageNeverPull"


def refused(record: ContainerRecord, reason: str, message: str, now: float) -> list[RecordEvent]:
    """Note that the container could not be created; what is said of it."""
    record.stage = Stage.WAITING
    record.retry_at = now + RETRY_SECONDS
    record.state = _waits(reason, message)
    image = record.spec.image
    if reason == PULL_FAILED:
        delay = record.pull_delay
        record.pull_delay = INITIAL_SECONDS if delay is None else min(2 * delay, MAX_SECONDS)
        record.retry_at = now + record.pull_delay
        record.held_back_at = now + _HELD_BACK_AFTER
        return [
            normal(record, "Pulling", f'Pulling image "{image}"'),
            warning(record, "Failed", f'Failed to pull image "{image}": {message}'),
            warning(record, "Failed", f"Error: {reason}"),
        ]
    if reason == INVALID_NAME:
        said = warning(record, "InspectFailed", message)
    elif reason == NEVER_PULLED:
        said = warning(record, NEVER_PULLED, message)
    else:
        anew = record.spec.image_pull_policy == "Always"
        found = pulled_anew(record)[:2] if anew else (found_image(record),)
        return [*found, warning(record, "Failed", f"Error: {message}")]
    return [said, warning(record, "Failed", f"Error: {reason}")]


def held_back(record: ContainerRecord) -> list[RecordEvent]:
    """Note that a pull which failed is not tried again yet; what is said of it."""
    record.held_back_at = None
    waiting = record.state.waiting
    if waiting is None or waiting.reason != PULL_FAILED:
        return []
    message = f'Back-off pulling image "{record.spec.image}"'
    record.state = _waits("ImagePullBackOff", f"{message}: {PULL_FAILED}: {waiting.message}")
    return [
        normal(record, "BackOff", message),
        warning(record, "Failed", "Error: ImagePullBackOff"),
    ]


def _waits(reason: str, message: str) -> ContainerState:
    return ContainerState(waiting=ContainerStateWaiting(reason=reason, message=message))
