"""Static pods: a directory of manifests that a node runs by itself."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from orchestrator import Cluster
from orchestrator.api.core.v1 import Pod
from orchestrator.cluster.nodes import node_spec
from orchestrator.kubelet.static_pods import HASH, MIRROR, SOURCE, read
from orchestrator.protocol import NotFound


def _write(directory: Path, command: str = "sleep 1000", name: str = "web", **spec: Any) -> None:
    container = {"name": "c", "image": "busybox:1.37", "command": ["sh", "-c", command]}
    manifest = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {"containers": [container], **spec},
    }
    (directory / f"{name}.yaml").write_text(yaml.safe_dump(manifest))


@pytest.fixture
async def static(tmp_path: Path) -> AsyncIterator[Cluster]:
    """A cluster whose one node runs what is in the test's directory."""
    async with Cluster([node_spec("node-0", 0, static_pod_path=str(tmp_path))]) as cluster:
        yield cluster


async def _mirror(cluster: Cluster, name: str = "web-node-0") -> Pod:
    return await cluster.client.get(Pod, name, namespace="default")


def test_what_is_no_pod_is_left_out_and_said(tmp_path: Path) -> None:
    """One bad file does not keep the others from running."""
    _write(tmp_path)
    (tmp_path / "service.yaml").write_text("apiVersion: v1\nkind: Service\nmetadata: {name: s}\n")
    (tmp_path / "broken.yaml").write_text("a: [")
    (tmp_path / ".hidden.yaml").write_text("a: [")
    found = read(tmp_path, "node-0", 0.0)
    assert [pod.metadata.name for pod in found.pods.values()] == ["web-node-0"]
    assert set(found.faults) == {"service.yaml", "broken.yaml"}
    assert "expected a Pod, got 'Service'" in found.faults["service.yaml"]


async def test_a_static_pod_runs_and_has_a_mirror(static: Cluster, tmp_path: Path) -> None:
    """The mirror shows its status, and says whose it is."""
    _write(tmp_path)
    await static.clock.sleep(5)
    mirror = await _mirror(static)
    assert mirror.status is not None
    assert mirror.status.phase == "Running"
    annotations = mirror.metadata.annotations
    assert annotations[SOURCE] == "file"
    assert annotations[MIRROR] == annotations[HASH]
    (owner,) = mirror.metadata.owner_references
    assert (owner.kind, owner.name) == ("Node", "node-0")
    assert mirror.spec is not None
    assert any(t.operator == "Exists" and t.effect == "NoExecute" for t in mirror.spec.tolerations)


async def test_a_mirror_that_is_deleted_comes_back(static: Cluster, tmp_path: Path) -> None:
    """The API server cannot stop a static pod."""
    _write(tmp_path)
    await static.clock.sleep(5)
    before = await _mirror(static)
    await static.client.delete(Pod, "web-node-0", namespace="default")
    await static.clock.sleep(5)
    after = await _mirror(static)
    assert after.metadata.uid != before.metadata.uid
    assert after.metadata.deletion_timestamp is None
    assert before.status is not None
    assert after.status is not None
    same = before.status.container_statuses[0].container_id
    assert after.status.container_statuses[0].container_id == same


async def test_a_changed_file_is_another_pod(static: Cluster, tmp_path: Path) -> None:
    """The old pod ends in its grace period before the new one starts."""
    _write(tmp_path)
    await static.clock.sleep(5)
    before = await _mirror(static)
    _write(tmp_path, "sleep 2000 ")
    await static.clock.sleep(10)
    after = await _mirror(static)
    assert after.metadata.annotations[HASH] != before.metadata.annotations[HASH]
    assert after.spec is not None
    assert after.spec.containers[0].command[-1] == "sleep 2000 "
    assert after.status is not None
    assert after.status.phase == "Running"


async def test_a_pod_whose_file_is_gone_ends(static: Cluster, tmp_path: Path) -> None:
    """With it goes its mirror."""
    _write(tmp_path)
    await static.clock.sleep(5)
    (tmp_path / "web.yaml").unlink()
    await static.clock.sleep(10)
    with pytest.raises(NotFound):
        await _mirror(static)


async def test_a_static_pod_outlives_its_kubelet(static: Cluster, tmp_path: Path) -> None:
    """A kubelet that starts again finds the containers, and goes on with the same mirror."""
    _write(tmp_path)
    await static.clock.sleep(5)
    before = await _mirror(static)
    kubelet = static.system.find("/nodes/node-0/kubelet")
    assert kubelet is not None
    static.system.crash(kubelet)
    await static.clock.sleep(20)
    after = await _mirror(static)
    assert after.metadata.uid == before.metadata.uid
    assert after.status is not None
    assert after.status.container_statuses[0].restart_count == 0
