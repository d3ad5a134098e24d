"""What a kubelet asks of a container runtime, and what a runtime reports.

Both directions are messages, not awaited calls: a runtime may simulate, run coroutines, start
processes, or speak CRI to a socket, and a kubelet of a thousand must never wait for it. A runtime
belongs to the machine, not to the kubelet: its containers live on while a kubelet is down, and a
kubelet that starts again asks `containers()` what there is.
"""

from collections.abc import Callable, Iterable, Mapping, MutableMapping
from collections.abc import Set as AbstractSet
from random import Random
from typing import Protocol, runtime_checkable

from msgspec import Struct, field
from msgspec.structs import replace

from actors import Clock, Timer
from orchestrator.api.core.v1 import Container, LifecycleHandler, Pod, Probe, Secret
from orchestrator.kubelet.networks.interface import PodNetwork
from orchestrator.kubelet.networks.wires import Outside
from orchestrator.protocol import ContainerUsage, DirectoryUsage
from orchestrator.sessions import LogOptions, Session


class ContainerKey(Struct, frozen=True, gc=False, order=True):
    """One run of one container: `attempt` counts its restarts, from 0."""

    pod_uid: str
    name: str
    attempt: int


class ContainerStarted(Struct, frozen=True, gc=False):
    """The container runs since `at` (epoch seconds). `ready`: from the start, as without a probe.

    `pulled_in`: the seconds that it took to pull its image; None: it was there. `recursive`: what it is to read only,
    it reads only all the way down, where that is asked for.
    """

    key: ContainerKey
    container_id: str
    at: float
    ready: bool = False
    pulled_in: float | None = None
    recursive: bool = True


class ContainerExited(Struct, frozen=True, gc=False):
    """The container ended, or never started (then `started_at` is None and `reason` says why).

    What was created and could not be executed has started at 0.0, as containerd says.
    """

    key: ContainerKey
    container_id: str
    exit_code: int
    reason: str  # Completed, Error, OOMKilled, or why it could not be created
    message: str
    started_at: float | None
    at: float


class ContainerProbed(Struct, frozen=True, gc=False):
    """The readiness of a container that has no readiness probe changes."""

    key: ContainerKey
    ready: bool
    at: float


class ImagePulling(Struct, frozen=True, gc=False):
    """The container's image is not there, and is being pulled."""

    key: ContainerKey


class ProbeAnswered(Struct, frozen=True, gc=False):
    """What a probe of `kind` (startup, readiness, liveness) has found; `output` says why it failed.

    `success` is None where the probe could not be asked: that counts as no answer.
    """

    key: ContainerKey
    kind: str
    success: bool | None
    output: str
    at: float


class HookEnded(Struct, frozen=True, gc=False):
    """A hook has ended; `failed`: not as it should."""

    key: ContainerKey
    before_stop: bool  # preStop; else postStart
    failed: bool


RuntimeEvent = (
    ContainerStarted | ContainerExited | ContainerProbed | ImagePulling | ProbeAnswered | HookEnded
)


class Mount(Struct, frozen=True):
    """A volume where a container sees it, at `path`.

    `medium` is what it is made of: `objects`, or `secret`, which lies in memory (then `files` and `modes` say what is
    in it, by path in the volume), `emptyDir`, `memory` (an emptyDir of that medium), `hostPath`, `claim`, `device` (a claim
    as a block device) or `image`; `place` is the path on the host, what names the storage behind a claim, or the image.
    Containers of a pod share a volume by its name.
    """

    path: str
    volume: str
    medium: str
    place: str = ""
    sub_path: str = ""
    read_only: bool = False
    files: Mapping[str, bytes] = {}
    modes: Mapping[str, int] = {}
    uid: int = 0  # to whom files of objects belong
    gid: int = 0  # to which group the volume belongs; 0: to none but root's
    is_file: bool = False  # what is there is no directory
    most_bytes: int = (
        0  # that it may hold, of medium `memory` (0: as many as there are), or that a device has
    )
    propagation: str = ""  # HostToContainer: it shows what is mounted there later; Bidirectional: to all others, too
    recursion: str = ""  # Enabled, IfPossible: what is mounted below is read only as well


class World(Struct):
    """What a command sees: `files` maps absolute paths to their content and is written to; a path that ends in `/`
    is a directory. `modes` are the permissions of files that have others than usual.
    """

    environment: dict[str, str]
    files: MutableMapping[str, bytes]
    host: str = ""
    directory: str = "/"
    mounts: tuple[Mount, ...] = ()
    modes: MutableMapping[str, int] = field(default_factory=dict)
    read_only: bool = False  # its own files cannot be written: only volumes
    uid: int = 0
    gid: int = 0
    groups: tuple[int, ...] = ()
    privileged: bool = False
    rises: bool = True  # whether a program may have more rights than who runs it
    now: float = 0.0  # epoch seconds, when the command was last gone on with
    chance: Random | None = None
    trapped: set[str] = field(default_factory=set)  # signals for which a script has said what to do
    signals: list[str] = field(default_factory=list)  # that have come and were not heeded yet
    outside: Outside | None = None  # the network, where it passes on what commands send
    pull_secrets: tuple[Secret, ...] = ()  # with what its image may be pulled

    def apart(self) -> "World":
        """The same world for a command whose variables and directory are its own."""
        return replace(self, environment=dict(self.environment))

    def owner_of(self, path: str) -> int:
        """The user to whom a file belongs: who runs here wrote what is neither a volume itself nor made of objects."""
        mount = self.mount_of(path)
        if mount is None:
            return self.uid if self.holds(path) else 0
        made = mount.medium in ("objects", "secret") or path == mount.path
        return mount.uid if made else self.uid

    def holds(self, path: str) -> bool:
        """Whether a file or directory was written here, or put here by the kubelet: the rest is the image's."""
        return path in self.files or f"{path}/" in self.files

    def mount_of(self, path: str) -> Mount | None:
        """The mount in which a path lies; the innermost."""
        inside = [m for m in self.mounts if path == m.path or path.startswith(f"{m.path}/")]
        return max(inside, key=lambda m: len(m.path), default=None)


class RuntimeHost(Protocol):
    """What the machine gives to its runtime: time, chance, timers, a network, somebody to report to."""

    @property
    def clock(self) -> Clock:
        """The cluster's time, epoch seconds and monotonic."""
        ...

    @property
    def random(self) -> Random:
        """Chance that is drawn from the seed."""
        ...

    @property
    def network(self) -> PodNetwork:
        """The network of the node's pods; the kubelet has let a pod join before it starts a container."""
        ...

    @property
    def memory_bytes(self) -> int:
        """The memory that the node has."""
        ...

    def call_after(self, seconds: float, function: Callable[..., None], *args: object) -> Timer:
        """Run `function(*args)` in the machine's own turn after `seconds`."""
        ...

    def report(self, event: RuntimeEvent) -> None:
        """Tell the kubelet; a kubelet that is down finds it in `containers()`."""
        ...


class Runtime(Protocol):
    """A container runtime of one node."""

    name: str  # as in nodeInfo.containerRuntimeVersion: "simulated://1.0"

    def attach(self, host: RuntimeHost) -> None:
        """Begin to serve; called once, before anything else."""
        ...

    def start(self, pod: Pod, container: Container, key: ContainerKey) -> None:
        """Start a container; reports `ContainerStarted`, or `ContainerExited` when it cannot.

        Asking again for a key that was started reports where it stands, so that a lost report
        is made good.
        """
        ...

    def stop(self, key: ContainerKey, grace_seconds: float) -> None:
        """End a container: at once with 0, else politely and after `grace_seconds` by force.

        Asking again can only shorten what is left.
        """
        ...

    def probe(
        self, pod: Pod, container: Container, key: ContainerKey, kind: str, probe: Probe
    ) -> None:
        """Probe a container that runs, once; reports `ProbeAnswered`."""
        ...

    def run_hook(
        self,
        pod: Pod,
        container: Container,
        key: ContainerKey,
        handler: LifecycleHandler,
        before_stop: bool,
    ) -> None:
        """Run a hook of a container (none that sleeps); reports `HookEnded`."""
        ...

    def remove(self, pod_uid: str) -> None:
        """Forget a pod's containers; those that still run are killed without a report."""
        ...

    def containers(self) -> Iterable[RuntimeEvent]:
        """The last report of each container that is not removed, oldest pod first."""
        ...

    def usage(self, key: ContainerKey) -> ContainerUsage | None:
        """What the container uses now; None when it does not run."""
        ...


@runtime_checkable
class Inhabited(Protocol):
    """A runtime whose containers see their surroundings from their start on."""

    def start_within(self, pod: Pod, container: Container, key: ContainerKey, world: World) -> None:
        """Start a container, as `Runtime.start` does."""
        ...


class Selective(Protocol):
    """What an `Inhabited` runtime may offer besides: to say which containers look at their surroundings.

    The others are started by `Runtime.start`, which costs no look-up of what they could see.
    """

    def sees(self, pod: Pod, container: Container) -> bool:
        """Whether the container has to be started within its world."""
        ...


@runtime_checkable
class Refreshed(Protocol):
    """What an `Inhabited` runtime may offer besides: volumes that follow the objects of which they are made."""

    def refresh(self, key: ContainerKey, world: World) -> None:
        """Give a running container's volumes of medium `objects` and `secret` what `world.mounts` say by now.

        A mount of a `sub_path` stays as it was when the container started.
        """
        ...


@runtime_checkable
class Resizable(Protocol):
    """A runtime that holds its containers to what they ask for."""

    def resize(self, pod: Pod, container: Container, key: ContainerKey) -> None:
        """Let a container that runs have what `container` asks for by now."""
        ...


@runtime_checkable
class Weighed(Protocol):
    """A runtime that knows what its pods keep on the node's disk."""

    def volume_weights(self, pod_uid: str) -> Mapping[str, DirectoryUsage]:
        """What lies in each of a pod's own directories, its emptyDirs, by volume."""
        ...

    def log_bytes(self, pod_uid: str) -> Mapping[str, int]:
        """What a pod's logs take, by container."""
        ...


@runtime_checkable
class Handling(Protocol):
    """A runtime with handlers of its own, which RuntimeClasses may name."""

    def handle(self, pod_uid: str, handler: str) -> None:
        """Have a pod's sandbox made by one of them; whether there is one of that name shows when it is made."""
        ...


class NodeImage(Struct, frozen=True):
    """An image on a node: what its runtime calls it, its names, and what it takes of the disk.

    One that is `pinned` stays there, whether somebody uses it or not.
    """

    id: str
    names: tuple[str, ...]
    size_bytes: int = 0
    pinned: bool = False


@runtime_checkable
class KeepingImages(Protocol):
    """A runtime that knows which images are on its node, and takes away those that nobody needs."""

    def images(self) -> Iterable[NodeImage]:
        """The images that are on the node."""
        ...

    def images_in_use(self) -> AbstractSet[str]:
        """The ids of those that a container of the node's has, be it one that has ended, or a volume."""
        ...

    def remove_image(self, image_id: str) -> None:
        """Take an image off the node; who wants it again has to pull it. Raises OSError."""
        ...


@runtime_checkable
class Ending(Protocol):
    """A runtime that leaves something on the machine which it has to take away when its node is switched off."""

    async def close(self) -> None:
        """End all containers and take everything away. A second call does nothing."""
        ...


@runtime_checkable
class Conversational(Protocol):
    """What a runtime may offer besides: to talk with its containers while they run.

    Each coroutine writes into its session, but for the end of it, and answers the exit code.
    """

    async def execute(
        self, key: ContainerKey, command: tuple[str, ...], world: World, session: Session
    ) -> int:
        """Run a command in a container."""
        ...

    async def join(
        self, key: ContainerKey, container: Container, world: World, session: Session
    ) -> int:
        """Join the container's own command; answers when that has ended."""
        ...

    async def log(
        self,
        key: ContainerKey,
        container: Container,
        world: World,
        options: LogOptions,
        session: Session,
    ) -> int:
        """Write the log of a run, `key.attempt`."""
        ...

    async def connect(self, pod: Pod, key: ContainerKey, port: int, session: Session) -> int:
        """Serve a connection to a port of a container. Raises ConnectionRefusedError."""
        ...
