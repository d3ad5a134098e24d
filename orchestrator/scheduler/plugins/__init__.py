"""The scheduler's plugins, one file each; `DEFAULT_PROFILE` is kube-scheduler's order and weights."""

from typing import Final

from orchestrator.scheduler.framework import Plugin
from orchestrator.scheduler.plugins.default_preemption import DefaultPreemption
from orchestrator.scheduler.plugins.dynamic_resources import DynamicResources
from orchestrator.scheduler.plugins.image_locality import ImageLocality
from orchestrator.scheduler.plugins.inter_pod_affinity import InterPodAffinity
from orchestrator.scheduler.plugins.node_affinity import NodeAffinity
from orchestrator.scheduler.plugins.node_declared_features import NodeDeclaredFeatures
from orchestrator.scheduler.plugins.node_name import NodeName
from orchestrator.scheduler.plugins.node_ports import NodePorts
from orchestrator.scheduler.plugins.node_resources_balanced_allocation import (
    NodeResourcesBalancedAllocation,
)
from orchestrator.scheduler.plugins.node_resources_fit import NodeResourcesFit
from orchestrator.scheduler.plugins.node_unschedulable import NodeUnschedulable
from orchestrator.scheduler.plugins.node_volume_limits import NodeVolumeLimits
from orchestrator.scheduler.plugins.pod_topology_spread import PodTopologySpread
from orchestrator.scheduler.plugins.priority_sort import PrioritySort
from orchestrator.scheduler.plugins.scheduling_gates import SchedulingGates
from orchestrator.scheduler.plugins.taint_toleration import TaintToleration
from orchestrator.scheduler.plugins.volume_binding import VolumeBinding
from orchestrator.scheduler.plugins.volume_restrictions import VolumeRestrictions
from orchestrator.scheduler.plugins.volume_zone import VolumeZone
from orchestrator.scheduler.profile import Profile

DEFAULT_PLUGINS: Final[tuple[Plugin, ...]] = (
    SchedulingGates(),
    PrioritySort(),
    NodeUnschedulable(),
    NodeName(),
    TaintToleration(),
    NodeAffinity(),
    NodePorts(),
    NodeResourcesFit(),
    VolumeRestrictions(),
    NodeVolumeLimits(),
    VolumeBinding(),
    VolumeZone(),
    PodTopologySpread(),
    InterPodAffinity(),
    DynamicResources(),
    DefaultPreemption(),
    NodeResourcesBalancedAllocation(),
    ImageLocality(),
    NodeDeclaredFeatures(),
)
DEFAULT_PROFILE: Final = Profile(plugins=DEFAULT_PLUGINS)
