"""What a container sees as its files: its image below a layer of its own, devices, and what is mounted into it.

With an image's directory, or as root, the whole is one overlay. An ordinary user cannot lay one over the machine's
root, in which other things are mounted; there the directories that a container writes to get one each, and the others
are seen as they are. The layers lie in memory then, which takes them away with the container. All of it happens in the
mount namespace of the container and ends with it.
"""

import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from typing import Final

from orchestrator.kubelet.runtimes.process.shim import cgroups, linux
from orchestrator.kubelet.runtimes.process.shim.messages import Box, Mount
from orchestrator.kubelet.runtimes.process.shim.mounted import BOTH_WAYS

LAYER: Final = "layer"  # what the container writes, in its directory
_DEVICES: Final = ("null", "zero", "full", "random", "urandom", "tty")
_OWN_DEVICES: Final = frozenset({"/dev/pts", "/dev/shm", "/dev/mqueue"})  # each container's
_LINKS: Final = {
    "fd": "/proc/self/fd",
    "stdin": "/proc/self/fd/0",
    "stdout": "/proc/self/fd/1",
    "stderr": "/proc/self/fd/2",
    "ptmx": "pts/ptmx",
}
_MADE: Final = frozenset({"proc", "dev", "sys", "lost+found"})
_HIDDEN: Final = ("/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/sched_debug")
_FIXED: Final = ("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sysrq-trigger", "/proc/sys")
# Of the machine's root what a container of an ordinary user may write to, each below a layer of its own. Everything
# else it sees and cannot change: a layer costs a millisecond, and more when it is taken away.
_WRITTEN: Final = frozenset({"etc", "home", "root", "run", "tmp", "var"})
_FRESH: Final = frozenset({"/tmp", "/run"})  # empty where they cannot be laid under something
_MOST_LINKS: Final = 40
_BELOW_TREE: Final = 3  # a container's group lies in its pod's, and that in the node's
_KEPT: Final = (  # what an ordinary user may not take off a mount
    (os.ST_NOSUID, linux.NO_SETUID),
    (os.ST_NODEV, linux.NO_DEVICES),
    (os.ST_NOEXEC, linux.NO_EXECUTION),
    (os.ST_RDONLY, linux.READ_ONLY),
)


def enter_root(box: Box, *, as_user: bool) -> None:
    """Make the box's root directory, and make it the root of this process. Raises OSError."""
    # Copies share with the machine what they did before all else is cut off from it.
    copies = {each.target: linux.copy_tree(each.source) for each in box.mounts if each.propagation}
    linux.mount("", "/", flags=linux.RECURSIVE | linux.PRIVATE)
    base = f"{box.scratch}/{LAYER}"
    os.mkdir(base)
    if as_user:
        linux.mount("tmpfs", base, "tmpfs", 0, "mode=755")
    root = f"{base}/root"
    layers = _lay(box, base, root, as_user=as_user)
    _mount_kernel(box, root, as_user=as_user)
    for each in sorted(box.mounts, key=lambda mount: mount.target.count("/")):
        _bind(root, each, copies.get(each.target))
    _set_kernel(box, root, as_user=as_user)
    if box.read_only:
        for place in layers:
            _make_read_only(place)
    os.chdir(root)
    linux.pivot_root(".", ".")
    linux.detach(".")
    os.chdir("/")


# --- the image -----------------------------------------------------------------------------


def _lay(box: Box, base: str, root: str, *, as_user: bool) -> list[str]:
    """Put the image under a layer that takes what is written; answers the mounts that this took."""
    os.makedirs(root, exist_ok=True)
    whole = bool(box.root) or not as_user
    if whole:
        _overlay(box.root or "/", base, "whole", root, as_user=as_user)
    else:
        linux.mount(root, root, flags=linux.BIND)
    layers = [root]
    for name in () if box.root else os.listdir("/"):
        source, place = f"/{name}", f"{root}/{name}"
        if name in _MADE or (whole and not os.path.ismount(source)):
            continue
        if os.path.islink(source):
            os.symlink(os.readlink(source), place)
        elif os.path.isdir(source):
            if whole or name in _WRITTEN or _has_targets(box, source):
                _lay_directory(base, source, place, as_user=as_user)
                layers.append(place)
            else:
                _show(source, place)
    return layers


def _has_targets(box: Box, directory: str) -> bool:
    """Whether something is to be mounted below a directory."""
    return any(mount.target.startswith(f"{directory}/") for mount in box.mounts)


def _show(source: str, place: str) -> None:
    """Let a directory of the machine be seen, and not be written to."""
    os.makedirs(place, exist_ok=True)
    linux.mount(source, place, flags=linux.BIND | linux.RECURSIVE)
    _make_read_only(place)


def _lay_directory(base: str, source: str, place: str, *, as_user: bool) -> None:
    os.makedirs(place, exist_ok=True)
    if not os.access(source, os.R_OK | os.X_OK):
        linux.mount(place, place, flags=linux.BIND)  # not ours to read: an empty one
        return
    holds_mounts = as_user and _holds_mounts(source, known_mounts())
    if (
        not holds_mounts
    ):  # else the kernel refuses an ordinary user, and takes its time to say so on the console
        try:
            _overlay(source, base, source.replace("/", "+"), place, as_user=as_user)
            return
        except OSError:
            holds_mounts = _holds_mounts(source, _mounts())
    if source in _FRESH:
        linux.mount(place, place, flags=linux.BIND)
        os.chmod(place, stat.S_IMODE(os.stat(source).st_mode))
    elif holds_mounts:
        _compose(base, source, place, as_user=as_user)
    else:
        _show(source, place)


def _compose(base: str, source: str, place: str, *, as_user: bool) -> None:
    """Make a directory like one in which something is mounted: over that a user can lay nothing as a whole."""
    linux.mount(place, place, flags=linux.BIND)
    for name in os.listdir(source):
        inner, there = f"{source}/{name}", f"{place}/{name}"
        if os.path.islink(inner):
            os.symlink(os.readlink(inner), there)
        elif os.path.isdir(inner):
            _lay_directory(base, inner, there, as_user=as_user)
        else:
            with suppress(OSError):
                os.close(os.open(there, os.O_CREAT | os.O_WRONLY, 0o644))
                linux.mount(inner, there, flags=linux.BIND)


def _holds_mounts(directory: str, points: Iterable[str]) -> bool:
    return any(place.startswith(f"{directory}/") for place in points)


@cache
def known_mounts() -> tuple[str, ...]:
    """Where the machine had mounted something when this was asked for first. To read that takes a child of the shim as
    long as all its mounting, so the shim asks before it forks.
    """
    return _mounts()


def _mounts() -> tuple[str, ...]:
    with open("/proc/self/mountinfo") as file:
        return tuple(line.split()[4] for line in file)


def _overlay(lower: str, base: str, name: str, place: str, *, as_user: bool) -> None:
    upper, work = f"{base}/upper/{name}", f"{base}/work/{name}"
    for each in (upper, work, place):
        os.makedirs(each, exist_ok=True)
    os.chmod(upper, stat.S_IMODE(os.stat(lower).st_mode) | stat.S_IRWXU)
    extra = ",userxattr" if as_user else ""
    data = f"lowerdir={_quoted(lower)},upperdir={_quoted(upper)},workdir={_quoted(work)}{extra}"
    linux.mount("overlay", place, "overlay", 0, data)


def _quoted(path: str) -> str:
    return path.replace("\\", "\\\\").replace(":", "\\:").replace(",", "\\,")


# --- the kernel's own ----------------------------------------------------------------------


def _mount_kernel(box: Box, root: str, *, as_user: bool) -> None:
    """Mount /proc, /sys and /dev."""
    for name in ("proc", "sys", "dev"):
        os.makedirs(f"{root}/{name}", exist_ok=True)
    deep = linux.BIND | (linux.RECURSIVE if as_user else 0)
    _mount_or_bind("proc", f"{root}/proc", deep, own=not box.host_processes)
    _mount_or_bind("sysfs", f"{root}/sys", deep, own=bool(box.network) and not as_user)
    if not box.privileged:
        _show_groups(box, root)
    linux.mount("tmpfs", f"{root}/dev", "tmpfs", linux.NO_SETUID, "mode=755,size=64k")
    if box.privileged and not as_user:
        _make_devices(root)
    else:
        for name in _DEVICES:
            _bind(root, Mount(f"/dev/{name}", f"/dev/{name}"))
    for name, leads_to in _LINKS.items():
        os.symlink(leads_to, f"{root}/dev/{name}")
    for name in ("pts", "shm", "mqueue"):
        os.mkdir(f"{root}/dev/{name}")
    linux.mount("devpts", f"{root}/dev/pts", "devpts", 0, "newinstance,ptmxmode=0666,mode=620")
    with suppress(OSError):  # a kernel may be without
        linux.mount("mqueue", f"{root}/dev/mqueue", "mqueue")
    if box.shared_memory:
        _bind(root, Mount(box.shared_memory, "/dev/shm"))


def _make_devices(root: str) -> None:
    """Give a privileged container all devices of the machine, in a directory of its own: what is mounted into that
    must not appear in the machine's.
    """
    for place, directories, names in os.walk("/dev"):
        directories[:] = [each for each in directories if f"{place}/{each}" not in _OWN_DEVICES]
        for path in (f"{place}/{name}" for name in names if name not in _LINKS):
            with suppress(OSError):  # it is gone by now
                found = os.lstat(path).st_mode
                if stat.S_ISCHR(found) or stat.S_ISBLK(found):
                    _bind(root, Mount(path, path))


def _show_groups(box: Box, root: str) -> None:
    """Let the container see its own control groups: one of version 2, or one for each controller."""
    place = f"{root}{cgroups.ROOT}"
    if not box.cgroups or not os.path.isdir(place):
        return
    if any(os.path.exists(f"{directory}/cgroup.controllers") for directory in box.cgroups):
        _bind(root, Mount(next(iter(box.cgroups)), cgroups.ROOT, True))
        return
    linux.mount("tmpfs", place, "tmpfs", linux.NO_SETUID | linux.NO_DEVICES, "mode=755,size=64k")
    for directory in box.cgroups:
        tree = os.path.basename(directory.rsplit("/", _BELOW_TREE)[0])
        _bind(root, Mount(directory, f"{cgroups.ROOT}/{tree}", True))
        for name in tree.split(",") if "," in tree else ():
            os.symlink(tree, f"{place}/{name}")
    _make_read_only(place)


def _mount_or_bind(kind: str, place: str, bind: int, *, own: bool) -> None:
    """Mount a file system of the kernel's, or what the machine has of it where that is refused."""
    if own:
        with suppress(OSError):
            linux.mount(kind, place, kind, linux.NO_SETUID | linux.NO_DEVICES)
            return
    linux.mount(f"/{os.path.basename(place)}", place, flags=bind)


def _set_kernel(box: Box, root: str, *, as_user: bool) -> None:
    """Set the sysctls of the container's namespaces, and close what it may not change."""
    for name, value in box.sysctls.items():
        with open(f"{root}/proc/sys/{name.replace('.', '/')}", "w") as file:
            file.write(value)
    if as_user or box.privileged:
        return
    for path in _FIXED:
        if os.path.exists(root + path):
            linux.mount(root + path, root + path, flags=linux.BIND | linux.RECURSIVE)
            _make_read_only(root + path)
    for path in _HIDDEN:
        if os.path.exists(root + path):
            linux.mount("/dev/null", root + path, flags=linux.BIND)
    _make_read_only(f"{root}/sys")


# --- mounts --------------------------------------------------------------------------------


def _bind(root: str, mount: Mount, copy: int | None = None) -> None:
    """Show something of the machine, or the `copy` of what is mounted there."""
    place = within(root, mount.target)
    if os.path.isdir(mount.source):
        os.makedirs(place, exist_ok=True)
    elif not os.path.lexists(place):
        os.makedirs(os.path.dirname(place), exist_ok=True)
        os.close(os.open(place, os.O_CREAT | os.O_WRONLY, 0o644))
    if copy is None:
        linux.mount(mount.source, place, flags=linux.BIND | linux.RECURSIVE)
    else:
        linux.attach_tree(copy, place)
        if mount.propagation != BOTH_WAYS:
            linux.mount("", place, flags=linux.SLAVE | linux.RECURSIVE)
    if mount.recursive:
        linux.make_all_read_only(place)
    elif mount.read_only:
        _make_read_only(place)


def _make_read_only(place: str) -> None:
    found = os.statvfs(place).f_flag
    kept = sum(flag for told, flag in _KEPT if found & told)
    flags = linux.BIND | linux.REMOUNT | linux.READ_ONLY | kept
    linux.mount("", place, flags=flags)


def within(root: str, path: str) -> str:
    """Where `path` is, for somebody whose root is `root`: links that lead out of it do not. Raises OSError."""
    todo = [part for part in path.split("/") if part]
    place: list[str] = []
    links = 0
    while todo:
        part = todo.pop(0)
        if part in (".", ""):
            continue
        if part == "..":
            place = place[:-1]
            continue
        here = "/".join((root, *place, part))
        if not os.path.islink(here):
            place.append(part)
            continue
        links += 1
        if links > _MOST_LINKS:
            raise OSError(f"too many links: {path}")
        leads_to = os.readlink(here)
        if leads_to.startswith("/"):
            place = []
        todo[:0] = leads_to.split("/")
    return "/".join((root, *place))
