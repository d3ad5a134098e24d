"""Slow start: batches double while all goes well, and the first one with a failure is the last."""

from collections.abc import Sequence

import pytest

from orchestrator.controllers.slow_start import slow_start
from orchestrator.protocol import ApiError, Forbidden


async def _batches(count: int, refused: int | None = None) -> list[list[int]]:
    """The batches of an attempt at so many items; item `refused` and those after it fail."""
    batches: list[list[int]] = []

    async def attempt(items: Sequence[int]) -> list[object]:
        batches.append(list(items))
        return [
            Forbidden(f"no {item}") if refused is not None and item >= refused else item
            for item in items
        ]

    try:
        await slow_start(range(count), attempt)
    except ApiError as error:
        batches.append([-int(error.message.split()[1])])
    return batches


@pytest.mark.parametrize(
    ("count", "batches"),
    [(0, []), (1, [[0]]), (4, [[0], [1, 2], [3]]), (7, [[0], [1, 2], [3, 4, 5, 6]])],
)
async def test_batches_double(count: int, batches: list[list[int]]) -> None:
    assert await _batches(count) == batches


async def test_the_first_failure_of_the_first_batch_that_fails_is_raised() -> None:
    """And nothing is tried after it."""
    assert await _batches(20, refused=4) == [[0], [1, 2], [3, 4, 5, 6], [-4]]
