"""The records of simulated containers: what each is, what was reported of it last, and what comes next."""

from collections.abc import Callable, Mapping
from typing import Final

from msgspec import Struct

from actors import Timer
from orchestrator.api.core.v1 import Container, Pod
from orchestrator.kubelet.networks.simulated import SimulatedNetwork
from orchestrator.kubelet.runtimes.disks import Disks
from orchestrator.kubelet.runtimes.interface import (
    ContainerExited,
    ContainerKey,
    ContainerProbed,
    ContainerStarted,
    RuntimeHost,
    World,
)
from orchestrator.kubelet.runtimes.live import Journal, LiveRun, Recital
from orchestrator.kubelet.runtimes.profile import Profile
from orchestrator.kubelet.runtimes.programs import Program
from orchestrator.kubelet.runtimes.runs import find
from orchestrator.kubelet.runtimes.volumes import Volumes

_FOREVER: Final = float("inf")


class Record(Struct, eq=False):
    """One container: its profile, its last report, and what comes next (when, and what to call)."""

    key: ContainerKey
    profile: Profile
    container_id: str
    exit_code: int
    fail_code: int
    image: str = ""
    pulled_in: float | None = None
    started_at: float | None = None
    ready_at: float = _FOREVER
    healthy_until: float = _FOREVER
    stopping: bool = False
    pod: Pod | None = None
    container: Container | None = None
    program: Program | None = None  # that decides how it ends
    before: "Record | None" = None  # the run before it, whose log can still be read
    world: World | None = None  # since somebody looked into it
    environment: Mapping[str, str] | None = None  # of its start, whatever it does with it
    journal: Journal | None = None  # what it has written, beside what is worked out
    live: LiveRun | None = None
    recital: Recital | None = None
    served: dict[str, str] | None = None  # what its server keeps
    last: ContainerStarted | ContainerExited | None = None
    probed: ContainerProbed | None = None
    next: tuple[float, Callable[..., None], tuple[object, ...]] | None = None
    timer: Timer | None = None


class Records:
    """The containers of one node, each with at most one timer. `disks` are what is behind claims."""

    def __init__(self, profile: Profile | None = None, disks: Disks | None = None) -> None:
        self._profile = profile or Profile()
        self._pods: dict[str, dict[str, Record]] = {}
        self._images: dict[str, int] = {}  # that are on the node, and what each takes of its disk
        self._volumes = Volumes(disks or Disks())
        self._host: RuntimeHost
        self._network: SimulatedNetwork | None = None

    def _last_words(self, record: Record, exit_code: int) -> str:
        """The termination message of a container that has a program."""
        raise NotImplementedError

    def _run_of(self, key: ContainerKey) -> Record:
        """The present run, or the one before. Raises LookupError."""
        record = self._pods.get(key.pod_uid, {}).get(key.name)
        while record is not None:
            if record.key == key and record.started_at is not None:
                return record
            record = record.before
        raise LookupError(f"unable to retrieve container logs for {key.name}")

    def _find(self, key: ContainerKey) -> Record | None:
        return find(self._pods, key)

    def _report_again(self, record: Record) -> None:
        if record.last is not None:
            self._host.report(record.last)
        if record.probed is not None:
            self._host.report(record.probed)

    def _next(
        self, record: Record, delay: float, exit_code: int, reason: str, message: str = ""
    ) -> None:
        if delay > 0:
            self._after(delay, record, self._end, exit_code, reason, message)
        else:
            self._end(record, exit_code, reason, message)

    def _after(
        self, delay: float, record: Record, function: Callable[..., None], *arguments: object
    ) -> None:
        """Have `function(record, *arguments)` called instead of what was to come next."""
        self._nothing_next(record)
        record.next = (self._host.clock.now() + delay, function, arguments)
        record.timer = self._host.call_after(delay, function, record, *arguments)

    def _nothing_next(self, record: Record) -> None:
        if record.timer is not None:
            record.timer.cancel()
        record.timer = record.next = None

    def _end(self, record: Record, exit_code: int, reason: str, message: str = "") -> None:
        self._nothing_next(record)
        record.probed = None
        if record.live is not None:
            record.live.stop()
        if not message and record.program is not None:
            message = self._last_words(record, exit_code)
        record.last = ContainerExited(
            key=record.key,
            container_id=record.container_id,
            exit_code=exit_code,
            reason=reason,
            message=message,
            started_at=record.started_at,
            at=self._host.clock.now(),
        )
        self._host.report(record.last)
