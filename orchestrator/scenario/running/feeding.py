"""Gives workloads to the cluster: all at once, or as they arrive; and takes them away again."""

import heapq
from random import Random

from orchestrator.api.core.v1 import Pod
from orchestrator.api.scheme import DEFAULT, Resource, resource_of
from orchestrator.cluster import Cluster
from orchestrator.protocol import NotFound
from orchestrator.scenario.loading import Arrival, WorkloadPlan


async def feed(cluster: Cluster, plan: WorkloadPlan, dice: Random) -> None:
    """Give the cluster all objects of a workload, each at its time, and delete them at the end of their lives.

    Raises ApiErrors, and ExpressionError for an object that cannot be made.
    """
    begun, typed = cluster.clock.monotonic(), cluster.client.unchecked()
    leaving: list[tuple[float, int, Arrival]] = []
    for number, arrival in enumerate(plan.items(dice)):
        due = begun + arrival.at
        await _let_go(cluster, leaving, due)
        await _sleep_until(cluster, due)
        for each in arrival.objects:
            if isinstance(each, Pod):
                await typed.create(each)
            else:
                await cluster.client.apply(each)
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
        for each in reversed(arrival.objects):
            if isinstance(each, Pod):
                await _delete(
                    cluster, resource_of(Pod), each.metadata.name, each.metadata.namespace
                )
            else:
                resource, metadata = (
                    DEFAULT.by_kind(each["apiVersion"], each["kind"]),
                    each["metadata"],
                )
                namespace = metadata.get("namespace", "default") if resource.namespaced else ""
                await _delete(cluster, resource, metadata["name"], namespace)


async def _delete(cluster: Cluster, resource: Resource, name: str, namespace: str) -> None:
    try:
        await cluster.client.delete(
            resource, name, namespace=namespace, propagation_policy="Background"
        )
    except NotFound:
        return  # it has ended by itself and was cleared away


async def _sleep_until(cluster: Cluster, at: float) -> None:
    seconds = at - cluster.clock.monotonic()
    if seconds > 0:
        await cluster.clock.sleep(seconds)
