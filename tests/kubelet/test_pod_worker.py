"""The life of a pod on its node, as a state machine: hypothesis deals the events."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.api import codec
from orchestrator.api.core.v1 import Pod
from orchestrator.kubelet.pod_events import (
    Effect,
    FinishPod,
    PodChanged,
    PodEvent,
    PodRejected,
    PodVanished,
    RecordEvent,
    ReportStatus,
    StartContainer,
    StopContainer,
    TimeCame,
    WakeAt,
)
from orchestrator.kubelet.pod_status import phase_of, status_of
from orchestrator.kubelet.pod_worker import PodWorker
from orchestrator.kubelet.runtimes.interface import (
    ContainerExited,
    ContainerKey,
    ContainerProbed,
    ContainerStarted,
    RuntimeEvent,
)

NOW = 1_704_067_200.0


def make_pod(
    *names: str, init: tuple[str, ...] = (), sidecars: tuple[str, ...] = (), **spec: Any
) -> Pod:
    """A pod with containers of these names."""
    document = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p", "namespace": "default", "uid": "u"},
        "spec": {
            "containers": [{"name": n, "image": "i"} for n in names],
            "initContainers": [
                *({"name": n, "image": "i", "restartPolicy": "Always"} for n in sidecars),
                *({"name": n, "image": "i"} for n in init),
            ],
            **spec,
        },
    }
    pod = codec.from_dict(document, Pod)
    assert isinstance(pod, Pod)
    return pod


def deleted(pod: Pod) -> Pod:
    """The pod, marked for deletion."""
    document = codec.to_dict(pod)
    document["metadata"] |= {
        "deletionTimestamp": "2024-01-01T00:00:30Z",
        "deletionGracePeriodSeconds": 30,
    }
    changed = codec.from_dict(document, Pod)
    assert isinstance(changed, Pod)
    return changed


class Node:
    """What the worker asks for, done at once; `running` is what a runtime would hold."""

    def __init__(self, pod: Pod) -> None:
        self.now = NOW
        self.worker = PodWorker(pod, NOW)
        self.running: dict[str, ContainerKey] = {}
        self.starts: list[str] = []
        self.wakes: list[float] = []
        self.finished: FinishPod | None = None
        self.send(PodChanged(pod))

    def send(self, event: PodEvent) -> list[Effect]:
        """An event and all that it leads to."""
        effects = self.worker.handle(event, self.now)
        self._do(effects)
        return effects

    def _do(self, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case StartContainer(container, key):
                    assert container.name not in self.running, "two runs of one container"
                    self.running[container.name] = key
                    self.starts.append(container.name)
                case StopContainer(key):
                    assert self.running[key.name] == key
                case WakeAt(at):
                    self.wakes.append(at)
                case FinishPod():
                    assert not self.running, "finished with a container that runs"
                    self.finished = effect

    def started(self, name: str) -> None:
        """The runtime reports that the container runs and is ready."""
        key = self.running[name]
        self.send(ContainerStarted(key, f"id-{name}", self.now))
        self.send(ContainerProbed(key, True, self.now))

    def exited(self, name: str, code: int = 0) -> None:
        """The runtime reports the container's end."""
        key = self.running.pop(name)
        self.send(exit_of(key, code, self.now))

    def status(self) -> Any:
        """The status that the kubelet would report."""
        return status_of(self.worker, node_ips=("1.2.3.4",), pod_ips=("10.0.0.1",), now=self.now)


def exit_of(key: ContainerKey, code: int, now: float) -> ContainerExited:
    """The end of a run that began a second ago."""
    reason = "Error" if code else "Completed"
    return ContainerExited(key, "id", code, reason, "", now - 1, now)


def test_init_containers_run_one_after_another_before_the_others() -> None:
    node = Node(make_pod("a", "b", init=("i", "j")))
    assert node.starts == ["i"]
    node.started("i")
    assert node.starts == ["i"]
    assert phase_of(node.worker) == "Pending"
    node.exited("i")
    node.started("j")
    node.exited("j")
    assert node.starts == ["i", "j", "a", "b"]
    node.started("a")
    node.started("b")
    assert phase_of(node.worker) == "Running"


def test_a_sidecar_starts_first_and_stops_last() -> None:
    node = Node(make_pod("a", sidecars=("s",), restartPolicy="Never"))
    assert node.starts == ["s"]
    node.started("s")
    node.started("a")
    node.exited("a")
    assert phase_of(node.worker) == "Running"
    node.exited("s")
    assert phase_of(node.worker) == "Succeeded"
    assert node.starts == ["s", "a"]


def test_restarts_follow_the_policy_and_the_exit_code() -> None:
    for policy, code, restarts in [
        ("Always", 0, True),
        ("Always", 1, True),
        ("OnFailure", 0, False),
        ("OnFailure", 1, True),
        ("Never", 0, False),
        ("Never", 1, False),
    ]:
        node = Node(make_pod("a", restartPolicy=policy))
        node.started("a")
        node.exited("a", code)
        assert (len(node.starts) == 2) is restarts, (policy, code)
        expected = "Running" if restarts else "Failed" if code else "Succeeded"
        assert phase_of(node.worker) == expected


def test_restarts_wait_as_kubernetes_does() -> None:
    node = Node(make_pod("a"))
    delays = []
    for _ in range(8):
        node.started("a")
        node.wakes.clear()
        node.exited("a", 1)
        if node.wakes:
            waiting = node.status().container_statuses[0].state.waiting
            assert waiting.reason == "CrashLoopBackOff"
            delays.append(node.wakes[-1] - node.now)
            node.now = node.wakes[-1]
            node.send(TimeCame())
        else:
            delays.append(0.0)
    assert delays == [0, 10, 20, 40, 80, 160, 300, 300]
    assert node.status().container_statuses[0].restart_count == 8


def test_ten_minutes_of_running_forget_the_back_off() -> None:
    node = Node(make_pod("a"))
    for _ in range(3):
        node.started("a")
        node.exited("a", 1)
        if node.wakes:
            node.now = node.wakes[-1]
            node.send(TimeCame())
    node.started("a")
    began, node.now = node.now, node.now + 601
    key = node.running.pop("a")
    node.send(ContainerExited(key, "id", 1, "Error", "", began, node.now))
    assert "a" in node.running


def test_deletion_stops_everything_and_then_deletes_the_object() -> None:
    pod = make_pod("a", "b")
    node = Node(pod)
    node.started("a")
    effects = node.send(PodChanged(deleted(pod)))
    stops = [e for e in effects if isinstance(e, StopContainer)]
    assert {e.key.name for e in stops} == {"a", "b"}
    assert {e.grace_seconds for e in stops} == {30.0}
    node.exited("a")
    assert node.finished is None
    node.exited("b", 137)
    assert node.finished == FinishPod(delete=True)


def test_a_pod_that_goes_before_a_container_ran_has_failed() -> None:
    """Who holds it by a finalizer sees a final phase and an end of each container whose turn had come."""
    pod = make_pod("a")
    node = Node(pod)
    node.send(PodChanged(deleted(pod)))
    key = node.running.pop("a")
    node.send(ContainerExited(key, "", 0, "", "", None, node.now))
    assert node.finished == FinishPod(delete=True)
    status = node.status()
    (container,) = status.container_statuses
    assert status.phase == "Failed"
    assert container.state.terminated.exit_code == 137
    assert container.state.terminated.reason == "ContainerStatusUnknown"


def test_a_pod_that_goes_between_two_runs_ended_as_the_last_one() -> None:
    """What is to be started again when the pod is deleted has its last end for its state."""
    pod = make_pod("a")
    node = Node(pod)
    node.started("a")
    node.exited("a", 3)
    node.started("a")
    node.exited("a", 4)
    assert node.status().container_statuses[0].state.waiting is not None
    node.send(PodChanged(deleted(pod)))
    status = node.status()
    assert status.phase == "Failed"
    assert status.container_statuses[0].state.terminated.exit_code == 4


def test_containers_behind_an_init_container_that_never_ended_go_on_waiting() -> None:
    """Their turn had not come; the pod as a whole has failed."""
    pod = make_pod("a", init=("i",))
    node = Node(pod)
    node.started("i")
    node.send(PodChanged(deleted(pod)))
    node.exited("i", 137)
    status = node.status()
    assert status.phase == "Failed"
    assert status.init_container_statuses[0].state.terminated is not None
    assert status.container_statuses[0].state.waiting.reason == "PodInitializing"


def test_a_rejected_pod_fails_without_a_start() -> None:
    pod = make_pod("a")
    worker = PodWorker(pod, NOW)
    effects = worker.handle(PodRejected("OutOfcpu", "Node didn't have enough resource"), NOW)
    assert not [e for e in effects if isinstance(e, StartContainer)]
    status = status_of(worker, node_ips=(), pod_ips=(), now=NOW)
    assert (status.phase, status.reason) == ("Failed", "OutOfcpu")


def test_of_a_container_that_was_to_run_when_its_pod_failed_nothing_is_known() -> None:
    """Whether it never ran, or was between two runs: the last of them is the last state."""
    worker = PodWorker(make_pod("a"), NOW)
    worker.handle(PodRejected("OutOfcpu", "Node didn't have enough resource"), NOW)
    told: Any = status_of(worker, node_ips=(), pod_ips=(), now=NOW)
    (rejected,) = told.container_statuses
    node = Node(make_pod("a", "b", activeDeadlineSeconds=60))
    node.started("a")
    node.started("b")
    for _ in range(2):
        node.exited("a", 3)
        if "a" in node.running:
            node.started("a")
    node.now += 60
    node.send(TimeCame())
    node.exited("b", 143)
    between, ended = node.status().container_statuses
    for each in (rejected, between):
        assert each.state.terminated.reason == "ContainerStatusUnknown"
    assert between.last_state.terminated.exit_code == 3
    assert ended.state.terminated.exit_code == 143


def test_a_pod_that_goes_before_it_is_initialized_is_told_of_as_before() -> None:
    """Its conditions were worked out while it was pending; it fails afterwards."""
    pod = make_pod("a", init=("i",))
    node = Node(pod)
    node.started("i")
    assert not node.status().init_container_statuses[0].ready  # until it is done
    node.send(PodChanged(deleted(pod)))
    node.exited("i", 143)
    status = node.status()
    assert status.phase == "Failed"
    ready = {c.type: (c.reason, c.message) for c in status.conditions}["Ready"]
    assert ready == ("ContainersNotReady", "containers with unready status: [a]")


def test_nothing_of_a_pod_that_has_ended_is_looked_at_again() -> None:
    """Neither its later generation, nor a debugger that comes too late."""
    pod = make_pod("a", restartPolicy="Never")
    node = Node(pod)
    node.started("a")
    node.exited("a")
    before = node.status()
    document = codec.to_dict(pod)
    document["metadata"]["generation"] = 2
    document["spec"]["ephemeralContainers"] = [{"name": "e", "image": "i"}]
    changed = codec.from_dict(document, Pod)
    node.send(PodChanged(changed))
    status = status_of(
        node.worker,
        node_ips=("1.2.3.4",),
        pod_ips=("10.0.0.1",),
        now=node.now,
        reported=before,
    )
    assert status == before


def test_a_sidecar_that_ended_well_is_told_of_so_until_it_runs_again() -> None:
    """One that failed waits in between."""
    node = Node(make_pod("a", sidecars=("s", "t")))
    for name in ("s", "t", "a"):
        node.started(name)
    for name, code in (("s", 0), ("t", 1)):
        for _ in range(2):
            node.exited(name, code)
            if name in node.running:
                node.started(name)
    well, failed = node.status().init_container_statuses
    assert (well.state.terminated.exit_code, well.restart_count) == (0, 1)
    assert failed.state.waiting.reason == "CrashLoopBackOff"
    assert node.status().phase == "Running"


@pytest.mark.parametrize("seconds", [0, 1])
def test_containers_have_two_seconds_to_stop_at_least(seconds: int) -> None:
    """However little their pod allows."""
    pod = make_pod("a", terminationGracePeriodSeconds=seconds)
    node = Node(pod)
    node.started("a")
    document = codec.to_dict(deleted(pod))
    document["metadata"]["deletionGracePeriodSeconds"] = seconds
    effects = node.send(PodChanged(codec.from_dict(document, Pod)))
    assert [e.grace_seconds for e in effects if isinstance(e, StopContainer)] == [2.0]


def test_a_deadline_ends_the_pod() -> None:
    node = Node(make_pod("a", activeDeadlineSeconds=60))
    node.started("a")
    assert node.wakes == [NOW + 60]
    node.now += 60
    told = RecordEvent(
        "Normal",
        "DeadlineExceeded",
        "Pod was active on the node longer than the specified deadline",
    )
    assert node.send(TimeCame()).count(told) == 1
    assert told not in node.send(TimeCame())
    node.exited("a", 137)
    status = node.status()
    assert (status.phase, status.reason) == ("Failed", "DeadlineExceeded")


def _with_status(pod: Pod, node: Node) -> Pod:
    document = codec.to_dict(pod)
    document["status"] = codec.to_dict(node.status())
    known = codec.from_dict(document, Pod)
    assert isinstance(known, Pod)
    return known


def test_a_kubelet_that_restarts_starts_nothing_that_still_runs() -> None:
    pod = make_pod("a")
    node = Node(pod)
    node.started("a")
    again = PodWorker(_with_status(pod, node), NOW)
    reports: list[RuntimeEvent] = [ContainerStarted(node.running["a"], "id-a", NOW)]
    effects = again.restore(reports, NOW)
    assert not [e for e in effects if isinstance(e, StartContainer)]
    assert phase_of(again) == "Running"


@pytest.mark.parametrize(("policy", "phase"), [("Never", "Succeeded"), ("Always", "Running")])
def test_a_kubelet_that_restarts_learns_what_ended_meanwhile(policy: str, phase: str) -> None:
    """And reports it: with its real exit code, and no second run of what is run once."""
    pod = make_pod("a", restartPolicy=policy)
    node = Node(pod)
    node.started("a")
    again = PodWorker(_with_status(pod, node), NOW)
    ended = ContainerExited(node.running["a"], "id-a", 0, "Completed", "", NOW, NOW + 60)
    effects = again.restore([ended], NOW + 100)
    assert ReportStatus() in effects
    assert len([e for e in effects if isinstance(e, StartContainer)]) == (policy == "Always")
    assert phase_of(again) == phase
    status = status_of(again, node_ips=(), pod_ips=(), now=NOW + 100).container_statuses[0]
    state = status.state if policy == "Never" else status.last_state
    assert state is not None
    assert state.terminated is not None
    assert (state.terminated.exit_code, state.terminated.reason) == (0, "Completed")


def test_a_machine_that_was_rebooted_runs_its_containers_again() -> None:
    pod = make_pod("a")
    node = Node(pod)
    node.started("a")
    again = PodWorker(_with_status(pod, node), NOW)
    effects = again.restore([], NOW)
    assert [e.key.attempt for e in effects if isinstance(e, StartContainer)] == [1]
    status = status_of(again, node_ips=(), pod_ips=(), now=NOW).container_statuses[0]
    assert status.restart_count == 1
    assert status.last_state is not None
    assert status.last_state.terminated is not None
    assert (status.last_state.terminated.exit_code, status.last_state.terminated.reason) == (
        255,
        "Unknown",
    )


def test_a_pod_that_is_never_restarted_fails_with_its_machine() -> None:
    pod = make_pod("a", restartPolicy="Never")
    node = Node(pod)
    node.started("a")
    again = PodWorker(_with_status(pod, node), NOW)
    effects = again.restore([], NOW)
    assert not [e for e in effects if isinstance(e, StartContainer)]
    assert phase_of(again) == "Failed"


_EVENTS = st.lists(
    st.tuples(
        st.sampled_from(
            ["started", "exited", "failed", "again", "time", "delete", "vanish", "stale"]
        ),
        st.integers(0, 3),
    ),
    max_size=40,
)


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(
    _EVENTS,
    st.sampled_from(["Always", "OnFailure", "Never"]),
    st.sampled_from([(), ("i",)]),
    st.sampled_from([(), ("s",)]),
)
def test_whatever_happens_no_container_runs_twice_and_the_end_is_clean(
    events: list[tuple[str, int]],
    policy: str,
    init: tuple[str, ...],
    sidecars: tuple[str, ...],
) -> None:
    pod = make_pod("a", "b", init=init, sidecars=sidecars, restartPolicy=policy)
    node = Node(pod)
    for kind, which in events:
        node.now += 1
        names = sorted(node.running)
        name = names[which % len(names)] if names else None
        if kind == "time":
            node.now = max([node.now, *node.wakes])
            node.send(TimeCame())
        elif kind == "again":
            node.send(PodChanged(node.worker.pod))
        elif kind == "delete":
            node.send(PodChanged(deleted(pod)))
        elif kind == "vanish":
            node.send(PodVanished())
        elif kind == "stale":
            node.send(exit_of(ContainerKey("u", "a", -5), 1, node.now))
        elif name is not None and kind == "started":
            node.started(name)
        elif name is not None:
            node.exited(name, int(kind == "failed"))
        status = node.status()
        assert status.phase in ("Pending", "Running", "Succeeded", "Failed")
        ready = next(c for c in status.conditions if c.type == "Ready")
        if ready.status == "True":
            assert {"a", "b"} <= set(node.running)
    node.send(PodChanged(deleted(pod)))
    for _ in range(10):
        for name in list(node.running):
            node.exited(name, 137)
    assert node.finished is not None
