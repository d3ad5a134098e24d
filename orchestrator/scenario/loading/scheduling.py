"""The scheduler that a scenario chooses, in KubeSchedulerConfiguration's words.

`plugins` beside `profiles` names classes of the user's own, `module:Class`; the module is looked for beside
the scenario file first, then where Python looks. A class takes part in every profile under its `name`,
unless a profile speaks of it; `pluginConfig` gives its constructor's arguments.
"""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from orchestrator.scenario.language import PluginConfig, PluginSet, Scheduling, SchedulingProfile
from orchestrator.scenario.loading.source import Source
from orchestrator.scenario.names import camel
from orchestrator.scheduler import DEFAULT_PROFILE, InvalidProfile, Plugin, Profile
from orchestrator.scheduler.framework import POINTS
from orchestrator.scheduler.plugins.node_resources_fit import NodeResourcesFit

_ALL: Final = "*"
_STRATEGIES: Final = ("LeastAllocated", "MostAllocated")


class SchedulerPlan(Struct, frozen=True):
    """A checked choice. `files` are those of the user's own plugins."""

    profile: Profile = DEFAULT_PROFILE
    files: tuple[Path, ...] = ()


def plan_scheduler(
    source: Source, chosen: str | Scheduling | None, policies: Mapping[str, Scheduling]
) -> SchedulerPlan:
    """Check a choice, by its name among `policies` or as it is. Raises ScenarioError."""
    if chosen is None:
        return SchedulerPlan()
    where = "spec.scheduler"
    if isinstance(chosen, str):
        if chosen not in policies:
            known = ", ".join(policies) or "none"
            raise source.error(where, f'there is no policy "{chosen}"; spec.policies has {known}')
        where, chosen = f"spec.policies.{chosen}", policies[chosen]
    return _Planner(source, where).plan(chosen)


class _Planner:
    def __init__(self, source: Source, where: str) -> None:
        self._source = source
        self._where = where
        self._files: list[Path] = []

    def plan(self, chosen: Scheduling) -> SchedulerPlan:
        classes: dict[str, type[Plugin]] = {}
        for number, name in enumerate(chosen.plugins):
            found = self._class(name, f"{self._where}.plugins[{number}]")
            classes[found.name] = found
        profiles = chosen.profiles or (SchedulingProfile(),)
        if len(profiles) > 1:
            raise self._source.error(f"{self._where}.profiles[1]", "expected one profile")
        profile = self._profile(profiles[0], classes, f"{self._where}.profiles[0]")
        return SchedulerPlan(profile, tuple(self._files))

    def _profile(
        self, wanted: SchedulingProfile, classes: Mapping[str, type[Plugin]], where: str
    ) -> Profile:
        known = {plugin.name: plugin for plugin in DEFAULT_PROFILE.plugins}
        arguments = self._arguments(wanted.plugin_config, [*known, *classes], where)
        for name, class_ in classes.items():
            at = self._config_path(wanted.plugin_config, name, where)
            known[name] = self._made(class_, arguments.get(name, {}), at)
        if "NodeResourcesFit" in arguments:
            at = self._config_path(wanted.plugin_config, "NodeResourcesFit", where)
            known["NodeResourcesFit"] = self._fit(arguments["NodeResourcesFit"], at)
        for point in ("multi_point", *map(_snake, POINTS)):
            self._check_known(
                getattr(wanted.plugins, point), known, f"{where}.plugins.{camel(point)}"
            )
        return self._put_together(wanted, known, where)

    def _put_together(
        self, wanted: SchedulingProfile, known: Mapping[str, Plugin], where: str
    ) -> Profile:
        gone = _disabled(wanted.plugins.multi_point, known)
        weights = dict(DEFAULT_PROFILE.weights)
        points: dict[str, tuple[str, ...]] = {}
        able = Profile(plugins=tuple(known.values()))
        enabled = {each.name: each for each in wanted.plugins.multi_point.enabled}
        for point in POINTS:
            plugins: PluginSet = getattr(wanted.plugins, _snake(point))
            names = [plugin.name for plugin in able.at(point)]
            present = {n for n in names if n not in gone or n in enabled}
            present -= _disabled(plugins, known)
            present |= {each.name for each in plugins.enabled}
            points[point] = tuple(name for name in names if name in present)
        for each in (*enabled.values(), *wanted.plugins.score.enabled):
            if each.weight:
                weights[each.name] = each.weight
        used = {name for names in points.values() for name in names}
        try:
            return replace(
                DEFAULT_PROFILE,
                plugins=tuple(plugin for name, plugin in known.items() if name in used),
                weights={name: weight for name, weight in weights.items() if name in used},
                points=points,
                scheduler_name=wanted.scheduler_name,
            )
        except InvalidProfile as error:
            raise self._source.error(where, str(error)) from None

    def _check_known(self, plugins: PluginSet, known: Mapping[str, Plugin], where: str) -> None:
        for part, several in (("enabled", plugins.enabled), ("disabled", plugins.disabled)):
            for number, each in enumerate(several):
                if each.name not in known and each.name != _ALL:
                    raise self._unknown(each.name, known, f"{where}.{part}[{number}].name")

    def _unknown(self, name: str, known: Any, where: str) -> Exception:
        near = get_close_matches(name, known, 1)
        told = f'did you mean "{near[0]}"?' if near else f"there are {', '.join(known)}"
        return self._source.error(where, f'there is no plugin "{name}"; {told}')

    # --- arguments -------------------------------------------------------------------------

    def _arguments(
        self, configs: tuple[PluginConfig, ...], known: list[str], where: str
    ) -> dict[str, dict[str, Any]]:
        for number, each in enumerate(configs):
            if each.name not in known:
                raise self._unknown(each.name, known, f"{where}.pluginConfig[{number}].name")
        return {each.name: each.args for each in configs}

    def _config_path(self, configs: tuple[PluginConfig, ...], name: str, where: str) -> str:
        numbers = [number for number, each in enumerate(configs) if each.name == name]
        return f"{where}.pluginConfig[{numbers[0]}].args" if numbers else self._where

    def _fit(self, arguments: Mapping[str, Any], where: str) -> Plugin:
        strategy = arguments.get("scoringStrategy", {})
        kind = strategy.get("type") if isinstance(strategy, dict) else None
        if set(arguments) - {"scoringStrategy", "apiVersion", "kind"} or kind not in _STRATEGIES:
            raise self._source.error(
                where, f"expected scoringStrategy: {{type: {' or '.join(_STRATEGIES)}}}"
            )
        return NodeResourcesFit(kind)

    def _made(self, class_: type[Plugin], arguments: Mapping[str, Any], where: str) -> Plugin:
        try:
            return class_(**arguments)
        except Exception as error:  # of the user's own code: whatever it raises is told
            raise self._source.error(where, f"{class_.__name__}: {error}") from None

    # --- classes ---------------------------------------------------------------------------

    def _class(self, name: str, where: str) -> type[Plugin]:
        module_name, colon, class_name = name.partition(":")
        if not colon or not module_name or not class_name:
            raise self._source.error(where, f'expected module:Class, got "{name}"')
        try:
            module = self._module(module_name)
        except Exception as error:  # of the user's own code: whatever it raises is told
            raise self._source.error(
                where, f"{module_name} cannot be imported: {type(error).__name__}: {error}"
            ) from None
        found = getattr(module, class_name, None)
        if not isinstance(found, type) or not issubclass(found, Plugin):
            raise self._source.error(
                where, f"{module_name} has no class {class_name} that is a scheduler's Plugin"
            )
        if not getattr(found, "name", ""):
            raise self._source.error(
                where, f'{class_name} has no name: give it name = "{class_name}"'
            )
        return found

    def _module(self, name: str) -> Any:
        folder = self._source.path.parent.resolve()
        path = folder.joinpath(*name.split(".")).with_suffix(".py")
        with _importing_from(folder):
            if not path.is_file():
                module = import_module(name)
                if module.__file__ is not None:
                    self._files.append(Path(module.__file__))
                return module
            self._files.append(path)
            # Under a name of its own: another scenario's folder may have a module of the same name.
            spec = spec_from_file_location(f"{name}@{path}", path)
            assert spec is not None
            assert spec.loader is not None
            module = module_from_spec(spec)
            sys.modules[spec.name] = module
            spec.loader.exec_module(module)
            return module


def _snake(point: str) -> str:
    """`preEnqueue` as Python writes it."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in point)


def _disabled(plugins: PluginSet, known: Mapping[str, Plugin]) -> set[str]:
    names = {each.name for each in plugins.disabled}
    return set(known) if _ALL in names else names


@contextmanager
def _importing_from(folder: Path) -> Iterator[None]:
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
