"""Pods whose network takes its time: the kubelet goes on with others meanwhile."""

from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest

from orchestrator import Cluster
from orchestrator.api.core.v1 import Event, Pod
from orchestrator.cluster.fabrics import simulated
from orchestrator.kubelet.networks.interface import NetworkFault, PodLink
from orchestrator.kubelet.networks.simulated import SimulatedNetwork
from tests.manifests import pod

_making: dict[str, Future[Path]] = {}  # by the pod's uid
_left: list[str] = []


class _Slow(SimulatedNetwork):
    """A network that is ready for a pod named `slow` when its future is."""

    def prepare(self, pod: Pod) -> Future[Path] | None:  # type: ignore[override]
        if pod.metadata.name != "slow":
            return None
        made = _making.setdefault(pod.metadata.uid, Future())
        return None if made.done() else made

    def join(self, pod: Pod) -> PodLink:
        if pod.metadata.uid in _making:
            _making[pod.metadata.uid].result()
        return super().join(pod)

    def leave(self, pod_uid: str) -> None:
        _left.append(pod_uid)
        super().leave(pod_uid)


@pytest.fixture(autouse=True)
def _slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(simulated, "SimulatedNetwork", _Slow)
    yield
    _making.clear()
    _left.clear()


async def _phases(cluster: Cluster) -> dict[str, str]:
    await cluster.clock.sleep(5)
    pods = await cluster.client.list(Pod, namespace="default")
    return {p.metadata.name: (p.status.phase if p.status is not None else "") or "" for p in pods}


async def test_others_run_while_a_network_is_made(cluster: Cluster) -> None:
    """And the pod when it is."""
    await cluster.apply([pod("slow", nodeName="node-0"), pod("other", nodeName="node-0")])
    assert await _phases(cluster) == {"slow": "Pending", "other": "Running"}
    (making,) = _making.values()
    making.set_result(Path())
    assert await _phases(cluster) == {"slow": "Running", "other": "Running"}


async def test_who_goes_meanwhile_leaves_nothing(cluster: Cluster) -> None:
    """What was made for the pod is taken away."""
    await cluster.apply([pod("slow", nodeName="node-0")])
    await cluster.clock.sleep(5)
    await cluster.client.delete(Pod, "slow", namespace="default", grace_period_seconds=0)
    ((uid, making),) = _making.items()
    making.set_result(Path())
    assert await _phases(cluster) == {}
    assert uid in _left


async def test_what_cannot_be_made_is_an_event(cluster: Cluster) -> None:
    """In the original's words."""
    await cluster.apply([pod("slow", nodeName="node-0")])
    await cluster.clock.sleep(5)
    (making,) = _making.values()
    making.set_exception(NetworkFault("no cable"))
    assert await _phases(cluster) == {"slow": "Pending"}
    events = await cluster.client.list(Event, namespace="default")
    (said,) = {e.message for e in events if e.reason == "FailedCreatePodSandBox"}
    assert said == "Failed to create pod sandbox: rpc error: code = Unknown desc = no cable"
