"""Every component is killed in the middle of a rollout; the rollout completes all the same."""

import pytest

import actors
from actors import Crash, FaultPlan, MessageFault
from orchestrator import Cluster
from orchestrator.api.apps.v1 import Deployment
from orchestrator.api.core.v1 import Pod
from tests.manifests import deployment

COMPONENTS = [
    "/apiserver",
    "/scheduler",
    "/controllers",
    "/controllers/informers",
    "/controllers/deployment",
    "/controllers/replicaset",
    "/controllers/endpointslice",
    "/controllers/garbage-collector",
    "/nodes",
    "/nodes/node-0",
    "/nodes/node-1/kubelet",
    "/nodes/node-1/proxy",
]
REPLICAS = 12
# The rollout begins at 20 s and takes some ten seconds.
MOMENTS = (20.3, 22.0, 24.5)


async def _roll_out(plan: FaultPlan) -> None:
    async with Cluster(nodes=3, faults=plan) as cluster:
        start = cluster.clock.monotonic()
        await cluster.apply([deployment(replicas=REPLICAS)])
        await cluster.clock.sleep(20 - (cluster.clock.monotonic() - start))
        await cluster.apply([deployment(replicas=REPLICAS, image="web:2")])
        await cluster.clock.sleep(700)
        pods = await cluster.client.list(Pod, namespace="default")
        assert [p.spec.containers[0].image for p in pods if p.spec] == ["web:2"] * REPLICAS
        assert all(p.status is not None and p.status.phase == "Running" for p in pods)
        web = await cluster.client.get(Deployment, "web", namespace="default")
        assert web.status is not None
        assert web.status.available_replicas == web.status.updated_replicas == REPLICAS
        for path in COMPONENTS:
            assert cluster.system.find(path) is not None, f"{path} did not come back"


@pytest.mark.parametrize("component", COMPONENTS)
def test_a_component_that_is_killed_loses_nothing(component: str) -> None:
    plan = FaultPlan(tuple(Crash(actor=component, at=at) for at in MOMENTS))
    actors.run(_roll_out, plan)


def test_all_of_them_at_once() -> None:
    plan = FaultPlan(tuple(Crash(actor=c, at=22.0) for c in COMPONENTS))
    actors.run(_roll_out, plan)


def test_messages_that_are_late_or_come_twice() -> None:
    plan = FaultPlan(
        (
            MessageFault(action="delay", target="/nodes/*", probability=0.2, seconds=0.5),
            MessageFault(action="duplicate", target="/controllers/*", probability=0.2),
        )
    )
    actors.run(_roll_out, plan)
