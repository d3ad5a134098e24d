"""The scheduler's decision for a pod of any cluster that a client reads."""

import asyncio
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

from orchestrator.api.core.v1 import Node, Pod
from orchestrator.client import Client
from orchestrator.cluster.errors import UnknownScheduler
from orchestrator.scheduler import DEFAULT_CONFIGURATION, SchedulerConfiguration
from orchestrator.scheduler.explaining import Explanation, explain, snapshot_of


async def explain_pod(
    client: Client,
    name: str,
    configuration: SchedulerConfiguration = DEFAULT_CONFIGURATION,
    *,
    namespace: str = "default",
) -> Explanation:
    """What a scheduler's plugins say of each node, as the cluster is now without the pod.

    Raises NotFound, UnknownScheduler (the pod's `schedulerName` has no profile), PluginError.
    """
    pod = await client.get(Pod, name, namespace=namespace)
    wanted = pod.spec.scheduler_name if pod.spec is not None else ""
    profiles = {profile.scheduler_name: profile for profile in configuration.profiles}
    profile = profiles.get(wanted)
    if profile is None:
        close = get_close_matches(wanted, profiles, 1) or list(profiles)
        raise UnknownScheduler(
            f'the pod asks for the scheduler "{wanted}", of which there is no profile; there is '
            f'"{close[0]}"'
        )
    kinds = (Node, Pod, *profile.watches())
    nodes, pods, *others = await asyncio.gather(*(_all(client, kind) for kind in kinds))
    objects = dict(zip(profile.watches(), others, strict=True))
    return explain(pod, profile, snapshot_of(nodes, pods, objects, without=pod.metadata.uid))


async def _all(client: Client, kind: type[Any]) -> Sequence[Any]:
    return await client.list(kind)
