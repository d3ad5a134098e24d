"""The program `agnhost` of Kubernetes' own tests, simulated: a table of its subcommands.

What it writes and how it ends is a command as others are (`COMMANDS`); what its servers answer is a `Service`.
"""

from collections.abc import Callable, Mapping
from typing import Final

from orchestrator.kubelet.runtimes.agnhost import guestbook, mounttest, netexec, servers, webhook
from orchestrator.kubelet.runtimes.agnhost.flags import flags_of
from orchestrator.kubelet.runtimes.commands.steps import Command, Err, Out, Run, Sleep
from orchestrator.kubelet.runtimes.interface import World
from orchestrator.kubelet.runtimes.services import Service

NAMES: Final = frozenset({"agnhost", "agnhost-2"})
_FOR_EVER: Final = float(1 << 31)
# These look at nothing: how they end is the same each time.
ALONE: Final = frozenset(
    {"pause", "entrypoint-tester", "netexec", "serve-hostname", "liveness",
     "grpc-health-checking", "nettest"}
)  # fmt: skip


def pause(arguments: list[str], world: World) -> Run:
    """Wait to be stopped."""
    yield Sleep(_FOR_EVER)
    return 0


def _entrypoint_tester(arguments: list[str], world: World) -> Run:
    yield Out(f"[{' '.join(arguments)}]\n".encode())
    return 0


_SERVERS: Final[Mapping[str, Callable[[dict[str, str]], tuple[Service, list[str]]]]] = {
    "netexec": netexec.service,
    "serve-hostname": servers.serve_hostname,
    "liveness": servers.liveness,
    "test-webserver": servers.test_webserver,
    "grpc-health-checking": servers.grpc_health_checking,
    "nettest": servers.nettest,
    "guestbook": guestbook.service,
    "porter": servers.porter,
    "webhook": webhook.webhook,
    "crd-conversion-webhook": webhook.conversion_webhook,
}


def service_of(argv: tuple[str, ...]) -> Service | None:
    """What this command line of agnhost serves; None if nothing."""
    make = _SERVERS.get(argv[1]) if len(argv) > 1 else None
    return make(flags_of(argv[2:])[0])[0] if make is not None else None


def agnhost(argv: list[str], world: World) -> Run:
    """Run agnhost; `argv` begins with its own name."""
    name = argv[1] if len(argv) > 1 else "pause"
    if name == "entrypoint-tester":
        return (yield from _entrypoint_tester(argv, world))
    if name == "mounttest":
        return (yield from mounttest.run(argv[2:], world))
    if name == "etc-hosts":
        yield Out(world.files.get("/etc/hosts", b"") + b"\n")
        return 0
    if name in _RESOLVER:
        yield Out(f"{','.join(_resolver(world, *_RESOLVER[name]))}\n".encode())
        return 0
    if name == "logs-generator":
        return (yield from servers.logs_generator(argv[2:], world))
    if name == "pause":
        yield Out(b"Paused\n")
        return (yield from pause([], world))
    make = _SERVERS.get(name)
    if make is None:
        yield Err(f'Error: unknown command "{name}" for "app"\n'.encode())
        return 1
    for line in make(flags_of(argv[2:])[0])[1]:
        yield Err(f"{servers.stamped(line, world.now)}\n".encode())
    if name == "guestbook" and (code := (yield from guestbook.join(argv[2:], world))):
        return code
    return (yield from pause([], world))


# What is told of the container's resolver: how its line begins, and how many of them count (0: all).
_RESOLVER: Final = {"dns-suffix": ("search", 1), "dns-server-list": ("nameserver", 0)}


def _resolver(world: World, word: str, most: int) -> list[str]:
    lines = world.files.get("/etc/resolv.conf", b"").decode(errors="replace").splitlines()
    found = [line.split()[1:] for line in lines if line.startswith(f"{word} ")]
    return [each for words in found[-most:] for each in words]


def _named(name: str) -> Command:
    def command(arguments: list[str], world: World) -> Run:
        return (yield from agnhost([f"/{name}", *arguments], world))

    return command


COMMANDS: Final[Mapping[str, Command]] = {**{n: _named(n) for n in NAMES}, "pause": pause}
SUBCOMMANDS: Final = frozenset(
    {
        *_SERVERS,
        "pause",
        "entrypoint-tester",
        "mounttest",
        "logs-generator",
        "etc-hosts",
        *_RESOLVER,
    }
)
