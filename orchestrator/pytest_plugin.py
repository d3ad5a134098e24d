"""A pytest plugin: the fixture `cluster`, three Ready nodes in virtual time.

    async def test_rolls_out(cluster: Cluster) -> None:
        await cluster.apply("app.yaml")
        await cluster.client.wait(Deployment, "web", "condition=Available")

A test that asks for it runs in a loop in virtual time, where an hour passes as fast as the
cluster's work allows; other tests keep a loop in real time. It wants pytest-asyncio from 1.4 on.
The marker `cluster` gives the cluster other arguments:

    @pytest.mark.cluster(nodes=50, seed=7)
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from orchestrator.cluster import Cluster

DEFAULT_NODES: Final = 3
FIXTURE: Final = "cluster"


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", "cluster(**options): what the fixture `cluster` is made of")


@pytest.hookimpl(trylast=True, optionalhook=True)
def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Virtual time for the tests that have a cluster; a conftest's own factories come first."""
    if FIXTURE not in getattr(item, "fixturenames", ()):
        return {"real": asyncio.new_event_loop}
    from actors import virtual_loop_factory

    return {"virtual": virtual_loop_factory}


async def _cluster(request: pytest.FixtureRequest) -> "AsyncIterator[Cluster]":
    """A cluster in virtual time; it ends with the test."""
    from orchestrator.cluster import Cluster  # late: other tests need none of it

    options: dict[str, Any] = {"nodes": DEFAULT_NODES}
    for marker in request.node.iter_markers(FIXTURE):
        options |= marker.kwargs
    async with Cluster(**options) as running:
        yield running


def _fixture() -> Any:
    try:
        import pytest_asyncio
    except ImportError:
        return pytest.fixture(name=FIXTURE)(_incomplete)
    return pytest_asyncio.fixture(name=FIXTURE)(_cluster)


def _incomplete() -> None:
    pytest.fail("the fixture `cluster` needs pytest-asyncio: pip install 'pytest-asyncio>=1.4'")


cluster = _fixture()
