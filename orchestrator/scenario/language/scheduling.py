"""The scheduler in a scenario file, in the words of kube-scheduler's KubeSchedulerConfiguration."""

from typing import Any

from orchestrator.scenario.language.base import Strict


class EnabledPlugin(Strict, frozen=True):
    """A plugin by its name; `*` is all. `weight` is what its score counts."""

    name: str
    weight: int = 0


class PluginSet(Strict, frozen=True):
    """Which plugins take part: the default ones, without those that are disabled, and those enabled."""

    enabled: tuple[EnabledPlugin, ...] = ()
    disabled: tuple[EnabledPlugin, ...] = ()


class Plugins(Strict, frozen=True):
    """At which extension points: `multiPoint` is all that a plugin has."""

    multi_point: PluginSet = PluginSet()
    pre_enqueue: PluginSet = PluginSet()
    queue_sort: PluginSet = PluginSet()
    filter: PluginSet = PluginSet()
    post_filter: PluginSet = PluginSet()
    score: PluginSet = PluginSet()
    reserve: PluginSet = PluginSet()
    permit: PluginSet = PluginSet()
    post_bind: PluginSet = PluginSet()


class PluginConfig(Strict, frozen=True):
    """The arguments of a plugin."""

    name: str
    args: dict[str, Any] = {}


class SchedulingProfile(Strict, frozen=True):
    """Plugins and their arguments."""

    scheduler_name: str = "default-scheduler"
    plugins: Plugins = Plugins()
    plugin_config: tuple[PluginConfig, ...] = ()


class Scheduling(Strict, frozen=True):
    """How pods are placed. `plugins` are classes of your own, `module:Class`, from beside the scenario file or
    from where Python finds modules.
    """

    profiles: tuple[SchedulingProfile, ...] = ()
    plugins: tuple[str, ...] = ()
