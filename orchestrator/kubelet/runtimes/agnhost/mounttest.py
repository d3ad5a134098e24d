"""`agnhost mounttest`: writes and reads files, and tells their modes, owners and file systems."""

from collections.abc import Generator
from typing import Final

from orchestrator.kubelet.runtimes.agnhost.flags import flags_of
from orchestrator.kubelet.runtimes.commands.inspection import group_of
from orchestrator.kubelet.runtimes.commands.paths import (
    absolute,
    is_directory,
    is_there,
    mode_of,
    write,
)
from orchestrator.kubelet.runtimes.commands.steps import Out, Run, Sleep, Step
from orchestrator.kubelet.runtimes.interface import World

_CONTENT: Final = b"mount-tester new file\n"
_LOOK_SECONDS: Final = 2.0
_ORDINARY: Final = "61267"  # the number of ext4 in the kernel
_Told = Generator[Step, bytes | None, bool]  # whether it went well


def run(arguments: list[str], world: World) -> Run:
    """Do what the flags ask for, in the program's own order; 1 if anything failed."""
    flags, _ = flags_of(arguments)
    well = yield from _type(flags.get("fs_type", ""), world)
    for mode in ("0644", "0666", "0660", "0777"):
        well &= yield from _new(flags.get(f"new_file_{mode}", ""), int(mode, 8), world)
    for flag, tell in (("file_mode", _mode), ("file_perm", _permissions), ("file_owner", _owner)):
        well &= yield from tell(flags.get(flag, ""), world)
    well &= yield from _content(flags.get("file_content", ""), world)
    well &= yield from _loop(flags.get("file_content_in_loop", ""), flags, world)
    return int(not well)


def _say(text: str) -> Out:
    return Out(f"{text}\n".encode())


def _missing(what: str, path: str, world: World) -> str:
    if is_there(absolute(path, world), world):
        return ""
    return f'error from {what}("{path}"): no such file or directory'


def _type(path: str, world: World) -> _Told:
    if not path:
        return True
    if fault := _missing("statfs", path, world):
        yield _say(fault)
        return False
    mount = world.mount_of(absolute(path, world))
    memory = mount is not None and mount.medium in ("memory", "secret")
    yield _say(f'mount type of "{path}": {"tmpfs" if memory else _ORDINARY}')
    return True


def _new(path: str, mode: int, world: World) -> _Told:
    if not path:
        return True
    full = absolute(path, world)
    fault = write(full, _CONTENT, world)
    if fault:
        shown = "no such file or directory" if fault.startswith("non") else fault.lower()
        yield _say(f'error writing new file "{path}": open {path}: {shown}')
        return False
    world.modes[full] = mode
    return (yield from _content(path, world))


def _mode(path: str, world: World) -> _Told:
    if path and (fault := _missing("Stat", path, world)):
        yield _say(fault)
        return False
    if path:
        yield _say(f'mode of file "{path}": {_shown(path, world, special=True)}')
    return True


def _shown(path: str, world: World, *, special: bool) -> str:
    """Kind and permissions as Go writes them: what is `special` comes before them."""
    full = absolute(path, world)
    mode = mode_of(full, world)
    kind = "d" if is_directory(full, world) else ""
    kind += "".join(letter for bit, letter in ((0o2000, "g"), (0o1000, "t")) if mode & bit)
    bits = "".join(c if mode >> (8 - i) & 1 else "-" for i, c in enumerate("rwxrwxrwx"))
    return f"{(kind if special else '') or '-'}{bits}"


def _permissions(path: str, world: World) -> _Told:
    if path and (fault := _missing("Stat", path, world)):
        yield _say(fault)
        return False
    if path:
        yield _say(f'perms of file "{path}": {_shown(path, world, special=False)}')
    return True


def _owner(path: str, world: World) -> _Told:
    if path and (fault := _missing("stat", path, world)):
        yield _say(fault)
        return False
    if path:
        full = absolute(path, world)
        yield _say(f'owner UID of "{path}": {world.owner_of(full)}')
        yield _say(f'owner GID of "{path}": {group_of(full, world)}')
    return True


def _content(path: str, world: World) -> _Told:
    if not path:
        return True
    data = world.files.get(absolute(path, world))
    if data is None:
        yield _say(
            f'error reading file content for "{path}": open {path}: no such file or directory'
        )
        return False
    yield Out(f'content of file "{path}": '.encode() + data + b"\n")
    return True


def _loop(path: str, flags: dict[str, str], world: World) -> _Told:
    if not path:
        return True
    breaks = flags.get("break_on_expected_content", "true") != "false"
    left = float(flags.get("retry_time", "180"))
    well = True
    while left > 0:
        data = world.files.get(absolute(path, world))
        well = data is not None
        if data is None:
            fault = f"open {path}: no such file or directory"
            yield _say(f"Error reading file {path}: {fault}, retrying")
        else:
            yield Out(f'content of file "{path}": '.encode() + data + b"\n")
            if breaks and data == _CONTENT:
                break
            if breaks:
                expected = _CONTENT.decode()
                yield _say(f"Unexpected content. Expected: {expected}. Retrying")
        yield Sleep(_LOOK_SECONDS)
        left -= _LOOK_SECONDS
    return well
