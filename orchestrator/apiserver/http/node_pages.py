"""`nodes/NAME/proxy`: the pages of a kubelet that others read: `stats/summary`, `metrics` and those below, `pods`, `healthz`."""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from aiohttp.web import Response, StreamResponse

from orchestrator.api import codec
from orchestrator.api.core.v1 import Node
from orchestrator.apiserver.http.errors import PageNotFound
from orchestrator.apiserver.http.front import Call, Front
from orchestrator.apiserver.http.node_summary import summary_of
from orchestrator.apiserver.http.proxying import divided
from orchestrator.apiserver.http.replies import document_reply, text_reply
from orchestrator.apiserver.http.usage import disks_of, pods_of_node, usages_of, use_of
from orchestrator.apiserver.http.usage_metrics import cadvisor_families, resource_families
from orchestrator.apiserver.telemetry.families import text_of
from orchestrator.machinery.times import format_time


async def node_page(front: Front, call: Call, node: Node) -> StreamResponse:
    """A page of the node's kubelet. Raises PageNotFound."""
    path = divided(call)[1].strip("/")
    page = _PAGES.get(path)
    if page is None:
        raise PageNotFound
    return await page(front, node)


async def _healthz(front: Front, node: Node) -> Response:
    return text_reply("ok")


async def _pods(front: Front, node: Node) -> Response:
    items = [codec.to_dict(pod) for pod in await pods_of_node(front, node.metadata.name)]
    body = {"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": items}
    return document_reply(json.dumps(body).encode())


async def _summary(front: Front, node: Node) -> Response:
    pods = await pods_of_node(front, node.metadata.name)
    usages = await usages_of(front, pods)
    disks = await disks_of(front, node.metadata.name, pods)
    beside = await use_of(front, node.metadata.name)
    body = summary_of(node, pods, usages, disks, beside, format_time(front.clock.now()))
    return document_reply(json.dumps(body, indent=1).encode())


async def _resource_metrics(front: Front, node: Node) -> Response:
    pods = await pods_of_node(front, node.metadata.name)
    usages = await usages_of(front, pods)
    return text_reply(text_of(resource_families(pods, usages)))


async def _cadvisor_metrics(front: Front, node: Node) -> Response:
    pods = await pods_of_node(front, node.metadata.name)
    usages = await usages_of(front, pods)
    return text_reply(text_of(cadvisor_families(node, pods, usages)))


async def _metrics(front: Front, node: Node) -> Response:
    pods = await pods_of_node(front, node.metadata.name)
    usages = await usages_of(front, pods)
    running = [containers for containers in usages.values() if containers]
    return text_reply(
        "# HELP kubelet_node_name [ALPHA] The node's name. The count is always 1.\n"
        "# TYPE kubelet_node_name gauge\n"
        f'kubelet_node_name{{node="{node.metadata.name}"}} 1\n'
        "# HELP kubelet_running_containers [ALPHA] Number of containers currently running\n"
        "# TYPE kubelet_running_containers gauge\n"
        f'kubelet_running_containers{{container_state="running"}} {sum(map(len, running))}\n'
        "# HELP kubelet_running_pods [ALPHA] Number of pods that have a running pod sandbox\n"
        "# TYPE kubelet_running_pods gauge\n"
        f"kubelet_running_pods {len(running)}\n"
    )


_PAGES: Final[Mapping[str, Callable[[Front, Node], Awaitable[Response]]]] = {
    "healthz": _healthz,
    "metrics": _metrics,
    "metrics/cadvisor": _cadvisor_metrics,
    "metrics/resource": _resource_metrics,
    "pods": _pods,
    "stats/summary": _summary,
}
