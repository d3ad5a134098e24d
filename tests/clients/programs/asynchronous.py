"""kubernetes_asyncio: watch, logs, dynamic client, deletion."""

import asyncio

import pytest
from kubernetes_asyncio import client, config, dynamic, watch

from tests.clients.programs.work import COMMAND, SAYS

POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "one"},
    "spec": {"containers": [{"name": "main", "image": "busybox", "command": COMMAND}]},
}


async def main() -> None:
    await config.load_kube_config()
    async with client.ApiClient() as api:
        core = client.CoreV1Api(api)
        await core.create_namespaced_pod("asynchronous", POD)
        phases = []
        async with watch.Watch() as seen:
            async for event in seen.stream(
                core.list_namespaced_pod, "asynchronous", timeout_seconds=60
            ):
                phases.append(event["object"].status.phase)
                if phases[-1] == "Running":
                    break
        assert phases[-1] == "Running"
        assert await core.read_namespaced_pod_log("one", "asynchronous") == f"{SAYS}\n"
        found = await dynamic.DynamicClient(api)
        nodes = await found.resources.get(api_version="v1", kind="Node")
        assert len((await nodes.get()).items) >= 50
        await core.delete_namespaced_pod("one", "asynchronous", grace_period_seconds=0)
        with pytest.raises(client.ApiException, match="404"):
            await core.read_namespaced_pod("one", "asynchronous")


asyncio.run(main())
