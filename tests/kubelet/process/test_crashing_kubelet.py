"""A kubelet that dies again and again while processes run: each pod has one process all the same, and then none."""

import asyncio
import os
from collections import Counter
from pathlib import Path
from typing import Any

import actors
from actors import Crash, FaultPlan
from orchestrator import Cluster
from orchestrator.api.core.v1 import Pod
from orchestrator.cluster import node_spec
from orchestrator.protocol import NotFound

_EVERY = (1, 2, 3, 4, 5, 7)  # messages between two deaths, node by node
_DEATHS = 3
_SECONDS = 60.0
_MARK = f"86398.{os.getpid()}"


def _processes() -> Counter[str]:
    """How many processes of the machine sleep for each pod."""
    found: Counter[str] = Counter()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if words[0] == b"sleep" and words[1].startswith(_MARK.encode()):
            found[words[1].decode()] += 1
    return found


def _pod(number: int) -> dict[str, Any]:
    container = {"name": "main", "image": "machine", "command": ["sleep", f"{_MARK}{number}"]}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": f"pod-{number}", "namespace": "default"},
        "spec": {
            "nodeName": f"node-{number}",
            "containers": [container],
            "terminationGracePeriodSeconds": 1,
        },
    }


async def _gone(cluster: Cluster, name: str) -> None:
    while True:
        try:
            await cluster.client.get(Pod, name, namespace="default")
        except NotFound:
            return
        await cluster.clock.sleep(0.05)


def test_a_kubelet_may_die_at_any_message() -> None:
    """Of its registration, and of a pod's beginning, life and end; two pods never share an address."""
    numbers = range(len(_EVERY))

    async def run() -> None:
        crashes = tuple(
            Crash(actor=f"/nodes/node-{n}/kubelet", after_messages=each, count=_DEATHS)
            for n, each in enumerate(_EVERY)
        )
        nodes = [node_spec(f"node-{n}", n, runtime="process") for n in numbers]
        cluster = Cluster(nodes, faults=FaultPlan(crashes), proxy_mode="userspace", proxies=False)
        async with asyncio.timeout(_SECONDS), cluster:
            await cluster.apply([_pod(n) for n in numbers])
            addresses = set()
            for n in numbers:
                name = f"pod-{n}"
                ready = "condition=Ready"
                await cluster.client.wait(Pod, name, ready, namespace="default", timeout=_SECONDS)
                status = (await cluster.client.get(Pod, name, namespace="default")).status
                assert status is not None
                assert [each.restart_count for each in status.container_statuses] == [0]
                addresses.add(status.pod_ip)
            assert len(addresses) == len(_EVERY)
            assert _processes() == {f"{_MARK}{n}": 1 for n in numbers}
            for n in numbers:
                await cluster.client.delete(Pod, f"pod-{n}", namespace="default")
            for n in numbers:
                await _gone(cluster, f"pod-{n}")
            while _processes():
                await cluster.clock.sleep(0.02)

    actors.run(run, virtual=False)
    assert not _processes()
