"""What goes wrong with plugins and configurations.

SchedulerFault
├── InvalidProfile (ValueError)      a profile or a configuration that cannot be used: mend it
│   └── InvalidConfiguration         with the path of the field
├── Rejected                         a plugin that a pod waited for said no
└── PluginError                      a plugin broke its promise for one pod: the pod says so, and is tried again
"""


class SchedulerFault(Exception):
    """Base of the scheduler's own errors."""


class InvalidProfile(SchedulerFault, ValueError):
    """Plugins or weights that cannot make a profile."""


class InvalidConfiguration(InvalidProfile):
    """A field of a configuration is wrong; `path` says which (`profiles[0].plugins.score`)."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path}: {problem}" if path else problem)
        self.path = path
        self.problem = problem


class Rejected(SchedulerFault):
    """A pod that waited at Permit may not go; `plugin` says so, or was waited for too long."""

    def __init__(self, plugin: str, message: str) -> None:
        super().__init__(message)
        self.plugin = plugin


class PluginError(SchedulerFault):
    """A plugin raised, or answered what its extension point does not allow."""

    def __init__(self, plugin: str, message: str) -> None:
        super().__init__(message)
        self.plugin = plugin
