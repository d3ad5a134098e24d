"""What a kubelet writes of its pods' status, and what it lets stand that others have written there."""

import pytest
from msgspec.structs import replace

from orchestrator import Cluster
from orchestrator.api.core.v1 import Pod, PodCondition, PodStatus
from orchestrator.kubelet.pod_events import PodChanged
from orchestrator.kubelet.pod_status import status_of
from orchestrator.kubelet.pod_worker import PodWorker
from orchestrator.kubelet.runtimes.interface import ContainerExited
from tests.kubelet.stories import conditions_of
from tests.kubelet.test_pod_worker import NOW, Node, deleted, make_pod
from tests.manifests import pod


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ({"phase": "Failed"}, False),
        ({"reason": "Mine", "message": "by hand"}, False),
        ({"podIP": "1.2.3.4"}, False),
        ({"conditions": [{"type": "example.com/mine", "status": "True"}]}, True),
    ],
)
async def test_a_kubelet_insists_on_what_is_its_own_to_say(
    cluster: Cluster, written: dict[str, object], kept: bool
) -> None:
    """Within ten seconds, as its status manager looks; what others may say of a pod stays."""

    async def status() -> PodStatus:
        found = await cluster.client.get(Pod, "p", namespace="default")
        assert found.status is not None
        return found.status

    await cluster.apply([pod("p")])
    await cluster.clock.sleep(10)
    before = await status()
    changed = {"status": written}
    await cluster.client.patch(Pod, "p", changed, namespace="default", subresource="status")
    after = await status()
    assert after != before
    await cluster.clock.sleep(11)
    assert await status() == (after if kept else before)


async def test_a_condition_of_others_survives_what_the_kubelet_writes(cluster: Cluster) -> None:
    await cluster.apply([pod("p", simulation={"run-seconds": 30}, restartPolicy="Never")])
    await cluster.clock.sleep(10)
    mine = {"status": {"conditions": [{"type": "example.com/mine", "status": "True"}]}}
    await cluster.client.patch(Pod, "p", mine, namespace="default", subresource="status")
    await cluster.clock.sleep(60)
    conditions = await conditions_of(cluster, "p")
    assert (conditions["Ready"], conditions["example.com/mine"]) == ("False", "True")


def test_the_words_for_a_phase_go_with_it() -> None:
    """A reason that was told stays with the phase of which it speaks."""
    worker = PodWorker(make_pod("c"), NOW)
    told = PodStatus(phase="Pending", reason="Slow", message="it takes its time")
    now = {"node_ips": ("1.2.3.4",), "pod_ips": (), "now": NOW}
    assert status_of(worker, reported=told, **now).reason == "Slow"  # type: ignore[arg-type]
    node = Node(make_pod("c"))
    node.started("c")
    status = status_of(node.worker, reported=told, **now)  # type: ignore[arg-type]
    assert (status.phase, status.reason, status.message) == ("Running", "", "")


def test_a_condition_has_the_time_at_which_its_status_became_so() -> None:
    """Other words are no transition."""
    node = Node(make_pod("a", "b"))
    first = node.status()
    old = {c.type: c for c in first.conditions}
    node.worker.pod = with_status(node.worker.pod, first)
    node.now += 10
    node.started("a")
    said = {c.type: c for c in node.status().conditions}["Ready"]
    assert said.message == "containers with unready status: [b]" != old["Ready"].message
    assert said.last_transition_time == old["Ready"].last_transition_time
    node.started("b")
    assert transition(node.status(), "Ready") == "2024-01-01T00:00:10Z"


@pytest.mark.parametrize(
    ("init", "ended", "states"),
    [
        ((), 0, {"c": "unknown"}),
        (("one",), 0, {"one": "unknown", "c": "waiting"}),
        (("one", "two"), 0, {"one": "unknown", "two": "waiting", "c": "waiting"}),
        (("one", "two"), 1, {"one": "0", "two": "waiting", "c": "waiting"}),
        (("one", "two"), 2, {"one": "0", "two": "0", "c": "unknown"}),
    ],
)
def test_a_pod_that_ended_before_it_began_says_how_far_it_came(
    init: tuple[str, ...], ended: int, states: dict[str, str]
) -> None:
    """What has not ended, up to the last init container that ran, is lost; the first one is in any case."""
    made = make_pod("c", init=init, volumes=[{"name": "v", "configMap": {"name": "absent"}}])
    if ended:
        made = make_pod("c", init=init)
    node = Node(made)
    for name in init[:ended]:
        node.started(name)
        node.exited(name)
    node.send(PodChanged(deleted(made)))
    for name in list(node.running):  # none of them had started
        key = node.running.pop(name)
        node.send(ContainerExited(key, "", 0, "", "", None, node.now))
    status = node.status()
    assert status.phase == "Failed"
    found = {}
    for each in (*status.init_container_statuses, *status.container_statuses):
        end = each.state.terminated
        unknown = end is not None and end.reason == "ContainerStatusUnknown"
        found[each.name] = "unknown" if unknown else str(end.exit_code) if end else "waiting"
    assert found == states


def with_status(pod_: Pod, status: PodStatus) -> Pod:
    """The pod, as the API server would have it after a report."""
    return replace(pod_, status=status)


def transition(status: PodStatus, kind: str) -> str | None:
    """Since when a condition is what it is."""
    found: dict[str, PodCondition] = {c.type: c for c in status.conditions}
    return found[kind].last_transition_time
