"""A served cluster plays the real one: the gateway's tests run in real time, since sockets do."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import pytest

from orchestrator import Cluster
from orchestrator.apiserver.http import HttpFront
from orchestrator.cluster.remote import RemoteCluster
from orchestrator.gateway import load_access


def pytest_asyncio_loop_factories(config: Any, item: Any) -> Mapping[str, Callable[[], Any]]:
    """asyncio's own loop."""
    return {"real": asyncio.new_event_loop}


@pytest.fixture
async def real() -> AsyncIterator[tuple[Cluster, HttpFront]]:
    """The cluster that is reached over HTTPS, and its front."""
    async with Cluster(nodes=1) as cluster:
        yield cluster, await cluster.serve()


@pytest.fixture
async def remote(real: tuple[Cluster, HttpFront], tmp_path: Any) -> AsyncIterator[RemoteCluster]:
    """The same cluster as a program outside of it has it."""
    path = real[1].write_kubeconfig(tmp_path / "config")
    async with RemoteCluster(load_access(path)) as cluster:
        yield cluster
