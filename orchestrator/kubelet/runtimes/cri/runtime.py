"""The CRI runtime: a kubelet's containers are those of a container runtime behind a socket."""

import asyncio
import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import grpc

from orchestrator.api.core.v1 import (
    Container,
    Pod,
)
from orchestrator.kubelet.networks.interface import NetworkFault
from orchestrator.kubelet.runtimes import own_directories
from orchestrator.kubelet.runtimes.container_logs import ROTATED_AT, Log
from orchestrator.kubelet.runtimes.cri.configs import (
    BindMount,
    container_config,
    resources_of,
)
from orchestrator.kubelet.runtimes.cri.conversations import talk
from orchestrator.kubelet.runtimes.cri.credentials import credentials_for
from orchestrator.kubelet.runtimes.cri.endpoint import CriFault, Endpoint
from orchestrator.kubelet.runtimes.cri.probes import CriProber
from orchestrator.kubelet.runtimes.cri.runs import Run
from orchestrator.kubelet.runtimes.cri.sandboxes import OWNER, PREFIX, Sandboxes, me
from orchestrator.kubelet.runtimes.cri.schema import PACKAGE, message
from orchestrator.kubelet.runtimes.disks import Disks
from orchestrator.kubelet.runtimes.images import missing
from orchestrator.kubelet.runtimes.interface import (
    ContainerKey,
    ContainerStarted,
    ImagePulling,
    World,
)
from orchestrator.kubelet.runtimes.own_directories import OwnDirectory
from orchestrator.kubelet.runtimes.process import talk as streams
from orchestrator.kubelet.runtimes.real import (
    NOT_STARTED,
    ConfigFault,
    RealRuntime,
    Refusal,
    refuse_recursion,
)
from orchestrator.kubelet.runtimes.users import root_fault
from orchestrator.kubelet.runtimes.volume_directories import VolumeFault
from orchestrator.protocol import ContainerUsage
from orchestrator.sessions import LogOptions, Session

DEFAULT_ENDPOINT: Final = "unix:///run/containerd/containerd.sock"
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


class CriRuntime(RealRuntime[Run]):
    """Runs containers in the runtime at `address`; `name` is what `runtime_name` said of it.

    Pods share the host's network, each with an address of its own. Implements `Runtime`, `Inhabited`,
    `Conversational`, `Refreshed` and `Ending`. It lives in real time.
    """

    def __init__(
        self, name: str, address: str = DEFAULT_ENDPOINT, disks: Disks | None = None
    ) -> None:
        super().__init__(disks)
        self.name = name
        self._scheme = name.partition(":")[0]
        self._address = address
        self._looking: asyncio.Task[None] | None = None
        self._endpoint: Endpoint
        self._sandboxes: Sandboxes
        self._own: OwnDirectory
        self._directory: Path | None = None
        self._handlers: dict[str, str] = {}  # of the runtime's own, by pod

    def handle(self, pod_uid: str, handler: str) -> None:
        """As `Handling.handle`."""
        self._handlers[pod_uid] = handler

    def _begin(self) -> Path:
        """The directory in which logs and volumes lie, made with the first container."""
        if self._directory is None:
            self._own = own_directories.make(
                PREFIX, lambda path: shutil.rmtree(path, ignore_errors=True)
            )
            self._directory = self._own.path
            self._endpoint = Endpoint(self._address)
            self._sandboxes = Sandboxes(self._endpoint, self._directory)
            self._prober = CriProber(self._endpoint, self._link)
        return self._directory

    def _run(self, pod: Pod, container: Container, key: ContainerKey) -> Run:
        self._begin()
        return Run(pod, container, key)

    async def _start(self, run: Run, world: World) -> None:
        try:
            sandbox = await self._sandbox(run.pod)
            image = await self._image(run, world)
            await self._create(run, world, sandbox, image)
        except Refusal as refusal:
            self._refuse(run, refusal.reason, str(refusal))
        except ConfigFault as fault:
            self._refuse(run, "CreateContainerConfigError", str(fault))
        except (CriFault, VolumeFault, NetworkFault, OSError) as fault:
            self._refuse(run, "CreateContainerError", str(fault))
        else:
            await self._launch(run)

    async def _sandbox(self, pod: Pod) -> str:
        try:
            return await self._sandboxes.of(pod, self._handlers.get(pod.metadata.uid, ""))
        except CriFault as fault:
            raise Refusal(
                "CreatePodSandboxError", f"failed to create pod sandbox: {fault}"
            ) from None

    async def _image(self, run: Run, world: World) -> Any:
        """What the runtime knows of the container's image, pulled if it has to be. Raises Refusal, CriFault."""
        name, policy = run.container.image, run.container.image_pull_policy
        found = await self._endpoint.ask("ImageStatus", image={"image": name})
        present = found.HasField("image")
        if present and policy != "Always":
            return found.image
        if policy == "Never":
            raise Refusal("ErrImageNeverPull", missing(name))
        began = self._host.clock.now()
        self._host.report(ImagePulling(run.key))
        await self._pull(name, credentials_for(name, world.pull_secrets))
        run.pulled_in = self._host.clock.now() - began
        return (await self._endpoint.ask("ImageStatus", image={"image": name})).image

    async def _pull(self, name: str, credentials: list[dict[str, str]]) -> None:
        """With each of the credentials, until one will do; raises Refusal if none does."""
        fault: CriFault | None = None
        ways: list[dict[str, Any]] = [{"auth": each} for each in credentials] or [{}]
        for way in ways:
            try:
                await self._endpoint.ask("PullImage", image={"image": name}, **way)
            except CriFault as found:
                fault = found
            else:
                return
        raise Refusal("ErrImagePull", str(fault))

    async def _create(self, run: Run, world: World, sandbox: str, image: Any) -> None:
        """Raises ConfigFault, VolumeFault, OSError, CriFault."""
        pod, container, key = run.pod, run.container, run.key
        refuse_recursion(world)
        if said := root_fault(pod, container, image.uid.value, image.username):
            raise ConfigFault(said)
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

    def _mounts(self, run: Run, world: World) -> list[BindMount]:
        """Raises VolumeFault, OSError."""
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
                found.append(BindMount(path, str(file)))
        run.message_file = place / f"{run.key.name}-{run.key.attempt}.message"
        run.message_file.touch()
        run.message_file.chmod(0o666)
        where = run.container.termination_message_path or "/dev/termination-log"
        found.append(BindMount(where, str(run.message_file)))
        volumes = self._volumes(run.pod)
        for each in world.mounts:
            if each.medium == "image":
                raise VolumeFault(
                    f'volume "{each.volume}" is an image, which this runtime does not mount'
                )
            source = volumes.source(each, run.container.name)
            found.append(
                BindMount(
                    each.path,
                    str(source),
                    each.read_only,
                    each.propagation,
                    is_device=source.is_block_device(),
                )
            )
        return found

    async def _launch(self, run: Run) -> None:
        if run.removed or run.stopping:
            self._refuse(run, "Error", "")
            return
        try:
            await self._endpoint.ask("StartContainer", container_id=run.id)
        except CriFault as fault:
            self._over(run, NOT_STARTED, "StartError", str(fault), 0.0)
        else:
            self._started(run)

    def _started(self, run: Run) -> None:
        run.last = ContainerStarted(
            run.key, run.container_id, self._host.clock.now(), True, run.pulled_in, recursive=False
        )
        if not run.removed:
            self._host.report(run.last)
        if run.stopping:
            self._task(self._stop(run))
        if self._looking is None or self._looking.done():
            self._looking = self._task(self._look())

    # --- what becomes of containers ----------------------------------------------------------

    async def _look(self) -> None:
        """See which of our containers have ended, as long as there are any."""
        looks = 0
        while running := [run for run in self._all() if run.running]:
            with suppress(CriFault):  # the runtime is being restarted: its containers live on
                await self._look_at(running)
                if looks % _USAGE_LOOKS == 0:
                    await asyncio.gather(*map(self._rotate, running))
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
        if not isinstance(run.last, ContainerStarted):
            return  # it was stopped, and its end taken, while the runtime was asked
        began = run.last.at
        try:
            status = (await self._endpoint.ask("ContainerStatus", container_id=run.id)).status
        except CriFault as fault:
            if fault.missing and not run.ended.is_set():
                text = "The container could not be located when the pod was terminated"
                self._over(run, 137, "ContainerStatusUnknown", text, began)
            return
        if status.state != _EXITED or run.ended.is_set():
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

    async def _rotate(self, run: Run) -> None:
        """Have a log that is full begin anew. Only the one before is kept. Raises CriFault."""
        log = run.log
        try:
            if log is None or log.path.stat().st_size < ROTATED_AT:
                return
            os.replace(log.path, log.before)
        except OSError:
            return  # the pod has just been removed
        try:
            await self._endpoint.ask("ReopenContainerLog", container_id=run.id)
        except CriFault:
            with suppress(OSError):  # the runtime writes on in the file that it has
                os.replace(log.before, log.path)
            raise
        log.generation += 1  # who follows it goes on in the new file

    # --- Runtime, again ----------------------------------------------------------------------

    def stop(self, key: ContainerKey, grace_seconds: float) -> None:
        """Ask for a container to be stopped within the grace period (seconds); a second call may shorten that."""
        run = self._find(key)
        if run is None or run.ended.is_set():
            return
        run.stopping = True
        if run.task is not None and not run.task.done() and not run.id:
            run.task.cancel()  # its image is being pulled
            self._refuse(run, "Error", "")
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

    def _drop(self, run: Run) -> None:
        run.unlink()
        if run.id:
            self._task(self._remove_container(run.id))

    async def _remove_container(self, container_id: str) -> None:
        with suppress(CriFault):  # its sandbox takes it away in the end
            await self._endpoint.ask("RemoveContainer", container_id=container_id)

    def remove(self, pod_uid: str) -> None:
        """Remove a pod's sandbox and containers."""
        runs = self._runs.pop(pod_uid, {})
        self._owned.pop(pod_uid, None)
        self._handlers.pop(pod_uid, None)
        for run in runs.values():
            run.removed = True
            if run.task is not None and not run.task.done():
                run.task.cancel()
            run.over()
        if runs and self._directory is not None:
            self._task(self._clear(pod_uid))

    async def _clear(self, pod_uid: str) -> None:
        await self._sandboxes.remove(pod_uid)
        await asyncio.to_thread(shutil.rmtree, self._place(pod_uid), ignore_errors=True)

    def usage(self, key: ContainerKey) -> ContainerUsage | None:
        """What the runtime said last of a container; None before that."""
        run = self._running(key)
        if run is None:
            return None
        spent = run.cpu[1] / 1e9 if run.cpu is not None else None
        return ContainerUsage(milli_cpu=run.usage[0], memory_bytes=run.usage[1], cpu_seconds=spent)

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
        run, text = self._logged(key)
        if not text.path.exists():
            raise LookupError(f"unable to retrieve container logs for {run.container_id}")
        waking = self._task(self._wake(run)) if options.follow else None
        try:
            return await streams.log(run, text, options, session)
        finally:
            if waking is not None:
                waking.cancel()

    async def _wake(self, run: Run) -> None:
        """The runtime writes the log, and tells nobody."""
        while not run.ended.is_set():
            await self._host.clock.sleep(_FOLLOW_SECONDS)
            run.changed()

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

    async def close(self) -> None:
        """End all containers, and take away everything that is theirs."""
        await self._end_tasks()
        for run in self._all():
            run.removed = True
            run.over()
        self._runs.clear()
        if self._directory is not None:
            await self._sandboxes.close()
            await self._endpoint.close()
            shutil.rmtree(self._directory, ignore_errors=True)
            self._own.release()
            self._directory = None

    def _place(self, pod_uid: str) -> Path:
        return self._begin() / pod_uid

    def _memory(self, pod_uid: str) -> Path:
        return self._place(pod_uid) / "memory"
