"""The scheduler's tests run in virtual time."""

from tests.loops import virtual_time

pytest_asyncio_loop_factories = virtual_time
