"""Creating many objects as Kubernetes' controllers do: in batches that double while all goes well.

When the API server refuses (a quota, say), one request finds out and not five hundred.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeVar

import anyio

from actors import NoReply
from orchestrator.protocol import ApiError

T = TypeVar("T")

FIRST_BATCH: Final = 1


async def slow_start(items: Sequence[T], create: Callable[[T], Awaitable[None]]) -> None:
    """Call `create` for every item; the first batch with a failure is the last, and it is raised."""
    done, batch = 0, FIRST_BATCH
    while done < len(items):
        failures: list[ApiError | NoReply] = []

        async def attempt(item: T, failures: list[ApiError | NoReply] = failures) -> None:
            try:
                await create(item)
            except (ApiError, NoReply) as error:
                failures.append(error)

        async with anyio.create_task_group() as group:
            for item in items[done : done + batch]:
                group.start_soon(attempt, item)
        if failures:
            raise failures[0]
        done += batch
        batch *= 2
