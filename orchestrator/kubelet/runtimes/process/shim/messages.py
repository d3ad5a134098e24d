"""What a runtime tells its shim, and what it hears. Each message travels as JSON behind its length."""

from typing import Final, TypeAlias

import msgspec
from msgspec import Struct


class Mount(Struct, frozen=True):
    """A directory or file of the machine that a container sees at `target`.

    `recursive`: what is mounted below is read only, too. `propagation` is Kubernetes' word for who sees what is mounted
    there later: empty, HostToContainer or Bidirectional.
    """

    source: str
    target: str
    read_only: bool = False
    recursive: bool = False
    propagation: str = ""


class Rights(Struct, frozen=True):
    """As whom a command runs. `capabilities` are numbers; None: all that there are. `filter` is a program for the
    kernel that judges its system calls; empty: none.
    """

    uid: int = 0
    gid: int = 0
    groups: tuple[int, ...] = ()
    capabilities: tuple[int, ...] | None = ()
    no_new_privileges: bool = False
    filter: bytes = b""


class Command(Struct, frozen=True):
    """What is executed. `arguments[0]` is looked for along PATH of `environment`, if it has no slash."""

    arguments: tuple[str, ...]
    environment: dict[str, str]
    directory: str
    rights: Rights
    terminal: bool = False


class Box(Struct, frozen=True):
    """How a container is enclosed.

    `root` is the directory of its image; empty: the machine's own. What it writes beside its mounts goes into
    `scratch`. `network` is the file of a network namespace; empty: the machine's. `cgroups` are its directories, with
    what is written into their files. `beside` is the order whose process namespace the container shares; 0: its own.
    """

    root: str
    scratch: str
    hostname: str
    mounts: tuple[Mount, ...] = ()
    network: str = ""
    read_only: bool = False
    privileged: bool = False
    host_processes: bool = False
    host_ipc: bool = False
    beside: int = 0
    shared_memory: str = ""
    sysctls: dict[str, str] = {}
    cgroups: dict[str, dict[str, str]] = {}
    oom_score: int = 0


class Launch(Struct, frozen=True, tag=True):
    """Start a container. Comes with three descriptors: input, output, errors."""

    id: int
    command: Command
    box: Box


class Hold(Struct, frozen=True, tag=True):
    """Keep a process namespace for containers that share it, until it is killed. `rights`: of the first of them."""

    id: int
    rights: Rights


class Enter(Struct, frozen=True, tag=True):
    """Run a command in the container that `within` launched. Comes with three descriptors."""

    id: int
    within: int
    command: Command


class Signal(Struct, frozen=True, tag=True):
    """Send a signal to a container's first process, or to a command that entered one."""

    id: int
    number: int


class Kill(Struct, frozen=True, tag=True):
    """End all processes of a container, or a command and its process group."""

    id: int


class Connect(Struct, frozen=True, tag=True):
    """Connect to a port from within a network namespace; each host is tried in turn."""

    id: int
    network: str
    hosts: tuple[str, ...]
    port: int
    seconds: float


class Limit(Struct, frozen=True, tag=True):
    """Write other limits into a container's control groups, as in `Box.cgroups`."""

    id: int
    cgroups: dict[str, dict[str, str]]


Order: TypeAlias = Launch | Hold | Enter | Signal | Kill | Connect | Limit


class Launched(Struct, frozen=True, tag=True):
    """The command runs."""

    id: int
    pid: int


class Failed(Struct, frozen=True, tag=True):
    """The command could not be started, or nobody answered at the port: `fault` says why.

    `what` is the part that failed: `exec` (the command), `chdir` (its directory), `mount`, `box`, `connect`.
    """

    id: int
    what: str
    fault: str


class Ended(Struct, frozen=True, tag=True):
    """The command ended: with an exit code, 128 and the number of a signal if that ended it."""

    id: int
    code: int
    out_of_memory: bool = False


class Connected(Struct, frozen=True, tag=True):
    """Comes with one descriptor: the connection."""

    id: int


class Ready(Struct, frozen=True, tag=True):
    """The shim serves. `namespaces`: containers have their own (else: only a process group of theirs). `layers`: what a
    container writes beside its mounts is laid down in its `scratch`; else that holds but where things are mounted.
    """

    namespaces: bool
    layers: bool
    cgroups: tuple[str, ...]


News: TypeAlias = Launched | Failed | Ended | Connected | Ready

SHARED_MEMORY: Final = (
    "/dev/shm"  # where a directory of a node's own name is what it keeps in memory
)
HEAD: Final = 4  # bytes of the length before each message

_order = msgspec.json.Decoder(Order)
_news = msgspec.json.Decoder(News)


def pack(message: Order | News) -> bytes:
    """A message as it travels."""
    data = msgspec.json.encode(message)
    return len(data).to_bytes(HEAD, "big") + data


def unpack(buffer: bytearray) -> bytes | None:
    """Take the first whole message out of what has come; None while it is not whole."""
    if len(buffer) < HEAD:
        return None
    end = HEAD + int.from_bytes(buffer[:HEAD], "big")
    if len(buffer) < end:
        return None
    data = bytes(buffer[HEAD:end])
    del buffer[:end]
    return data


def order_of(data: bytes) -> Order:
    """The order that was packed."""
    found: Order = _order.decode(data)
    return found


def news_of(data: bytes) -> News:
    """The news that was packed."""
    found: News = _news.decode(data)
    return found


def descriptors_of(message: Order | News) -> int:
    """How many descriptors come with a message."""
    if isinstance(message, Launch | Enter):
        return 3
    return 1 if isinstance(message, Connected) else 0
