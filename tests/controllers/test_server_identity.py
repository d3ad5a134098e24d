"""The Lease by which the API server is known, and those of servers that are gone."""

import pytest

from orchestrator import Cluster
from orchestrator.api.coordination.v1 import Lease, LeaseSpec
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.controllers.server_identity import HOST, IDENTITY, server_id
from orchestrator.machinery.times import format_micro_time, parse_time

_with_leases = pytest.mark.cluster(
    nodes=0,
    controllers=["*", "kube-apiserver-identity-lease", "kube-apiserver-identity-lease-gc"],
)


async def _names(cluster: Cluster) -> set[str]:
    found = await cluster.client.list(Lease, namespace="kube-system")
    return {each.metadata.name for each in found}


@_with_leases
async def test_the_server_renews_its_lease(cluster: Cluster) -> None:
    """Every ten seconds; it is made again when it is deleted, and has the name that Kubernetes would give it."""
    await cluster.clock.sleep(25)
    name = server_id(HOST)
    lease = await cluster.client.get(Lease, name, namespace="kube-system")
    assert lease.metadata.labels == {
        IDENTITY: "kube-apiserver",
        "kubernetes.io/hostname": HOST,
    }
    assert lease.spec is not None
    assert lease.spec.lease_duration_seconds == 3600
    assert (lease.spec.holder_identity or "").startswith(f"{name}_")
    assert cluster.clock.now() - parse_time(lease.spec.renew_time or "") < 10
    await cluster.client.delete(Lease, name, namespace="kube-system")
    await cluster.clock.sleep(1)
    assert await _names(cluster) == {name}
    assert server_id("kind-control-plane") == "apiserver-c4vwjftbvpc5os2vvzle4qg27a"


@_with_leases
async def test_leases_of_servers_that_are_gone_are_deleted(cluster: Cluster) -> None:
    """Once an hour, if they have expired or say nothing; those of others stay."""
    labels = {IDENTITY: "kube-apiserver"}
    now = format_micro_time(cluster.clock.now())
    spec = LeaseSpec(renew_time=now, lease_duration_seconds=60)
    for name, mark, says in (
        ("gone", labels, spec),
        ("mute", labels, LeaseSpec()),
        ("there", labels, LeaseSpec(renew_time=now, lease_duration_seconds=90_000)),
        ("other", {}, spec),
    ):
        metadata = ObjectMeta(name=name, namespace="kube-system", labels=mark)
        await cluster.client.create(Lease(metadata=metadata, spec=says))
    await cluster.clock.sleep(3000)
    assert await _names(cluster) >= {"gone", "mute"}
    await cluster.clock.sleep(700)
    assert await _names(cluster) == {"there", "other", server_id(HOST)}
