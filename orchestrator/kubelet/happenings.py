"""What users read of containers in `kubectl describe`, in Kubernetes' words.

Many containers of one template start in the same second: their events are the same values.
"""

import json
from functools import lru_cache
from typing import Final

from orchestrator.api import codec
from orchestrator.api.core.v1 import Pod, PodSpec
from orchestrator.kubelet.container_record import ContainerRecord, Role
from orchestrator.kubelet.pod_events import RecordEvent

_ASKED_SECONDS: Final = 0.25  # that a registry takes to say that it has nothing newer
_LISTS: Final = ("containers", "initContainers", "initContainers", "ephemeralContainers")


@lru_cache(maxsize=1024)
def _about(role: Role, name: str) -> str:
    return f"spec.{_LISTS[role]}{{{name}}}"


def warning(record: ContainerRecord, reason: str, message: str) -> RecordEvent:
    """Something is wrong with a container."""
    return RecordEvent("Warning", reason, message, _about(record.role, record.spec.name))


def normal(record: ContainerRecord, reason: str, message: str) -> RecordEvent:
    """Something happens to a container."""
    return RecordEvent("Normal", reason, message, _about(record.role, record.spec.name))


@lru_cache(maxsize=1024)
def _usual(role: Role, name: str, image: str) -> tuple[RecordEvent, RecordEvent, RecordEvent]:
    about = _about(role, name)
    there = f'Container image "{image}" already present on machine and can be accessed by the pod'
    return (
        RecordEvent("Normal", "Pulled", there, about),
        RecordEvent("Normal", "Created", "Container created", about),
        RecordEvent("Normal", "Started", "Container started", about),
    )


def started(record: ContainerRecord) -> tuple[RecordEvent, ...]:
    """A container runs whose image was there."""
    spec = record.spec
    return _usual(record.role, spec.name, spec.image)


def started_after_pull(record: ContainerRecord, seconds: float) -> tuple[RecordEvent, ...]:
    """A container runs whose image had to be pulled."""
    took = go_seconds(seconds)
    text = f'Successfully pulled image "{record.spec.image}" in {took} ({took} including waiting).'
    return (normal(record, "Pulled", text), *started(record)[1:])


def pulled_anew(record: ContainerRecord) -> tuple[RecordEvent, ...]:
    """A container runs whose image is asked for each time, and was there."""
    return _asked_for(record.role, record.spec.name, record.spec.image)


@lru_cache(maxsize=1024)
def _asked_for(role: Role, name: str, image: str) -> tuple[RecordEvent, ...]:
    about, took = _about(role, name), go_seconds(_ASKED_SECONDS)
    text = f'Successfully pulled image "{image}" in {took} ({took} including waiting).'
    return (
        RecordEvent("Normal", "Pulling", f'Pulling image "{image}"', about),
        RecordEvent("Normal", "Pulled", text, about),
        *_usual(role, name, image)[1:],
    )


def not_started(record: ContainerRecord, message: str) -> tuple[RecordEvent, ...]:
    """A container was created, and its command could not be executed."""
    return (*started(record)[:2], warning(record, "Failed", f"Error: {message}"))


def found_image(record: ContainerRecord) -> RecordEvent:
    """The image of a container is there."""
    return started(record)[0]


def resized(pod: Pod) -> tuple[RecordEvent, RecordEvent]:
    """A pod has what it asks for now."""
    asked = _asked(pod)
    return (
        RecordEvent("Normal", "ResizeStarted", f"Pod resize started: {asked}"),
        RecordEvent("Normal", "ResizeCompleted", f"Pod resize completed: {asked}"),
    )


def resize_pending(pod: Pod, reason: str, message: str) -> RecordEvent:
    """Its node does not give a pod what it asks for: not yet (Deferred), or never (Infeasible)."""
    text = f"Pod resize {reason}: {_asked(pod, message)}"
    return RecordEvent("Warning", f"Resize{reason}", text)


def _asked(pod: Pod, error: str = "") -> str:
    spec = pod.spec or PodSpec()
    told: dict[str, object] = {
        name: [{"name": c.name, "resources": codec.to_dict(c).get("resources", {})} for c in group]
        for name, group in (
            ("initContainers", spec.init_containers),
            ("containers", spec.containers),
        )
        if group
    }
    told["generation"] = pod.metadata.generation
    if error:
        told["error"] = error
    return json.dumps(told, separators=(",", ":"))


def go_seconds(seconds: float) -> str:
    """A duration of less than a minute as Go prints it, to the thousandth: `1.2s`, `250ms`."""
    if seconds < 1:
        return f"{round(seconds * 1000)}ms" if seconds else "0s"
    if seconds < 60:
        return f"{round(seconds, 3):g}s"
    minutes, rest = divmod(round(seconds, 3), 60)
    return f"{int(minutes)}m{rest:g}s"
