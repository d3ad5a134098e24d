"""Doing something in another network namespace: a thread enters it, and ends with what it has made."""

import ctypes
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, TypeVar

T = TypeVar("T")

_NETWORK: Final = 0x40000000  # CLONE_NEWNET


def inside(namespace: Path, act: Callable[[], T]) -> T:
    """What `act` answers in a network namespace, of which sockets that it opens are from then on.

    Blocks as long as it takes. Raises OSError where there is no such namespace, and whatever `act` raises.
    """

    def work() -> T:
        _enter(namespace)
        return act()

    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(work).result()


def _enter(namespace: Path) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = os.open(namespace, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if libc.setns(descriptor, _NETWORK) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), str(namespace))
    finally:
        os.close(descriptor)
