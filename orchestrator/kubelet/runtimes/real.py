"""What runtimes have in common whose containers are real: runs that are kept, probes, hooks and volumes."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

from orchestrator.api.core.v1 import (
    Container,
    LifecycleHandler,
    Pod,
    PodSecurityContext,
    PodSpec,
    Probe,
)
from orchestrator.kubelet.app_armor import asks_for_app_armor, has_app_armor
from orchestrator.kubelet.machine_facts import MachineFacts, this_machine
from orchestrator.kubelet.networks.interface import PodLink
from orchestrator.kubelet.runtimes.container_logs import Log
from orchestrator.kubelet.runtimes.disks import Disks
from orchestrator.kubelet.runtimes.host_paths import host_fault
from orchestrator.kubelet.runtimes.interface import (
    ContainerExited,
    ContainerKey,
    ContainerStarted,
    HookEnded,
    ProbeAnswered,
    RuntimeEvent,
    RuntimeHost,
    World,
)
from orchestrator.kubelet.runtimes.probes import Prober
from orchestrator.kubelet.runtimes.runs import find
from orchestrator.kubelet.runtimes.stalls import stalls_of_machine
from orchestrator.kubelet.runtimes.volume_directories import Volumes
from orchestrator.protocol import DirectoryUsage, Stall

NOT_STARTED: Final = 128
"""The exit code of what did not begin."""
_JUMPS: Final = "containers of the runtime {} live in real time, and this cluster's time jumps: run it in a loop whose time does not"
_MOST_MESSAGE: Final = 4096  # bytes of a termination message
_MOST_LOGGED: Final = 2048  # bytes, and lines, of the log that stands for one
_LOGGED_LINES: Final = 80


class Refusal(Exception):
    """A container is not created: `reason` is that of its state."""

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason


class ConfigFault(Exception):
    """The container cannot be created as it is described; the text says why, in the kubelet's words."""


def refuse_recursion(world: World) -> None:
    """Of a runtime that leaves what is mounted below a mount as it is. Raises ConfigFault if it may not."""
    for mount in world.mounts:
        if mount.recursion == "Enabled":
            raise ConfigFault(
                f'failed to resolve recursive read-only mode: volume "{mount.volume}" requested '
                "recursive read-only mode, but it is not supported by the runtime"
            )


class RealRun:
    """A run of a container, from the request to start to its removal."""

    log: Log | None = None

    def __init__(self, pod: Pod, container: Container, key: ContainerKey) -> None:
        self.pod = pod
        self.container = container
        self.key = key
        self.container_id = ""
        self.message_file: Path | None = None
        self.pulled_in: float | None = None
        self.last: ContainerStarted | ContainerExited | None = None
        self.before: Any = None
        self.stopping = False
        self.removed = False
        self.task: asyncio.Task[None] | None = None
        self.followers: set[asyncio.Event] = set()
        self.ended = asyncio.Event()

    @property
    def running(self) -> bool:
        """Whether its process runs."""
        return isinstance(self.last, ContainerStarted)

    def changed(self) -> None:
        """Wake who follows the log."""
        for each in self.followers:
            each.set()

    def message(self, code: int) -> str:
        """The termination message, as the container's policy wants it."""
        text = ""
        if self.message_file is not None:
            with suppress(OSError), self.message_file.open("rb") as file:
                text = file.read(_MOST_MESSAGE).decode(errors="replace")
        by_log = self.container.termination_message_policy == "FallbackToLogsOnError"
        if not text and code and by_log and self.log is not None:
            with suppress(OSError):
                text = self.log.last(_LOGGED_LINES, _MOST_LOGGED)
        return text

    def unlink(self) -> None:
        """Remove its log and its termination message from the disk."""
        files = [self.message_file] if self.message_file is not None else []
        if self.log is not None:
            files += [self.log.path, self.log.before]
        for each in files:
            with suppress(OSError):
                each.unlink()

    def over(self) -> None:
        """It has ended, or never began: nothing more comes of it."""
        self.ended.set()
        self.changed()


R = TypeVar("R", bound=RealRun)


class RealRuntime(ABC, Generic[R]):
    """Base of runtimes whose containers live in real time. `disks` are what is behind claims."""

    name: str
    _prober: Prober

    def __init__(self, disks: Disks | None = None) -> None:
        self._disks = disks or Disks()
        self._owned: dict[str, set[str]] = {}  # by pod: volumes that are their group's by now
        self._runs: dict[str, dict[str, R]] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._host: RuntimeHost

    @abstractmethod
    def _run(self, pod: Pod, container: Container, key: ContainerKey) -> R:
        """A new run, of which nothing has begun."""

    @abstractmethod
    async def _start(self, run: R, world: World) -> None:
        """Start a run, and say what became of it."""

    @abstractmethod
    def _place(self, pod_uid: str) -> Path:
        """The directory of a pod's things."""

    @abstractmethod
    def _memory(self, pod_uid: str) -> Path:
        """The one of those that lie in memory."""

    @abstractmethod
    def _drop(self, run: R) -> None:
        """Take away what is left of the run before the last one: as with the original, each container keeps one dead run."""

    def attach(self, host: RuntimeHost) -> None:
        """As `Runtime.attach`."""
        self._host = host

    # --- what this machine lacks ---------------------------------------------------------------

    def refusal(self, pod: Pod) -> tuple[str, str] | None:
        """Why a pod is not admitted, as reason and message: it wants AppArmor of a machine that has none."""
        if asks_for_app_armor(pod.spec or PodSpec()) and not has_app_armor():
            return "AppArmor", "Cannot enforce AppArmor: AppArmor is not enabled on the host"
        return None

    def sandbox_fault(self, pod: Pod) -> str:
        """Why a pod gets no sandbox, in the kubelet's words: it wants users of its own. Empty: it gets one."""
        if pod.spec is None or pod.spec.host_users is not False:
            return ""
        handler = pod.spec.runtime_class_name or ""
        return f'RuntimeClass handler "{handler}" does not support user namespaces'

    # --- runs --------------------------------------------------------------------------------

    def start(self, pod: Pod, container: Container, key: ContainerKey) -> None:
        """Start a container that sees nothing of the cluster."""
        self.start_within(pod, container, key, World({}, {}, pod.metadata.name))

    def start_within(self, pod: Pod, container: Container, key: ContainerKey, world: World) -> None:
        """Start a container that sees `world`."""
        if self._host.clock.virtual:
            said = _JUMPS.format(self.name.partition(":")[0])
            now = self._host.clock.now()
            refused = ContainerExited(key, "", NOT_STARTED, "CreateContainerError", said, None, now)
            self._host.report(refused)
            return
        known = self._runs.setdefault(key.pod_uid, {}).get(key.name)
        if known is not None and known.key == key:
            if known.last is not None:
                self._host.report(known.last)
            return
        run = self._run(pod, container, key)
        if known is not None:
            if known.before is not None:
                self._drop(known.before)
            known.before, run.before = None, known
        self._runs[key.pod_uid][key.name] = run
        run.task = self._task(self._start(run, world))

    def _refuse(self, run: R, reason: str, text: str) -> None:
        """It is not even tried to start it."""
        self._over(run, NOT_STARTED, reason, text, None)

    def _over(
        self,
        run: R,
        code: int,
        reason: str,
        text: str,
        started_at: float | None,
        at: float | None = None,
    ) -> None:
        """A run has ended, or never began (`started_at` is None then)."""
        run.last = ContainerExited(
            key=run.key,
            container_id=run.container_id,
            exit_code=code,
            reason=reason,
            message=text,
            started_at=started_at,
            at=self._host.clock.now() if at is None else at,
        )
        run.over()
        if not run.removed:
            self._host.report(run.last)

    def containers(self) -> list[RuntimeEvent]:
        """The last report of each container that is not removed."""
        return [run.last for run in self._all() if run.last is not None]

    # --- probes and hooks ----------------------------------------------------------------------

    def probe(
        self, pod: Pod, container: Container, key: ContainerKey, kind: str, probe: Probe
    ) -> None:
        """As `Runtime.probe`."""
        run = self._running(key)
        if run is not None:
            self._task(self._probe(run, pod, kind, probe))

    async def _probe(self, run: R, pod: Pod, kind: str, probe: Probe) -> None:
        success, output = await self._prober.ask(run, pod, probe)
        now = self._host.clock.now()
        self._host.report(ProbeAnswered(run.key, kind, success, output, now))

    def run_hook(
        self,
        pod: Pod,
        container: Container,
        key: ContainerKey,
        handler: LifecycleHandler,
        before_stop: bool,
    ) -> None:
        """As `Runtime.run_hook`."""
        run = self._running(key)
        if run is None:
            self._host.report(HookEnded(key, before_stop, True))
        else:
            self._task(self._hook(run, pod, handler, before_stop))

    async def _hook(self, run: R, pod: Pod, handler: LifecycleHandler, before_stop: bool) -> None:
        failed = not await self._prober.hook(run, pod, handler)
        self._host.report(HookEnded(run.key, before_stop, failed))

    # --- volumes -------------------------------------------------------------------------------

    def refresh(self, key: ContainerKey, world: World) -> None:
        """Bring what is made of objects up to date in a container that runs."""
        run = self._running(key)
        if run is None:
            return
        volumes = self._volumes(run.pod)
        for mount in world.mounts:
            if mount.medium in ("objects", "secret") and not mount.sub_path:
                volumes.write(mount)

    def volume_weights(self, pod_uid: str) -> Mapping[str, DirectoryUsage]:
        """What lies in each emptyDir of a pod."""
        run = next(iter(self._runs.get(pod_uid, {}).values()), None)
        return self._volumes(run.pod).weights_of(run.pod) if run is not None else {}

    def volume_file(self, pod: Pod, volume: str, path: str) -> bytes:
        """What a file in an emptyDir of a pod holds. Raises OSError."""
        return self._volumes(pod).own_file(pod, volume, path)

    def log_bytes(self, pod_uid: str) -> Mapping[str, int]:
        """What a pod's logs take, by container."""
        runs = self._runs.get(pod_uid, {})
        return {name: run.log.kept_bytes() for name, run in runs.items() if run.log is not None}

    def host_fault(self, path: str, kind: str) -> str:
        """Why a path of the machine's cannot be mounted as this type of a hostPath volume; empty: it can."""
        return host_fault(path, kind)

    def _volumes(self, pod: Pod) -> Volumes:
        uid = pod.metadata.uid
        context = (pod.spec or PodSpec()).security_context or PodSecurityContext()
        return Volumes(
            self._place(uid) / "volumes",
            self._memory(uid) / "volumes",
            self._disks,
            context.fs_group,
            self._owned.setdefault(uid, set()),
            self._stamp,
            only_mismatch=context.fs_group_change_policy == "OnRootMismatch",
        )

    def _stamp(self) -> str:
        """What a new state of a volume is called, as the original's writer of such volumes does."""
        now = datetime.fromtimestamp(self._host.clock.now(), UTC)
        return f"{now:%Y_%m_%d_%H_%M_%S}.{self._host.random.randrange(10**9, 10**10)}"

    # --- who is there --------------------------------------------------------------------------

    def machine_stalls(self) -> Mapping[str, Stall]:
        """As `OnMachine.machine_stalls`."""
        return stalls_of_machine()

    def machine_facts(self) -> MachineFacts:
        """The machine on which the containers run."""
        return this_machine()

    def _link(self, pod: Pod) -> PodLink:
        return self._host.network.join(pod)

    def _all(self) -> list[R]:
        return [run for runs in self._runs.values() for run in runs.values()]

    def _find(self, key: ContainerKey) -> R | None:
        return find(self._runs, key)

    def _running(self, key: ContainerKey) -> R | None:
        run = self._find(key)
        return run if run is not None and run.running else None

    def _ready(self, key: ContainerKey) -> R:
        """Raises LookupError."""
        run = self._running(key)
        if run is None:
            raise LookupError(f"container {key.name} is not running")
        return run

    def _logged(self, key: ContainerKey) -> tuple[R, Log]:
        """A run, perhaps one before the last, and its log. Raises LookupError."""
        run = self._runs.get(key.pod_uid, {}).get(key.name)
        while run is not None and (run.key != key or run.log is None):
            run = run.before
        if run is None or run.log is None:
            raise LookupError(f"unable to retrieve container logs for {key.name}")
        return run, run.log

    # --- tasks ---------------------------------------------------------------------------------

    def _task(self, work: "Awaitable[Any]") -> "asyncio.Task[Any]":
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: "asyncio.Task[Any]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            said = f"the runtime {self.name} failed"
            asyncio.get_running_loop().call_exception_handler(
                {"message": said, "exception": error, "task": task}
            )

    async def _end_tasks(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
