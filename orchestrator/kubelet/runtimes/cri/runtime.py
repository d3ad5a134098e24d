"""The CRI runtime: a kubelet's containers are those of a container runtime behind a socket."""

import asyncio
import shutil
import tempfile
from collections.abc import Awaitable, Iterable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import grpc

from orchestrator.api.core.v1 import (
    Container,
    LifecycleHandler,
    Pod,
    PodSecurityContext,
    PodSpec,
    Probe,
)
from orchestrator.kubelet.machine_facts import MachineFacts, this_machine
from orchestrator.kubelet.networks.interface import NetworkFault, PodLink
from orchestrator.kubelet.runtimes.cri.configs import (
    check_user,
    container_config,
    resources_of,
)
from orchestrator.kubelet.runtimes.cri.conversations import talk
from orchestrator.kubelet.runtimes.cri.endpoint import CriFault, Endpoint
from orchestrator.kubelet.runtimes.cri.probes import CriProber
from orchestrator.kubelet.runtimes.cri.runs import Run
from orchestrator.kubelet.runtimes.cri.sandboxes import OWNER, PREFIX, Sandboxes, me
from orchestrator.kubelet.runtimes.cri.schema import PACKAGE, message
from orchestrator.kubelet.runtimes.disks import Disks
from orchestrator.kubelet.runtimes.images import missing
from orchestrator.kubelet.runtimes.interface import (
    ContainerExited,
    ContainerKey,
    ContainerStarted,
    HookEnded,
    ImagePulling,
    ProbeAnswered,
    RuntimeEvent,
    RuntimeHost,
    World,
)
from orchestrator.kubelet.runtimes.process import talk as streams
from orchestrator.kubelet.runtimes.process.logs import Log
from orchestrator.kubelet.runtimes.process.plans import ConfigFault
from orchestrator.kubelet.runtimes.process.volumes import VolumeFault, Volumes
from orchestrator.protocol import ContainerUsage
from orchestrator.sessions import LogOptions, Session

DEFAULT_ENDPOINT: Final = "unix:///run/containerd/containerd.sock"
NOT_STARTED: Final = 128
_ANSWER_SECONDS: Final = 5.0
_LOOK_SECONDS: Final = 0.5  # between two looks at what runs
_FOLLOW_SECONDS: Final = 0.1  # between two looks at a log that is followed
_USAGE_LOOKS: Final = 10  # looks at what runs for one at what it uses
_RUNNING: Final = 1  # states of containers
_EXITED: Final = 2
_FILES: Final = ("/etc/hosts", "/etc/hostname", "/etc/resolv.conf")
_CONNECT_SECONDS: Final = 30.0


def runtime_name(address: str) -> str:
    """Name and version of the runtime at an address, as a node tells them: `containerd://1.7.1`.

    Raises CriFault if none answers within 5 seconds.
    """
    request, response = message("VersionRequest"), message("VersionResponse")
    with grpc.insecure_channel(address) as channel:
        call = channel.unary_unary(
            f"/{PACKAGE}.RuntimeService/Version", request.SerializeToString, response.FromString
        )
        try:
            answer = call(request(), timeout=_ANSWER_SECONDS)
        except grpc.RpcError:
            raise CriFault(f"no container runtime answers at {address}") from None
    return f"{answer.runtime_name}://{answer.runtime_version}"


class _Refusal(Exception):
    """The container is not created: `reason` is that of its state."""

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason


class CriRuntime:
    """Runs containers in the runtime at `address`; `name` is what `runtime_name` said of it.

    Pods share the host's network, each with an address of its own. Implements `Runtime`, `Inhabited`,
    `Conversational`, `Refreshed` and `Ending`. It lives in real time.
    """

    def __init__(
        self, name: str, address: str = DEFAULT_ENDPOINT, disks: Disks | None = None
    ) -> None:
        self.name = name
        self._scheme = name.partition(":")[0]
        self._address = address
        self._disks = disks or Disks()
        self._owned: dict[str, set[str]] = {}
        self._runs: dict[str, dict[str, Run]] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._looking: asyncio.Task[None] | None = None
        self._host: RuntimeHost
        self._endpoint: Endpoint
        self._sandboxes: Sandboxes
        self._prober: CriProber
        self._directory: Path | None = None

    def attach(self, host: RuntimeHost) -> None:
        self._host = host

    def _begin(self) -> Path:
        """The directory in which logs and volumes lie, made with the first container."""
        if self._directory is None:
            self._directory = Path(tempfile.mkdtemp(prefix=PREFIX))
            self._directory.chmod(0o711)
            self._endpoint = Endpoint(self._address)
            self._sandboxes = Sandboxes(self._endpoint, self._directory)
            self._prober = CriProber(self._endpoint, self._link)
        return self._directory

    # --- Runtime ---------------------------------------------------------------------------

    def start(self, pod: Pod, container: Container, key: ContainerKey) -> None:
        """Start a container that sees nothing of the cluster."""
        self.start_within(pod, container, key, World({}, {}, pod.metadata.name))

    def start_within(self, pod: Pod, container: Container, key: ContainerKey, world: World) -> None:
        """Start a container that sees `world`."""
        if self._host.clock.virtual:
            now = self._host.clock.now()
            said = "containers live in real time, and this cluster's time jumps: run it in a loop whose time does not"
            refused = ContainerExited(key, "", NOT_STARTED, "CreateContainerError", said, None, now)
            self._host.report(refused)
            return
        known = self._runs.setdefault(key.pod_uid, {}).get(key.name)
        if known is not None and known.key == key:
            if known.last is not None:
                self._host.report(known.last)
            return
        self._begin()
        run = Run(pod, container, key)
        if known is not None:
            known.before, run.before = None, known
        self._runs[key.pod_uid][key.name] = run
        run.task = self._task(self._start(run, world))

    async def _start(self, run: Run, world: World) -> None:
        try:
            sandbox = await self._sandbox(run.pod)
            image = await self._image(run)
            await self._create(run, world, sandbox, image)
        except _Refusal as refusal:
            self._over(run, NOT_STARTED, refusal.reason, str(refusal), None)
        except ConfigFault as fault:
            self._over(run, NOT_STARTED, "CreateContainerConfigError", str(fault), None)
        except (CriFault, VolumeFault, NetworkFault, OSError) as fault:
            self._over(run, NOT_STARTED, "CreateContainerError", str(fault), None)
        else:
            await self._launch(run)

    async def _sandbox(self, pod: Pod) -> str:
        try:
            return await self._sandboxes.of(pod)
        except CriFault as fault:
            raise _Refusal(
                "CreatePodSandboxError", f"failed to create pod sandbox: {fault}"
            ) from None

    async def _image(self, run: Run) -> Any:
        """What the runtime knows of the container's image, pulled if it has to be. Raises _Refusal, CriFault."""
        name, policy = run.container.image, run.container.image_pull_policy
        found = await self._endpoint.ask("ImageStatus", image={"image": name})
        present = found.HasField("image")
        if present and policy != "Always":
            return found.image
        if policy == "Never":
            raise _Refusal("ErrImageNeverPull", missing(name))
        began = self._host.clock.now()
        self._host.report(ImagePulling(run.key))
        try:
            await self._endpoint.ask("PullImage", image={"image": name})
        except CriFault as fault:
            raise _Refusal("ErrImagePull", str(fault)) from None
        run.pulled_in = self._host.clock.now() - began
        return (await self._endpoint.ask("ImageStatus", image={"image": name})).image

    async def _create(self, run: Run, world: World, sandbox: str, image: Any) -> None:
        """Raises ConfigFault, VolumeFault, OSError, CriFault."""
        pod, container, key = run.pod, run.container, run.key
        check_user(pod, container, image.uid.value, image.username)
        log = f"{key.name}_{key.attempt}.log"
        run.log = Log(self._sandboxes.logs(key.pod_uid) / log)
        config = container_config(
            pod,
            container,
            world,
            attempt=key.attempt,
            image=image.id,
            mounts=self._mounts(run, world),
            log=log,
            labels={OWNER: me(), "io.kubernetes.container.name": container.name},
        )
        answer = await self._endpoint.ask(
            "CreateContainer",
            pod_sandbox_id=sandbox,
            config=config,
            sandbox_config=self._sandboxes.config(pod),
        )
        run.id = str(answer.container_id)
        run.container_id = f"{self._scheme}://{run.id}"

    def _mounts(self, run: Run, world: World) -> list[tuple[str, str, bool]]:
        """Place in the container, place on the machine, whether it is read alone. Raises VolumeFault, OSError."""
        place = self._place(run.key.pod_uid)
        files = place / "etc"
        files.mkdir(parents=True, exist_ok=True)
        taken = {each.path for each in world.mounts}
        found = []
        for path in _FILES:
            if path in world.files and path not in taken:
                file = files / Path(path).name
                if not file.exists():
                    file.write_bytes(world.files[path])
                found.append((path, str(file), False))
        run.message_file = place / f"{run.key.name}-{run.key.attempt}.message"
        run.message_file.touch()
        run.message_file.chmod(0o666)
        where = run.container.termination_message_path or "/dev/termination-log"
        found.append((where, str(run.message_file), False))
        volumes = self._volumes(run.pod)
        for each in world.mounts:
            if each.medium == "image":
                raise VolumeFault(
                    f'volume "{each.volume}" is an image, which this runtime does not mount'
                )
            source = volumes.source(each, run.container.name)
            found.append((each.path, str(source), each.read_only))
        return found

    async def _launch(self, run: Run) -> None:
        if run.removed or run.stopping:
            self._over(run, NOT_STARTED, "Error", "", None)
            return
        try:
            await self._endpoint.ask("StartContainer", container_id=run.id)
        except CriFault as fault:
            self._over(run, NOT_STARTED, "StartError", str(fault), 0.0)
        else:
            self._started(run)

    def _started(self, run: Run) -> None:
        run.last = ContainerStarted(
            run.key, run.container_id, self._host.clock.now(), True, run.pulled_in
        )
        if not run.removed:
            self._host.report(run.last)
        if run.stopping:
            self._task(self._stop(run))
        if self._looking is None or self._looking.done():
            self._looking = self._task(self._look())

    def _over(
        self, run: Run, code: int, reason: str, text: str, started_at: float | None, at: float = 0.0
    ) -> None:
        if run.ended.is_set():
            return
        now = at or self._host.clock.now()
        run.last = ContainerExited(run.key, run.container_id, code, reason, text, started_at, now)
        run.ended.set()
        run.wake()
        if not run.removed:
            self._host.report(run.last)

    # --- what becomes of containers ----------------------------------------------------------

    async def _look(self) -> None:
        """See which of our containers have ended, as long as there are any."""
        looks = 0
        while running := [run for run in self._all() if run.running]:
            with suppress(CriFault):  # the runtime is being restarted: its containers live on
                await self._look_at(running)
                if looks % _USAGE_LOOKS == 0:
                    await asyncio.gather(*map(self._measure, running))
            looks += 1
            await self._host.clock.sleep(_LOOK_SECONDS)

    async def _look_at(self, running: list[Run]) -> None:
        answer = await self._endpoint.ask(
            "ListContainers", filter={"label_selector": {OWNER: me()}}
        )
        states = {each.id: each.state for each in answer.containers}
        ended = [run for run in running if states.get(run.id, _EXITED) != _RUNNING]
        await asyncio.gather(*map(self._take_end, ended))

    async def _take_end(self, run: Run) -> None:
        assert isinstance(run.last, ContainerStarted)
        began = run.last.at
        try:
            status = (await self._endpoint.ask("ContainerStatus", container_id=run.id)).status
        except CriFault as fault:
            if fault.missing:
                text = "The container could not be located when the pod was terminated"
                self._over(run, 137, "ContainerStatusUnknown", text, began)
            return
        if status.state != _EXITED:
            return
        code = status.exit_code
        reason = status.reason or ("Error" if code else "Completed")
        text = run.message(code) or status.message
        self._over(run, code, reason, text, began, status.finished_at / 1e9)

    async def _measure(self, run: Run) -> None:
        """What a container uses. Raises CriFault."""
        try:
            stats = (await self._endpoint.ask("ContainerStats", container_id=run.id)).stats
        except CriFault as fault:
            if fault.missing:
                return  # it has just ended
            raise
        at, used = stats.cpu.timestamp, stats.cpu.usage_core_nano_seconds.value
        milli = run.usage[0]
        if run.cpu is not None and at > run.cpu[0]:
            milli = round(1000 * (used - run.cpu[1]) / (at - run.cpu[0]))
        run.cpu = at, used
        run.usage = milli, stats.memory.working_set_bytes.value

    # --- Runtime, again ----------------------------------------------------------------------

    def stop(self, key: ContainerKey, grace_seconds: float) -> None:
        run = self._find(key)
        if run is None or run.ended.is_set():
            return
        run.stopping = True
        if run.task is not None and not run.task.done() and not run.id:
            run.task.cancel()  # its image is being pulled
            self._over(run, NOT_STARTED, "Error", "", None)
            return
        if grace_seconds < run.grace:
            run.grace = grace_seconds
            if run.running:
                self._task(self._stop(run))

    async def _stop(self, run: Run) -> None:
        with suppress(CriFault):  # it has ended
            await self._endpoint.ask("StopContainer", container_id=run.id, timeout=round(run.grace))
        if not run.ended.is_set():
            with suppress(CriFault):
                await self._take_end(run)

    def remove(self, pod_uid: str) -> None:
        runs = self._runs.pop(pod_uid, {})
        self._owned.pop(pod_uid, None)
        for run in runs.values():
            run.removed = True
            if run.task is not None and not run.task.done():
                run.task.cancel()
            run.ended.set()
            run.wake()
        if runs and self._directory is not None:
            self._task(self._clear(pod_uid))

    async def _clear(self, pod_uid: str) -> None:
        await self._sandboxes.remove(pod_uid)
        await asyncio.to_thread(shutil.rmtree, self._place(pod_uid), ignore_errors=True)

    def containers(self) -> Iterable[RuntimeEvent]:
        return [run.last for run in self._all() if run.last is not None]

    def usage(self, key: ContainerKey) -> ContainerUsage | None:
        run = self._running(key)
        if run is None:
            return None
        return ContainerUsage(milli_cpu=run.usage[0], memory_bytes=run.usage[1])

    def resize(self, pod: Pod, container: Container, key: ContainerKey) -> None:
        """Let a container that runs have what it asks for by now."""
        run = self._running(key)
        if run is not None:
            run.pod, run.container = pod, container
            self._task(self._resize(run))

    async def _resize(self, run: Run) -> None:
        with suppress(CriFault):
            await self._endpoint.ask(
                "UpdateContainerResources", container_id=run.id, linux=resources_of(run.container)
            )

    def probe(
        self, pod: Pod, container: Container, key: ContainerKey, kind: str, probe: Probe
    ) -> None:
        run = self._running(key)
        if run is not None:
            self._task(self._probe(run, pod, kind, probe))

    async def _probe(self, run: Run, pod: Pod, kind: str, probe: Probe) -> None:
        success, output = await self._prober.ask(run, pod, probe)
        self._host.report(ProbeAnswered(run.key, kind, success, output, self._host.clock.now()))

    def run_hook(
        self,
        pod: Pod,
        container: Container,
        key: ContainerKey,
        handler: LifecycleHandler,
        before_stop: bool,
    ) -> None:
        run = self._running(key)
        if run is None:
            self._host.report(HookEnded(key, before_stop, True))
        else:
            self._task(self._hook(run, pod, handler, before_stop))

    async def _hook(self, run: Run, pod: Pod, handler: LifecycleHandler, before_stop: bool) -> None:
        failed = not await self._prober.hook(run, pod, handler)
        self._host.report(HookEnded(run.key, before_stop, failed))

    # --- volumes ---------------------------------------------------------------------------

    def refresh(self, key: ContainerKey, world: World) -> None:
        """Bring what is made of objects up to date in a container that runs."""
        run = self._running(key)
        if run is None:
            return
        volumes = self._volumes(run.pod)
        for mount in world.mounts:
            if mount.medium in ("objects", "secret") and not mount.sub_path:
                volumes.write(mount)

    def _volumes(self, pod: Pod) -> Volumes:
        uid = pod.metadata.uid
        context = (pod.spec or PodSpec()).security_context or PodSecurityContext()
        return Volumes(
            self._place(uid) / "volumes",
            self._place(uid) / "memory",
            self._disks,
            context.fs_group,
            self._owned.setdefault(uid, set()),
            self._stamp,
            only_mismatch=context.fs_group_change_policy == "OnRootMismatch",
        )

    def _stamp(self) -> str:
        now = datetime.fromtimestamp(self._host.clock.now(), UTC)
        return f"{now:%Y_%m_%d_%H_%M_%S}.{self._host.random.randrange(10**9, 10**10)}"

    # --- conversations ---------------------------------------------------------------------

    async def execute(
        self, key: ContainerKey, command: tuple[str, ...], world: World, session: Session
    ) -> int:
        """Run a command in a container, with a terminal if the session has one. Raises CriFault."""
        run, terminal = self._ready(key), session.terminal
        answer = await self._endpoint.ask(
            "Exec",
            container_id=run.id,
            cmd=command,
            tty=terminal,
            stdin=session.stdin,
            stdout=True,
            stderr=not terminal,
        )
        return await talk(answer.url, session, stdin=session.stdin, terminal=terminal)

    async def join(
        self, key: ContainerKey, container: Container, world: World, session: Session
    ) -> int:
        """Join the container's own streams. Raises CriFault."""
        run, terminal = self._ready(key), bool(container.tty)
        stdin = session.stdin and bool(container.stdin)
        answer = await self._endpoint.ask(
            "Attach",
            container_id=run.id,
            tty=terminal,
            stdin=stdin,
            stdout=True,
            stderr=not terminal,
        )
        return await talk(answer.url, session, stdin=stdin, terminal=terminal)

    async def log(
        self,
        key: ContainerKey,
        container: Container,
        world: World,
        options: LogOptions,
        session: Session,
    ) -> int:
        """Write the log of a run."""
        run = self._runs.get(key.pod_uid, {}).get(key.name)
        while run is not None and (run.key != key or run.log is None):
            run = run.before
        if run is None or run.log is None or not run.log.path.exists():
            raise LookupError(
                f"unable to retrieve container logs for {run.container_id if run else key.name}"
            )
        waking = self._task(self._wake(run)) if options.follow else None
        try:
            return await streams.log(run, run.log, options, session)
        finally:
            if waking is not None:
                waking.cancel()

    async def _wake(self, run: Run) -> None:
        """The runtime writes the log, and tells nobody."""
        while not run.ended.is_set():
            await self._host.clock.sleep(_FOLLOW_SECONDS)
            run.wake()

    async def connect(self, pod: Pod, key: ContainerKey, port: int, session: Session) -> int:
        """Serve a connection to a port of the pod. Raises ConnectionRefusedError."""
        fault: Exception | None = None
        for host in (self._link(pod).address, "127.0.0.1"):
            try:
                async with asyncio.timeout(_CONNECT_SECONDS):
                    reader, writer = await asyncio.open_connection(host, port)
            except (OSError, TimeoutError) as error:
                fault = fault or error
            else:
                return await streams.pass_bytes(reader, writer, session)
        raise ConnectionRefusedError(f"failed to connect to localhost:{port}: {fault}")

    # --- the machine -----------------------------------------------------------------------

    def machine_facts(self) -> MachineFacts:
        """The machine on which the containers run."""
        return this_machine()

    async def close(self) -> None:
        """End all containers, and take away everything that is theirs."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for run in self._all():
            run.removed = True
            run.ended.set()
            run.wake()
        self._runs.clear()
        if self._directory is not None:
            await self._sandboxes.close()
            await self._endpoint.close()
            shutil.rmtree(self._directory, ignore_errors=True)
            self._directory = None

    def _place(self, pod_uid: str) -> Path:
        return self._begin() / pod_uid

    def _link(self, pod: Pod) -> PodLink:
        return self._host.network.join(pod)

    def _all(self) -> list[Run]:
        return [run for runs in self._runs.values() for run in runs.values()]

    def _find(self, key: ContainerKey) -> Run | None:
        run = self._runs.get(key.pod_uid, {}).get(key.name)
        return run if run is not None and run.key == key else None

    def _running(self, key: ContainerKey) -> Run | None:
        run = self._find(key)
        return run if run is not None and run.running else None

    def _ready(self, key: ContainerKey) -> Run:
        """Raises LookupError."""
        run = self._running(key)
        if run is None:
            raise LookupError(f"container {key.name} is not running")
        return run

    def _task(self, work: "Awaitable[Any]") -> "asyncio.Task[Any]":
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: "asyncio.Task[Any]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            asyncio.get_running_loop().call_exception_handler(
                {"message": "the CRI runtime failed", "exception": error, "task": task}
            )
