"""What has gone through the interfaces of a pod's network, as the kernel counts it for the namespace of a process."""

from collections.abc import Iterator

from orchestrator.protocol import InterfaceUsage

_HEAD_LINES = 2
_OWN = "lo"  # what a pod sends to itself is no traffic


def traffic_of(pid: int) -> tuple[InterfaceUsage, ...]:
    """The interfaces in the network namespace of a process; none when it has ended."""
    try:
        with open(f"/proc/{pid}/net/dev") as file:
            return tuple(interfaces_of(file.read()))
    except OSError:
        return ()


def interfaces_of(text: str) -> Iterator[InterfaceUsage]:
    """The interfaces of a table like `/proc/net/dev`, the loopback apart."""
    for line in text.splitlines()[_HEAD_LINES:]:
        name, _, numbers = line.partition(":")
        # Bytes, packets, errors, dropped, and four more, of what came; then of what went.
        counts = [int(each) for each in numbers.split()]
        if name.strip() != _OWN:
            yield InterfaceUsage(name.strip(), *counts[0:4], *counts[8:12])
