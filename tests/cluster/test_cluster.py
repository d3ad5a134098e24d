"""The embedding face: start, nodes, manifests, waiting, the end."""

from pathlib import Path

import pytest

import actors
from orchestrator import Cluster
from orchestrator.api.apps.v1 import Deployment
from orchestrator.api.core.v1 import ConfigMap, Node, Pod
from orchestrator.apiserver.http import RealTimeRequired
from orchestrator.client import WaitTimeout
from orchestrator.cluster import UnknownNode, node_spec
from orchestrator.cluster.power import POWER, power_switch
from orchestrator.machinery.errors import ManifestError
from orchestrator.protocol import Invalid, NotFound
from tests.manifests import deployment

GUESTBOOK = Path("examples/guestbook.yaml")


@pytest.mark.cluster(nodes=5)
async def test_entering_the_block_ends_when_the_nodes_are_ready(cluster: Cluster) -> None:
    assert len(await cluster.client.list(Node)) == 5
    assert cluster.clock.now() - actors.EPOCH < 1


async def test_manifests_come_from_a_file_a_text_or_objects(cluster: Cluster) -> None:
    assert len(await cluster.apply(GUESTBOOK)) == 6
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {k: v}\n"
    await cluster.apply(text)
    await cluster.apply([deployment()])
    web = await cluster.client.wait(
        Deployment, "frontend", "condition=Available", namespace="default", timeout=60
    )
    assert web is not None
    assert web.status is not None
    assert web.status.ready_replicas == 3
    assert (await cluster.client.get(ConfigMap, "a", namespace="default")).data == {"k": "v"}


async def test_a_list_is_applied_item_by_item(cluster: Cluster) -> None:
    items = [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": n}} for n in ("a", "b")]
    await cluster.apply(
        '{"apiVersion": "v1", "kind": "List", "items": ' + repr(items).replace("'", '"') + "}"
    )
    names = {c.metadata.name for c in await cluster.client.list(ConfigMap, namespace="default")}
    assert {"a", "b"} <= names


async def test_a_manifest_that_is_wrong_says_where(cluster: Cluster, tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text("apiVersion: v1\nkind: [\n")
    with pytest.raises(ManifestError, match=r"bad\.yaml"):
        await cluster.apply(path)
    with pytest.raises(Invalid) as refused:
        await cluster.apply([deployment(replicas=-1)])
    assert "spec.replicas" in str(refused.value)
    with pytest.raises(FileNotFoundError):
        await cluster.apply(tmp_path / "absent.yaml")


async def test_waiting_in_vain_says_what_was_seen(cluster: Cluster) -> None:
    await cluster.apply([deployment(simulation={"ready-seconds": 1000})])
    with pytest.raises(WaitTimeout, match="web"):
        await cluster.client.wait(
            Deployment, "web", "condition=Available", namespace="default", timeout=30
        )


async def test_nodes_come_and_go(cluster: Cluster) -> None:
    await cluster.add_nodes([node_spec("late", 7)])
    assert (await cluster.client.get(Node, "late")).metadata.name == "late"
    await cluster.remove_node("late")
    with pytest.raises(NotFound):
        await cluster.client.get(Node, "late")
    with pytest.raises(UnknownNode):
        await cluster.crash_node("late")


async def test_the_pods_of_a_crashed_node_are_replaced_elsewhere(cluster: Cluster) -> None:
    await cluster.apply([deployment(replicas=6)])
    await cluster.clock.sleep(30)
    await cluster.crash_node("node-1")
    await cluster.clock.sleep(400)
    pods = await cluster.client.list(Pod, namespace="default")
    alive = [p for p in pods if p.metadata.deletion_timestamp is None]
    assert len(alive) == 6
    assert all(p.spec is not None and p.spec.node_name != "node-1" for p in alive)


async def test_virtual_time_has_no_sockets(cluster: Cluster) -> None:
    with pytest.raises(RealTimeRequired):
        await cluster.serve()


async def _digest_of_ids(seed: int) -> list[tuple[str, str, str]]:
    async with Cluster(nodes=3, seed=seed) as cluster:
        await cluster.apply([deployment(replicas=5)])
        await cluster.clock.sleep(100)
        pods = await cluster.client.list(Pod, namespace="default")
        return [(p.metadata.name, p.metadata.uid, p.spec.node_name or "") for p in pods if p.spec]


def test_one_seed_one_history() -> None:
    assert actors.run(_digest_of_ids, 7) == actors.run(_digest_of_ids, 7)
    assert actors.run(_digest_of_ids, 7) != actors.run(_digest_of_ids, 8)


def test_a_cluster_cannot_have_fewer_than_no_nodes() -> None:
    with pytest.raises(ValueError, match="-1 nodes"):
        Cluster(nodes=-1)


class _Grid:
    """Notes what is asked of it."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def crash_node(self, name: str) -> None:
        self.asked.append(f"off {name}")

    async def restart_node(self, name: str) -> None:
        self.asked.append(f"on {name}")

    def has_node(self, name: str) -> bool:
        return True


async def test_the_power_switch_gives_back_only_what_it_took(cluster: Cluster) -> None:
    """A node may be down for another reason."""
    grid = _Grid()
    await cluster.run_controller(power_switch(grid))
    await cluster.clock.sleep(1)
    assert grid.asked == []
    for value in ("off", None):
        await cluster.client.patch(Node, "node-1", {"metadata": {"annotations": {POWER: value}}})
        await cluster.clock.sleep(1)
    assert list(dict.fromkeys(grid.asked)) == ["off node-1", "on node-1"]


async def test_a_node_has_the_labels_that_its_kubelet_may_not_set() -> None:
    """A role is given to the node as an installer gives it; the machine's own labels are the kubelet's."""
    role = "node-role.kubernetes.io/control-plane"
    spec = node_spec("one", 0, labels={role: "", "disk": "ssd"})
    async with Cluster(nodes=[spec]) as cluster:
        node = await cluster.client.get(Node, "one")
        assert node.metadata.labels[role] == ""
        assert node.metadata.labels["disk"] == "ssd"
        await cluster.crash_node("one")
        await cluster.restart_node("one")
        await cluster.client.wait(Node, "one", "condition=Ready")
        assert role in (await cluster.client.get(Node, "one")).metadata.labels
