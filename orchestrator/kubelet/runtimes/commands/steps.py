"""What a command of a simulated container does, one step after another.

A command is a generator. It yields what it does and gets the answer, and returns its exit code.
"""

from collections.abc import Callable, Generator
from typing import TypeAlias

from msgspec import Struct

from orchestrator.kubelet.runtimes.interface import World


class Out(Struct, frozen=True):
    """Write to the output."""

    data: bytes


class Err(Struct, frozen=True):
    """Write to the errors."""

    data: bytes


class Sleep(Struct, frozen=True):
    """Wait for so many seconds."""

    seconds: float


class Listen(Sleep, frozen=True):
    """Wait until somebody connects to a port; the answer is what comes from there. `data` is sent at once.

    Who runs the command and listens nowhere waits for so many seconds.
    """

    port: int = 0
    protocol: str = "TCP"
    data: bytes = b""


class Read(Struct, frozen=True):
    """More input is wanted: bytes, or None at the end."""


Step: TypeAlias = Out | Err | Sleep | Read
Run: TypeAlias = Generator[Step, bytes | None, int]
Command: TypeAlias = Callable[[list[str], World], Run | int]

NOT_FOUND = 127
