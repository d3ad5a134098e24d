"""Looking at a cluster that is served, by its kubeconfig."""

import asyncio
from pathlib import Path

import pytest
import yaml

from orchestrator import Cluster
from orchestrator.gateway import load_access
from orchestrator.top import looks
from orchestrator.top.served import ServedSource
from orchestrator.top.sources import SourceError
from tests.manifests import pod


async def test_a_served_cluster_is_seen_as_it_is(tmp_path: Path) -> None:
    """Nodes, pods, events, and the actors of the process."""
    path = tmp_path / "kubeconfig"
    async with Cluster(nodes=2) as cluster:
        front = await cluster.serve()
        front.write_kubeconfig(path)
        await cluster.apply([pod("a")])
        source = ServedSource(load_access(path))
        try:
            seen = await source.look()
        finally:
            await source.close()
        assert front.url in source.name
        assert [row.cells[0] for row in looks.node_rows(seen)] == ["node-0", "node-1"]
        assert [row.cells[:2] for row in looks.pod_rows(seen)] == [("default", "a")]
        paths = {each.path for each in seen.actors or ()}
        assert {"/apiserver", "/scheduler", "/nodes/node-1/kubelet"} <= paths
        assert abs(seen.now - cluster.clock.now()) < 60


async def test_a_user_without_rights_is_told_what_is_forbidden(tmp_path: Path) -> None:
    """The server's own words."""
    path = tmp_path / "kubeconfig"
    async with Cluster(nodes=0) as cluster:
        front = await cluster.serve()
        front.write_kubeconfig(path)
        document = yaml.safe_load(path.read_text())
        document["users"][0]["user"] = {}
        path.write_text(yaml.safe_dump(document))
        source = ServedSource(load_access(path))
        try:
            with pytest.raises(SourceError, match=r"Unauthorized|cannot list"):
                await source.look()
        finally:
            await source.close()


async def test_a_server_that_is_gone_is_said_to_be_out_of_reach(tmp_path: Path) -> None:
    """In one line, with its address."""
    path = tmp_path / "kubeconfig"
    async with Cluster(nodes=0) as cluster:
        front = await cluster.serve()
        front.write_kubeconfig(path)
    source = ServedSource(load_access(path))
    try:
        with pytest.raises(SourceError, match=f"{front.url} cannot be reached"):
            async with asyncio.timeout(30):
                await source.look()
    finally:
        await source.close()
