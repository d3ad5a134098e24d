"""Clusters in threads of their own, as synchronous programs and notebooks use them."""

import asyncio
import gc
import http.client
import ssl
import subprocess
import sys
import types
from pathlib import Path

import pytest

import actors
from orchestrator import Cluster, serving, simulating
from orchestrator.api.apps.v1 import Deployment
from orchestrator.api.core.v1 import Node
from orchestrator.protocol import NotFound
from tests.manifests import deployment


def test_a_served_cluster_answers_kubectl_and_its_file_goes_with_it() -> None:
    """`serving` gives a kubeconfig that real clients can use inside the block, and not after it."""
    with serving(nodes=2) as cluster:
        got = subprocess.run(
            ["kubectl", "--kubeconfig", str(cluster.kubeconfig), "get", "nodes", "-o", "name"],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        assert got.stdout.split() == ["node/node-0", "node/node-1"]
        cluster.apply([deployment(replicas=1)])
        ready = cluster.wait(Deployment, "web", "condition=Available")
        assert ready is not None
        path = cluster.kubeconfig
    assert not path.exists()


def test_a_kubeconfig_is_written_where_it_is_wanted(tmp_path: Path) -> None:
    """`kubeconfig=` names the file, and it goes with the block, too."""
    path = tmp_path / "config"
    with serving(nodes=0, kubeconfig=str(path)) as cluster:
        assert cluster.kubeconfig == path
        assert cluster.url in path.read_text()
    assert not path.exists()


def test_a_client_that_stays_is_let_go() -> None:
    """Its connection is closed with the block, and nothing is left for the interpreter to complain of."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with serving(nodes=0) as cluster:
        client = http.client.HTTPSConnection(cluster.url.removeprefix("https://"), context=context)
        client.request("GET", "/version")
        client.getresponse().read()
        assert client.sock is not None
    gc.collect()  # pytest makes an unclosed transport an error
    assert client.sock.recv(1) == b""
    client.close()


def test_virtual_time_passes_during_calls_only() -> None:
    """A simulated cluster's clock stands between two calls, and `advance` lets it go on."""
    with simulating(nodes=1) as cluster:
        first = cluster.run(lambda each: each.clock.now())
        assert cluster.run(lambda each: each.clock.now()) == first
        cluster.advance(3600)
        assert cluster.run(lambda each: each.clock.now()) == first + 3600
        cluster.crash_node("node-0")
        cluster.advance(60)
        node = cluster.wait(Node, "node-0", lambda n: not _ready(n), timeout=1)
        assert node is not None


def _ready(node: Node) -> bool:
    conditions = node.status.conditions if node.status else ()
    return any(c.type == "Ready" and c.status == "True" for c in conditions)


def test_errors_come_to_the_caller() -> None:
    """What a function raises in the cluster's thread is raised where it was called."""
    with simulating(nodes=0) as cluster, pytest.raises(NotFound):
        cluster.run(lambda each: each.client.get(Node, "absent"))


def test_calls_that_mean_nothing_are_refused_where_they_are_made() -> None:
    """What is no function and what is no time, and any call of a cluster whose block is left."""
    with simulating(nodes=0) as cluster:
        with pytest.raises(TypeError, match="a function of the Cluster is expected, not 3"):
            cluster.run(3)  # type: ignore[arg-type]
        for wrong in (-1, float("nan"), float("inf"), "5s", True):
            with pytest.raises(ValueError, match="seconds is a number from 0 on"):
                cluster.advance(wrong)  # type: ignore[arg-type]
    with serving(nodes=0) as served:
        pass
    for ended in (cluster, served):
        with pytest.raises(actors.Misuse, match="this cluster has ended"):
            ended.apply([])


def test_a_call_from_the_clusters_own_thread_says_so() -> None:
    """Calling the synchronous face from inside would wait for itself for ever."""
    with simulating(nodes=0) as cluster, pytest.raises(RuntimeError, match="own thread"):
        cluster.run(lambda _: cluster.run(lambda each: each.clock.now()))


def test_several_clusters_live_side_by_side() -> None:
    """Clusters in one process share nothing: neither ports nor objects nor clocks."""
    with simulating(nodes=1, seed=1) as one, simulating(nodes=2, seed=2) as two:
        one.advance(100)
        counts = [c.run(lambda each: each.client.list(Node)) for c in (one, two)]
        assert [len(nodes) for nodes in counts] == [1, 2]
    with serving(nodes=0) as one_served, serving(nodes=0) as other:
        assert one_served.url != other.url


async def test_in_a_notebooks_cell_a_run_has_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """`actors.run` works inside the loop of an IPython kernel, and nowhere else inside a loop."""

    async def hours() -> float:
        async with Cluster(nodes=1) as cluster:
            await cluster.clock.sleep(7200)
            return cluster.clock.monotonic()

    with pytest.raises(actors.Misuse, match="await the coroutine"):
        actors.run(hours)
    kernel = types.ModuleType("IPython")
    kernel.get_ipython = object  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "IPython", kernel)
    assert actors.run(hours) >= 7200
    assert asyncio.get_running_loop().is_running()
