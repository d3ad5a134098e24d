"""Work on what is large, in threads: the event loop has its turn meanwhile, and with it everybody else's requests.

The interpreter runs one thread at a time, so nothing is done sooner; but a thread gives way many times in the
milliseconds, or seconds, that a body of megabytes takes, and one turn of the loop does not. Nothing of it is used in
virtual time, where no bodies come.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

R = TypeVar("R")

# A body of more bytes takes milliseconds: to be read, and in each step of a write.
BULKY_BYTES: Final = 16 * 1024
# Few: they take turns with the event loop, however many large bodies have come.
_THREADS: Final = ThreadPoolExecutor(max_workers=2, thread_name_prefix="aside")


async def aside(work: Callable[[], R]) -> R:
    """What the work answers, or raises. It may read what is frozen, and change what is its caller's alone."""
    return await asyncio.get_running_loop().run_in_executor(_THREADS, work)
