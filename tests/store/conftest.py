"""Every engine is held to the same promises: add it to `ENGINES`."""

from collections.abc import Callable, Iterator

import pytest

from orchestrator.store import MemoryStore, Store

ENGINES: dict[str, Callable[[], Store]] = {
    "memory": lambda: MemoryStore(history_limit=50),
}


@pytest.fixture(params=ENGINES)
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    """An empty store that keeps 50 changes of history a bucket."""
    engine = ENGINES[request.param]()
    yield engine
    engine.close()
