"""The scheduler's tests run in virtual time."""

from collections.abc import Callable
from typing import Any

import pytest

from actors import virtual_loop_factory


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> dict[str, Callable[[], Any]]:
    """One loop for all of them."""
    return {"virtual": virtual_loop_factory}
