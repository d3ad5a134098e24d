"""Creating many objects as Kubernetes' controllers do: in batches that double while all goes well.

When the API server refuses (a quota, say), one request finds out and not five hundred.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeVar

from actors import NoReply
from orchestrator.protocol import ApiError

T = TypeVar("T")

FIRST_BATCH: Final = 1


async def slow_start(
    items: Sequence[T], attempt: Callable[[Sequence[T]], Awaitable[Sequence[object]]]
) -> None:
    """Call `attempt` for batch after batch; it answers an error in the place of what failed.

    The first batch with a failure is the last, and its first failure is raised.
    """
    done, batch = 0, FIRST_BATCH
    while done < len(items):
        for answer in await attempt(items[done : done + batch]):
            if isinstance(answer, ApiError | NoReply):
                raise answer
        done += batch
        batch *= 2
