"""Servers of an async program behind a Service: balanced, and rolled over while clients ask, with no failed request.

Each pod is a coroutine that listens at its own address of 127.0.0.0/8, and so does the Service:
`python -m examples.balanced`.
"""

import asyncio
from collections import Counter
from typing import Any

from orchestrator import Cluster
from orchestrator.api.apps.v1 import Deployment
from orchestrator.api.core.v1 import Service
from orchestrator.kubelet.runtimes.coroutine import ContainerContext


async def serve(container: ContainerContext) -> None:
    """Answer every connection with the version; when cancelled, go on until the proxies have heard of it."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(f"{container.environment['VERSION']} {container.pod.metadata.name}".encode())
        writer.close()

    async with await asyncio.start_server(answer, container.address, 8080):
        try:
            await container.sleep(10**9)
        finally:
            await container.sleep(1)


def manifests(version: str) -> list[dict[str, Any]]:
    """Three servers of a version, and their Service."""
    container = {
        "name": "web",
        "image": f"py://{__name__}:serve",
        "env": [{"name": "VERSION", "value": version}],
        "readinessProbe": {"tcpSocket": {"port": 8080}, "periodSeconds": 1},
    }
    labels, meta = {"app": "web"}, {"name": "web", "namespace": "default"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    spec = {"replicas": 3, "selector": {"matchLabels": labels}, "template": template}
    ports = {"selector": labels, "ports": [{"port": 8000, "targetPort": 8080}]}
    return [
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": spec},
        {"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": ports},
    ]


async def main() -> Counter[str]:
    """How many answers each version gave, and each pod."""
    answers: Counter[str] = Counter()
    async with Cluster(nodes=2, runtime="coroutine") as cluster:
        await cluster.apply(manifests("one"))
        await cluster.client.wait(Deployment, "web", "condition=Available", namespace="default")
        await cluster.clock.sleep(1)
        service = await cluster.client.get(Service, "web", namespace="default")
        assert service.spec is not None
        await cluster.apply(manifests("two"))
        while answers["two"] < 100:
            reader, writer = await asyncio.open_connection(service.spec.cluster_ip, 8000)
            answers.update((await reader.read()).decode().split())
            writer.close()
            await cluster.clock.sleep(0.01)
    return answers


if __name__ == "__main__":
    print(asyncio.run(main()))
