"""What is there is counted from the changes, and who waits is woken."""

import asyncio
from collections.abc import Sequence

from msgspec.structs import replace

from orchestrator.api.core.v1 import (
    Container,
    Node,
    NodeCondition,
    NodeStatus,
    Pod,
    PodCondition,
    PodSpec,
    PodStatus,
)
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.machinery.times import format_time
from orchestrator.scenario.counts import Counts
from orchestrator.scenario.pod_states import ABSENT, PodState, PodStates
from orchestrator.store import Change

META = ObjectMeta(name="web", namespace="default", resource_version="2")
SPEC = PodSpec(containers=(Container(name="web", image="pause:3.10"),))
POD = Pod(metadata=META, spec=SPEC)
READY = PodStatus(
    phase="Running", conditions=(PodCondition(type="Ready", status="True", reason=""),)
)


def _counts(states: Sequence[Pod | None]) -> Counts:
    """The counts after one pod has gone through `states`."""
    counts, known = Counts(lambda: 7.0), PodStates()
    before: Pod | None = None
    for revision, state in enumerate(states, 2):
        kind = "DELETED" if state is None else "MODIFIED" if before else "ADDED"
        seen = before if state is None else state
        change = Change(kind, seen, before, revision, bucket="pods")  # type: ignore[arg-type]
        counts.observe_pod(*known.follow(change))
        before = state
    return counts


def test_a_pods_life_is_counted() -> None:
    """Phases and readiness of those that exist; what has happened for ever."""
    bound = replace(POD, spec=replace(SPEC, node_name="node-0"))
    running = replace(bound, status=READY)
    counts = _counts([POD, bound, running])
    assert (counts.pods, counts.phases["Running"], counts.bound, counts.ready) == (1, 1, 1, 1)
    counts = _counts([POD, bound, running, None])
    assert (counts.pods, counts.bound, counts.ready) == (0, 0, 0)
    assert (counts.created, counts.scheduled, counts.started, counts.deleted) == (1, 1, 1, 1)


def test_heartbeats_are_no_writes_to_wait_for() -> None:
    """A node that says again what it had said leaves it quiet; one that says something new does not."""
    well = NodeCondition(type="Ready", status="True", last_heartbeat_time=format_time(0.0))
    node = Node(metadata=META, status=NodeStatus(conditions=(well,)))
    again = replace(
        node, status=NodeStatus(conditions=(replace(well, last_heartbeat_time=format_time(9.0)),))
    )
    ill = replace(node, status=NodeStatus(conditions=(replace(well, status="False"),)))
    times = iter([1.0, 2.0])
    counts = Counts(lambda: next(times))
    counts.observe(Change("ADDED", node, None, 2, bucket="nodes"))
    counts.observe(Change("MODIFIED", again, node, 3, bucket="nodes"))
    assert (counts.last_write_at, counts.nodes_ready) == (1.0, 1)
    counts.observe(Change("MODIFIED", ill, again, 4, bucket="nodes"))
    assert (counts.last_write_at, counts.nodes_ready) == (2.0, 0)


async def test_who_waits_is_asked_when_a_count_differs() -> None:
    """Once for each state that a pod comes to."""
    counts, asked = Counts(lambda: 0.0), []
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def reached() -> bool:
        asked.append(counts.ready)
        return counts.ready == 1

    waiting = asyncio.ensure_future(counts.until(reached, future))
    await asyncio.sleep(0)  # noqa: TID251
    pending = PodState("Pending")
    counts.observe_pod(ABSENT, pending)
    counts.observe_pod(pending, PodState("Running", ready=True))
    await waiting
    assert asked == [0, 0, 1]
