"""What is mounted on the machine for a node's pods, outside of their containers."""

from contextlib import suppress

from orchestrator.kubelet.runtimes.process.shim import linux


def mount_memory(place: str, size: int) -> None:
    """Mount a file system in memory that holds so many bytes. Raises OSError."""
    linux.mount("tmpfs", place, "tmpfs", linux.NO_SETUID | linux.NO_DEVICES, f"size={size}")


def release(directory: str) -> None:
    """Take away what is mounted below a directory, the innermost first."""
    with open("/proc/self/mountinfo") as file:
        places = [line.split()[4] for line in file]
    for place in reversed(places):
        if place.startswith(f"{directory}/"):
            with suppress(OSError):
                linux.detach(place)
