"""Gives workloads to the cluster: all at once, or as they arrive; and takes them away again."""

import heapq
from random import Random
from typing import Any

from orchestrator.api.scheme import DEFAULT
from orchestrator.cluster import Cluster
from orchestrator.protocol import NotFound
from orchestrator.scenario.loading import Arrival, WorkloadPlan


async def feed(cluster: Cluster, plan: WorkloadPlan, dice: Random) -> None:
    """Apply all objects of a workload, each at its time, and delete them at the end of their lives.

    Raises ApiErrors, and ExpressionError for an object that cannot be made.
    """
    begun = cluster.clock.monotonic()
    leaving: list[tuple[float, int, Arrival]] = []
    for number, arrival in enumerate(plan.items(dice)):
        due = begun + arrival.at
        await _let_go(cluster, leaving, due)
        await _sleep_until(cluster, due)
        for manifest in arrival.manifests:
            await cluster.client.apply(manifest)
        if arrival.lifetime is not None:
            heapq.heappush(leaving, (due + arrival.lifetime, number, arrival))
    await _let_go(cluster, leaving, float("inf"))


async def _let_go(
    cluster: Cluster, leaving: list[tuple[float, int, Arrival]], until: float
) -> None:
    """Delete those whose lives end before `until`, each at its time."""
    while leaving and leaving[0][0] < until:
        at, _, arrival = heapq.heappop(leaving)
        await _sleep_until(cluster, at)
        for manifest in reversed(arrival.manifests):
            await _delete(cluster, manifest)


async def _delete(cluster: Cluster, manifest: dict[str, Any]) -> None:
    resource = DEFAULT.by_kind(manifest["apiVersion"], manifest["kind"])
    metadata = manifest["metadata"]
    try:
        await cluster.client.delete(
            resource,
            metadata["name"],
            namespace=metadata.get("namespace", "default") if resource.namespaced else "",
            propagation_policy="Background",
        )
    except NotFound:
        return  # it has ended by itself and was cleared away


async def _sleep_until(cluster: Cluster, at: float) -> None:
    seconds = at - cluster.clock.monotonic()
    if seconds > 0:
        await cluster.clock.sleep(seconds)
