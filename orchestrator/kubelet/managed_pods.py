"""The pods of a kubelet with what it keeps for each of them, and what all of its parts share."""

from collections.abc import Callable
from typing import Final

from msgspec import Struct

from actors import Timer
from orchestrator.api.core.v1 import Pod, PodStatus
from orchestrator.client import EventRecorder, Reflector, Watcher
from orchestrator.kubelet.cpu_time import CpuTime
from orchestrator.kubelet.image_collection import ImageCollector
from orchestrator.kubelet.mirrors import StaticPods
from orchestrator.kubelet.mounts import Mounts
from orchestrator.kubelet.networks.interface import PodNetwork
from orchestrator.kubelet.networks.simulated import SimulatedNetwork
from orchestrator.kubelet.node_admission import NodeAdmission
from orchestrator.kubelet.node_events import NodeEvents
from orchestrator.kubelet.node_registration import NodeRegistration
from orchestrator.kubelet.node_spec import NodeSpec
from orchestrator.kubelet.node_storage import NodeStorage
from orchestrator.kubelet.pod_events import (
    Effect,
    FinishPod,
    RecordEvent,
)
from orchestrator.kubelet.pod_worker import PodWorker
from orchestrator.kubelet.pod_writes import PodWrites
from orchestrator.kubelet.pressure import Pressure
from orchestrator.kubelet.runtime_classes import RuntimeClasses
from orchestrator.kubelet.runtimes.handlers import NodeRuntimes
from orchestrator.kubelet.runtimes.interface import (
    ContainerExited,
    ContainerProbed,
    ContainerStarted,
    HookEnded,
    ImagePulling,
    ProbeAnswered,
    Runtime,
    RuntimeEvent,
)
from orchestrator.kubelet.starting import ContainerStarts
from orchestrator.kubelet.volumes_in_use import VolumesInUse
from orchestrator.protocol import (
    AUTHENTICATED,
    ApiRef,
    Identity,
)

RETRY_SECONDS: Final = 1.0  # after a write that failed


class ManagedPod(Struct, gc=False, eq=False):
    """A pod worker with what the shell keeps for it."""

    worker: PodWorker
    ips: tuple[str, ...] = ()
    reported: PodStatus | None = None
    done: FinishPod | None = None
    released: bool = False
    wake: Timer | None = None


class ManagedPods(Watcher):
    """What a kubelet has; `runtimes` and `network` belong to the machine. The arguments are those of `Kubelet`."""

    def __init__(
        self,
        api: ApiRef,
        spec: NodeSpec,
        runtimes: NodeRuntimes,
        network: PodNetwork | None = None,
        *,
        record_events: bool = True,
        computed_heartbeats: bool = False,
    ) -> None:
        super().__init__(api, Identity(f"system:node:{spec.name}", ("system:nodes", AUTHENTICATED)))
        self._spec = spec
        self._runtimes = runtimes
        self._record_events = record_events
        self._computed_heartbeats = computed_heartbeats
        self._pods: dict[str, ManagedPod] = {}  # by uid
        self._dirty: dict[str, None] = {}
        self._overwritten: dict[str, None] = {}  # pods whose status others may have written
        self._deferred: dict[str, None] = {}  # pods whose resize waits for room
        self._network = network or SimulatedNetwork(spec.address, spec.pod_cidr)
        self._unlisted: list[Pod] = []  # new pods of the first list
        self._cpu_time = CpuTime()
        self._admission: NodeAdmission
        self._classes: RuntimeClasses
        self._events: EventRecorder
        self._mounts: Mounts
        self._in_use: VolumesInUse
        self._writes: PodWrites
        self._starts_by: Callable[[Runtime], ContainerStarts]
        self._starts: ContainerStarts  # of the node's own runtime
        self._starts_of_others: dict[int, ContainerStarts] = {}  # by the runtime's identity
        self._registration: NodeRegistration
        self._known: Reflector[Pod]
        self._static: StaticPods | None = None
        self._told: NodeEvents | None = None
        self._storage = NodeStorage(runtimes)
        self._images: ImageCollector
        self._pressure: Pressure
        self._most_files = 0

    def _perform(self, managed: ManagedPod, effects: list[Effect]) -> None:
        """Do what a pod's worker wants."""
        raise NotImplementedError

    def on_container_event(
        self,
        message: ContainerStarted
        | ContainerExited
        | ContainerProbed
        | ImagePulling
        | ProbeAnswered
        | HookEnded,
    ) -> None:
        """What the runtime reports."""
        managed = self._pods.get(message.key.pod_uid)
        if managed is not None:
            self._perform(managed, managed.worker.handle(message, self.ctx.clock.now()))

    def _pod_of(self, uid: str) -> Pod | None:
        managed = self._pods.get(uid)
        return managed.worker.pod if managed is not None else None

    def _latest(self, pod: Pod) -> Pod | None:
        metadata = pod.metadata
        latest = self._known.cache.get(metadata.namespace, metadata.name)
        return latest if latest is not None and latest.metadata.uid == metadata.uid else None

    def _running(self) -> list[Pod]:
        workers = (managed.worker for managed in self._pods.values())
        return [w.pod for w in workers if w.failure is None and not w.finished and not w.terminal]

    def _unended(self) -> list[Pod]:
        workers = (managed.worker for managed in self._pods.values())
        return [w.pod for w in workers if not w.finished and not w.terminal]

    def _reports_of(self, uid: str) -> list[RuntimeEvent]:
        return [event for event in self._runtimes.containers() if event.key.pod_uid == uid]

    def _lives(self, worker: PodWorker) -> bool:
        managed = self._pods.get(worker.uid)
        return managed is not None and managed.worker is worker and not worker.finished

    def _say_if_wanted(self, pod: Pod, said: RecordEvent) -> None:
        if self._record_events:
            self._say(pod, said)

    def _say(self, pod: Pod, said: RecordEvent) -> None:
        self._events.event(pod, said.type, said.reason, said.message, said.field_path)
