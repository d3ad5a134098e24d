"""The files of a simulated container: paths, directories, modes, and which of its places can be written.

`World.files` maps absolute paths to contents; a path that ends in `/` is a directory.
"""

from orchestrator.kubelet.runtimes.interface import World


def absolute(path: str, world: World) -> str:
    """A path from the root, without `.` and `..`."""
    if not path.startswith("/"):
        path = f"{world.directory.rstrip('/')}/{path}"
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            del parts[-1:]
        elif part not in ("", "."):
            parts.append(part)
    return "/" + "/".join(parts)


_USUAL = ("/tmp", "/bin", "/etc", "/var", "/usr", "/root", "/home", "/dev", "/proc", "/sys", "/var/tmp",
          "/usr/bin", "/var/log", "/opt", "/mnt", "/run", "/lib")  # fmt: skip


def is_directory(path: str, world: World) -> bool:
    """Whether a directory has this absolute path."""
    if path == "/" or path in _USUAL or f"{path}/" in world.files:
        return True
    return any(name.startswith(f"{path}/") for name in world.files)


def is_there(path: str, world: World) -> bool:
    """Whether a file or directory has this absolute path."""
    return path in world.files or path in DEVICES or is_directory(path, world)


_OPEN = ("/tmp", "/dev", "/var/tmp")  # anybody may write there
DEVICES = frozenset({"/dev/null", "/dev/zero", "/dev/stdout", "/dev/stderr", "/dev/tty"})


def listed(path: str, world: World) -> list[str]:
    """The names in a directory, in their order."""
    start = path.rstrip("/") + "/"
    inside = {f[len(start) :].partition("/")[0] for f in world.files if f.startswith(start)}
    if path == "/":
        inside |= {each[1:] for each in _USUAL if each.count("/") == 1}
    return sorted(inside - {""})


def mode_of(path: str, world: World) -> int:
    """The permissions of a file or directory."""
    directory = path not in world.files and is_directory(path, world)
    found = world.modes.get(path + "/" if directory else path)
    if found is not None:
        return found
    return (0o1777 if path == "/tmp" else 0o755) if directory else 0o644


def fault_of_writing(path: str, world: World) -> str:
    """Why the file cannot be written, in the system's words; empty when it can."""
    if path in DEVICES:
        return ""
    if is_directory(path, world):
        return "Is a directory"
    mount = world.mount_of(path)
    if mount is not None:
        if mount.read_only:
            return "Read-only file system"
    elif world.read_only and not path.startswith("/dev/"):
        return "Read-only file system"
    parent = path.rpartition("/")[0] or "/"
    if not is_directory(parent, world):
        return "nonexistent directory"
    denied = world.uid and mount is None and path not in world.files
    if denied and not parent.startswith(_OPEN) and f"{parent}/" not in world.modes:
        return "Permission denied"
    return ""


def write(path: str, data: bytes, world: World, *, append: bool = False) -> str:
    """Write a file; why it cannot be written, or an empty text."""
    fault = fault_of_writing(path, world)
    if not fault and path not in DEVICES:
        before = world.files.get(path)
        world.files[path] = (before or b"" if append else b"") + data
        if before is None:
            world.modes.pop(path, None)
    return fault
