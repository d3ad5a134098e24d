"""A profile: plugins, the points at which each takes part, and the weights of their scores.

What is wrong with a profile is said where it is made, as InvalidProfile.
"""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from orchestrator.api import codec
from orchestrator.api.core.v1 import Pod
from orchestrator.scheduler.errors import InvalidProfile
from orchestrator.scheduler.events import OWN, ClusterEvent
from orchestrator.scheduler.extenders import PLUGIN as EXTENDER
from orchestrator.scheduler.framework import (
    POINTS,
    Filter,
    FilterRule,
    Hints,
    Normalize,
    Plugin,
    Reasons,
    Score,
    ScoreRule,
)
from orchestrator.scheduler.queue import Hint
from orchestrator.scheduler.snapshot import Snapshot

MAX_WEIGHT: Final = 1_000_000


class Profile(Struct, frozen=True):
    """Plugins in the order in which they take part. Raises InvalidProfile.

    A score's weight is the plugin's own `weight` (1 without one) unless `weights` says another;
    `points` names, for points where not all plugins that could take part do, those that do. Of the nodes that
    fit all are scored, unless `percentage_of_nodes_to_score` is a number of 0 to 100: then as many as
    kube-scheduler would (0: by the number of nodes).
    """

    plugins: tuple[Plugin, ...]
    weights: Mapping[str, int] = {}
    scheduler_name: str = "default-scheduler"
    points: Mapping[str, tuple[str, ...]] = {}
    percentage_of_nodes_to_score: int | None = None

    def __post_init__(self) -> None:
        names: set[str] = set()
        for plugin in self.plugins:
            name = _checked(plugin)
            if name in names:
                raise InvalidProfile(f"plugin {name!r} stands twice in the profile")
            names.add(name)
        sorting = [plugin.name for plugin in self.at("queueSort")]
        if len(sorting) > 1:
            raise InvalidProfile(
                f"only one plugin sorts the queue, not {', '.join(sorting)}: take the others away "
                f"(without({sorting[0]!r}))"
            )
        own = {p.name: p.weight for p in self.plugins if hasattr(p, "weight")}
        _check_weights({**own, **self.weights}, names)
        percentage = self.percentage_of_nodes_to_score
        if percentage is not None and not 0 <= percentage <= 100:
            raise InvalidProfile(f"percentageOfNodesToScore is {percentage}: 0 to 100 is right")
        for point, some in self.points.items():
            if point not in POINTS:
                raise InvalidProfile(f"{point!r} is no extension point: {', '.join(POINTS)}")
            for name in some:
                if name not in names:
                    raise InvalidProfile(_unknown(name, names))

    def at(self, point: str) -> tuple[Plugin, ...]:
        """The plugins that take part at a point, in their order."""
        able = tuple(p for p in self.plugins if isinstance(p, POINTS[point]))
        names = self.points.get(point)
        if names is None:
            return able
        by_name = {p.name: p for p in able}
        return tuple(by_name[name] for name in names if name in by_name)

    def weight(self, plugin: Plugin) -> int:
        """What a plugin's score counts."""
        weight = self.weights.get(plugin.name)
        return getattr(plugin, "weight", 1) if weight is None else weight

    def adding(self, *plugins: Plugin, weight: int | None = None) -> "Profile":
        """This profile and more plugins; the others keep their weights. Raises InvalidProfile."""
        weights = self.weights
        if weight is not None:
            weights = {**weights, **{getattr(each, "name", ""): weight for each in plugins}}
        return replace(self, plugins=(*self.plugins, *plugins), weights=weights)

    def without(self, *names: str) -> "Profile":
        """This profile without some plugins. Raises InvalidProfile for one that it has not."""
        present = {plugin.name for plugin in self.plugins}
        for name in names:
            if name not in present:
                raise InvalidProfile(_unknown(name, present))
        return replace(
            self,
            plugins=tuple(p for p in self.plugins if p.name not in names),
            weights={n: w for n, w in self.weights.items() if n not in names},
            points={
                point: tuple(n for n in some if n not in names)
                for point, some in self.points.items()
            },
        )

    def watches(self) -> tuple[type, ...]:
        """The kinds that the plugins want to know of."""
        return tuple(dict.fromkeys(kind for p in self.plugins for kind in p.watches))


def helped_by(profiles: Iterable[Profile]) -> dict[ClusterEvent, frozenset[str]]:
    """For each event, the plugins of some profile whose refusals it may lift."""
    plugins = [plugin for profile in profiles for plugin in profile.plugins]
    return {  # what an extender refused may be helped by anything
        event: frozenset((EXTENDER, *(p.name for p in plugins if _is_helped(p, event))))
        for event in ClusterEvent
    }


def _is_helped(plugin: Plugin, event: ClusterEvent) -> bool:
    """One that names no events at all is asked anew when the pod itself changes."""
    return event in (plugin.helped_by or OWN) or _is_added_to(plugin, event)


def _is_added_to(plugin: Plugin, event: ClusterEvent) -> bool:
    """Whom new nodes help any change of taints helps, too, whatever its hints say: kube-scheduler adds it.

    https://github.com/kubernetes/kubernetes/issues/109437
    """
    named = plugin.helped_by
    return (
        event is ClusterEvent.NODE_TAINTS
        and ClusterEvent.NODE_ADDED in named
        and event not in named
    )


def hints(profiles: Iterable[Profile], nodes: Snapshot) -> dict[str, Hint]:
    """For plugins that tell events apart: whether one may help a pod. What they raise counts as yes.

    Plugins of one name in several profiles may have other arguments: a pod's own profile has the word.
    """
    found: dict[str, dict[str, Plugin]] = {}
    for profile in profiles:
        for plugin in profile.plugins:
            found.setdefault(plugin.name, {})[profile.scheduler_name] = plugin
    return {
        name: partial(_may_help, by_profile, nodes)
        for name, by_profile in found.items()
        if any(isinstance(plugin, Hints) for plugin in by_profile.values())
    }


def _may_help(
    by_profile: Mapping[str, Plugin],
    nodes: Snapshot,
    pod: Pod,
    event: ClusterEvent,
    old: Any,
    new: Any,
) -> bool:
    plugin = by_profile.get(pod.spec.scheduler_name) if pod.spec is not None else None
    if plugin is None or not _is_helped(plugin, event):
        return False
    if not isinstance(plugin, Hints) or _is_added_to(plugin, event):
        return True
    try:
        return plugin.helps(pod, event, old, new, nodes)
    except Exception:  # a plugin's: a try too many does no harm
        return True


def _checked(plugin: Any) -> str:
    """The name of a plugin that can take part."""
    if isinstance(plugin, type):
        raise InvalidProfile(f"{plugin.__name__} is a class: put an instance, {plugin.__name__}()")
    kind = type(plugin).__name__
    if not isinstance(plugin, Plugin):
        raise InvalidProfile(f"{plugin!r} is no plugin: derive {kind} from scheduler.Plugin")
    name = plugin.name
    if not isinstance(name, str) or not name:
        raise InvalidProfile(f'plugin {kind} has no name: give it name = "{kind}"')
    pairs: tuple[tuple[type, type], ...] = ((Filter, FilterRule), (Score, ScoreRule))
    for simple, rule in pairs:
        if isinstance(plugin, simple) and isinstance(plugin, rule):
            what = simple.__name__.lower()
            raise InvalidProfile(
                f"plugin {name!r} has both {what} and {what}_kernel: which of them counts?"
            )
    if not any(isinstance(plugin, protocol) for each in POINTS.values() for protocol in each):
        raise InvalidProfile(f"plugin {name!r} has no extension point ({', '.join(POINTS)})")
    if isinstance(plugin, Normalize) and not isinstance(plugin, Score):
        raise InvalidProfile(f"plugin {name!r} has normalize, but no score")
    if isinstance(plugin, Reasons) and not isinstance(plugin, Filter):
        raise InvalidProfile(f"plugin {name!r} has reasons, but no filter")
    _check_interests(plugin)
    return name


def _check_interests(plugin: Plugin) -> None:
    """What a plugin wants to hear of: kinds, and events."""
    watches: Any = plugin.watches
    if not isinstance(watches, tuple | list) or not all(
        isinstance(kind, type) and codec.is_kind(kind) for kind in watches
    ):
        raise InvalidProfile(
            f"`watches` of plugin {plugin.name!r} is a tuple of kinds (watches = (ConfigMap,)), "
            f"not {watches!r}"
        )
    events: Any = plugin.helped_by
    if not isinstance(events, frozenset | set) or not all(
        isinstance(event, ClusterEvent) for event in events
    ):
        raise InvalidProfile(
            f"`helped_by` of plugin {plugin.name!r} is a set of ClusterEvents, not {events!r}"
        )


def _check_weights(weights: Mapping[str, Any], names: set[str]) -> None:
    for name, weight in weights.items():
        if name not in names:
            raise InvalidProfile(f"a weight for {_unknown(name, names)}")
        if not isinstance(weight, int) or isinstance(weight, bool):
            raise InvalidProfile(f"the weight of {name!r} is a whole number, not {weight!r}")
        if not 0 <= weight <= MAX_WEIGHT:
            raise InvalidProfile(
                f"the weight of {name!r} is {weight}: 0 to {MAX_WEIGHT:,} is right"
            )


def _unknown(name: str, names: set[str]) -> str:
    return f"plugin {name!r}, which the profile has not; it has {', '.join(sorted(names))}"
