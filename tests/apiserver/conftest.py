"""The server's tests run in virtual time."""

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import pytest

from actors import virtual_loop_factory
from tests.apiserver.harness import Api


def pytest_asyncio_loop_factories(config: Any, item: Any) -> Mapping[str, Callable[[], Any]]:
    """One factory: the loop whose time jumps."""
    return {"virtual": virtual_loop_factory}


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    """A server that has started, with the service account that pods need."""
    async with Api() as server:
        yield server
