"""KubeSchedulerConfiguration to a SchedulerConfiguration: who takes part where, with what weight.

As kube-scheduler reads it: a profile's `multiPoint` changes the default one, which every point gets
from; a point's own `enabled` and `disabled` change that for the point alone. What there is not is
refused with its path.
"""

from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from importlib import import_module
from typing import Any, Final

from msgspec.structs import replace

from orchestrator.scheduler.configuration import SchedulerConfiguration
from orchestrator.scheduler.configuration_document import (
    Document,
    PluginConfig,
    PluginName,
    PluginSet,
    ProfileDocument,
)
from orchestrator.scheduler.errors import InvalidConfiguration, InvalidProfile
from orchestrator.scheduler.extender_loading import extenders_of, ignoring
from orchestrator.scheduler.framework import POINTS, Plugin
from orchestrator.scheduler.plugins import DEFAULT_PLUGINS
from orchestrator.scheduler.profile import Profile
from orchestrator.scheduler.registry import NOT_HERE, Maker, decoded, maker_of, makers

_ALL: Final = "*"
_IN_TREE: Final = frozenset(plugin.name for plugin in DEFAULT_PLUGINS) | NOT_HERE
_FIELDS: Final[Mapping[str, str]] = {
    "multiPoint": "multi_point",
    "preEnqueue": "pre_enqueue",
    "queueSort": "queue_sort",
    "preFilter": "pre_filter",
    "filter": "filter",
    "postFilter": "post_filter",
    "preScore": "pre_score",
    "score": "score",
    "reserve": "reserve",
    "permit": "permit",
    "preBind": "pre_bind",
    "bind": "bind",
    "postBind": "post_bind",
    "placementGenerate": "placement_generate",
    "placementScore": "placement_score",
}

FindClass = Callable[[str, str], Any]
"""(`module:Class`, path) -> the class. Raises InvalidConfiguration."""


def load_configuration(
    document: Mapping[str, Any], *, find_class: FindClass | None = None
) -> SchedulerConfiguration:
    """A scheduler from a KubeSchedulerConfiguration v1. Raises InvalidConfiguration.

    `find_class` says where the classes of `plugins` come from; unless given, Python's path.
    """
    given = decoded(Document, dict(document), "")
    extenders = extenders_of(given.extenders)
    given = replace(given, profiles=ignoring(given))
    known = makers()
    own: list[str] = []
    for number, name in enumerate(given.plugins):
        path = f"plugins[{number}]"
        found, maker = maker_of((find_class or import_class)(name, path), path)
        if found in own or found in _IN_TREE:
            raise InvalidConfiguration(
                path, f'there is a plugin "{found}" already: name this one otherwise'
            )
        known[found] = maker
        own.append(found)
    profiles = tuple(
        replace(each, percentage_of_nodes_to_score=given.percentage_of_nodes_to_score)
        if each.percentage_of_nodes_to_score is None
        else each
        for each in given.profiles or (ProfileDocument(),)
    )
    loaded = tuple(
        _Profile(each, f"profiles[{number}]", known, own).load(alone=len(profiles) == 1)
        for number, each in enumerate(profiles)
    )
    sorting = {tuple(p.name for p in each.at("queueSort")) for each in loaded}
    if len(sorting) > 1:
        raise InvalidConfiguration("profiles", "all profiles must have the same queueSort plugin")
    try:
        return SchedulerConfiguration(
            profiles=loaded,
            initial_backoff_seconds=float(given.pod_initial_backoff_seconds),
            max_backoff_seconds=float(given.pod_max_backoff_seconds),
            extenders=extenders,
        )
    except InvalidProfile as error:
        raise InvalidConfiguration("", str(error)) from None


def configuration_of(given: object) -> SchedulerConfiguration:
    """A configuration from what `Cluster(scheduler=)` takes: one, a profile, or a document.

    Raises TypeError and, for a document that cannot be, InvalidConfiguration.
    """
    if isinstance(given, SchedulerConfiguration):
        return given
    if isinstance(given, Profile):
        return SchedulerConfiguration(profiles=(given,))
    if isinstance(given, Mapping):
        return load_configuration(given)
    raise TypeError(
        "scheduler is a SchedulerConfiguration, a Profile, or a KubeSchedulerConfiguration as a "
        f"mapping, not {given!r}"
    )


def import_class(name: str, path: str) -> Any:
    """The class of `module:Class`. Raises InvalidConfiguration."""
    module, colon, attribute = name.partition(":")
    if not (module and colon and attribute):
        raise InvalidConfiguration(path, f"expected module:Class, not {name!r}")
    try:
        return getattr(import_module(module), attribute)
    except (Exception, SystemExit) as error:  # a module may end the program when it is imported
        words = f"{type(error).__name__}: {error}"
        raise InvalidConfiguration(path, f"{name} cannot be imported: {words}") from error


class _Profile:
    """One profile being put together."""

    def __init__(
        self, given: ProfileDocument, path: str, known: Mapping[str, Maker], own: Iterable[str]
    ) -> None:
        self._given, self._path, self._known = given, path, known
        self._own = tuple(own)

    def load(self, *, alone: bool) -> Profile:
        name = self._given.scheduler_name or ("default-scheduler" if alone else "")
        if not name:
            raise InvalidConfiguration(f"{self._path}.schedulerName", "Required value")
        self._check_names()
        everywhere = self._everywhere()
        plugins = self._made(everywhere)
        points = {point: self._at(point, everywhere, plugins) for point in POINTS}
        if len(points["queueSort"]) != 1:
            raise InvalidConfiguration(
                f"{self._path}.plugins.queueSort", "exactly one plugin must be enabled"
            )
        used = {each for names in points.values() for each in names}
        try:
            return Profile(
                plugins=tuple(p for n, p in plugins.items() if n in used),
                weights={n: w for n, w in self._weights(everywhere).items() if n in used},
                scheduler_name=name,
                points=points,
                percentage_of_nodes_to_score=self._given.percentage_of_nodes_to_score,
            )
        except InvalidProfile as error:
            raise InvalidConfiguration(self._path, str(error)) from None

    def _set(self, point: str) -> PluginSet:
        found: PluginSet = getattr(self._given.plugins, _FIELDS[point])
        return found

    def _check_names(self) -> None:
        for point in _FIELDS:
            for part in ("enabled", "disabled"):
                several: tuple[PluginName, ...] = getattr(self._set(point), part)
                seen: set[str] = set()
                for number, each in enumerate(several):
                    path = f"{self._path}.plugins.{point}.{part}[{number}].name"
                    if each.name in seen:
                        raise InvalidConfiguration(path, f'Duplicate value: "{each.name}"')
                    seen.add(each.name)
                    if each.name == _ALL and part == "disabled":
                        continue
                    self._check_name(each.name, path, enabling=part == "enabled")
        seen = set()
        for number, config in enumerate(self._given.plugin_config):
            path = f"{self._path}.pluginConfig[{number}]"
            if config.name in seen:
                raise InvalidConfiguration(path, f'Duplicate value: "{config.name}"')
            seen.add(config.name)
            self._check_name(config.name, f"{path}.name", enabling=False)

    def _check_name(self, name: str, path: str, *, enabling: bool) -> None:
        if name in self._known or (name in NOT_HERE and (not enabling or name == "DefaultBinder")):
            return
        if name in NOT_HERE:
            raise InvalidConfiguration(path, f'the plugin "{name}" is not offered')
        near = get_close_matches(name, self._known, 1)
        told = f'did you mean "{near[0]}"?' if near else f"there are {', '.join(self._known)}"
        raise InvalidConfiguration(path, f'there is no plugin "{name}"; {told}')

    def _everywhere(self) -> dict[str, int]:
        """The plugins of multiPoint in their order, with the weights that it gives them (0: none)."""
        given = self._set("multiPoint")
        off = {each.name for each in given.disabled}
        names = [plugin.name for plugin in DEFAULT_PLUGINS] + list(self._own)
        merged = {} if _ALL in off else {name: 0 for name in names if name not in off}
        for each in given.enabled:
            if each.name in self._known:
                merged[each.name] = each.weight
        return merged

    def _made(self, everywhere: Iterable[str]) -> dict[str, Plugin]:
        """All plugins that take part anywhere."""
        own_sets = [self._set(point).enabled for point in _FIELDS if point != "multiPoint"]
        names = dict.fromkeys((*everywhere, *(e.name for several in own_sets for e in several)))
        arguments = {
            config.name: (config, f"{self._path}.pluginConfig[{number}].args")
            for number, config in enumerate(self._given.plugin_config)
        }
        nothing = (PluginConfig(""), f"{self._path}.plugins")
        made = {}
        for name in names:
            if name in self._known:
                config, path = arguments.get(name, nothing)
                made[name] = self._known[name](config.args, path)
                if not any(isinstance(made[name], protocol) for protocol in POINTS.values()):
                    words = f'plugin "{name}" has no extension point ({", ".join(POINTS)})'
                    raise InvalidConfiguration(f"{self._path}.plugins", words)
        return made

    def _at(
        self, point: str, everywhere: Iterable[str], plugins: Mapping[str, Plugin]
    ) -> tuple[str, ...]:
        """Who takes part at a point: overriding ones first, then the others, then additional ones."""
        given = self._set(point)
        off = {each.name for each in given.disabled}
        able = {n for n, p in plugins.items() if isinstance(p, POINTS[point])}
        explicit = [each.name for each in given.enabled]
        for number, name in enumerate(explicit):
            if name not in able and name in plugins:
                raise InvalidConfiguration(
                    f"{self._path}.plugins.{point}.enabled[{number}].name",
                    f'plugin "{name}" does not extend {point} plugin',
                )
        general = [] if _ALL in off else [n for n in everywhere if n in able and n not in off]
        overriding = [name for name in explicit if name in general]
        return (
            *overriding,
            *(name for name in general if name not in overriding),
            *(name for name in explicit if name not in general and name in able),
        )

    def _weights(self, everywhere: Mapping[str, int]) -> dict[str, int]:
        weights = {name: weight for name, weight in everywhere.items() if weight}
        weights |= {each.name: each.weight for each in self._set("score").enabled if each.weight}
        return weights
