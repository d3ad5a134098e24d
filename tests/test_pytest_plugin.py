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
