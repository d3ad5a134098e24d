"""Control groups: made for a container, watched for what they killed, emptied and removed.

Version 1 has a tree a controller, version 2 one for all; the directories of a container's are told from outside, and
everything here asks the directory itself which of the two it is in.
"""

import os
import select
import signal
from contextlib import suppress
from typing import Final

from orchestrator.kubelet.runtimes.process.shim import linux

ROOT: Final = "/sys/fs/cgroup"
_CONTROLLERS: Final = ("cpu", "cpuacct", "memory", "pids")
_PATIENCE: Final = 0.02  # seconds between two attempts to remove a group
_ATTEMPTS: Final = 100


def trees(name: str, own: str) -> tuple[str, ...]:
    """Make a group `name` in each tree of this machine; answers those where that is allowed, none if nowhere.

    Where the trees are not mounted, as behind a fresh /sys, they are mounted below `own` until `unmount(own)`.
    """
    root = ROOT if os.path.isdir(ROOT) and os.listdir(ROOT) else own
    if root == own:
        _mount(own)
    if os.path.exists(f"{root}/cgroup.controllers"):
        return _made((root,), name)
    return _made(tuple(f"{root}/{each}" for each in _CONTROLLERS), name)


def _mount(own: str) -> None:
    with open("/proc/cgroups") as file:
        rows = [line.split() for line in file if not line.startswith("#")]
    # A controller that no tree of version 1 has is in the one of version 2.
    first = [name for name, tree, *_ in rows if name in _CONTROLLERS and tree != "0"]
    for name in first:
        os.makedirs(f"{own}/{name}")
        with suppress(OSError):
            linux.mount("cgroup", f"{own}/{name}", "cgroup", 0, name)
    if not first:
        os.makedirs(own)
        with suppress(OSError):
            linux.mount("cgroup2", own, "cgroup2")


def unmount(own: str) -> None:
    """Take away what `trees` has mounted."""
    for place in (*(f"{own}/{name}" for name in _CONTROLLERS), own):
        if os.path.ismount(place):
            linux.detach(place)


def _made(parents: tuple[str, ...], name: str) -> tuple[str, ...]:
    made = []
    for parent in dict.fromkeys(os.path.realpath(each) for each in parents):
        if not os.path.exists(f"{parent}/cgroup.procs"):
            continue
        try:
            os.mkdir(f"{parent}/{name}")
            _delegate(parent)
            _delegate(f"{parent}/{name}")
        except OSError:
            with suppress(OSError):
                os.rmdir(f"{parent}/{name}")
            continue
        made.append(f"{parent}/{name}")
    return tuple(made)


def _delegate(directory: str) -> None:
    """Let the groups below have limits of their own, where that has to be said. Raises OSError."""
    if not os.path.exists(f"{directory}/cgroup.subtree_control"):
        return
    with open(f"{directory}/cgroup.controllers") as file:
        there = set(file.read().split())
    wanted = " ".join(f"+{each}" for each in ("cpu", "memory", "pids") if each in there)
    with open(f"{directory}/cgroup.subtree_control", "w") as file:
        file.write(wanted)


def make(groups: dict[str, dict[str, str]]) -> None:
    """Make groups and write their limits. Raises OSError."""
    for directory in groups:
        parent = os.path.dirname(directory)
        if not os.path.isdir(parent):
            os.mkdir(parent)
            _delegate(parent)
        os.makedirs(directory, exist_ok=True)
    limit(groups)


def limit(groups: dict[str, dict[str, str]]) -> None:
    """Write limits into the files that a group has of those. Raises OSError."""
    for directory, files in groups.items():
        for name, text in files.items():
            if os.path.exists(f"{directory}/{name}"):
                with open(f"{directory}/{name}", "w") as file:
                    file.write(text)


def killed(groups: dict[str, dict[str, str]]) -> bool:
    """Whether the kernel killed something in them for want of memory."""
    for directory in groups:
        for name in ("memory.events", "memory.oom_control"):
            with suppress(OSError), open(f"{directory}/{name}") as file:
                for line in file:
                    word, _, count = line.partition(" ")
                    if word == "oom_kill" and int(count):
                        return True
    return False


def processes(groups: dict[str, dict[str, str]]) -> set[int]:
    """What runs in them."""
    found: set[int] = set()
    for directory in groups:
        with suppress(OSError), open(f"{directory}/cgroup.procs") as file:
            found.update(int(line) for line in file)
    return found


def kill(groups: dict[str, dict[str, str]]) -> None:
    """Kill all that runs in them."""
    for pid in processes(groups):
        if pid:
            with suppress(OSError):
                os.kill(pid, signal.SIGKILL)


def remove(groups: dict[str, dict[str, str]]) -> bool:
    """Take them away, and the pod's when it has no other; whether they are gone."""
    gone = True
    for directory in groups:
        try:
            os.rmdir(directory)
        except FileNotFoundError:
            pass
        except OSError:
            gone = False
            continue
        with suppress(OSError):
            os.rmdir(os.path.dirname(directory))
    return gone


def trees_of(name: str, own: str) -> list[str]:
    """The groups of this name that there are in the trees of this machine, or in those mounted below `own`."""
    parents = [f"{root}/{each}" for root in (ROOT, own) for each in ("", *_CONTROLLERS)]
    places = dict.fromkeys(os.path.realpath(f"{parent}/{name}") for parent in parents)
    return [place for place in places if os.path.isdir(place)]


def remove_tree(tree: str) -> bool:
    """Kill what runs in a group and below it, and take them away; whether they are gone. What is killed takes its time."""
    for _ in range(_ATTEMPTS):
        for place, _, _ in os.walk(tree, topdown=False):
            kill({place: {}})
            with suppress(OSError):
                os.rmdir(place)
        if not os.path.isdir(tree):
            return True
        select.select((), (), (), _PATIENCE)
    return False
