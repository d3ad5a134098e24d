"""The kubelets' tests run in virtual time, but for those of what is real: processes and networks."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from actors import virtual_loop_factory


def pytest_asyncio_loop_factories(config: Any, item: Any) -> Mapping[str, Callable[[], Any]] | None:
    """Time passes only when nothing is to be done."""
    if item.path.parent != Path(__file__).parent:
        return None
    return {"virtual": virtual_loop_factory}
