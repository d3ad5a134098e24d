"""The commands of the tiny shell of simulated containers."""

import io
import tarfile
from collections.abc import Callable, Generator, Mapping
from typing import Final, TypeAlias

from orchestrator.kubelet.runtimes.interface import World
from orchestrator.kubelet.runtimes.shell import (
    Err,
    Out,
    Read,
    Run,
    Sleep,
    Step,
    absolute,
    run,
)

Command: TypeAlias = Callable[[list[str], World], Run | int]


def _echo(arguments: list[str], world: World) -> Run:
    newline = arguments[:1] != ["-n"]
    text = " ".join(arguments if newline else arguments[1:])
    yield Out(text.encode() + (b"\n" if newline else b""))
    return 0


def _cat(arguments: list[str], world: World) -> Run:
    code = 0
    for name in arguments or ["-"]:
        if name == "-":
            while (data := (yield Read())) is not None:
                yield Out(data)
            continue
        found = world.files.get(absolute(name, world))
        if found is None:
            yield Err(f"cat: can't open '{name}': No such file or directory\n".encode())
            code = 1
        else:
            yield Out(found)
    return code


def _exit(arguments: list[str], world: World) -> int:
    world.ended = int(arguments[0]) & 255 if arguments and arguments[0].isdigit() else world.last
    return world.ended


def _sleep(arguments: list[str], world: World) -> Run:
    units = {"s": 1, "m": 60, "h": 3600, "d": 86400}
    seconds = 0.0
    for text in arguments:
        number, unit = (text[:-1], units[text[-1]]) if text[-1:] in units else (text, 1)
        try:
            seconds += float(number) * unit
        except ValueError:
            if text not in ("inf", "infinity"):
                yield Err(f"sleep: invalid number '{text}'\n".encode())
                return 1
            seconds = float(1 << 31)
    yield Sleep(seconds)
    return 0


def _env(arguments: list[str], world: World) -> Run:
    while arguments and "=" in arguments[0]:
        name, _, value = arguments.pop(0).partition("=")
        world.environment[name] = value
    if arguments:
        return (yield from run(arguments, world))
    yield Out("".join(f"{name}={value}\n" for name, value in world.environment.items()).encode())
    return 0


def _printenv(arguments: list[str], world: World) -> Run:
    if not arguments:
        return (yield from _env([], world))
    values = [world.environment[name] for name in arguments if name in world.environment]
    yield Out("".join(f"{value}\n" for value in values).encode())
    return int(len(values) < len(arguments))


def _export(arguments: list[str], world: World) -> int:
    for each in arguments:
        name, equals, value = each.partition("=")
        if equals:
            world.environment[name] = value
    return 0


def _true(arguments: list[str], world: World) -> int:
    return 0


def _false(arguments: list[str], world: World) -> int:
    return 1


def _pwd(arguments: list[str], world: World) -> Run:
    yield Out(f"{world.directory}\n".encode())
    return 0


def _cd(arguments: list[str], world: World) -> Run:
    target = absolute(arguments[0] if arguments else "/", world)
    if not _is_directory(target, world):
        yield Err(f"sh: cd: can't cd to {arguments[0]}: No such file or directory\n".encode())
        return 1
    world.directory = target
    return 0


def _is_directory(path: str, world: World) -> bool:
    return path == "/" or any(name.startswith(f"{path}/") for name in world.files)


def _ls(arguments: list[str], world: World) -> Run:
    names = [a for a in arguments if not a.startswith("-")] or ["."]
    code = 0
    for name in names:
        path = absolute(name, world)
        if path in world.files:
            yield Out(f"{name}\n".encode())
        elif _is_directory(path, world):
            start = path.rstrip("/") + "/"
            inside = {f[len(start) :].partition("/")[0] for f in world.files if f.startswith(start)}
            yield Out("".join(f"{each}\n" for each in sorted(inside - {""})).encode())
        else:
            yield Err(f"ls: {name}: No such file or directory\n".encode())
            code = 1
    return code


def _hostname(arguments: list[str], world: World) -> Run:
    yield Out(f"{world.host}\n".encode())
    return 0


def _whoami(arguments: list[str], world: World) -> Run:
    yield Out(b"root\n")
    return 0


def _id(arguments: list[str], world: World) -> Run:
    yield Out(b"0\n" if arguments == ["-u"] else b"uid=0(root) gid=0(root) groups=0(root)\n")
    return 0


def _touch(arguments: list[str], world: World) -> int:
    for name in arguments:
        world.files.setdefault(absolute(name, world), b"")
    return 0


def _mkdir(arguments: list[str], world: World) -> int:
    for name in arguments:
        if not name.startswith("-"):
            world.files.setdefault(absolute(name, world) + "/", b"")
    return 0


def _rm(arguments: list[str], world: World) -> Run:
    force = any(a.startswith("-") and "f" in a for a in arguments)
    code = 0
    for name in arguments:
        if name.startswith("-"):
            continue
        path = absolute(name, world)
        gone = [f for f in world.files if f == path or f.startswith(f"{path}/")]
        for each in gone:
            del world.files[each]
        if not gone and not force:
            yield Err(f"rm: can't remove '{name}': No such file or directory\n".encode())
            code = 1
    return code


def _test(arguments: list[str], world: World) -> int:
    words = arguments[:-1] if arguments[-1:] == ["]"] else arguments
    wanted = True
    while words[:1] == ["!"]:
        wanted, words = not wanted, words[1:]
    return int(_holds(words, world) is not wanted)


def _holds(words: list[str], world: World) -> bool:
    match words:
        case [("-f" | "-e" | "-s" | "-r") as what, name]:
            path = absolute(name, world)
            if what == "-s":
                return bool(world.files.get(path))
            return path in world.files or (what == "-e" and _is_directory(path, world))
        case ["-d", name]:
            return _is_directory(absolute(name, world), world)
        case ["-z", text]:
            return not text
        case ["-n", text]:
            return bool(text)
        case [left, "=" | "==", right]:
            return left == right
        case [left, "!=", right]:
            return left != right
        case [left, ("-eq" | "-ne" | "-lt" | "-gt" | "-le" | "-ge") as how, right]:
            return _compares(left, how, right)
        case [text]:
            return bool(text)
    return False


def _compares(left: str, how: str, right: str) -> bool:
    try:
        a, b = int(left), int(right)
    except ValueError:
        return False
    return {
        "-eq": a == b,
        "-ne": a != b,
        "-lt": a < b,
        "-gt": a > b,
        "-le": a <= b,
        "-ge": a >= b,
    }[how]


def _input() -> Generator[Step, bytes | None, bytes]:
    """The whole input."""
    data = bytearray()
    while (more := (yield Read())) is not None:
        data += more
    return bytes(data)


def _wc(arguments: list[str], world: World) -> Run:
    data = yield from _input()
    counts = {"-l": data.count(b"\n"), "-w": len(data.split()), "-c": len(data)}
    shown = [counts[a] for a in arguments if a in counts] or list(counts.values())
    yield Out((" ".join(map(str, shown)) + "\n").encode())
    return 0


def _grep(arguments: list[str], world: World) -> Run:
    words = [a for a in arguments if not a.startswith("-")]
    data = yield from _input()
    found = [line for line in data.splitlines(True) if words and words[0].encode() in line]
    if found and "-q" not in arguments:
        yield Out(b"".join(found))
    return int(not found)


def _tar(arguments: list[str], world: World) -> Run:
    """What `kubectl cp` asks for: `tar cf - PATH` and `tar xmf - -C DIRECTORY`."""
    flags = arguments[0] if arguments else ""
    names = [a for a in arguments[1:] if not a.startswith("-")]
    directory = arguments[arguments.index("-C") + 1] if "-C" in arguments[:-1] else world.directory
    if "c" in flags:
        name = names[0] if names else "."
        data = _packed(absolute(name, world), world)
        if data is None:
            yield Err(f"tar: {name}: No such file or directory\n".encode())
            return 1
        yield Out(data)
        return 0
    data = yield from _input()
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        for member in archive:
            if (opened := archive.extractfile(member)) is not None:
                path = absolute(f"{directory}/{member.name}", world)
                world.files[path] = opened.read()
    return 0


def _packed(path: str, world: World) -> bytes | None:
    inside = [f for f in world.files if f == path or f.startswith(path.rstrip("/") + "/")]
    if not inside:
        return None
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name in inside:
            member = tarfile.TarInfo(name.lstrip("/"))
            member.size = len(world.files[name])
            member.mode = 0o644
            archive.addfile(member, io.BytesIO(world.files[name]))
    return buffer.getvalue()


COMMANDS: Final[Mapping[str, Command]] = {
    "echo": _echo,
    "cat": _cat,
    "exit": _exit,
    "sleep": _sleep,
    "env": _env,
    "printenv": _printenv,
    "export": _export,
    "true": _true,
    ":": _true,
    "set": _true,
    "false": _false,
    "pwd": _pwd,
    "cd": _cd,
    "ls": _ls,
    "hostname": _hostname,
    "whoami": _whoami,
    "id": _id,
    "touch": _touch,
    "mkdir": _mkdir,
    "rm": _rm,
    "test": _test,
    "[": _test,
    "wc": _wc,
    "grep": _grep,
    "tar": _tar,
}
