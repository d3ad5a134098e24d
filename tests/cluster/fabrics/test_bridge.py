"""Services and pods in network namespaces, with nftables: as root, in a namespace that has no way out.

All scenarios are played by one program, `inside.py`, which tells of each what it found.
"""

import json
import os
import signal
import subprocess
import sys
from typing import cast

import pytest

from orchestrator.kubelet.networks import namespaces
from tests.cluster.fabrics.inside import SCENARIOS

_RUN = ["unshare", "--net", sys.executable, "-m", "tests.cluster.fabrics.inside"]


@pytest.fixture(scope="module")
def results() -> dict[str, str]:
    """Of each scenario why it failed."""
    done = subprocess.run(_RUN, capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 0, done.stderr
    return cast("dict[str, str]", json.loads(done.stdout))


@pytest.mark.parametrize("name", [scenario.__name__ for scenario in SCENARIOS])
def test_packets_arrive_where_they_should(results: dict[str, str], name: str) -> None:
    """Each scenario says in its own words what it is about."""
    assert not results[name], results[name]


def test_nothing_is_left(results: dict[str, str]) -> None:
    """No namespace, interface or route."""
    assert results["left"] == ""


def test_what_a_killed_program_leaves_is_swept_away() -> None:
    """By the next that owns anything, whatever namespace it runs in."""
    program = (
        "import sys, time; from orchestrator.kubelet.networks.namespaces import *\n"
        "owner = Ownership(); add(owner.name('left')); print(owner.name('left'), flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        ["unshare", "--net", sys.executable, "-c", program], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        name = process.stdout.readline().strip()
        assert (namespaces.NAMESPACES / name).exists()
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        assert (namespaces.NAMESPACES / name).exists()
    sweep = "from orchestrator.kubelet.networks.namespaces import *; Ownership().release()"
    subprocess.run(["unshare", "--net", sys.executable, "-c", sweep], check=True)
    assert not (namespaces.NAMESPACES / name).exists()
