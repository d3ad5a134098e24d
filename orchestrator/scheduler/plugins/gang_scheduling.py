"""GangScheduling: pods of a gang go together, or not at all."""

from typing import Any, Final

from msgspec.structs import replace

from orchestrator.api.core.v1 import Pod
from orchestrator.api.scheduling.v1alpha2 import GangSchedulingPolicy, PodGroup
from orchestrator.scheduler.configuration import SchedulerConfiguration
from orchestrator.scheduler.errors import PluginError
from orchestrator.scheduler.events import ClusterEvent
from orchestrator.scheduler.framework import Plugin, Wait
from orchestrator.scheduler.pod_groups import group_object, group_of, members, placed_count
from orchestrator.scheduler.profile import Profile
from orchestrator.scheduler.snapshot import Snapshot

_WAIT_SECONDS: Final = 300.0
_FEW_PODS: Final = "waiting for minCount pods from a gang to appear in scheduling queue"
FEW_PLACES: Final = "waiting for minCount pods from a gang to be scheduled"
_POINTS: Final = ("preEnqueue", "permit")


class GangScheduling(Plugin):
    """Keeps pods out of the queue until their group is there, and as many pods as its minCount says.

    At Permit they wait, five minutes at most, until as many have a place. Pods of groups without the gang
    policy, and those without a group, are none of its business.
    """

    name = "GangScheduling"
    helped_by = frozenset((ClusterEvent.POD_WAITS, ClusterEvent.POD_ADDED, ClusterEvent.POD_GROUPS))

    def helps(self, pod: Pod, event: ClusterEvent, old: Any, new: Any, nodes: Snapshot) -> bool:
        """A pod of the same group that came, or the group itself."""
        if new is None or pod.metadata.namespace != new.metadata.namespace:
            return False
        name = group_of(pod)
        return name == (new.metadata.name if isinstance(new, PodGroup) else group_of(new))

    def enqueue_gate(self, pod: Pod, nodes: Snapshot) -> str:
        name = group_of(pod)
        if not name:
            return ""
        group = group_object(pod, nodes)
        if group is None:
            return f'waiting for pods\'s pod group "{name}" to appear in scheduling queue'
        gang = group.spec.scheduling_policy.gang
        if gang is not None and sum(1 for _ in members(pod, nodes)) < gang.min_count:
            return _FEW_PODS
        return ""

    def permit_among(self, pod: Pod, node: str, nodes: Snapshot) -> str | Wait:
        """Raises PluginError for a group that is gone."""
        name = group_of(pod)
        if not name:
            return ""
        group = group_object(pod, nodes)
        if group is None:
            where = f"{pod.metadata.namespace}/{name}"
            words = f'failed to get podGroup {where}: podgroup.scheduling.k8s.io "{name}" not found'
            raise PluginError(self.name, f'running Permit plugin "{self.name}": {words}')
        gang = group.spec.scheduling_policy.gang
        if gang is None or _has_quorum(gang, pod, nodes):
            return ""
        return Wait(lambda: _has_quorum(gang, pod, nodes), _WAIT_SECONDS, FEW_PLACES)


def _has_quorum(gang: GangSchedulingPolicy, pod: Pod, nodes: Snapshot) -> bool:
    return placed_count(pod, nodes) >= gang.min_count


def with_gangs(configuration: SchedulerConfiguration) -> SchedulerConfiguration:
    """A configuration whose profiles know of gangs, as kube-scheduler's do by the feature gate."""
    return replace(configuration, profiles=tuple(map(_with_plugin, configuration.profiles)))


def _with_plugin(profile: Profile) -> Profile:
    points = {
        point: (*names, GangScheduling.name) if point in _POINTS else names
        for point, names in profile.points.items()
    }
    return replace(profile, plugins=(*profile.plugins, GangScheduling()), points=points)
