"""Commands that look at files and directories."""

import hashlib
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Final

from orchestrator.kubelet.runtimes.commands.options import Gathered, gather, split
from orchestrator.kubelet.runtimes.commands.paths import (
    absolute,
    is_directory,
    is_there,
    listed,
    mode_of,
)
from orchestrator.kubelet.runtimes.commands.steps import Command, Err, Out, Run
from orchestrator.kubelet.runtimes.interface import World


def mode_text(path: str, world: World) -> str:
    """Kind and permissions of a file, as `ls -l` writes them: `-rw-r--r--`."""
    mode = mode_of(path, world)
    text = "d" if is_directory(path, world) else "-"
    for shift in (6, 3, 0):
        bits = mode >> shift & 7
        text += f"{'r' if bits & 4 else '-'}{'w' if bits & 2 else '-'}{'x' if bits & 1 else '-'}"
    if mode & 0o2000:
        text = text[:6] + ("s" if mode & 0o10 else "S") + text[7:]
    if mode & 0o1000:
        text = text[:-1] + ("t" if mode & 1 else "T")
    return text


def _ls(arguments: list[str], world: World) -> Run:
    options, names = split(arguments)
    code = 0
    several = len(names) > 1
    for name in names or ["."]:
        path = absolute(name, world)
        if is_directory(path, world) and "d" not in options:
            if several:
                yield Out(f"{name}:\n".encode())
            shown = listed(path, world)
            if "a" in options:
                shown = [".", "..", *shown]
            elif "A" not in options:
                shown = [each for each in shown if not each.startswith(".")]
            for each in shown:
                inside = absolute(f"{path.rstrip('/')}/{each}", world)
                yield Out(_line(each, inside, options, world))
        elif is_there(path, world):
            yield Out(_line(name, path, options, world))
        else:
            yield Err(f"ls: {name}: No such file or directory\n".encode())
            code = 1
    return code


def _line(shown: str, path: str, options: Mapping[str, str], world: World) -> bytes:
    if "l" not in options:
        return f"{shown}\n".encode()
    size = len(world.files.get(path, b"")) or (4096 if is_directory(path, world) else 0)
    owners = world.owner_of(path), group_of(path, world)
    owner = " ".join(str(each) if each or "n" in options else "root" for each in owners)
    return f"{mode_text(path, world)}    1 {owner} {size:>9} Jan  1 00:00 {shown}\n".encode()


def _stat(arguments: list[str], world: World) -> Run:
    options, names = split(arguments, "cf")
    code = 0
    for name in names:
        path = absolute(name, world)
        if not is_there(path, world):
            yield Err(f"stat: can't stat '{name}': No such file or directory\n".encode())
            code = 1
            continue
        size = len(world.files.get(path, b""))
        form = options.get("c")
        values = {
            "%a": f"{mode_of(path, world):o}",
            "%A": mode_text(path, world),
            "%s": str(size),
            "%n": name,
            "%u": str(world.owner_of(path)),
            "%g": str(group_of(path, world)),
            "%F": "directory" if is_directory(path, world) else "regular file",
        }
        if form is None:
            form = "  File: %n\n  Size: %s\nAccess: (0%a/%A)  Uid: (%u)   Gid: (%g)"
        for key, value in values.items():
            form = form.replace(key, value)
        yield Out(f"{form}\n".encode())
    return code


def group_of(path: str, world: World) -> int:
    """The group to which a file belongs: the volume's, or that of who wrote it."""
    mount = world.mount_of(path)
    if mount is None:
        return world.gid if world.holds(path) else 0
    made = mount.medium in ("objects", "secret") or path == mount.path
    return mount.gid if mount.gid or made else world.gid


def _walk(path: str, world: World) -> Iterator[str]:
    yield path
    if is_directory(path, world):
        for name in listed(path, world):
            yield from _walk(f"{path.rstrip('/')}/{name}", world)


def _find(arguments: list[str], world: World) -> Run:
    places = []
    while arguments and not arguments[0].startswith(("-", "!", "(")):
        places.append(arguments.pop(0))
    deletes = "-delete" in arguments
    arguments = [each for each in arguments if each != "-delete"]
    tests = dict(zip(arguments[::2], arguments[1::2], strict=False))
    depth = tests.get("-mindepth", "")
    least = int(depth) if depth.isdecimal() else 0
    code = 0
    for place in places or ["."]:
        root = absolute(place, world)
        if not is_there(root, world):
            yield Err(f"find: {place}: No such file or directory\n".encode())
            code = 1
            continue
        for path in list(_walk(root, world)):
            directory = is_directory(path, world)
            if "-type" in tests and directory is not (tests["-type"] == "d"):
                continue
            if "-name" in tests and not fnmatchcase(path.rpartition("/")[2], tests["-name"]):
                continue
            below = path[len(root.rstrip("/")) :]
            if below.count("/") < least:
                continue
            if deletes:
                world.files.pop(path + "/" if directory else path, None)
                continue
            shown = path if place.startswith("/") else place + path[len(root) :]
            yield Out(f"{shown}\n".encode())
        if deletes and least and not is_there(root, world):
            world.files[f"{root}/"] = b""  # there was nothing of it but what was in it
    return code


def _basename(arguments: list[str], world: World) -> Run:
    name = arguments[0].rstrip("/").rpartition("/")[2] if arguments else ""
    yield Out(f"{name.removesuffix(arguments[1]) if len(arguments) > 1 else name}\n".encode())
    return 0


def _dirname(arguments: list[str], world: World) -> Run:
    head, slash, _ = (arguments[0] if arguments else "").rstrip("/").rpartition("/")
    yield Out(f"{head or ('/' if slash else '.')}\n".encode())
    return 0


def _readlink(arguments: list[str], world: World) -> Run:
    _, names = split(arguments)
    yield Out(f"{absolute(names[0] if names else '.', world)}\n".encode())
    return 0


def _mounts(arguments: list[str], world: World) -> Run:
    options, names = split(arguments, "to")
    if names:
        yield Err(b"mount: permission denied (are you root?)\n")
        return 1
    shown = [("cgroup", "/sys/fs/cgroup", "cgroup2", "ro")]
    for mount in world.mounts:
        if mount.medium == "device":
            continue
        kind = "tmpfs" if mount.medium in ("memory", "objects") else "ext4"
        shown.append((kind, mount.path, kind, "ro" if mount.read_only else "rw"))
    for source, path, kind, how in shown:
        if options.get("t", kind) == kind:
            yield Out(f"{source} on {path} type {kind} ({how},relatime)\n".encode())
    return 0


def _sum(name: str) -> Command:
    def command(arguments: list[str], world: World) -> Run:
        _, names = split(arguments)
        read = Gathered()
        code = yield from gather(f"{name}sum", names, world, read)
        if not code:
            digest = hashlib.new(name, read.data, usedforsecurity=False).hexdigest()
            yield Out(f"{digest}  {names[0] if names else '-'}\n".encode())
        return code

    return command


def _base64(arguments: list[str], world: World) -> Run:
    options, names = split(arguments, "w")
    read = Gathered()
    code = yield from gather("base64", names, world, read)
    if "d" in options:
        yield Out(b64decode(read.data))
    else:
        yield Out(b64encode(read.data) + b"\n")
    return code


def _cmp(arguments: list[str], world: World) -> Run:
    _, names = split(arguments)
    a, b = ([world.files.get(absolute(n, world)) for n in names] + [None, None])[:2]
    if a is None or b is None:
        yield Err(b"cmp: No such file or directory\n")
        return 2
    if a != b:
        yield Out(f"{names[0]} {names[1]} differ\n".encode())
    return int(a != b)


COMMANDS: Final[Mapping[str, Command]] = {
    "ls": _ls,
    "stat": _stat,
    "find": _find,
    "basename": _basename,
    "dirname": _dirname,
    "readlink": _readlink,
    "realpath": _readlink,
    "mount": _mounts,
    "md5sum": _sum("md5"),
    "sha1sum": _sum("sha1"),
    "sha256sum": _sum("sha256"),
    "base64": _base64,
    "cmp": _cmp,
    "diff": _cmp,
}
