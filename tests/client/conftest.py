"""The client's tests run in virtual time, with the fixture `cluster` or without it."""

from collections.abc import Callable, Mapping
from typing import Any

from actors import virtual_loop_factory


def pytest_asyncio_loop_factories(config: Any, item: Any) -> Mapping[str, Callable[[], Any]]:
    """Time passes only when nothing is to be done."""
    return {"virtual": virtual_loop_factory}
