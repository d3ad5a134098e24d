"""What goes on beside the measured pods, by the wall clock."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from benchmarks.scheduler_perf.objects import named, node, pod
from orchestrator import Cluster
from orchestrator.api.core.v1 import Node, Pod
from orchestrator.protocol import ApiError


class Beside:
    """Creates or deletes something each so many seconds of the wall clock."""

    def __init__(self, every: float, act: Callable[[Cluster, int], Any]) -> None:
        self._every, self._act, self._done = every, act, 0

    async def until(self, cluster: Cluster, seconds: float) -> None:
        """Catch up with the clock."""
        while self._done * self._every <= seconds:
            with suppress(ApiError):  # it has gone, or is there, already
                await self._act(cluster, self._done)
            self._done += 1


def creating(pattern: Pod, every: float) -> Callable[[float], Beside]:
    """A pod after a pattern, again and again."""

    async def act(cluster: Cluster, number: int) -> None:
        await cluster.client.create(named(pattern, f"beside-{number}", "default"))

    return lambda scale: Beside(every, act)


def deleting(prefix: str, every: float) -> Callable[[float], Beside]:
    """One of the pods that are there, again and again."""

    async def act(cluster: Cluster, number: int) -> None:
        await cluster.client.delete(Pod, f"{prefix}-{number}", namespace="default")

    return lambda scale: Beside(every, act)


def churning(every: float) -> Callable[[float], Beside]:
    """A node, a pod that fits nowhere and a Service come, and those before them go."""
    large = pod("9", "500Mi")

    async def act(cluster: Cluster, number: int) -> None:
        service = {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": f"churn-{number}", "namespace": "default"},
            "spec": {"selector": {"app": "x"}, "ports": [{"port": 80}]},
        }
        await cluster.apply([node(f"churn-{number}"), service])
        await cluster.client.create(named(large, f"churn-{number}", "default"))
        if number:
            before = f"churn-{number - 1}"
            await cluster.client.delete(Node, before)
            await cluster.client.delete(Pod, before, namespace="default")

    return lambda scale: Beside(every, act)
