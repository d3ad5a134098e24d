"""The runtime's tests run in virtual time."""

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import pytest

from actors import ActorSystem, virtual_loop_factory


def pytest_asyncio_loop_factories(config: Any, item: Any) -> Mapping[str, Callable[[], Any]]:
    """One factory: the loop whose time jumps."""
    return {"virtual": virtual_loop_factory}


@pytest.fixture
async def system() -> AsyncIterator[ActorSystem]:
    """A system without faults or trace; it stops with the test."""
    async with ActorSystem() as running:
        yield running
