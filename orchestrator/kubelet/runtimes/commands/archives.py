"""`tar`, as `kubectl cp` asks for it: `tar cf - PATH` and `tar xmf - -C DIRECTORY`."""

import io
import tarfile
from collections.abc import Mapping
from typing import Final

from orchestrator.kubelet.runtimes.commands.options import Gathered, gather
from orchestrator.kubelet.runtimes.interface import World
from orchestrator.kubelet.runtimes.shell.files import absolute
from orchestrator.kubelet.runtimes.shell.steps import Command, Err, Out, Run


def _tar(arguments: list[str], world: World) -> Run:
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
    read = Gathered()
    yield from gather("tar", [], world, read)
    with tarfile.open(fileobj=io.BytesIO(read.data)) as archive:
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


COMMANDS: Final[Mapping[str, Command]] = {"tar": _tar}
