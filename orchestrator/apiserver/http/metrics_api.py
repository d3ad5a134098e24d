"""`metrics.k8s.io`: what `kubectl top` reads.

In Kubernetes a metrics server answers it, to which the API server passes requests on once an APIService names the
group. Here the group is there once that APIService is, and the answer is made of what the kubelets tell.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from aiohttp.web import BaseRequest, Response

from orchestrator.api.apiregistration.v1 import APIService
from orchestrator.api.core.v1 import Node, Pod
from orchestrator.api.scheme import Resource, resource_of
from orchestrator.apiserver.errors import not_found
from orchestrator.apiserver.http.errors import PageNotFound, method_not_allowed, no_such_path
from orchestrator.apiserver.http.front import Front
from orchestrator.apiserver.http.negotiation import Form, negotiate
from orchestrator.apiserver.http.replies import document_reply
from orchestrator.apiserver.http.usage import (
    Usages,
    memory_bytes,
    milli_cpu,
    pods_of_node,
    usages_of,
)
from orchestrator.machinery.times import format_time
from orchestrator.protocol import ContainerUsage, Get, List, NotFound

GROUP: Final = "metrics.k8s.io"
_VERSION: Final = "v1beta1"
_SERVICE: Final = f"{_VERSION}.{GROUP}"
_SERVICES: Final = resource_of(APIService)
_NODES: Final = resource_of(Node)
_PODS: Final = resource_of(Pod)
_WINDOW: Final = "15s"
_USED: Final = ("cpu", "memory")
_NAME: Final = "Name of the resource"

RESOURCES: Final = tuple(
    Resource(
        GROUP,
        _VERSION,
        plural,
        kind,
        namespaced=namespaced,
        verbs=("get", "list"),
        singular="",
    )
    for plural, kind, namespaced in (("nodes", "NodeMetrics", False), ("pods", "PodMetrics", True))
)


async def is_served(front: Front) -> bool:
    """Whether the cluster has the APIService of the group."""
    try:
        await front.ask(Get(resource=_SERVICES, name=_SERVICE))
    except NotFound:
        return False
    return True


async def answer(front: Front, request: BaseRequest, parts: list[str]) -> Response:
    """Answer a request for metrics; `parts` are those of its path. Errors: NotFound, MethodNotAllowed."""
    if not await is_served(front):
        raise PageNotFound
    if request.method != "GET":
        raise method_not_allowed()
    selector = request.query.get("labelSelector", "")
    fields = request.query.get("fieldSelector", "")
    match parts[3:]:
        case ["nodes", *rest] if len(rest) < 2:
            body = await _nodes(front, rest, selector, fields)
        case ["namespaces", namespace, "pods", *rest] if len(rest) < 2:
            body = await _pods(front, namespace, rest, selector, fields)
        case ["pods"]:
            body = await _pods(front, "", [], selector, fields)
        case _:
            raise no_such_path()
    form = negotiate(request.headers.get("Accept", "")) or Form()
    if form.shape == "Table":
        body = _table(body, form.meta_version, request.query.get("includeObject", "Metadata"))
    return document_reply(json.dumps(body).encode())


async def _nodes(front: Front, name: list[str], selector: str, fields: str) -> dict[str, Any]:
    if name:
        nodes: Iterable[Node] = [await front.ask(Get(resource=_NODES, name=name[0]))]
    else:
        message = List(resource=_NODES, label_selector=selector, field_selector=fields)
        nodes = (await front.ask(message)).items
    items = []
    for node in nodes:
        pods = await pods_of_node(front, node.metadata.name)
        usages = await usages_of(front, pods)
        every = [each for containers in usages.values() for each in containers.values()]
        items.append(_head(front, node) | {"usage": _sum(every)})
    return _single(items, "NodeMetrics") if name else _list(items, "NodeMetricsList")


async def _pods(
    front: Front, namespace: str, name: list[str], selector: str, fields: str
) -> dict[str, Any]:
    if name:
        pods = [await front.ask(Get(resource=_PODS, name=name[0], namespace=namespace))]
    else:
        message = List(
            resource=_PODS, namespace=namespace, label_selector=selector, field_selector=fields
        )
        pods = list((await front.ask(message)).items)
    usages = await usages_of(front, pods)
    items = [_of_pod(front, pod, usages) for pod in pods if usages.get(pod.metadata.uid)]
    if name and not items:
        raise not_found(RESOURCES[1], f"{namespace}/{name[0]}")
    return _single(items, "PodMetrics") if name else _list(items, "PodMetricsList")


def _of_pod(front: Front, pod: Pod, usages: Usages) -> dict[str, Any]:
    containers = [
        {"name": name, "usage": _sum([usage])} for name, usage in usages[pod.metadata.uid].items()
    ]
    return _head(front, pod) | {"containers": containers}


def _head(front: Front, obj: Node | Pod) -> dict[str, Any]:
    now = format_time(front.clock.now())
    metadata = {"name": obj.metadata.name, "creationTimestamp": now}
    if obj.metadata.namespace:
        metadata["namespace"] = obj.metadata.namespace
    labels: Mapping[str, str] = obj.metadata.labels
    return {
        "metadata": metadata | ({"labels": dict(labels)} if labels else {}),
        "timestamp": now,
        "window": _WINDOW,
    }


def _sum(usages: Iterable[ContainerUsage]) -> dict[str, str]:
    every = list(usages)
    return {
        "cpu": f"{sum(map(milli_cpu, every))}m",
        "memory": f"{sum(map(memory_bytes, every)) // 1024}Ki",
    }


def _table(body: dict[str, Any], version: str, include: str) -> dict[str, Any]:
    """The same as the metrics server prints it; without a row it knows no columns."""
    items = body.get("items", [body])
    columns = [{"name": "Name", "type": "string", "format": "name", "description": _NAME}]
    columns += [{"name": each, "type": "string", "format": "quantity"} for each in _USED]
    columns.append({"name": "Window", "type": "string", "format": "duration"})
    return {
        "kind": "Table",
        "apiVersion": version,
        "metadata": body.get("metadata", {}) if "items" in body else {},
        "columnDefinitions": [
            {"description": "", "priority": 0, **column} for column in columns if items
        ],
        "rows": [_row(item, body["kind"].removesuffix("List"), version, include) for item in items],
    }


def _row(item: dict[str, Any], kind: str, version: str, include: str) -> dict[str, Any]:
    usage = item.get("usage") or _added([each["usage"] for each in item["containers"]])
    cells = [item["metadata"]["name"], *(usage[each] for each in _USED), item["window"]]
    head = {"kind": "PartialObjectMetadata", "apiVersion": version}
    shown = {
        "None": None,
        "Object": {**item, "kind": kind, "apiVersion": f"{GROUP}/{_VERSION}"},
    }.get(include, {**head, "metadata": item["metadata"]})
    return {"cells": cells, "object": shown}


def _added(usages: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """What a pod's containers use together, in the units of `_sum`."""
    units = {"cpu": "m", "memory": "Ki"}
    every = list(usages)
    return {
        name: f"{sum(int(each[name].removesuffix(unit)) for each in every)}{unit}"
        for name, unit in units.items()
    }


def _single(items: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    return {"kind": kind, "apiVersion": f"{GROUP}/{_VERSION}", **items[0]}


def _list(items: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    return {"kind": kind, "apiVersion": f"{GROUP}/{_VERSION}", "metadata": {}, "items": items}
