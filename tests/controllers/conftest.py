"""The controllers' tests run in virtual time, with the fixture `cluster` or without it."""

from tests.loops import virtual_time

pytest_asyncio_loop_factories = virtual_time
