"""The server's tests run in virtual time."""

from collections.abc import AsyncIterator

import pytest

from tests.apiserver.harness import Api
from tests.loops import virtual_time

pytest_asyncio_loop_factories = virtual_time


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    """A server that has started, with the service account that pods need."""
    async with Api() as server:
        yield server
