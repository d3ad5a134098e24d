"""Pods and nodes for the scheduler's tests."""

from collections.abc import Mapping
from typing import Any

from orchestrator.api import codec
from orchestrator.api.core.v1 import Node, Pod, Service, ServiceSpec
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.api.scheme import DEFAULT
from orchestrator.client.cache import Cache


def make_pod(name: str, **spec: Any) -> Pod:
    """A pod with one container; `cpu`, `memory`, `requests` and `host_port` are the container's."""
    requests = {k: spec.pop(k) for k in ("cpu", "memory", "example.com/gpu") if k in spec}
    requests |= spec.pop("requests", {})
    container: dict[str, Any] = {"name": "c", "image": "i", "resources": {"requests": requests}}
    host_port = spec.pop("host_port", None)
    labels = spec.pop("labels", {})
    if host_port is not None:
        container["ports"] = [{"containerPort": host_port, "hostPort": host_port}]
    document = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "default", "uid": name, "labels": labels},
        "spec": {"containers": [container], **spec},
    }
    pod = codec.from_dict(document, Pod)
    assert isinstance(pod, Pod)
    return pod


def make_node(
    name: str,
    *,
    cpu: str = "4",
    memory: str = "8Gi",
    pods: str = "110",
    labels: Mapping[str, str] | None = None,
    taints: list[dict[str, str]] | None = None,
    unschedulable: bool = False,
    **more: str,
) -> Node:
    """A node; `more` is further allocatable."""
    document = {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name, **(labels or {})}},
        "spec": {"taints": taints or [], "unschedulable": unschedulable},
        "status": {"allocatable": {"cpu": cpu, "memory": memory, "pods": pods, **more}},
    }
    node = codec.from_dict(document, Node)
    assert isinstance(node, Node)
    return node


def some(kind: type[Any], *objects: Any) -> Cache[Any]:
    """Objects of one kind, as `Snapshot.objects` holds them."""
    cache: Cache[Any] = Cache(DEFAULT.by_type(kind))
    for each in objects:
        cache.put(each)
    return cache


def make_service(name: str, **selector: str) -> Service:
    """A Service of pods with these labels."""
    return Service(
        metadata=ObjectMeta(name=name, namespace="default"), spec=ServiceSpec(selector=selector)
    )
