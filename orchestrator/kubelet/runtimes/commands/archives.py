"""`tar` as busybox has it: to make, list and unpack archives, which is how clients copy files to and from containers."""

import gzip
import io
import tarfile
import zlib
from collections.abc import Mapping
from typing import Final

from orchestrator.kubelet.runtimes.commands.options import Gathered, gather, split
from orchestrator.kubelet.runtimes.commands.paths import (
    absolute,
    fault_of_writing,
    is_directory,
    is_there,
    listed,
    mode_of,
    write,
)
from orchestrator.kubelet.runtimes.commands.steps import Command, Err, Out, Run
from orchestrator.kubelet.runtimes.interface import World

_VALUED: Final = "fCTX"
_UNSEEN: Final = (
    "no-same-permissions",
    "no-same-owner",
    "no-same-perms",
)  # owners are not told apart


def _tar(arguments: list[str], world: World) -> Run:
    options, names = split(_dashed(arguments), _VALUED)
    unknown = [each for each in options if len(each) > 1 and each not in _UNSEEN]
    if unknown:
        yield Err(f"tar: unrecognized option '--{unknown[0]}'\n".encode())
        return 1
    if len(options.keys() & {"c", "t", "x"}) != 1:
        yield Err(b"tar: must specify one of -c, -x or -t\n")
        return 1
    place = absolute(options.get("C") or ".", world)
    if not is_directory(place, world):
        yield Err(
            f"tar: can't change directory to '{options['C']}': No such file or directory\n".encode()
        )
        return 1
    if "c" in options:
        return (yield from _made(options, names, place, world))
    return (yield from _read(options, names, place, world))


def _dashed(arguments: list[str]) -> list[str]:
    """The arguments with letters that stand first and have no dash as options, whose values are the words after them."""
    if not arguments or arguments[0].startswith("-"):
        return arguments
    letters, rest = arguments[0], list(arguments[1:])
    plain = "".join(each for each in letters if each not in _VALUED)
    valued = [f"-{each}{rest.pop(0)}" for each in letters if each in _VALUED and rest]
    return [*([f"-{plain}"] if plain else []), *valued, *rest]


def _made(options: dict[str, str], names: list[str], place: str, world: World) -> Run:
    """An archive of what the names lead to from a place, each under the name that it was called by."""
    code = 0
    if any(name.startswith("/") for name in names):
        yield Err(b"tar: removing leading '/' from member names\n")
    buffer, shown = io.BytesIO(), b""
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name in names:
            path = absolute(name if name.startswith("/") else f"{place}/{name}", world)
            if not is_there(path, world):
                yield Err(f"tar: {name}: No such file or directory\n".encode())
                code = 1
                continue
            for member, content in _members(name.lstrip("/") or ".", path, world):
                archive.addfile(member, io.BytesIO(content))
                shown += f"{member.name}{'/' if member.isdir() else ''}\n".encode()
    data = gzip.compress(buffer.getvalue(), mtime=0) if "z" in options else buffer.getvalue()
    target = options.get("f") or "-"
    if "v" in options:
        yield Err(shown) if target == "-" else Out(shown)
    if target == "-":
        yield Out(data)
    elif fault := write(absolute(target, world), data, world):
        yield Err(f"tar: can't open '{target}': {fault}\n".encode())
        code = 1
    if code:
        yield Err(b"tar: error exit delayed from previous errors\n")
    return code


def _members(name: str, path: str, world: World) -> list[tuple[tarfile.TarInfo, bytes]]:
    """What an archive holds of a path: the directory before what is in it."""
    member = tarfile.TarInfo(name)
    member.mode = mode_of(path, world)
    member.mtime = int(world.now)
    content = world.files.get(path, b"")
    if not is_directory(path, world):
        member.size = len(content)
        return [(member, content)]
    member.type = tarfile.DIRTYPE
    found = [(member, b"")]
    for each in listed(path, world):
        found += _members(f"{name.rstrip('/')}/{each}", f"{path.rstrip('/')}/{each}", world)
    return found


def _read(options: dict[str, str], names: list[str], place: str, world: World) -> Run:
    """List an archive or unpack it: all of it, or the names that were given and what is below them."""
    source = options.get("f") or "-"
    data = Gathered()
    if code := (yield from gather("tar", [] if source == "-" else [source], world, data)):
        return code
    code = 0
    try:
        plain = gzip.decompress(data.data) if data.data[:2] == b"\x1f\x8b" else data.data
        with tarfile.open(fileobj=io.BytesIO(plain)) as archive:
            for member in archive:
                name = member.name
                if names and not any(f"{name}/".startswith(f"{n.rstrip('/')}/") for n in names):
                    continue
                if "t" in options or "v" in options:
                    yield Out(f"{name}{'/' if member.isdir() else ''}\n".encode())
                if "x" in options and (fault := _unpacked(archive, member, place, world)):
                    yield Err(f"tar: can't create '{name}': {fault}\n".encode())
                    code = 1
    except (tarfile.TarError, OSError, EOFError, zlib.error):
        short = len(data.data) < tarfile.BLOCKSIZE
        yield Err(b"tar: short read\n" if short else b"tar: invalid tar magic\n")
        return 1
    return code


def _unpacked(archive: tarfile.TarFile, member: tarfile.TarInfo, place: str, world: World) -> str:
    """Why a member cannot be written; empty when it was. Links and devices are left out: the files here have none."""
    if ".." in member.name.split("/"):
        return "name with '..' skipped"
    path = absolute(f"{place}/{member.name}", world)
    if is_directory(path, world) and member.isdir():
        return ""
    opened = archive.extractfile(member)
    if opened is None and not member.isdir():
        return ""
    missing = [path] if member.isdir() else []
    parent = path.rpartition("/")[0]
    while parent and not is_directory(parent, world):
        missing.append(parent)
        parent = parent.rpartition("/")[0]
    for each in reversed(missing):
        if fault := fault_of_writing(each, world):
            return fault
        world.files[f"{each}/"] = b""
    fault = write(path, opened.read(), world) if opened is not None else ""
    if not fault and member.mode != mode_of(path, world):
        world.modes[f"{path}/" if member.isdir() else path] = member.mode & 0o7777
    return fault


COMMANDS: Final[Mapping[str, Command]] = {"tar": _tar}
