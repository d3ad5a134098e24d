"""Workers of an async program as pods: supervised, scaled and rolled over by a Deployment, in the program's own loop.

A container is an async function; its image is its name. This program counts what its workers do, kills one, scales the
Deployment and takes it away: `python -m examples.workers`.
"""

from collections import Counter
from typing import Any

import actors
from orchestrator import Cluster
from orchestrator.api.apps.v1 import Deployment
from orchestrator.api.core.v1 import Pod
from orchestrator.cluster import node_spec
from orchestrator.kubelet.runtimes.coroutine import ContainerContext

done: Counter[str] = Counter()


async def work(container: ContainerContext) -> None:
    """Do one piece of work a second until cancelled; fail on an unlucky one."""
    container.log(f"{container.pod.metadata.name} begins")
    while True:
        await container.sleep(float(container.environment["PERIOD"]))
        done[container.pod.metadata.name] += 1
        if sum(done.values()) == 25:
            raise RuntimeError("the 25th piece was too much")


def deployment(replicas: int) -> dict[str, Any]:
    """A Deployment of so many workers."""
    container = {
        "name": "worker",
        "image": "py://examples.workers:work",
        "env": [{"name": "PERIOD", "value": "1"}],
    }
    labels = {"app": "workers"}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "workers", "namespace": "default"},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }


async def main() -> tuple[int, int, int]:
    """Workers at the end of each act, and how often one was restarted."""
    nodes = [node_spec(f"node-{i}", i, runtime="coroutine") for i in range(2)]
    async with Cluster(nodes=nodes) as cluster:
        await cluster.apply([deployment(2)])
        await cluster.client.wait(
            Deployment, "workers", "condition=Available", namespace="default", timeout=30
        )
        await cluster.clock.sleep(20)  # the 25th piece ends one worker; it begins again
        pods = await cluster.client.list(Pod, namespace="default")
        restarts = sum(p.status.container_statuses[0].restart_count for p in pods if p.status)
        await cluster.apply([deployment(5)])
        await cluster.clock.sleep(5)
        more = len(await cluster.client.list(Pod, namespace="default"))
        await cluster.client.delete(Deployment, "workers", namespace="default")
        await cluster.clock.sleep(5)
        left = len(await cluster.client.list(Pod, namespace="default"))
        return restarts, more, left


if __name__ == "__main__":
    print(actors.run(main))
