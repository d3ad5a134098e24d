"""Commands about time, processes, the environment and the machine."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from orchestrator.kubelet.runtimes.commands.options import split
from orchestrator.kubelet.runtimes.commands.steps import Command, Err, Out, Run, Sleep
from orchestrator.kubelet.runtimes.interface import World

_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_FOR_EVER: Final = float(1 << 31)


def seconds_of(text: str) -> float:
    """A time as busybox reads it: `5`, `1.5m`. Raises ValueError."""
    number, unit = (text[:-1], _UNITS[text[-1]]) if text[-1:] in _UNITS else (text, 1)
    return float(number) * unit


def _sleep(arguments: list[str], world: World) -> Run:
    seconds = 0.0
    if not arguments:
        yield Err(b"sleep: missing operand\n")
        return 1
    for text in arguments:
        try:
            seconds += min(seconds_of(text), _FOR_EVER)
        except ValueError:
            if text not in ("inf", "infinity"):
                yield Err(f"sleep: invalid number '{text}'\n".encode())
                return 1
            seconds = _FOR_EVER
    yield Sleep(seconds)
    return 0


def all_variables(world: World) -> Run:
    """Write the whole environment."""
    yield Out("".join(f"{name}={value}\n" for name, value in world.environment.items()).encode())
    return 0


def _printenv(arguments: list[str], world: World) -> Run:
    if not arguments:
        return (yield from all_variables(world))
    values = [world.environment[name] for name in arguments if name in world.environment]
    yield Out("".join(f"{value}\n" for value in values).encode())
    return int(len(values) < len(arguments))


def _true(arguments: list[str], world: World) -> int:
    return 0


def _false(arguments: list[str], world: World) -> int:
    return 1


def _pwd(arguments: list[str], world: World) -> Run:
    yield Out(f"{world.directory}\n".encode())
    return 0


def _hostname(arguments: list[str], world: World) -> Run:
    host = world.host
    if arguments[:1] == ["-s"]:
        host = host.partition(".")[0]
    elif arguments[:1] in (["-f"], ["--fqdn"], ["-i"], ["-I"]):
        # The line of /etc/hosts that names the host tells its full name, and its address.
        for line in world.files.get("/etc/hosts", b"").decode().splitlines():
            words = line.split()
            if host in words[1:]:
                host = words[1] if arguments[0] in ("-f", "--fqdn") else words[0]
    yield Out(f"{host}\n".encode())
    return 0


def _whoami(arguments: list[str], world: World) -> Run:
    if world.uid == 0:
        yield Out(b"root\n")
        return 0
    if world.uid == 65534:
        yield Out(b"nobody\n")
        return 0
    yield Err(f"whoami: unknown uid {world.uid}\n".encode())
    return 1


def _id(arguments: list[str], world: World) -> Run:
    groups = list(dict.fromkeys((world.gid, *world.groups)))
    options, _ = split(arguments)
    if "u" in options:
        text = str(world.uid)
    elif "g" in options:
        text = str(world.gid)
    elif "G" in options:
        text = " ".join(map(str, groups))
    else:
        named = {0: "(root)"}
        uid, gid = world.uid, world.gid
        text = f"uid={uid}{named.get(uid, '')} gid={gid}{named.get(gid, '')}"
        if groups != [gid] or gid == 0:
            text += " groups=" + ",".join(f"{g}{named.get(g, '')}" for g in groups)
    yield Out(f"{text}\n".encode())
    return 0


def _date(arguments: list[str], world: World) -> Run:
    form = next((a[1:] for a in arguments if a.startswith("+")), "%a %b %e %H:%M:%S UTC %Y")
    at = datetime.fromtimestamp(world.now, UTC)
    form = form.replace("%N", f"{at.microsecond:06d}000").replace("%s", str(int(world.now)))
    yield Out(f"{at.strftime(form)}\n".encode())
    return 0


def _uname(arguments: list[str], world: World) -> Run:
    options, _ = split(arguments)
    shown = {"s": "Linux", "n": world.host, "r": "6.12.0", "v": "#1 SMP", "m": "x86_64"}
    chosen = [v for k, v in shown.items() if k in options or "a" in options] or ["Linux"]
    yield Out((" ".join(chosen) + "\n").encode())
    return 0


def _kill(arguments: list[str], world: World) -> int:
    """Signals for the container's own script are heeded at its next command."""
    options, names = split(arguments, "s")
    signal = options.get("s") or next((k for k in options if k.isupper()), "TERM")
    if "1" in names:
        world.signals.append(signal.removeprefix("SIG"))
    return 0


def _ps(arguments: list[str], world: World) -> Run:
    yield Out(b"PID   USER     TIME  COMMAND\n    1 root      0:00 /pause\n")
    return 0


def _nproc(arguments: list[str], world: World) -> Run:
    yield Out(b"1\n")
    return 0


def _ip(arguments: list[str], world: World) -> Run:
    """Links are not simulated: who may not make one is told so."""
    if arguments[:2] == ["link", "add"] and not world.privileged:
        yield Err(b"ip: RTNETLINK answers: Operation not permitted\n")
        return 2
    return 0


def _sysctl(arguments: list[str], world: World) -> Run:
    code = 0
    for name in [a for a in arguments if not a.startswith("-")]:
        data = world.files.get(f"/proc/sys/{name.replace('.', '/')}")
        if data is None:
            where = f"/proc/sys/{name.replace('.', '/')}"
            yield Err(f"sysctl: error: '{where}' is an unknown key\n".encode())
            code = 1
        else:
            yield Out(f"{name} = {data.decode().strip()}\n".encode())
    return code


def _effective_user(arguments: list[str], world: World) -> Run:
    """A program that belongs to root and runs as its owner."""
    yield Out(f"Effective uid: {0 if world.rises else world.uid}\n".encode())
    return 0


COMMANDS: Final[Mapping[str, Command]] = {
    "sleep": _sleep,
    "usleep": _true,
    "printenv": _printenv,
    "true": _true,
    "false": _false,
    "pwd": _pwd,
    "hostname": _hostname,
    "whoami": _whoami,
    "id": _id,
    "date": _date,
    "uname": _uname,
    "kill": _kill,
    "ps": _ps,
    "nproc": _nproc,
    "ip": _ip,
    "sysctl": _sysctl,
    "nnp": _effective_user,
}
