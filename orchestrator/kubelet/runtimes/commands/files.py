"""Commands that make, move and remove files."""

from collections.abc import Mapping
from typing import Final

from orchestrator.kubelet.runtimes.commands.options import split
from orchestrator.kubelet.runtimes.commands.paths import (
    absolute,
    fault_of_writing,
    is_directory,
    is_there,
    mode_of,
    write,
)
from orchestrator.kubelet.runtimes.commands.steps import Command, Err, Out, Run
from orchestrator.kubelet.runtimes.interface import World


def _touch(arguments: list[str], world: World) -> Run:
    _, names = split(arguments, "dtr")
    code = 0
    for name in names:
        path = absolute(name, world)
        if is_there(path, world):
            continue
        fault = write(path, b"", world)
        if fault:
            shown = "No such file or directory" if fault.startswith("non") else fault
            yield Err(f"touch: {name}: {shown}\n".encode())
            code = 1
    return code


def _mkdir(arguments: list[str], world: World) -> Run:
    options, names = split(arguments, "m")
    code = 0
    for name in names:
        path = absolute(name, world)
        if is_there(path, world):
            if "p" not in options:
                yield Err(f"mkdir: can't create directory '{name}': File exists\n".encode())
                code = 1
            continue
        parent = path.rpartition("/")[0] or "/"
        fault = "" if "p" in options else fault_of_writing(path, world)
        if not is_directory(parent, world) and "p" not in options:
            fault = "No such file or directory"
        if fault:
            yield Err(f"mkdir: can't create directory '{name}': {fault}\n".encode())
            code = 1
            continue
        world.files[path + "/"] = b""
        if options.get("m"):
            world.modes[path + "/"] = int(options["m"], 8)
    return code


def _inside(path: str, world: World) -> list[str]:
    start = path.rstrip("/") + "/"
    return [f for f in world.files if f == path or f.startswith(start)]


def _rm(arguments: list[str], world: World) -> Run:
    options, names = split(arguments)
    force = "f" in options
    code = 0
    for name in names:
        path = absolute(name, world)
        gone = _inside(path, world)
        mount = world.mount_of(path)
        if not gone and not force:
            yield Err(f"rm: can't remove '{name}': No such file or directory\n".encode())
            code = 1
        elif gone and mount is not None and mount.read_only:
            yield Err(f"rm: can't remove '{name}': Read-only file system\n".encode())
            code = 1
        elif gone and path not in world.files and not ({"r", "R"} & set(options)):
            yield Err(f"rm: '{name}' is a directory\n".encode())
            code = 1
        else:
            for each in gone:
                world.files.pop(each, None)
                world.modes.pop(each, None)
    return code


def _rmdir(arguments: list[str], world: World) -> Run:
    code = 0
    for name in arguments:
        path = absolute(name, world) + "/"
        if [f for f in world.files if f.startswith(path)] != [path]:
            yield Err(f"rmdir: '{name}': Directory not empty\n".encode())
            code = 1
        else:
            del world.files[path]
    return code


def _mv(arguments: list[str], world: World) -> Run:
    return (yield from _copied("mv", arguments, world, keep=False))


def _cp(arguments: list[str], world: World) -> Run:
    return (yield from _copied("cp", arguments, world, keep=True))


def _copied(command: str, arguments: list[str], world: World, *, keep: bool) -> Run:
    options, names = split(arguments)
    if len(names) < 2:
        yield Err(f"{command}: missing file operand\n".encode())
        return 1
    target = absolute(names[-1], world)
    code = 0
    for name in names[:-1]:
        path = absolute(name, world)
        found = _inside(path, world)
        if not found:
            what = "can't rename" if not keep else "can't stat"
            yield Err(f"{command}: {what} '{name}': No such file or directory\n".encode())
            code = 1
            continue
        to = (
            f"{target.rstrip('/')}/{path.rpartition('/')[2]}"
            if is_directory(target, world)
            else target
        )
        fault = fault_of_writing(to, world)
        if fault and fault != "Is a directory":
            yield Err(f"{command}: can't create '{names[-1]}': {fault}\n".encode())
            code = 1
            continue
        for each in found:
            world.files[to + each[len(path) :]] = world.files[each]
            if not keep:
                del world.files[each]
        if "v" in options:
            shown = (
                f"{names[-1].rstrip('/')}/{path.rpartition('/')[2]}" if to != target else names[-1]
            )
            verb = "renamed " if command == "mv" else ""
            yield Out(f"{verb}'{name}' -> '{shown}'\n".encode())
    return code


def _ln(arguments: list[str], world: World) -> int:
    """A link is a copy: files have one name here."""
    _, names = split(arguments)
    if len(names) < 2:
        return 1
    data = world.files.get(absolute(names[0], world))
    if data is not None:
        world.files[absolute(names[1], world)] = data
    return 0


def _chmod(arguments: list[str], world: World) -> Run:
    options, names = split([a for a in arguments if not (a.startswith("-") and a[1:2] in "rwx")])
    mode = names.pop(0) if names else ""
    code = 0
    for name in names:
        path = absolute(name, world)
        if not is_there(path, world):
            yield Err(f"chmod: {name}: No such file or directory\n".encode())
            code = 1
            continue
        chosen = (
            _inside(path, world)
            if "R" in options
            else [path if path in world.files else path + "/"]
        )
        for each in chosen:
            world.modes[each] = _changed(mode, mode_of(each.rstrip("/"), world))
    return code


def _changed(text: str, mode: int) -> int:
    if text.isdecimal():
        return int(text, 8)
    for part in text.split(","):
        for sign in "+-=":
            who, found, what = part.partition(sign)
            if not found:
                continue
            bits = sum({"r": 4, "w": 2, "x": 1}.get(c, 0) for c in what)
            for letter, shift in (("u", 6), ("g", 3), ("o", 0)):
                if letter in (who or "a") or "a" in (who or "a"):
                    kept = mode & ~(7 << shift) if sign == "=" else mode
                    mode = kept & ~(bits << shift) if sign == "-" else kept | bits << shift
    return mode


def _nothing(arguments: list[str], world: World) -> int:
    return 0


def _dd(arguments: list[str], world: World) -> Run:
    told = dict(a.partition("=")[::2] for a in arguments)
    units = {"k": 1 << 10, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
    text = told.get("bs", "512")
    size = int(text.rstrip("kKMGB")) * units.get(text.rstrip("B")[-1:], 1)
    count = int(told.get("count", "1"))
    source = absolute(told.get("if", "/dev/zero"), world)
    most = min(size * count, 64 << 20)
    data = b"\0" * most if source.startswith("/dev/") else world.files.get(source, b"")
    if "of" in told:
        fault = write(absolute(told["of"], world), data, world)
        if fault:
            yield Err(f"dd: can't open '{told['of']}': {fault}\n".encode())
            return 1
    else:
        yield Out(data)
    yield Err(f"{count}+0 records in\n{count}+0 records out\n".encode())
    return 0


def _mktemp(arguments: list[str], world: World) -> Run:
    options, names = split(arguments, "p")
    template = names[0] if names else "/tmp/tmp.XXXXXX"
    count = sum(name.startswith("/tmp/tmp.") for name in world.files)
    path = absolute(template.replace("XXXXXX", f"{count:06d}"), world)
    world.files[path + ("/" if "d" in options else "")] = b""
    yield Out(f"{path}\n".encode())
    return 0


COMMANDS: Final[Mapping[str, Command]] = {
    "touch": _touch,
    "mkdir": _mkdir,
    "rm": _rm,
    "rmdir": _rmdir,
    "mv": _mv,
    "cp": _cp,
    "ln": _ln,
    "chmod": _chmod,
    "chown": _nothing,
    "chgrp": _nothing,
    "sync": _nothing,
    "dd": _dd,
    "mktemp": _mktemp,
}
