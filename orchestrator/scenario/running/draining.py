"""`kubectl drain`: evict the pods of nodes, respecting disruption budgets, until they are gone."""

from collections.abc import Sequence
from typing import Final

from orchestrator.api.core.v1 import Pod
from orchestrator.cluster import Cluster
from orchestrator.machinery.times import parse_duration
from orchestrator.protocol import NotFound, TooManyRequests
from orchestrator.scenario.errors import StepFailed

RETRY_SECONDS: Final = 5.0  # as kubectl does, when a budget allows no eviction
LOOK_SECONDS: Final = 1.0
_MIRROR: Final = "kubernetes.io/config.mirror"


async def drain(cluster: Cluster, nodes: Sequence[str], timeout: str) -> None:
    """Evict what runs on the nodes, and wait until it is gone. Raises StepFailed after `timeout`.

    Pods of DaemonSets and mirror pods stay, and so do pods that have ended.
    """
    clock = cluster.clock
    deadline = clock.monotonic() + parse_duration(timeout)
    while True:
        left, refused = 0, ""
        for node in nodes:
            for pod in await cluster.client.list(Pod, field_selector=f"spec.nodeName={node}"):
                if not _evictable(pod):
                    continue
                left += 1
                if pod.metadata.deletion_timestamp is None:
                    try:
                        await cluster.client.evict(pod)
                    except TooManyRequests as error:
                        refused = str(error)
                    except NotFound:
                        left -= 1
        if not left:
            return
        wait = RETRY_SECONDS if refused else LOOK_SECONDS
        if clock.monotonic() + wait > deadline:
            reason = f"; {refused}" if refused else ""
            raise StepFailed(f"not within {timeout}: {left:,} pods are left{reason}")
        await clock.sleep(wait)


def _evictable(pod: Pod) -> bool:
    owned = any(o.kind == "DaemonSet" and o.controller for o in pod.metadata.owner_references)
    ended = pod.status is not None and pod.status.phase in ("Succeeded", "Failed")
    return not owned and not ended and _MIRROR not in pod.metadata.annotations
