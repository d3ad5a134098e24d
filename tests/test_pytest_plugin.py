"""The pytest plugin, as a project that installs it has it."""

import subprocess
import sys
from pathlib import Path

TESTS = """
import asyncio

import pytest

from orchestrator import Cluster
from orchestrator.api.core.v1 import Node


async def test_three_nodes_in_virtual_time(cluster: Cluster) -> None:
    assert len(await cluster.client.list(Node)) == 3
    assert cluster.clock.virtual
    await cluster.clock.sleep(86_400)


@pytest.mark.cluster(nodes=5, seed=9)
async def test_other_arguments(cluster: Cluster) -> None:
    assert len(await cluster.client.list(Node)) == 5
    assert cluster.system.seed == 9


async def test_other_tests_keep_real_time() -> None:
    loop = asyncio.get_running_loop()
    assert type(loop).__module__.startswith("asyncio")
"""


STRICT = """
from pathlib import Path
import subprocess

import pytest

from orchestrator import Cluster
from orchestrator.api.core.v1 import ConfigMap, Node
from orchestrator.api.meta.v1 import ObjectMeta


async def test_shares_a_cluster(town: Cluster) -> None:
    assert town.clock.virtual
    assert len(await town.client.list(Node)) == 2
    await town.client.create(ConfigMap(metadata=ObjectMeta(name="a")))


async def test_sees_what_was_before(town: Cluster) -> None:
    assert (await town.client.get(ConfigMap, "a")).metadata.name == "a"


@pytest.mark.parametrize("name", ["a", "b"])
async def test_has_its_own(cluster: Cluster, name: str) -> None:
    assert not [c for c in await cluster.client.list(ConfigMap, namespace="default") if c.metadata.name == "a"]


@pytest.mark.cluster(nodes=4)
def test_serves(served_cluster, kubeconfig: Path) -> None:
    assert len(served_cluster.run(lambda cluster: cluster.client.list(Node))) == 4
    assert served_cluster.url in kubeconfig.read_text()


def test_serves_the_module(rack) -> None:
    assert len(rack.run(lambda cluster: cluster.client.list(Node))) == 1
"""
CONFTEST = """
from orchestrator.pytest_plugin import cluster_fixture, served_cluster_fixture

town = cluster_fixture(name="town", scope="module", nodes=2)
rack = served_cluster_fixture(name="rack", scope="session", nodes=1)
"""


def _pytest(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments],
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_fixture_is_a_cluster_in_virtual_time(tmp_path: Path) -> None:
    """And nothing else changes."""
    (tmp_path / "test_it.py").write_text(TESTS)
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\n"
    )
    done = _pytest(tmp_path, "--strict-markers", "-W", "error")
    assert "3 passed" in done.stdout, done.stdout + done.stderr


def test_fixtures_have_any_name_and_scope_in_strict_mode(tmp_path: Path) -> None:
    """Tests that ask for a cluster need no mark, and served clusters need no coroutine."""
    (tmp_path / "test_it.py").write_text(STRICT)
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\nasyncio_default_fixture_loop_scope = function\n"
    )
    done = _pytest(tmp_path, "--strict-markers", "-W", "error")
    assert "6 passed" in done.stdout, done.stdout + done.stderr


def test_without_pytest_asyncio_it_says_what_is_missing(tmp_path: Path) -> None:
    """Other tests run."""
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\nsys.modules['pytest_asyncio'] = None\nsys.modules['pytest_asyncio.plugin'] = None\n"
    )
    (tmp_path / "test_it.py").write_text(
        "def test_plain(): pass\n\ndef test_cluster(cluster): pass\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:asyncio", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={
            "PYTHONPATH": str(tmp_path),
            "PATH": "",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "PYTEST_PLUGINS": "orchestrator.pytest_plugin",
        },
    )
    assert "pip install 'pytest-asyncio>=1.4'" in done.stdout, done.stdout + done.stderr
    assert "1 passed" in done.stdout
