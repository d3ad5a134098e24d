"""Heartbeats that are computed: nobody can tell, but for the writes that are spared."""

from typing import Literal

import pytest

import actors
from orchestrator import Cluster
from orchestrator.api.coordination.v1 import Lease
from orchestrator.api.core.v1 import Node
from orchestrator.machinery.heartbeats import computed, is_computed, last_renewal, written

How = Literal["written", "computed"]


async def _life(how: How, fails_at: float) -> tuple[float, int]:
    """When a node that fails then is noticed, and how many revisions were written until then."""
    async with Cluster(nodes=3, seed=1, heartbeats=how, record_events=False) as cluster:
        await cluster.clock.sleep(fails_at - cluster.clock.monotonic())
        await cluster.crash_node("node-1")
        revision = cluster.store.revision
        condition = "condition=Ready=Unknown"
        await cluster.client.wait(Node, "node-1", condition, timeout=600)
        return cluster.clock.monotonic(), revision


@pytest.mark.parametrize("fails_at", [3.0, 61.5, 333.3, 4000.0])
def test_a_node_that_fails_is_noticed_when_it_would_have_been(fails_at: float) -> None:
    """To the microsecond of its lease."""
    noticed, revisions = actors.run(_life, "written", fails_at)
    noticed_too, fewer = actors.run(_life, "computed", fails_at)
    assert noticed_too == pytest.approx(noticed, abs=1e-3)
    assert fails_at + 40 <= noticed <= fails_at + 50
    if fails_at > 300:
        assert fewer < 60 < revisions


def test_a_healthy_node_stays_ready_and_writes_nothing() -> None:
    """For as long as one likes; a restarted one begins anew."""
    actors.run(_long_life)


async def _long_life() -> None:
    async with Cluster(nodes=2, heartbeats="computed", record_events=False) as cluster:
        await cluster.clock.sleep(60)
        revision = cluster.store.revision
        await cluster.clock.sleep(10 * 86_400)
        assert cluster.store.revision == revision
        await cluster.crash_node("node-0")
        await cluster.client.wait(Node, "node-0", "condition=Ready=Unknown", timeout=600)
        lease = await cluster.client.get(Lease, "node-0", namespace="kube-node-lease")
        assert not is_computed(lease)
        await cluster.restart_node("node-0")
        await cluster.client.wait(Node, "node-0", "condition=Ready", timeout=600)
        await cluster.clock.sleep(86_400)
        lease = await cluster.client.get(Lease, "node-0", namespace="kube-node-lease")
        assert is_computed(lease)
        node = await cluster.client.get(Node, "node-0")
        assert node.status is not None
        assert {c.type: c.status for c in node.status.conditions}["Ready"] == "True"


def test_the_last_renewal_is_the_latest_beat_before_now() -> None:
    """And when it was acquired until the first one has come."""
    lease = computed(Lease(), 993.0, 1000.0, 10.0)
    assert [last_renewal(lease, now) for now in (994.0, 1000.0, 1009.9, 1010.0, 1234.5)] == [
        993.0,
        1000.0,
        1000.0,
        1010.0,
        1230.0,
    ]
    last = written(lease, 1234.5)
    assert not is_computed(last)
    assert last.spec is not None
    assert last.spec.renew_time == "1970-01-01T00:20:30.000000Z"
