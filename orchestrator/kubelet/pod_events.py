"""What happens to a pod on its node, and what must be done about it: plain values.

A pod worker takes the first and answers the second; the kubelet brings and performs them.
"""

from typing import TypeAlias

from msgspec import Struct

from orchestrator.api.core.v1 import Container, LifecycleHandler, Pod, Probe
from orchestrator.kubelet.runtimes.interface import ContainerKey, RuntimeEvent

# --- what happens --------------------------------------------------------------------------


class PodChanged(Struct, frozen=True, gc=False):
    """The API server's pod, first or again; a deletion timestamp on it begins the end."""

    pod: Pod


class PodRejected(Struct, frozen=True, gc=False):
    """The node cannot take the pod (`OutOfcpu`, `NodePorts`, ...): it fails without a start."""

    reason: str
    message: str
    grace_seconds: float | None = None  # that its containers have; None: what the pod says
    disrupted: str = ""  # the reason of its condition DisruptionTarget, if it gets one


class PodVanished(Struct, frozen=True, gc=False):
    """The API server no longer has the pod: whatever runs of it must end now."""


class VolumesMounted(Struct, frozen=True, gc=False):
    """The pod's volumes and devices are there, unless there are `faults`: each is an event's reason and text.

    `attaching`: they are not attached yet, and this is what to say if that takes too long. `attachable` are the unique
    names of those that have to be attached.
    """

    faults: tuple[tuple[str, str], ...] = ()
    attaching: str = ""
    attachable: tuple[str, ...] = ()


class TimeCame(Struct, frozen=True, gc=False):
    """The moment that a `WakeAt` asked for."""


PodEvent: TypeAlias = (
    PodChanged | PodRejected | PodVanished | VolumesMounted | TimeCame | RuntimeEvent
)

# --- what must be done ---------------------------------------------------------------------


class StartContainer(Struct, frozen=True, gc=False):
    """Start a container, for the run that the key names."""

    container: Container
    key: ContainerKey


class StopContainer(Struct, frozen=True, gc=False):
    """Stop a container, which has so many seconds for it."""

    key: ContainerKey
    grace_seconds: float


class ResizeContainer(Struct, frozen=True, gc=False):
    """A container that runs may have what it asks for by now."""

    container: Container
    key: ContainerKey


class ReportStatus(Struct, frozen=True, gc=False):
    """The pod's status is no longer what was reported."""


class RecordEvent(Struct, frozen=True, gc=False):
    """Tell of the pod in an event."""

    type: str  # Normal or Warning
    reason: str
    message: str
    field_path: str = ""  # the part of the pod that it is about: spec.containers{web}


class MountVolumes(Struct, frozen=True, gc=False):
    """See whether what the pod's volumes are made of is there; `VolumesMounted` answers."""


class RunHook(Struct, frozen=True, gc=False):
    """Have a container's hook run; `HookEnded` answers."""

    container: Container
    key: ContainerKey
    handler: LifecycleHandler
    before_stop: bool


class RunProbe(Struct, frozen=True, gc=False):
    """Have a container probed; `ProbeAnswered` answers."""

    container: Container
    key: ContainerKey
    kind: str  # startup, readiness or liveness
    probe: Probe


class WakeAt(Struct, frozen=True, gc=False):
    """Send `TimeCame` at this time (epoch seconds); replaces an earlier wish."""

    at: float


class FinishPod(Struct, frozen=True, gc=False):
    """Nothing of the pod is left on the node; `delete` it from the API server if it is there."""

    delete: bool


Effect: TypeAlias = (
    StartContainer
    | StopContainer
    | ResizeContainer
    | ReportStatus
    | RecordEvent
    | MountVolumes
    | RunHook
    | RunProbe
    | WakeAt
    | FinishPod
)
