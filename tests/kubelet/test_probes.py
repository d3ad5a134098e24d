"""Probes: delays, periods and thresholds decide when a container is ready, has started, or is killed."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator import Cluster
from orchestrator.api.core.v1 import Container, ContainerState, Pod, Probe
from orchestrator.kubelet.container_record import ContainerRecord, Role, Stage
from orchestrator.kubelet.probing import PodProbes
from orchestrator.kubelet.runtimes.interface import ProbeAnswered
from tests.kubelet.stories import conditions_of, container_of, events_of, pod_with, waiting_of
from tests.manifests import pod

TCP = {"tcpSocket": {"port": 8080}}


async def test_readiness_waits_for_the_initial_delay(cluster: Cluster) -> None:
    """And for the probe's next turn: a delay of 15 s with a period of 10 s is over after 20 s."""
    probe = {**TCP, "initialDelaySeconds": 15, "periodSeconds": 10}
    await cluster.apply([pod_with("late", {"readinessProbe": probe})])
    await cluster.clock.sleep(20)
    status = await container_of(cluster, "late")
    assert (status.ready, status.started) == (False, True)
    assert (await conditions_of(cluster, "late"))["Ready"] == "False"
    await cluster.clock.sleep(2)
    assert (await container_of(cluster, "late")).ready
    assert (await conditions_of(cluster, "late"))["Ready"] == "True"


@pytest.mark.parametrize(
    ("port", "said"),
    [
        ("web", 'strconv.Atoi: parsing "web": invalid syntax'),
        ("metrics", None),
    ],
)
async def test_a_probe_that_cannot_be_asked_says_nothing(
    cluster: Cluster, port: str, said: str | None
) -> None:
    """So a container that has no port of that name is not restarted for it, and does not become ready either."""
    probe = {"httpGet": {"port": port}, "periodSeconds": 1, "failureThreshold": 2}
    ports = [{"name": "metrics", "containerPort": 9090}]
    wanted = {"livenessProbe": probe, "readinessProbe": probe, "ports": ports}
    await cluster.apply([pod_with("unasked", wanted)])
    await cluster.clock.sleep(10)
    status = await container_of(cluster, "unasked")
    assert (status.ready, status.restart_count) == (said is None, 0)
    errors = {
        message for reason, message in await events_of(cluster, "unasked") if reason == "Unhealthy"
    }
    kinds = ("Readiness", "Liveness") if said else ()
    assert errors == {f"{k} probe errored and resulted in unknown state: {said}" for k in kinds}


async def test_readiness_is_lost_after_as_many_failures_as_allowed(cluster: Cluster) -> None:
    """Nothing restarts, and each failure is told."""
    probe = {"httpGet": {"port": 80}, "periodSeconds": 5, "failureThreshold": 3}
    simulation = {"healthy-seconds": 12}
    await cluster.apply([pod_with("weary", {"readinessProbe": probe}, simulation=simulation)])
    await cluster.clock.sleep(22)  # it fails at 16 and 21 s
    assert (await container_of(cluster, "weary")).ready
    await cluster.clock.sleep(5)
    status = await container_of(cluster, "weary")
    assert (status.ready, status.restart_count) == (False, 0)
    told = ("Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503")
    assert (await events_of(cluster, "weary"))[told].count == 3


async def test_a_container_that_fails_its_liveness_probe_is_restarted(cluster: Cluster) -> None:
    probe = {**TCP, "periodSeconds": 5, "failureThreshold": 2}
    simulation = {"healthy-seconds": 8}
    await cluster.apply([pod_with("ill", {"livenessProbe": probe}, simulation=simulation)])
    await cluster.clock.sleep(20)
    status = await container_of(cluster, "ill")
    assert status.restart_count == 1
    assert status.last_state is not None
    assert status.last_state.terminated is not None
    assert status.last_state.terminated.exit_code == 143
    events = await events_of(cluster, "ill")
    killed = events["Killing", "Container c failed liveness probe, will be restarted"]
    assert killed.involved_object.field_path == "spec.containers{c}"
    assert any(m.startswith("Liveness probe failed: dial tcp 10.") for _, m in events)


async def test_back_off_begins_a_run_later_where_probes_end_the_runs(cluster: Cluster) -> None:
    """It counts from the end of the run before; where runs last longer than that, there is none."""
    probe = {
        "exec": {"command": ["cat", "/no"]},
        "failureThreshold": 1,
        "periodSeconds": 1,
        "terminationGracePeriodSeconds": 1,
    }
    container = {"command": ["sleep", "9999"], "image": "busybox"}
    quick = {**container, "livenessProbe": {**probe, "initialDelaySeconds": 3}}
    slow = {**container, "livenessProbe": {**probe, "initialDelaySeconds": 12}}
    await cluster.apply([pod_with("quick", quick), pod_with("slow", slow)])
    await cluster.clock.sleep(12.5)
    found = await container_of(cluster, "quick")
    assert found.state is not None
    assert (found.restart_count, found.state.waiting) == (2, None)
    await cluster.clock.sleep(7.5)
    assert (await waiting_of(cluster, "quick"))[0] == "CrashLoopBackOff"
    await cluster.clock.sleep(28)
    assert (await container_of(cluster, "slow")).restart_count == 3
    assert "BackOff" not in {reason for reason, _ in await events_of(cluster, "slow")}


async def test_a_sidecar_that_fails_its_probe_is_called_an_init_container(cluster: Cluster) -> None:
    """That it will be restarted goes without saying."""
    probe = {"exec": {"command": ["cat", "/no"]}, "failureThreshold": 1}
    sidecar = {"name": "s", "image": "busybox", "restartPolicy": "Always", "livenessProbe": probe}
    sidecar["command"] = ["sleep", "9999"]
    await cluster.apply([pod_with("p", {}, initContainers=[sidecar])])
    await cluster.clock.sleep(12)
    assert ("Killing", "Init container s failed liveness probe") in await events_of(cluster, "p")


@pytest.mark.parametrize(("ready", "restarts"), [(25, 0), (100, 1)])
async def test_nothing_else_is_asked_until_a_container_has_started(
    cluster: Cluster, ready: int, restarts: int
) -> None:
    """A slow start is no illness, unless it takes longer than the startup probe allows."""
    probes = {
        "startupProbe": {**TCP, "periodSeconds": 10, "failureThreshold": 4},
        "livenessProbe": {**TCP, "periodSeconds": 1, "failureThreshold": 1},
    }
    simulation = {"ready-seconds": ready}
    await cluster.apply([pod_with("slow", probes, simulation=simulation)])
    await cluster.clock.sleep(20)
    status = await container_of(cluster, "slow")
    assert (status.started, status.ready, status.restart_count) == (False, False, 0)
    await cluster.clock.sleep(24)
    status = await container_of(cluster, "slow")
    assert (status.started, status.restart_count) == (not restarts, restarts)
    events = await events_of(cluster, "slow")
    killed = ("Killing", "Container c failed startup probe, will be restarted")
    assert (killed in events) is bool(restarts)


async def test_a_sidecar_that_has_not_started_holds_up_the_pod(cluster: Cluster) -> None:
    manifest = pod("held")
    manifest["spec"]["initContainers"] = [
        {
            "name": "side",
            "image": "i",
            "restartPolicy": "Always",
            "startupProbe": {**TCP, "initialDelaySeconds": 10, "periodSeconds": 5},
        }
    ]
    await cluster.apply([manifest])
    await cluster.clock.sleep(10)
    assert (await container_of(cluster, "held")).state.waiting.reason == "PodInitializing"  # type: ignore[union-attr]
    assert (await conditions_of(cluster, "held"))["Initialized"] == "False"
    await cluster.clock.sleep(8)
    assert (await container_of(cluster, "held")).ready


async def test_a_pod_that_ends_is_asked_whether_it_serves_and_nothing_else(
    cluster: Cluster,
) -> None:
    """Connections may still be drained to it, or not; how it lives does not matter any more."""
    probe = {"httpGet": {"port": 80}, "periodSeconds": 1, "failureThreshold": 1}
    container = {
        "readinessProbe": probe,
        "livenessProbe": probe,
        "lifecycle": {"preStop": {"sleep": {"seconds": 20}}},
    }
    await cluster.apply([pod_with("draining", container, simulation={"healthy-seconds": 10})])
    await cluster.clock.sleep(8)
    assert (await container_of(cluster, "draining")).ready
    await cluster.client.delete(Pod, "draining", namespace="default")
    await cluster.clock.sleep(6)
    assert (await conditions_of(cluster, "draining"))["Ready"] == "False"
    state = (await container_of(cluster, "draining")).state
    assert state is not None
    assert state.running is not None
    said = {m for reason, m in await events_of(cluster, "draining") if reason == "Unhealthy"}
    assert said == {"Readiness probe failed: HTTP probe failed with statuscode: 503"}


async def test_some_images_never_become_ready(cluster: Cluster) -> None:
    """Those whose names begin with `bad:` run, with and without a probe."""
    await cluster.apply(
        [
            pod_with("plain", {"image": "bad:1"}),
            pod_with("probed", {"image": "bad:1", "readinessProbe": TCP}),
            pod_with(
                "ends", {"image": "bad:1"}, simulation={"run-seconds": 5}, restartPolicy="Never"
            ),
        ]
    )
    await cluster.clock.sleep(120)
    for name in ("plain", "probed"):
        status = await container_of(cluster, name)
        assert status.state is not None
        assert (status.ready, status.state.running is not None) == (False, True)
    ended = (await container_of(cluster, "ends")).state
    assert ended is not None
    assert ended.terminated is not None


@pytest.mark.parametrize(
    ("delay", "started", "first"), [(0, 101.0, 110.0), (5, 104.0, 110.0), (5, 106.0, 120.0)]
)
def test_liveness_is_asked_on_a_grid_that_began_with_the_pod(
    delay: int, started: float, first: float
) -> None:
    """When there was nothing to ask yet: so the first answer may take a period, as the next after a restart."""
    probe = Probe(initial_delay_seconds=delay, period_seconds=10)
    state = ContainerState()
    record = ContainerRecord(Container(name="c", liveness_probe=probe), Role.MAIN, state, state)
    record.started, record.started_at = True, started
    probes = PodProbes([record], 100.0)
    probes.began(record)
    assert probes.next_due() == first


@given(
    delay=st.integers(0, 40),
    period=st.integers(1, 20),
    failures=st.integers(1, 4),
    answers=st.lists(st.booleans(), min_size=1, max_size=30),
)
def test_a_verdict_is_a_row_of_equal_answers(
    delay: int, period: int, failures: int, answers: list[bool]
) -> None:
    """One a period from the delay on, and none that the thresholds do not bear out."""
    probe = Probe(
        initial_delay_seconds=delay,
        period_seconds=period,
        failure_threshold=failures,
        success_threshold=2,
    )
    state = ContainerState()
    record = ContainerRecord(Container(name="c", readiness_probe=probe), Role.MAIN, state, state)
    record.stage, record.started, record.started_at, record.attempt = Stage.RUNNING, True, 100.0, 0
    probes = PodProbes([record], 100.0)
    probes.began(record)
    asked_at = []
    row: list[bool] = []
    for answer in answers:
        now = probes.next_due()
        assert now is not None
        (asked,) = probes.due("u", now)
        asked_at.append(now)
        row = [*row, answer] if row[-1:] == [answer] else [answer]
        verdict = probes.answered(record, ProbeAnswered(asked.key, asked.kind, answer, "", now))
        assert verdict == (answer if len(row) >= (2 if answer else failures) else None)
    assert 100 + delay <= asked_at[0] < 100 + delay + period
    assert {b - a for a, b in pairwise(asked_at)} <= {float(period)}
