"""The runtime's tests run in virtual time."""

from collections.abc import AsyncIterator

import pytest

from actors import ActorSystem
from tests.loops import virtual_time

pytest_asyncio_loop_factories = virtual_time


@pytest.fixture
async def system() -> AsyncIterator[ActorSystem]:
    """A system without faults or trace; it stops with the test."""
    async with ActorSystem() as running:
        yield running
