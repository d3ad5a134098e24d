"""What is mounted on the machine for a node's pods, outside of their containers."""

import os
from contextlib import suppress
from typing import Final

from orchestrator.kubelet.runtimes.process.shim import linux

BOTH_WAYS: Final = "Bidirectional"  # of the propagation of mounts


def mount_memory(place: str, size: int) -> None:
    """Mount a file system in memory that holds so many bytes. Raises OSError."""
    linux.mount("tmpfs", place, "tmpfs", linux.NO_SETUID | linux.NO_DEVICES, f"size={size}")


def mount_shared(place: str) -> None:
    """Make a directory a mount of its own, which shares with its copies what is mounted in it. Raises OSError."""
    linux.mount(place, place, flags=linux.BIND)
    linux.mount("", place, flags=linux.SHARED)


def sharing_fault(source: str, propagation: str) -> str:
    """Why what is mounted at a place later cannot be seen in a container, as containerd tells it; empty: it can."""
    path, found, how = os.path.realpath(source), "", ""
    with open("/proc/self/mountinfo") as file:
        for line in file:
            words = line.split()
            place = words[4].rstrip("/")
            if f"{path}/".startswith(f"{place}/") and len(place) >= len(found):
                found, how = place, " ".join(words[6 : words.index("-")])
    if "shared:" in how:
        return ""
    if propagation != BOTH_WAYS and "master:" in how:
        return ""
    wanted = "shared" if propagation == BOTH_WAYS else "shared or slave"
    return f'path "{source}" is mounted on "{found or "/"}" but it is not a {wanted} mount'


def release(directory: str) -> None:
    """Take away what is mounted below a directory, the innermost first."""
    with open("/proc/self/mountinfo") as file:
        places = [line.split()[4] for line in file]
    for place in reversed(places):
        if place.startswith(f"{directory}/"):
            with suppress(OSError):
                linux.detach(place)
