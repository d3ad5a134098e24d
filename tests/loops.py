"""The event loops in which a package's tests run; its `conftest.py` takes one of these in as its hook."""

from collections.abc import Callable, Mapping
from typing import Any

from actors import virtual_loop_factory


def virtual_time(config: Any, item: Any) -> Mapping[str, Callable[[], Any]]:
    """pytest-asyncio's hook for tests in virtual time: time passes only when nothing is to be done."""
    return {"virtual": virtual_loop_factory}
