"""The downward API: what a container may know of its pod and of its own resources."""

import re
from collections.abc import Mapping
from math import ceil
from typing import Final

from orchestrator.api.core.v1 import (
    Container,
    Pod,
    PodSpec,
    PodStatus,
    ResourceFieldSelector,
    ResourceRequirements,
)
from orchestrator.api.scalars import EMPTY, Quantity
from orchestrator.machinery.quantities import milli, value

_KEYED: Final = re.compile(r"metadata\.(labels|annotations)\['(.*)'\]")


def field_value(pod: Pod, path: str) -> str:
    """What a field of the pod holds, as text; empty for one that has nothing."""
    metadata, spec, status = pod.metadata, pod.spec or PodSpec(), pod.status or PodStatus()
    keyed = _KEYED.fullmatch(path)
    if keyed is not None:
        mapping: Mapping[str, str] = getattr(metadata, keyed[1])
        return mapping.get(keyed[2], "")
    match path:
        case "metadata.labels" | "metadata.annotations":
            mapping = getattr(metadata, path.partition(".")[2])
            return "\n".join(f'{k}="{v}"' for k, v in sorted(mapping.items()))
        case "metadata.name":
            return metadata.name
        case "metadata.namespace":
            return metadata.namespace
        case "metadata.uid":
            return metadata.uid
        case "spec.nodeName":
            return spec.node_name
        case "spec.serviceAccountName":
            return spec.service_account_name
        case "status.hostIP":
            return status.host_ip
        case "status.hostIPs":
            return ",".join(ip.ip for ip in status.host_ips)
        case "status.podIP":
            return status.pod_ip
        case "status.podIPs":
            return ",".join(ip.ip for ip in status.pod_ips)
    return ""


def resource_value(
    pod: Pod,
    container: Container,
    selector: ResourceFieldSelector,
    allocatable: Mapping[str, Quantity] = EMPTY,
) -> str:
    """A request or limit, in the divisor's units, rounded up; a limit that is not set is what the node has to give,
    and a request that is not set 0.
    """
    name = selector.container_name or container.name
    spec = pod.spec or PodSpec()
    found = next(
        (c for c in (*spec.containers, *spec.init_containers) if c.name == name), container
    )
    kind, _, resource = selector.resource.partition(".")
    resources = found.resources or ResourceRequirements()
    amounts = resources.requests
    if kind == "limits":
        amounts = {**allocatable, **resources.limits}
    if resource not in amounts:
        return "0"
    if resource == "cpu":
        divisor = milli(selector.divisor or "1") or 1000
        return str(ceil(milli(amounts[resource]) / divisor))
    return str(ceil(value(amounts[resource]) / (value(selector.divisor or "1") or 1)))
