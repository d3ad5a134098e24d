"""A pytest plugin: clusters as fixtures.

`cluster` is a cluster in virtual time for tests that are coroutines:

    async def test_rolls_out(cluster: Cluster) -> None:
        await cluster.apply("app.yaml")
        await cluster.client.wait(Deployment, "web", "condition=Available")

A test that asks for it runs in a loop in virtual time, where an hour passes as fast as the
cluster's work allows, whatever pytest-asyncio's mode is; other tests keep their loop in real time.
It wants pytest-asyncio from 1.4 on.

`served_cluster` is a cluster in real time that listens for code under test, which may use any
Kubernetes client, synchronous ones too; `kubeconfig` is the path of its kubeconfig:

    def test_my_tool(kubeconfig: Path) -> None:
        subprocess.run(["kubectl", "--kubeconfig", kubeconfig, "get", "nodes"], check=True)

The marker `cluster` gives the cluster of one test other arguments: `@pytest.mark.cluster(nodes=50)`.
In a conftest, `cluster_fixture` and `served_cluster_fixture` make fixtures of other names, scopes
and arguments.
"""

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Generator, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import pytest

if TYPE_CHECKING:
    from orchestrator.cluster import Cluster
    from orchestrator.cluster.hosted import ServedCluster

DEFAULT_NODES: Final = 3
MARKER: Final = "cluster"
# The attribute of a fixture's function that holds the scope of its loop in virtual time.
_VIRTUAL: Final = "_orchestrator_virtual_scope"

Scope: TypeAlias = Literal["session", "package", "module", "class", "function"]


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", f"{MARKER}(**options): what a cluster fixture is made of")


# --- virtual time --------------------------------------------------------------------------


@pytest.hookimpl(trylast=True, optionalhook=True)
def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Virtual time for the tests that have a cluster; a conftest's own factories come first."""
    if _virtual_scope(item) is None:
        return {"real": asyncio.new_event_loop}
    from actors import virtual_loop_factory

    return {"virtual": virtual_loop_factory}


@pytest.hookimpl(hookwrapper=True)
def pytest_generate_tests(metafunc: pytest.Metafunc) -> Generator[None]:
    """Mark tests with a cluster as coroutines before pytest-asyncio looks at the marks."""
    _mark(metafunc.definition)
    yield


@pytest.hookimpl(hookwrapper=True, trylast=True)
def pytest_pycollect_makeitem() -> Generator[None, Any]:
    """Mark the collected tests, too; marks of a definition do not reach its items."""
    result = yield
    made = result.get_result()
    for item in made if isinstance(made, list) else [made]:
        if isinstance(item, pytest.Function):
            _mark(item)


def _mark(item: pytest.Function) -> None:
    scope = _virtual_scope(item)
    if (
        scope is not None
        and inspect.iscoroutinefunction(item.obj)
        and item.get_closest_marker("asyncio") is None
    ):
        item.add_marker(pytest.mark.asyncio(loop_scope=scope))


def _virtual_scope(item: pytest.Item) -> Scope | None:
    """The scope of the loop in virtual time that an item's fixtures want, if any does."""
    info = getattr(item, "_fixtureinfo", None)
    if info is None:
        return None
    for definitions in info.name2fixturedefs.values():
        scope: Scope | None = getattr(definitions[-1].func, _VIRTUAL, None)
        if scope is not None:
            return scope
    return None


# --- the fixtures --------------------------------------------------------------------------


def cluster_fixture(*, name: str = "cluster", scope: Scope = "function", **options: Any) -> Any:
    """A fixture of a cluster in virtual time; the options are those of `Cluster`.

    A scope above the test shares one cluster, its objects and its clock among the scope's tests.
    """
    try:
        import pytest_asyncio
    except ImportError:
        return pytest.fixture(name=name)(_incomplete)

    async def running(request: pytest.FixtureRequest) -> "AsyncIterator[Cluster]":
        """A cluster in virtual time."""
        from orchestrator.cluster import Cluster  # late: other tests need none of it

        async with Cluster(**_options(request, options)) as cluster:
            yield cluster

    setattr(running, _VIRTUAL, scope)
    return pytest_asyncio.fixture(name=name, scope=scope, loop_scope=scope)(running)


def served_cluster_fixture(
    *, name: str = "served_cluster", scope: Scope = "function", **options: Any
) -> Any:
    """A fixture of a cluster in real time that listens; the options are those of `serving`."""

    def served(request: pytest.FixtureRequest) -> "Iterator[ServedCluster]":
        """A cluster in a thread of its own, which listens at a free port."""
        from orchestrator.cluster.hosted import serving

        with serving(**_options(request, options)) as cluster:
            yield cluster

    return pytest.fixture(name=name, scope=scope)(served)


def _options(request: pytest.FixtureRequest, options: Mapping[str, Any]) -> dict[str, Any]:
    chosen: dict[str, Any] = {"nodes": DEFAULT_NODES, **options}
    if request.scope == "function":
        for marker in request.node.iter_markers(MARKER):
            chosen |= marker.kwargs
    return chosen


def _incomplete() -> None:
    pytest.fail("the fixture `cluster` needs pytest-asyncio: pip install 'pytest-asyncio>=1.4'")


cluster = cluster_fixture()
served_cluster = served_cluster_fixture()


@pytest.fixture
def kubeconfig(served_cluster: "ServedCluster") -> Path:
    """The administrator's kubeconfig of `served_cluster`."""
    return served_cluster.kubeconfig
