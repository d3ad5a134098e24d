"""What a cluster says to the program that embeds it."""

import subprocess
import sys

import pytest

from orchestrator import Cluster

PROGRAM = """
import asyncio
from orchestrator import Cluster
from orchestrator.api.core.v1 import Secret
from orchestrator.client import Controller

class Failing(Controller):
    name = "failing"
    kind = Secret

    async def reconcile(self, key):
        password = "hunter" + "2"
        raise ValueError("no")

async def main():
    async with Cluster(nodes=1) as cluster:
        await cluster.serve()
        await cluster.run_controller(Failing)
        await cluster.client.create({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}})
        cluster.crash("/scheduler")
        await asyncio.sleep(0.5)

CONFIGURE
asyncio.run(main())
"""


def _stderr(configure: str) -> str:
    program = PROGRAM.replace("CONFIGURE", configure)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout + done.stderr


def test_a_served_cluster_whose_controller_fails_prints_nothing() -> None:
    """An embedder's terminal is the embedder's."""
    assert _stderr("") == ""


def test_with_logging_configured_it_says_what_failed_and_shows_no_locals() -> None:
    """By the logger `orchestrator`, in few lines, however often it failed."""
    said = _stderr("import logging; logging.basicConfig()")
    assert "ERROR:orchestrator:reconcile failed actor=/controllers/failing" in said
    assert "WARNING:orchestrator:actor restarted actor=/scheduler" in said
    assert said.count("Traceback") == 1  # the scheduler was crashed from outside
    assert "hunter2" not in said
    assert len(said.splitlines()) < 25


async def test_pytest_s_caplog_sees_it(cluster: Cluster, caplog: pytest.LogCaptureFixture) -> None:
    """Without any configuration."""
    cluster.crash("/scheduler")
    await cluster.clock.sleep(1)
    assert [r.name for r in caplog.records] == ["orchestrator"]
