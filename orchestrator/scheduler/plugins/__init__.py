"""The scheduler's plugins, one file each; `DEFAULT_PROFILE` is kube-scheduler's order and weights."""

from typing import Final

from orchestrator.scheduler.framework import Plugin, Profile
from orchestrator.scheduler.plugins.node_affinity import NodeAffinity
from orchestrator.scheduler.plugins.node_name import NodeName
from orchestrator.scheduler.plugins.node_ports import NodePorts
from orchestrator.scheduler.plugins.node_resources_balanced_allocation import (
    NodeResourcesBalancedAllocation,
)
from orchestrator.scheduler.plugins.node_resources_fit import NodeResourcesFit
from orchestrator.scheduler.plugins.node_unschedulable import NodeUnschedulable
from orchestrator.scheduler.plugins.scheduling_gates import SchedulingGates
from orchestrator.scheduler.plugins.taint_toleration import TaintToleration

DEFAULT_PLUGINS: Final[tuple[Plugin, ...]] = (
    SchedulingGates(),
    NodeUnschedulable(),
    NodeName(),
    TaintToleration(),
    NodeAffinity(),
    NodePorts(),
    NodeResourcesFit(),
    NodeResourcesBalancedAllocation(),
)
DEFAULT_PROFILE: Final = Profile(
    plugins=DEFAULT_PLUGINS, weights={"TaintToleration": 3, "NodeAffinity": 2}
)
