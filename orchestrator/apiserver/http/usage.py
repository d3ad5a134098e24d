"""What pods and nodes use, as their kubelets tell it: the source of `kubectl top` and of the kubelets' pages."""

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, TypeVar

from actors import ActorCrashed, ActorStopped, AskTimeout, MailboxFull, Ref, Request
from orchestrator.api.core.v1 import Pod
from orchestrator.api.scheme import resource_of
from orchestrator.apiserver.http.front import Front
from orchestrator.protocol import (
    ContainerUsage,
    DisksOfPods,
    DiskUsage,
    List,
    NodeUse,
    UsageOfPods,
    UseOfNode,
    kubelets_group,
)

_PODS = resource_of(Pod)
_ANSWER_SECONDS = 5.0
Usages = Mapping[str, Mapping[str, ContainerUsage]]
"""By pod's uid and container's name."""
_Answer = TypeVar("_Answer")


async def pods_of_node(front: Front, node: str) -> tuple[Pod, ...]:
    """The pods that are bound to a node."""
    page = await front.ask(List(resource=_PODS, field_selector=f"spec.nodeName={node}"))
    return page.items


async def usages_of(front: Front, pods: Iterable[Pod]) -> Usages:
    """What the running containers of pods use; pods of nodes that do not answer are left out."""
    by_node: dict[str, list[str]] = {}
    for pod in pods:
        if pod.spec is not None and pod.spec.node_name:
            by_node.setdefault(pod.spec.node_name, []).append(pod.metadata.uid)
    asked = [
        _ask(kubelet, tuple(uids))
        for node, uids in by_node.items()
        for kubelet in front.system.members(kubelets_group(node))
    ]
    found: dict[str, Mapping[str, ContainerUsage]] = {}
    for answer in await asyncio.gather(*asked):
        found |= answer
    return found


async def disks_of(front: Front, node: str, pods: Iterable[Pod]) -> Mapping[str, DiskUsage]:
    """What the pods of a node keep on its disk, by uid; those of whom it does not tell are left out."""
    asked = DisksOfPods(tuple(pod.metadata.uid for pod in pods))
    found: dict[str, DiskUsage] = {}
    for kubelet in front.system.members(kubelets_group(node)):
        found |= await _answer(kubelet, asked)
    return found


async def use_of(front: Front, node: str) -> NodeUse:
    """What a node keeps on its disk beside what its pods do; of one that does not answer nothing is known."""
    found = NodeUse()
    for kubelet in front.system.members(kubelets_group(node)):
        with suppress(AskTimeout, ActorStopped, ActorCrashed, MailboxFull):
            found = await kubelet.ask(UseOfNode(), timeout=_ANSWER_SECONDS)
    return found


async def _ask(kubelet: Ref[Any], uids: tuple[str, ...]) -> Usages:
    return await _answer(kubelet, UsageOfPods(uids))


async def _answer(
    kubelet: Ref[Any], request: Request[Mapping[str, _Answer]]
) -> Mapping[str, _Answer]:
    try:
        return await kubelet.ask(request, timeout=_ANSWER_SECONDS)
    except (AskTimeout, ActorStopped, ActorCrashed, MailboxFull):
        return {}


def milli_cpu(usage: ContainerUsage) -> int:
    """Thousandths of a CPU; 0 for a container whose profile says nothing: it executes nothing."""
    return usage.milli_cpu or 0


def memory_bytes(usage: ContainerUsage) -> int:
    """Bytes; 0 for a container whose profile says nothing."""
    return usage.memory_bytes or 0


def cpu_seconds(usage: ContainerUsage) -> float:
    """CPU time since the container's start; 0 for one whose profile says nothing."""
    return usage.cpu_seconds or 0.0
