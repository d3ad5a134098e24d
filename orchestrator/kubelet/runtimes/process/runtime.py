"""The process runtime: containers are processes of this machine, enclosed as far as it allows."""

import asyncio
import os
import signal
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from contextlib import suppress
from pathlib import Path
from typing import Final

from orchestrator.api.core.v1 import (
    Container,
    Pod,
    PodSpec,
)
from orchestrator.extras import version_of
from orchestrator.kubelet.networks.interface import NetworkFault
from orchestrator.kubelet.runtimes.container_logs import ROTATED_AT, LogFile
from orchestrator.kubelet.runtimes.disks import Disks
from orchestrator.kubelet.runtimes.images import volume_images
from orchestrator.kubelet.runtimes.interface import (
    ContainerKey,
    ContainerStarted,
    ImagePulling,
    NodeImage,
    RuntimeHost,
    World,
)
from orchestrator.kubelet.runtimes.interface import Mount as Volume
from orchestrator.kubelet.runtimes.process import talk
from orchestrator.kubelet.runtimes.process.image_shelf import ImageShelf
from orchestrator.kubelet.runtimes.process.images import Image, InvalidImage
from orchestrator.kubelet.runtimes.process.own_files import own_files
from orchestrator.kubelet.runtimes.process.pipes import Streams
from orchestrator.kubelet.runtimes.process.plans import (
    ROOT_VARIABLE,
    Places,
    box_for,
    command_for,
    limits_of,
    link_mounts,
    memory_limit,
    rights_of,
)
from orchestrator.kubelet.runtimes.process.probes import ProcessProber
from orchestrator.kubelet.runtimes.process.runs import Run, touch
from orchestrator.kubelet.runtimes.process.seccomp import ProfileFault
from orchestrator.kubelet.runtimes.process.shim.messages import (
    Ended,
    Failed,
    Hold,
    Launch,
    Launched,
    Limit,
    Mount,
    News,
    Rights,
)
from orchestrator.kubelet.runtimes.process.shim.mounted import (
    BOTH_WAYS,
    mount_shared,
    release,
    sharing_fault,
)
from orchestrator.kubelet.runtimes.process.shim.roots import LAYER
from orchestrator.kubelet.runtimes.process.shim.trees import remove_tree
from orchestrator.kubelet.runtimes.process.supervisor import Supervisor
from orchestrator.kubelet.runtimes.process.traffic import traffic_of
from orchestrator.kubelet.runtimes.process.usage import measure
from orchestrator.kubelet.runtimes.real import (
    NOT_STARTED,
    ConfigFault,
    RealRuntime,
    Refusal,
    refuse_recursion,
)
from orchestrator.kubelet.runtimes.stalls import stalls_of_groups
from orchestrator.kubelet.runtimes.volume_directories import VolumeFault
from orchestrator.protocol import ContainerUsage
from orchestrator.sessions import LogOptions, Session

_TYPE: Final = "orchestrator-process"  # of container runtime, as CRI-O's is cri-o
_EPOCH: Final = 0.0  # when what could not be started was started, says containerd
_WATCH_SECONDS: Final = (
    0.25  # between two looks at the memory of what has a limit, and no control group
)
_LEAST_WINDOW: Final = 1.0  # seconds between two samples of what is used
_REFUSED: Final = (
    "failed to create containerd task: failed to create shim task: OCI runtime create failed: "
    "runc create failed: unable to start container process: "
)
_END_SECONDS: Final = 10.0  # for what was killed to be gone


class ProcessRuntime(RealRuntime[Run]):
    """Runs containers as processes. `images` say what their images are, and a log is rotated at `log_bytes`.
    Not `enclosed`: containers have no namespaces, as where the machine allows none. `disks` are what is behind claims.

    Implements `Runtime`, `Inhabited`, `Conversational`, `Refreshed` and `Ending`. It lives in real time: a loop whose
    clock jumps is no place for processes, and the first container that is started there is refused.
    """

    name = f"{_TYPE}://{version_of()}"

    def __init__(
        self,
        images: Iterable[Image] = (),
        *,
        log_bytes: int = ROTATED_AT,
        enclosed: bool = True,
        disks: Disks | None = None,
    ) -> None:
        super().__init__(disks)
        self._log_bytes = log_bytes
        self._shelf = ImageShelf(images, lambda: self._shim.directory / "images", self._task)
        self._holders: dict[
            str, int
        ] = {}  # of the process namespaces of pods that have one, by pod
        self._shim = Supervisor("orchestrator-pods", self._lost, enclosed=enclosed)

    def attach(self, host: RuntimeHost) -> None:
        """As `Runtime.attach`; probes need the shim besides."""
        super().attach(host)
        self._prober = ProcessProber(self._shim, self._link)

    # --- Runtime ---------------------------------------------------------------------------

    def _run(self, pod: Pod, container: Container, key: ContainerKey) -> Run:
        return Run(pod, container, key, self._shim.next_id())

    async def _start(self, run: Run, world: World) -> None:
        try:
            image = await self._image(run)
            images = [each for each in world.mounts if each.medium == "image"]
            shown = [await self._shelf.shown(each, run.container.name) for each in images]
            self._prepare(run, image, world, shown)
        except Refusal as refusal:
            self._refuse(run, refusal.reason, str(refusal))
        except (ConfigFault, VolumeFault) as fault:
            self._refuse(run, "CreateContainerConfigError", str(fault))
        except (NetworkFault, InvalidImage, ProfileFault, OSError) as fault:
            self._refuse(run, "CreateContainerError", str(fault))
        else:
            self._launch(run)

    async def _image(self, run: Run) -> Image:
        """The container's image, pulled if it has to be. Raises Refusal, InvalidImage, OSError."""

        async def pull(seconds: float) -> None:
            self._host.report(ImagePulling(run.key))
            await self._host.clock.sleep(seconds)
            run.pulled_in = seconds

        container = run.container
        return await self._shelf.obtain(container.image, container.image_pull_policy, pull)

    def _prepare(self, run: Run, image: Image, world: World, shown: list[Mount]) -> None:
        """Lay out what the container needs on the machine. Raises ConfigFault, VolumeFault, OSError."""
        pod, container, key = run.pod, run.container, run.key
        if not self._encloses():
            refuse_recursion(world)
        root = image.directory
        if root and not self._encloses():
            raise ConfigFault(
                f'image "{image.name}" is a directory, and this machine lets nobody enter it: it allows no '
                "user namespaces; an image that is a command line works"
            )
        run.container_id = f"{_TYPE}://{self._host.random.getrandbits(256):064x}"
        rights = rights_of(pod, container, image, root)
        run.command = command_for(container, image, world, rights, root)
        run.stop_signal = image.signal
        place = self._laid_out(key.pod_uid)
        memory = self._memory(key.pod_uid)
        run.scratch = (place if self._shim.layers else memory) / f"{key.name}-{key.attempt}"
        run.scratch.mkdir()
        run.message_file = touch(memory / f"{run.scratch.name}.message", 0o666)
        volumes = self._volumes(pod)
        files = own_files(memory, world, host=bool(pod.spec and pod.spec.host_network))
        files[container.termination_message_path or "/dev/termination-log"] = run.message_file
        mounts = [
            self._mount(each, str(volumes.source(each, container.name)))
            for each in world.mounts
            if each.medium != "image"
        ]
        places = Places(
            scratch=run.scratch,
            root=root,
            files=files,
            mounts=(*mounts, *shown),
            shared_memory=memory / "shm",
            network=self._link(pod).namespace,
            groups=self._shim.cgroups,
            memory_bytes=self._host.memory_bytes,
            beside=self._beside(pod, container, rights),
        )
        run.box = box_for(pod, container, world, places)
        if not self._shim.namespaces:
            run.command.environment[ROOT_VARIABLE] = link_mounts(run.box)
        path = place / f"{key.name}_{key.attempt}.log"
        run.log = LogFile(path, self._host.clock.now, self._log_bytes)
        run.streams = Streams(stdin=bool(container.stdin), terminal=bool(container.tty))

    def _mount(self, volume: Volume, source: str) -> Mount:
        """How the container gets to see a volume. Raises Refusal, OSError."""
        if self._encloses() and volume.propagation:
            if (
                os.geteuid() == 0
                and volume.medium == "emptyDir"
                and sharing_fault(source, BOTH_WAYS)
            ):
                mount_shared(source)  # a kubelet's own directory is shared, whatever it lies on
            if fault := sharing_fault(source, volume.propagation):
                raise Refusal("CreateContainerError", fault)
        return Mount(
            source,
            volume.path,
            volume.read_only,
            recursive=bool(volume.recursion),
            propagation=volume.propagation,
        )

    def _laid_out(self, pod_uid: str) -> Path:
        """The directory of a pod. Making one costs as much as all else: what need not last lies in memory."""
        place, memory = self._place(pod_uid), self._memory(pod_uid)
        if not place.exists():
            place.parent.mkdir(exist_ok=True)
            place.mkdir()
            for each in {memory, memory / "etc"} - {place}:
                each.mkdir(parents=True, exist_ok=True)
            shared = memory / "shm"
            shared.mkdir(exist_ok=True)
            shared.chmod(0o1777)
        return place

    def _beside(self, pod: Pod, container: Container, rights: Rights) -> int:
        """The order whose process namespace a container shares: that of its pod, or of the container that it debugs."""
        spec, uid = pod.spec or PodSpec(), pod.metadata.uid
        for each in spec.ephemeral_containers:
            if each.name == container.name and each.target_container_name:
                target = self._runs[uid].get(each.target_container_name)
                if target is None or not target.running or target.box is None:
                    raise ConfigFault(
                        f'target container "{each.target_container_name}" is not running'
                    )
                return target.box.beside or target.id
        if not spec.share_process_namespace:
            return 0
        if uid not in self._holders:
            self._holders[uid] = self._shim.next_id()
            self._shim.send(Hold(self._holders[uid], rights))
        return self._holders[uid]

    def _launch(self, run: Run) -> None:
        if run.removed or run.stopping:
            self._refuse(run, "Error", "")
            return
        assert run.command is not None
        assert run.box is not None
        assert run.streams is not None
        order = Launch(run.id, run.command, run.box)
        self._shim.send(order, lambda news, _: self._hear(run, news), run.streams.theirs)
        run.streams.handed()
        run.listen(self._host.clock)

    def _hear(self, run: Run, news: News) -> None:
        """What the shim tells of a run."""
        if isinstance(news, Launched):
            run.pid = news.pid
            run.started_at = self._host.clock.now()
            run.last = ContainerStarted(
                run.key,
                run.container_id,
                run.started_at,
                True,
                run.pulled_in,
                recursive=self._shim.namespaces,
            )
            if not run.removed:
                self._host.report(run.last)
            if run.stopping:
                self._shim.signal(run.id, run.stop_signal)
            if memory_limit(run.container) and not self._shim.cgroups:
                self._task(self._watch(run))
        elif isinstance(news, Failed):
            self._shim.forget(run.id)
            self._task(self._fail(run, news.fault))
        elif isinstance(news, Ended):
            self._shim.forget(run.id)
            self._task(self._end(run, news.code, out_of_memory=news.out_of_memory))

    async def _watch(self, run: Run) -> None:
        """Keep a container's memory limit where no control group does: who is seen above it is killed."""
        while run.running:
            found, most = measure((), run.pid), memory_limit(run.container)
            if found is not None and most and found.memory_bytes > most:
                run.out_of_memory = True
                self._shim.kill(run.id)
                return
            await self._host.clock.sleep(_WATCH_SECONDS)

    async def _fail(self, run: Run, fault: str) -> None:
        """It could not be started: that is a run which ended before it began."""
        await run.silence()
        message = f"{_REFUSED}{fault}: unknown"
        self._over(run, NOT_STARTED, "StartError", message, _EPOCH)

    async def _end(self, run: Run, code: int, *, out_of_memory: bool) -> None:
        await run.silence()
        reason = "Error" if code else "Completed"
        if out_of_memory or run.out_of_memory:
            reason = "OOMKilled"
        self._over(run, code, reason, run.message(code), run.started_at)

    def _over(
        self,
        run: Run,
        code: int,
        reason: str,
        text: str,
        started_at: float | None,
        at: float | None = None,
    ) -> None:
        super()._over(run, code, reason, text, started_at, at)
        if run.scratch is not None and not run.removed:
            self._discard(run.scratch / LAYER)

    def stop(self, key: ContainerKey, grace_seconds: float) -> None:
        """Send its stop signal to a container, and kill it after the grace period (seconds); a second call may shorten that."""
        run = self._find(key)
        if run is None or run.ended.is_set():
            return
        if not run.stopping:
            run.stopping = True
            if run.running and grace_seconds > 0:
                self._shim.signal(run.id, run.stop_signal)
            elif run.task is not None and not run.task.done():
                run.task.cancel()  # its image is being pulled
                self._refuse(run, "Error", "")
                return
        if grace_seconds > 0:
            run.hurry(grace_seconds, lambda: self._shim.kill(run.id))
        else:
            self._shim.kill(run.id)

    def remove(self, pod_uid: str) -> None:
        """Kill what is left of a pod, and remove all that is its own."""
        runs = self._runs.pop(pod_uid, {})
        self._owned.pop(pod_uid, None)
        for run in runs.values():
            run.removed = True
            if run.task is not None and not run.task.done():
                run.task.cancel()
                run.over()
            elif not run.ended.is_set():
                self._shim.kill(run.id)
        if runs:
            self._task(self._clear(pod_uid, list(runs.values())))

    async def _clear(self, pod_uid: str, runs: list[Run]) -> None:
        """Take away what a pod has left, once its containers have ended."""
        for run in runs:
            with suppress(TimeoutError):
                await asyncio.wait_for(run.ended.wait(), _END_SECONDS)
        self._discard(self._place(pod_uid), self._memory(pod_uid))

    def _drop(self, run: Run) -> None:
        run.unlink()
        if run.scratch is not None:
            self._discard(run.scratch)

    def _discard(self, *places: Path) -> None:
        self._task(asyncio.to_thread(_remove, places))

    def usage(self, key: ContainerKey) -> ContainerUsage | None:
        """What a container uses; None when it does not run."""
        run = self._running(key)
        if run is None or run.box is None:
            return None
        found = measure(run.box.cgroups, run.pid)
        if found is None:
            return None
        now = self._host.clock.now()
        at, before = run.started_at or now, 0.0
        if run.sample is not None:
            at, before = run.sample[0], run.sample[1].cpu_seconds
        if now - at >= _LEAST_WINDOW:
            run.sample = now, found
        used = max(0.0, found.cpu_seconds - before) / max(now - at, 0.001)
        return ContainerUsage(
            round(used * 1000),
            found.memory_bytes,
            found.processes,
            found.cpu_seconds,
            traffic_of(run.pid) if run.box.network else (),
            found.rss_bytes,
            found.page_faults,
            found.major_page_faults,
            stalls_of_groups(run.box.cgroups),
        )

    def resize(self, pod: Pod, container: Container, key: ContainerKey) -> None:
        """Let a container that runs have what it asks for by now."""
        run = self._running(key)
        if run is not None and run.box is not None:
            run.pod, run.container = pod, container
            limits = limits_of(container)
            self._shim.send(Limit(run.id, dict.fromkeys(run.box.cgroups, limits)))

    # --- conversations ---------------------------------------------------------------------

    async def execute(
        self, key: ContainerKey, command: tuple[str, ...], world: World, session: Session
    ) -> int:
        """Run a command in a container, with a terminal if the session has one."""
        return await talk.execute(self._shim, self._ready(key), command, session)

    async def join(
        self, key: ContainerKey, container: Container, world: World, session: Session
    ) -> int:
        """Join the container's own streams."""
        return await talk.attach(self._ready(key), session)

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
        return await talk.log(run, text, options, session)

    async def connect(self, pod: Pod, key: ContainerKey, port: int, session: Session) -> int:
        """Serve a connection to a port of the pod. Raises ConnectionRefusedError."""
        return await talk.connect(self._shim, self._link(pod), port, session)

    # --- the machine -----------------------------------------------------------------------

    async def close(self) -> None:
        """End all containers, and take away everything that is theirs."""
        await self._end_tasks()
        for run in self._all():
            run.removed = True
            for pump in run.pumps:
                pump.cancel()
            run.over()
        self._runs.clear()
        self._holders.clear()
        await self._shim.close()

    def _lost(self) -> None:
        """The shim has ended, and with it all containers."""
        self._holders.clear()
        for run in self._all():
            if not run.ended.is_set():
                self._task(self._end(run, NOT_STARTED + signal.SIGKILL, out_of_memory=False))

    def images(self) -> Iterator[NodeImage]:
        """As `KeepingImages.images`."""
        return self._shelf.images()

    def images_in_use(self) -> AbstractSet[str]:
        """As `KeepingImages.images_in_use`."""
        return self._shelf.named(
            name for run in self._all() for name in (run.container.image, *volume_images(run.pod))
        )

    def remove_image(self, image_id: str) -> None:
        """As `KeepingImages.remove_image`."""
        self._shelf.remove(image_id)

    def _encloses(self) -> bool:
        self._shim.directory  # noqa: B018  the shim knows when it has been started
        return self._shim.namespaces

    def _place(self, pod_uid: str) -> Path:
        return self._shim.directory / "pods" / pod_uid

    def _memory(self, pod_uid: str) -> Path:
        return self._shim.memory / pod_uid


def _remove(places: "tuple[Path, ...]") -> None:
    for place in places:
        release(str(place))
        remove_tree(str(place))
