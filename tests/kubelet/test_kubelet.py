"""Kubelets in a cluster: nodes, heartbeats, pods through their phases, crashes."""

from itertools import pairwise
from typing import Any

import pytest
from msgspec import to_builtins

from actors import ActorStopped
from orchestrator import Cluster
from orchestrator.api.coordination.v1 import Lease
from orchestrator.api.core.v1 import Event, Node, Pod, PodStatus
from orchestrator.kubelet.kubelet import ListPods
from orchestrator.machinery.times import parse_time
from orchestrator.protocol import NotFound
from tests.manifests import pod


async def _status(cluster: Cluster, name: str) -> PodStatus:
    found = await cluster.client.get(Pod, name, namespace="default")
    assert found.status is not None
    return found.status


async def test_nodes_say_what_they_offer_and_that_they_are_well(cluster: Cluster) -> None:
    nodes = await cluster.client.list(Node)
    assert [n.metadata.name for n in nodes] == ["node-0", "node-1", "node-2"]
    for node in nodes:
        status = node.status
        assert status is not None
        assert {"cpu", "memory", "pods"} <= set(status.allocatable)
        conditions = {c.type: c.status for c in status.conditions}
        assert conditions == {
            "Ready": "True",
            "MemoryPressure": "False",
            "DiskPressure": "False",
            "PIDPressure": "False",
        }


async def test_a_lease_is_renewed_every_ten_seconds(cluster: Cluster) -> None:
    await cluster.clock.sleep(20)  # the first ones are spread, so that nodes do not beat at once
    times = []
    for _ in range(7):
        lease = await cluster.client.get(Lease, "node-0", namespace="kube-node-lease")
        assert lease.spec is not None
        times.append(parse_time(lease.spec.renew_time or ""))
        await cluster.clock.sleep(10)
    assert all(9 < later - sooner < 11 for sooner, later in pairwise(times))


async def test_a_pod_goes_through_its_phases_by_its_profile(cluster: Cluster) -> None:
    simulation = {
        "start-seconds": 2,
        "ready-seconds": 3,
        "run-seconds": 60,
        "exit-code": 0,
    }
    await cluster.apply([pod("job", simulation=simulation, restartPolicy="Never")])
    await cluster.clock.sleep(1)
    assert (await _status(cluster, "job")).phase == "Pending"
    await cluster.clock.sleep(2.5)
    running = await _status(cluster, "job")
    assert (running.phase, running.container_statuses[0].ready) == ("Running", False)
    assert running.pod_ip
    await cluster.clock.sleep(3)
    assert (await _status(cluster, "job")).container_statuses[0].ready
    await cluster.clock.sleep(60)
    ended = await _status(cluster, "job")
    assert (ended.phase, ended.container_statuses[0].ready) == ("Succeeded", False)
    state = ended.container_statuses[0].state
    assert state is not None
    assert state.terminated is not None
    assert state.terminated.reason == "Completed"


async def test_a_container_that_never_ended_has_an_empty_last_state(cluster: Cluster) -> None:
    """Clients read `lastState: {}`, and never null, in a status; also of a container that only waits."""
    waits = pod("waits")
    waits["spec"]["containers"][0]["image"] = "registry.invalid/none:1"
    await cluster.apply([pod("runs"), waits])
    await cluster.clock.sleep(5)
    for name in ("runs", "waits"):
        (container,) = (await _status(cluster, name)).container_statuses
        assert to_builtins(container)["lastState"] == {}


async def test_a_start_that_fails_ends_with_the_exit_code_of_its_own_container(
    cluster: Cluster,
) -> None:
    """`exit-code.NAME` counts for init containers and others, as `exit-code` does for all."""
    simulation = {"fail-probability.first": 1, "exit-code.first": 3}
    manifest = pod("p", simulation=simulation, restartPolicy="Never")
    manifest["spec"]["initContainers"] = [{"name": "first", "image": "busybox"}]
    await cluster.apply([manifest])
    await cluster.clock.sleep(5)
    status = await _status(cluster, "p")
    (first,) = status.init_container_statuses
    assert first.state is not None
    assert first.state.terminated is not None
    assert (status.phase, first.state.terminated.exit_code) == ("Failed", 3)


async def test_a_pod_that_was_bound_by_hand_has_been_scheduled(cluster: Cluster) -> None:
    """The kubelet says so, since no scheduler has; since when stays what it was."""
    await cluster.apply([pod("manual", nodeName="node-0", simulation={"ready-seconds": 60})])
    await cluster.clock.sleep(10)
    first = {c.type: c for c in (await _status(cluster, "manual")).conditions}["PodScheduled"]
    assert first.status == "True"
    await cluster.clock.sleep(60)
    conditions = {c.type: c for c in (await _status(cluster, "manual")).conditions}
    assert conditions["Ready"].status == "True"
    assert conditions["PodScheduled"] == first


async def test_a_container_that_fails_again_and_again_is_held_back(cluster: Cluster) -> None:
    await cluster.apply([pod("bad", simulation={"run-seconds": 1, "exit-code": 3})])
    await cluster.clock.sleep(600)
    status = await _status(cluster, "bad")
    container = status.container_statuses[0]
    # Starts take a second and runs another: ends near 2, 4, 16, 38, 80, 162 and 324 s.
    assert container.restart_count == 6
    assert container.last_state is not None
    assert container.last_state.terminated is not None
    assert container.last_state.terminated.exit_code == 3
    events = await cluster.client.list(Event, namespace="default")
    (held_back,) = [e for e in events if e.reason == "BackOff"]
    bad = await cluster.client.get(Pod, "bad", namespace="default")
    assert held_back.type == "Warning"
    # One event, though the delay grows: the last two are beyond the burst that the recorder allows a pod, which
    # asks for its image each time.
    assert held_back.count == 4
    assert held_back.message == (
        f"Back-off restarting failed container c in pod bad_default({bad.metadata.uid})"
    )


async def test_a_container_that_is_stopped_while_it_starts_has_not_failed(
    cluster: Cluster,
) -> None:
    """Nobody wants to hear of an error without a text."""
    await cluster.apply([pod("hasty", simulation={"start-seconds": 20})])
    await cluster.clock.sleep(5)
    await cluster.client.delete(Pod, "hasty", namespace="default")
    await cluster.clock.sleep(10)
    with pytest.raises(NotFound):
        await cluster.client.get(Pod, "hasty", namespace="default")
    events = await cluster.client.list(Event, namespace="default")
    assert "Failed" not in {e.reason for e in events}


async def test_deletion_waits_for_the_containers_to_stop(cluster: Cluster) -> None:
    await cluster.apply([pod("slow", simulation={"stop-seconds": 12})])
    await cluster.client.wait(Pod, "slow", "condition=Ready", namespace="default", timeout=30)
    await cluster.client.delete(Pod, "slow", namespace="default")
    await cluster.clock.sleep(11)
    going = await cluster.client.get(Pod, "slow", namespace="default")
    assert going.metadata.deletion_timestamp is not None
    await cluster.clock.sleep(3)
    with pytest.raises(NotFound):
        await cluster.client.get(Pod, "slow", namespace="default")


async def test_a_stop_that_takes_too_long_is_a_kill(cluster: Cluster) -> None:
    simulation = {"stop-seconds": 1000}
    await cluster.apply([pod("stuck", simulation=simulation, terminationGracePeriodSeconds=5)])
    await cluster.client.wait(Pod, "stuck", "condition=Ready", namespace="default", timeout=30)
    await cluster.client.delete(Pod, "stuck", namespace="default")
    await cluster.clock.sleep(6)
    with pytest.raises(NotFound):
        await cluster.client.get(Pod, "stuck", namespace="default")


async def test_a_pod_that_the_node_has_no_room_for_is_rejected(cluster: Cluster) -> None:
    await cluster.apply([pod("huge", requests={"cpu": "1000"}, nodeName="node-0")])
    await cluster.clock.sleep(2)
    status = await _status(cluster, "huge")
    assert (status.phase, status.reason) == ("Failed", "OutOfcpu")


def _on_port(name: str, *ports: int) -> dict[str, Any]:
    """A pod on node-0 whose container takes these ports of the node."""
    taken = [{"containerPort": 80, "hostPort": port} for port in ports]
    manifest = pod(name, nodeName="node-0")
    manifest["spec"]["containers"][0]["ports"] = [{**p, "name": f"p{p['hostPort']}"} for p in taken]
    return manifest


async def test_a_pod_whose_host_port_is_taken_is_rejected_until_it_is_free(
    cluster: Cluster,
) -> None:
    """Any of its ports counts, and a pod that is gone takes none."""
    await cluster.apply([_on_port("first", 8080)])
    await cluster.clock.sleep(5)
    await cluster.apply([_on_port("second", 9090, 8080), _on_port("other", 7070)])
    await cluster.clock.sleep(5)
    status = await _status(cluster, "second")
    assert (status.phase, status.reason) == ("Failed", "NodePorts")
    failed = (
        "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports"
    )
    assert status.message == f"Pod was rejected: {failed}"
    events = await cluster.client.list(Event, namespace="default")
    assert (failed, "Warning") in {(e.message, e.type) for e in events if e.reason == "NodePorts"}
    assert (await _status(cluster, "other")).phase == "Running"
    await cluster.client.delete(Pod, "first", namespace="default")
    await cluster.clock.sleep(5)
    await cluster.apply([_on_port("third", 8080)])
    await cluster.clock.sleep(5)
    assert (await _status(cluster, "third")).phase == "Running"


async def test_a_wrong_profile_keeps_the_pod_waiting_and_says_what_is_wrong(
    cluster: Cluster,
) -> None:
    await cluster.apply([pod("odd", simulation={"run-seconds": "soon"})])
    await cluster.clock.sleep(5)
    state = (await _status(cluster, "odd")).container_statuses[0].state
    assert state is not None
    assert state.waiting is not None
    assert state.waiting.reason == "CreateContainerConfigError"
    assert "run-seconds" in (state.waiting.message or "")


async def test_a_kubelet_that_crashes_finds_its_containers_again(cluster: Cluster) -> None:
    await cluster.apply([pod("steady", nodeName="node-0")])
    await cluster.client.wait(Pod, "steady", "condition=Ready", namespace="default", timeout=30)
    before = (await _status(cluster, "steady")).container_statuses[0]
    cluster.crash("/nodes/node-0/kubelet")
    await cluster.clock.sleep(60)
    after = (await _status(cluster, "steady")).container_statuses[0]
    assert (after.container_id, after.restart_count) == (before.container_id, 0)
    listed = await cluster.system.ref("/nodes/node-0/kubelet").ask(ListPods())
    assert [p.metadata.name for p in listed] == ["steady"]


async def test_an_image_that_is_bad_runs_and_is_never_ready(cluster: Cluster) -> None:
    """A roll-out to it hangs, whatever the profile says of the time until containers are ready."""
    manifest = pod("sick")
    manifest["spec"]["containers"][0]["image"] = "bad:1"
    await cluster.apply([manifest])
    await cluster.clock.sleep(3600)
    status = await _status(cluster, "sick")
    assert (status.phase, status.container_statuses[0].ready) == ("Running", False)


async def test_a_node_that_was_rebooted_runs_its_pods_again(cluster: Cluster) -> None:
    await cluster.apply([pod("steady", nodeName="node-0")])
    await cluster.client.wait(Pod, "steady", "condition=Ready", namespace="default", timeout=30)
    await cluster.crash_node("node-0")
    await cluster.clock.sleep(10)
    await cluster.restart_node("node-0")
    await cluster.clock.sleep(30)
    status = await _status(cluster, "steady")
    assert (status.phase, status.container_statuses[0].restart_count) == ("Running", 1)


async def test_a_stopped_kubelet_answers_nothing(cluster: Cluster) -> None:
    kubelet = cluster.system.ref("/nodes/node-0/kubelet")
    await cluster.crash_node("node-0")
    with pytest.raises(ActorStopped):
        await kubelet.ask(ListPods())


async def test_init_containers_end_and_sidecars_do_not(cluster: Cluster) -> None:
    manifest = pod("many", simulation={"run-seconds": 30, "init-seconds": 5}, restartPolicy="Never")
    manifest["spec"]["initContainers"] = [
        {"name": "first", "image": "i"},
        {"name": "side", "image": "i", "restartPolicy": "Always"},
    ]
    await cluster.apply([manifest])
    await cluster.clock.sleep(4)
    assert (await _status(cluster, "many")).phase == "Pending"
    await cluster.clock.sleep(16)
    running = await _status(cluster, "many")
    first, side = running.init_container_statuses
    assert (running.phase, first.ready, side.ready) == ("Running", True, True)
    await cluster.clock.sleep(30)
    assert (await _status(cluster, "many")).phase == "Succeeded"
