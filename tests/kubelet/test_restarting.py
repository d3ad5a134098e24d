"""What restarts a container, what holds up its end, and how a pod ends."""

import asyncio
from typing import Any

import pytest

from orchestrator import Cluster
from orchestrator.api.core.v1 import Pod
from orchestrator.machinery.conditions import is_true
from orchestrator.protocol import NotFound
from tests.kubelet.stories import container_of, events_of, pod_with, waiting_of
from tests.manifests import pod


async def _phase(cluster: Cluster, name: str) -> str:
    found = await cluster.client.get(Pod, name, namespace="default")
    assert found.status is not None
    return found.status.phase


async def test_a_container_with_another_image_is_another_container(cluster: Cluster) -> None:
    """Whatever the restart policy says; until then the status tells the image that runs."""
    await cluster.apply([pod_with("im", {"image": "nginx:1"}, restartPolicy="Never")])
    await cluster.clock.sleep(10)
    patch = [{"op": "replace", "path": "/spec/containers/0/image", "value": "nginx:2"}]
    await cluster.client.patch(Pod, "im", patch, namespace="default", patch_type="json")
    await cluster.clock.sleep(0.5)
    assert (await container_of(cluster, "im")).image == "nginx:1"
    await cluster.clock.sleep(5)
    status = await container_of(cluster, "im")
    assert (status.image, status.restart_count, status.ready) == ("nginx:2", 1, True)
    events = await events_of(cluster, "im")
    assert ("Killing", "Container c definition changed, will be restarted") in events


async def test_a_container_that_is_replaced_is_ready_until_the_next_one_is(
    cluster: Cluster,
) -> None:
    """Between two containers that follow each other at once, no status says that there is none."""
    await cluster.apply([pod_with("im", {"image": "nginx:1"})])
    await cluster.clock.sleep(10)
    seen: list[tuple[str, bool]] = []
    async with cluster.client.watch(Pod, namespace="default") as events:
        patch = [{"op": "replace", "path": "/spec/containers/0/image", "value": "nginx:2"}]
        await cluster.client.patch(Pod, "im", patch, namespace="default", patch_type="json")
        async for event in events:
            status = event.object.status
            assert status is not None
            found = status.container_statuses[0]
            seen.append((found.image, is_true(status.conditions, "Ready")))
            if found.restart_count:
                break
    assert set(seen[:-1]) == {("nginx:1", True)}
    assert seen[-1] == ("nginx:2", True)


@pytest.mark.parametrize(
    ("hook", "seconds"),
    [
        ({"sleep": {"seconds": 60}}, 60),
        ({"exec": {"command": ["/bin/sh", "-c", "echo bye; sleep 30"]}}, 30),
        ({"exec": {"command": ["/bin/sh", "-c", "sleep 180"]}}, 90),
        ({"httpGet": {"port": 80}}, 0),
    ],
)
async def test_a_pod_ends_after_its_pre_stop_hook(
    cluster: Cluster, hook: dict[str, Any], seconds: float
) -> None:
    """Or when its grace period is over: 90 s here, and two more for the container."""
    container = {"lifecycle": {"preStop": hook}}
    await cluster.apply([pod_with("p", container, terminationGracePeriodSeconds=90)])
    await cluster.clock.sleep(10)
    await cluster.client.delete(Pod, "p", namespace="default")
    if seconds:
        await cluster.clock.sleep(seconds - 0.5)
        assert (await container_of(cluster, "p")).ready
        await cluster.clock.sleep(0.5)
    await cluster.clock.sleep(3)
    with pytest.raises(NotFound):
        await cluster.client.get(Pod, "p", namespace="default")


async def test_a_hook_that_fails_after_the_start_ends_the_container(cluster: Cluster) -> None:
    container = {"lifecycle": {"postStart": {"exec": {"command": ["sh", "-c", "exit 3"]}}}}
    await cluster.apply([pod_with("post", container)])
    await cluster.clock.sleep(8)
    assert (await waiting_of(cluster, "post"))[0] == "CrashLoopBackOff"
    events = await events_of(cluster, "post")
    assert {
        ("FailedPostStartHook", "PostStartHook failed"),
        ("Killing", "FailedPostStartHook"),
    } <= set(events)


async def test_a_container_runs_when_its_post_start_hook_has_ended(cluster: Cluster) -> None:
    await cluster.apply(
        [pod_with("post", {"lifecycle": {"postStart": {"sleep": {"seconds": 10}}}})]
    )
    await cluster.clock.sleep(8)
    assert (await waiting_of(cluster, "post"))[0] == "ContainerCreating"
    await cluster.clock.sleep(5)
    assert (await container_of(cluster, "post")).ready


async def test_containers_behind_a_post_start_hook_wait_for_it(cluster: Cluster) -> None:
    """They begin one after the other: so a hook holds up the next until the first can serve it."""
    manifest = pod_with("post", {"lifecycle": {"postStart": {"sleep": {"seconds": 10}}}})
    manifest["spec"]["containers"].append({"name": "next", "image": "i"})
    await cluster.apply([manifest])
    await cluster.clock.sleep(8)
    found = await cluster.client.get(Pod, "post", namespace="default")
    assert found.status is not None
    _, waits = found.status.container_statuses
    assert waits.state is not None
    assert waits.state.waiting is not None
    await cluster.clock.sleep(6)
    found = await cluster.client.get(Pod, "post", namespace="default")
    assert found.status is not None
    assert all(each.ready for each in found.status.container_statuses)


async def test_a_command_before_the_stop_that_takes_too_long_has_failed(cluster: Cluster) -> None:
    """It ends with its container."""
    hook = {"exec": {"command": ["/bin/sh", "-c", "sleep 180"]}}
    container = {"lifecycle": {"preStop": hook}}
    await cluster.apply([pod_with("p", container, terminationGracePeriodSeconds=5)])
    await cluster.clock.sleep(10)
    await cluster.client.delete(Pod, "p", namespace="default")
    await cluster.clock.sleep(9)
    assert ("FailedPreStopHook", "PreStopHook failed") in await events_of(cluster, "p")


async def test_a_second_deletion_shortens_the_grace_period(cluster: Cluster) -> None:
    simulation = {"stop-seconds": 1000}
    await cluster.apply([pod("stuck", simulation=simulation, terminationGracePeriodSeconds=600)])
    await cluster.clock.sleep(5)
    await cluster.client.delete(Pod, "stuck", namespace="default")
    await cluster.clock.sleep(20)
    await cluster.client.delete(Pod, "stuck", namespace="default", grace_period_seconds=5)
    await cluster.clock.sleep(4)
    assert await _phase(cluster, "stuck") == "Running"
    await cluster.clock.sleep(2)
    with pytest.raises(NotFound):
        await cluster.client.get(Pod, "stuck", namespace="default")


@pytest.mark.parametrize(("policy", "phase"), [("Never", "Failed"), ("Always", "Pending")])
async def test_init_containers_may_fail(cluster: Cluster, policy: str, phase: str) -> None:
    simulation = {"fail-probability": 1, "exit-code": 3}
    init = [{"name": "in", "image": "i"}]
    await cluster.apply(
        [pod("i", simulation=simulation, initContainers=init, restartPolicy=policy)]
    )
    await cluster.clock.sleep(30)
    found = await cluster.client.get(Pod, "i", namespace="default")
    assert found.status is not None
    (status,) = found.status.init_container_statuses
    assert found.status.phase == phase
    assert status.state is not None
    if policy == "Never":
        assert status.state.terminated is not None
        assert status.state.terminated.exit_code == 3
    else:
        assert status.state.waiting is not None
        assert status.state.waiting.reason == "CrashLoopBackOff"


async def test_a_profile_may_be_for_one_container(cluster: Cluster) -> None:
    simulation = {"exit-code.in": 4, "run-seconds.side": 5, "run-seconds": 60}
    init = [
        {"name": "side", "image": "i", "restartPolicy": "Always"},
        {"name": "in", "image": "i"},
    ]
    await cluster.apply(
        [pod("i", simulation=simulation, initContainers=init, restartPolicy="Never")]
    )
    await cluster.clock.sleep(30)
    found = await cluster.client.get(Pod, "i", namespace="default")
    assert found.status is not None
    assert found.status.phase == "Failed"
    side, ended = found.status.init_container_statuses
    assert side.restart_count == 0  # it ended with the pod
    assert ended.state is not None
    assert ended.state.terminated is not None
    assert ended.state.terminated.exit_code == 4


@pytest.mark.parametrize(("code", "restarts"), [(42, True), (1, False)])
async def test_a_container_may_have_rules_of_its_own(
    cluster: Cluster, code: int, restarts: bool
) -> None:
    """Which come before its policy, as that comes before its pod's."""
    container = {
        "restartPolicy": "Never",
        "restartPolicyRules": [
            {"action": "Restart", "exitCodes": {"operator": "In", "values": [42]}}
        ],
    }
    simulation = {"run-seconds": 5, "exit-code": code}
    await cluster.apply([pod_with("own", container, simulation=simulation)])
    await cluster.clock.sleep(8)
    assert (await container_of(cluster, "own")).restart_count == int(restarts)
    assert await _phase(cluster, "own") == ("Running" if restarts else "Failed")


def _resetting_pod(name: str, script: str, **spec: Any) -> dict[str, Any]:
    """A pod whose container `main` lets all begin anew when its script ends with 42; `side` lives on, `init` comes first."""
    rule = {"action": "RestartAllContainers", "exitCodes": {"operator": "In", "values": [42]}}
    main = {"command": ["sh", "-c", script], "restartPolicy": "Never", "restartPolicyRules": [rule]}
    manifest = pod_with(name, {"image": "busybox", **main}, restartPolicy="Never")
    hook = {"preStop": {"sleep": {"seconds": 20}}}
    side = {"name": "side", "image": "busybox", "command": ["sleep", "9999"], "lifecycle": hook}
    manifest["spec"]["containers"].append(side)
    init = {"name": "init", "image": "busybox", "command": ["sh", "-c", "sleep 2"]}
    manifest["spec"] |= {"initContainers": [init], **spec}
    return manifest


async def test_a_container_may_let_all_begin_anew(cluster: Cluster) -> None:
    """At once, without hooks and back-offs, from the first init container on; the pod has been initialized all the while."""
    await cluster.apply([_resetting_pod("r", "sleep 5; exit 42")])
    seen: list[tuple[str, dict[str, str]]] = []
    async with asyncio.timeout(300), cluster.client.watch(Pod, namespace="default") as events:
        async for event in events:
            status = event.object.status
            if status is None or not status.conditions:
                continue
            seen.append((status.phase, {c.type: c.status for c in status.conditions}))
            if min((s.restart_count for s in status.container_statuses), default=0) == 2:
                break
    status = event.object.status
    assert status is not None
    both = (*status.init_container_statuses, *status.container_statuses)
    assert {s.restart_count for s in both} == {2}
    for each in both:
        assert each.last_state is not None
        assert each.last_state.terminated is not None
        assert each.last_state.terminated.reason == "RestartingAllContainers"
        assert each.last_state.terminated.exit_code == 137
    resets = [c["AllContainersRestarting"] for _, c in seen]
    assert resets[0] == "False"
    assert "True" in resets
    begun = next(i for i, (phase, _) in enumerate(seen) if phase == "Running")
    assert {phase for phase, _ in seen[begun:]} <= {"Running", "Pending"}
    assert {c["Initialized"] for _, c in seen[begun:]} == {"True"}
    assert ("Killing", "killing") in await events_of(cluster, "r")


async def test_another_end_of_the_same_container_resets_nothing(cluster: Cluster) -> None:
    """Its policy speaks then; and a pod that has ended says so of what will not begin anew."""
    await cluster.apply([_resetting_pod("r", "sleep 5; exit 1", activeDeadlineSeconds=60)])
    await cluster.clock.sleep(20)
    found = await cluster.client.get(Pod, "r", namespace="default")
    assert found.status is not None
    assert [s.restart_count for s in found.status.container_statuses] == [0, 0]
    conditions = {c.type: c for c in found.status.conditions}
    assert conditions["AllContainersRestarting"].status == "False"
    # Kubelet says of all conditions but this for which generation they hold.
    assert conditions["AllContainersRestarting"].observed_generation is None
    await cluster.clock.sleep(90)
    found = await cluster.client.get(Pod, "r", namespace="default")
    assert found.status is not None
    condition = {c.type: c for c in found.status.conditions}["AllContainersRestarting"]
    assert (condition.status, condition.reason) == ("False", "PodFailed")


async def test_a_kubelet_that_crashes_takes_nothing_from_containers_that_are_ready(
    cluster: Cluster,
) -> None:
    """They have started, are ready until a probe says otherwise, and no hook runs again."""
    probe = {"tcpSocket": {"port": 80}, "periodSeconds": 20, "failureThreshold": 1}
    container = {
        "startupProbe": probe,
        "readinessProbe": probe,
        "lifecycle": {"postStart": {"sleep": {"seconds": 3}}},
    }
    await cluster.apply([pod_with("p", container, simulation={"healthy-seconds": 130})])
    await cluster.clock.sleep(90)
    before = await cluster.client.get(Pod, "p", namespace="default")
    assert before.status is not None
    assert before.status.container_statuses[0].ready
    node = before.spec.node_name if before.spec is not None else ""
    cluster.crash(f"/nodes/{node}/kubelet")
    await cluster.clock.sleep(30)
    after = await cluster.client.get(Pod, "p", namespace="default")
    assert after.status == before.status
    assert after.metadata.resource_version == before.metadata.resource_version
    await cluster.clock.sleep(60)
    assert not (await container_of(cluster, "p")).ready


async def test_a_kubelet_that_crashes_goes_on_letting_all_begin_anew(cluster: Cluster) -> None:
    """What it reported of the container that ended is enough to know it by."""
    await cluster.apply([_resetting_pod("r", "sleep 5; exit 42", nodeName="node-0")])
    for _ in range(12):
        await cluster.clock.sleep(1.3)
        cluster.crash("/nodes/node-0/kubelet")
    await cluster.clock.sleep(60)
    found = await cluster.client.get(Pod, "r", namespace="default")
    assert found.status is not None
    counts = {s.restart_count for s in found.status.container_statuses}
    assert min(counts) >= 4
    assert max(counts) - min(counts) <= 1


async def test_a_pod_of_a_hook_comes_to_an_end(cluster: Cluster) -> None:
    """As one of a Job does: `helm test` waits for it."""
    manifest = pod("test", restartPolicy="Never")
    manifest["metadata"]["annotations"]["helm.sh/hook"] = "test"
    await cluster.apply([manifest])
    await cluster.clock.sleep(5)
    assert await _phase(cluster, "test") == "Succeeded"


async def test_a_deleted_pod_that_is_held_says_how_it_ended(cluster: Cluster) -> None:
    """Nothing runs in it any more, though a finalizer keeps it."""
    manifest = pod("held")
    manifest["metadata"]["finalizers"] = ["example.com/hold"]
    await cluster.apply([manifest])
    await cluster.clock.sleep(5)
    await cluster.client.delete(Pod, "held", namespace="default")
    await cluster.clock.sleep(5)
    assert await _phase(cluster, "held") == "Failed"
    status = await container_of(cluster, "held")
    assert status.state is not None
    assert status.state.terminated is not None
    assert status.state.terminated.exit_code == 143


async def test_a_gate_that_is_not_open_is_named(cluster: Cluster) -> None:
    await cluster.apply([pod("gated", readinessGates=[{"conditionType": "a/b"}])])
    await cluster.clock.sleep(5)

    async def ready() -> tuple[str, str, str]:
        found = await cluster.client.get(Pod, "gated", namespace="default")
        assert found.status is not None
        (one,) = [c for c in found.status.conditions if c.type == "Ready"]
        return one.status, one.reason, one.message

    missing = 'corresponding condition of pod readiness gate "a/b" does not exist.'
    assert await ready() == ("False", "ReadinessGatesNotReady", missing)
    for status, expected in (
        ("False", 'the status of pod readiness gate "a/b" is not "True", but False'),
        ("True", ""),
    ):
        body = {"status": {"conditions": [{"type": "a/b", "status": status}]}}
        await cluster.client.patch(
            Pod, "gated", body, namespace="default", subresource="status", patch_type="strategic"
        )
        await cluster.clock.sleep(1)
        assert (await ready())[2] == expected
    assert (await ready())[0] == "True"


async def test_a_deadline_of_a_pod_that_has_ended_means_nothing(cluster: Cluster) -> None:
    """And one of a pod whose image cannot be pulled ends it."""
    gone = {"image": "registry.invalid/none:1"}
    await cluster.apply(
        [
            pod(
                "over",
                simulation={"run-seconds": 3},
                restartPolicy="Never",
                activeDeadlineSeconds=20,
            ),
            pod_with("stuck", gone, activeDeadlineSeconds=20),
        ]
    )
    await cluster.clock.sleep(60)
    assert await _phase(cluster, "over") == "Succeeded"
    stuck = await cluster.client.get(Pod, "stuck", namespace="default")
    assert stuck.status is not None
    assert (stuck.status.phase, stuck.status.reason) == ("Failed", "DeadlineExceeded")


async def test_a_restart_does_not_wait_for_a_hook_beyond_the_grace_period(cluster: Cluster) -> None:
    container = {
        "livenessProbe": {"tcpSocket": {"port": 1}, "periodSeconds": 1, "failureThreshold": 1},
        "lifecycle": {"preStop": {"exec": {"command": ["sleep", "20"]}}},
    }
    simulation = {"healthy-seconds": 5}
    manifest = pod_with("p", container, simulation=simulation, terminationGracePeriodSeconds=10)
    await cluster.apply([manifest])
    await cluster.clock.sleep(15)
    assert (await container_of(cluster, "p")).restart_count == 0
    await cluster.clock.sleep(6)  # it fails after 6 s, has 10 s, and 2 more
    assert (await container_of(cluster, "p")).restart_count == 1
