"""Leader election, in virtual time."""

import asyncio

import pytest

from orchestrator import Cluster
from orchestrator.api.coordination.v1 import Lease
from orchestrator.client.election import Election


def _election(cluster: Cluster, identity: str) -> Election:
    return Election(
        cluster.client, cluster.clock, namespace="default", name="boss", identity=identity
    )


async def _holder(cluster: Cluster) -> str | None:
    lease = await cluster.client.get(Lease, "boss")
    assert lease.spec is not None
    return lease.spec.holder_identity


async def test_one_leads_and_another_follows_at_once_when_it_ends() -> None:
    """A lease that is given back need not run out."""
    async with Cluster(nodes=0) as cluster:
        led: list[str] = []

        async def lead(name: str, seconds: float) -> None:
            async with _election(cluster, name).held():
                led.append(name)
                await cluster.clock.sleep(seconds)

        first = asyncio.ensure_future(lead("a", 60))
        await cluster.clock.sleep(1)
        second = asyncio.ensure_future(lead("b", 1))
        await cluster.clock.sleep(50)
        assert led == ["a"]
        assert await _holder(cluster) == "a"
        await first
        await cluster.clock.sleep(2.5)
        assert led == ["a", "b"]
        await second
        lease = await cluster.client.get(Lease, "boss")
        assert lease.spec is not None
        assert lease.spec.lease_transitions == 1


async def test_a_leader_that_cannot_renew_knows_that_it_leads_no_more() -> None:
    """After ten seconds, before another may take the lease after fifteen."""
    async with Cluster(nodes=0) as cluster:
        async with _election(cluster, "a").held() as lost:
            cluster.fail_api(verb="update", resource="leases.coordination.k8s.io", code=500)
            await cluster.clock.sleep(9)
            assert not lost.done()
            await cluster.clock.sleep(4)
            assert lost.done()
            cluster.api_trouble.clear()
        begun = cluster.clock.monotonic()
        async with _election(cluster, "b").held():
            assert await _holder(cluster) == "b"
        assert cluster.clock.monotonic() - begun >= 15 - 13


async def test_times_that_cannot_work_are_refused() -> None:
    """A lease must outlast its renewal, and that one try."""
    async with Cluster(nodes=0) as cluster:
        with pytest.raises(ValueError, match=r"not 5 > 10 > 2 > 0 s"):
            Election(
                cluster.client,
                cluster.clock,
                namespace="default",
                name="boss",
                identity="a",
                lease_seconds=5,
            )


async def test_why_a_lease_cannot_be_had_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    """It is tried again and again, and who waits must know for what."""
    async with Cluster(nodes=0) as cluster:
        election = Election(
            cluster.client, cluster.clock, namespace="nowhere", name="boss", identity="a"
        )

        async def lead() -> None:
            async with election.held():
                pass

        leading = asyncio.ensure_future(lead())
        await cluster.clock.sleep(60)
        leading.cancel()
    said = [each.getMessage() for each in caplog.records if "lease" in each.getMessage()]
    assert said == ['the lease nowhere/boss: namespaces "nowhere" not found']
