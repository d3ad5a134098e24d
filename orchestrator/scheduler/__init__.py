"""Pods to nodes: kube-scheduler.

`queue.py` says which pod is next, `snapshot.py` holds the nodes as columns, `placement.py` filters and
scores, `scheduler.py` is the actor, and `outcomes.py` does what was decided; a plugin is a file in
`plugins/`. Binding itself is the API server's business, and running the pod is the kubelet's.
"""

from orchestrator.scheduler.configuration import (
    DEFAULT_CONFIGURATION,
    SchedulerConfiguration,
)
from orchestrator.scheduler.errors import (
    InvalidConfiguration,
    InvalidProfile,
    PluginError,
    SchedulerFault,
)
from orchestrator.scheduler.framework import Plugin
from orchestrator.scheduler.loading import configuration_of, load_configuration
from orchestrator.scheduler.plugins import DEFAULT_PLUGINS, DEFAULT_PROFILE
from orchestrator.scheduler.plugins.gang_scheduling import with_gangs
from orchestrator.scheduler.profile import Profile
from orchestrator.scheduler.scheduler import (
    GetSchedulerStatistics,
    Scheduler,
    SchedulerStatistics,
)

__all__ = [
    "DEFAULT_CONFIGURATION",
    "DEFAULT_PLUGINS",
    "DEFAULT_PROFILE",
    "GetSchedulerStatistics",
    "InvalidConfiguration",
    "InvalidProfile",
    "Plugin",
    "PluginError",
    "Profile",
    "Scheduler",
    "SchedulerConfiguration",
    "SchedulerFault",
    "SchedulerStatistics",
    "configuration_of",
    "load_configuration",
    "with_gangs",
]
