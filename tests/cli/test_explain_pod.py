"""`orchestrator explain-pod` beside a served cluster."""

import json
import subprocess
import sys
from pathlib import Path

from orchestrator import serving
from orchestrator.api.core.v1 import Pod
from tests.manifests import pod


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "orchestrator", "explain-pod", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_the_decision_for_a_pod_is_a_table_or_json() -> None:
    """Each node with its scores, the one where the pod is marked."""
    with serving(nodes=2) as cluster:
        cluster.apply([pod("a")])
        placed = cluster.wait(Pod, "a", "condition=Ready", timeout=60)
        assert placed is not None
        assert placed.spec is not None
        node = placed.spec.node_name
        table = _run("a", "--kubeconfig", str(cluster.kubeconfig))
        assert table.returncode == 0, table.stderr
        assert f"default/a is on {node}; 2 of 2 nodes can take it" in table.stdout
        assert f"{node} *" in table.stdout
        assert "NodeResourcesFit" in table.stdout
        told = _run("default/a", "-o", "json", "--kubeconfig", str(cluster.kubeconfig))
        document = json.loads(told.stdout)
        assert document["node"] == node
        assert {each["node"] for each in document["nodes"]} == {"node-0", "node-1"}
        absent = _run("b", "--kubeconfig", str(cluster.kubeconfig))
        assert absent.returncode == 2
        assert 'Error: pods "b" not found' in absent.stderr


def test_a_cluster_that_is_not_named_is_one_line(tmp_path: Path) -> None:
    """With exit code 2."""
    done = _run("a", "--kubeconfig", str(tmp_path / "absent"))
    assert done.returncode == 2
    assert done.stderr.strip().endswith("absent: there is no such file")
