"""Plugins by name: Kubernetes' own with their arguments, and those of entry points."""

from collections.abc import Callable, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final, TypeVar

import msgspec

from orchestrator.api import codec
from orchestrator.api.core.v1 import NodeAffinity as Affinity
from orchestrator.api.core.v1 import TopologySpreadConstraint
from orchestrator.api.errors import DecodeError
from orchestrator.machinery import node_affinity
from orchestrator.machinery.literals import with_words
from orchestrator.scheduler import configuration_document as document
from orchestrator.scheduler.errors import InvalidConfiguration, InvalidProfile
from orchestrator.scheduler.framework import Plugin
from orchestrator.scheduler.plugins import DEFAULT_PLUGINS
from orchestrator.scheduler.plugins.default_preemption import DefaultPreemption
from orchestrator.scheduler.plugins.inter_pod_affinity import InterPodAffinity
from orchestrator.scheduler.plugins.node_affinity import NodeAffinity
from orchestrator.scheduler.plugins.node_resources_balanced_allocation import (
    NodeResourcesBalancedAllocation,
)
from orchestrator.scheduler.plugins.node_resources_fit import NodeResourcesFit
from orchestrator.scheduler.plugins.pod_topology_spread import PodTopologySpread
from orchestrator.scheduler.plugins.volume_binding import VolumeBinding

ENTRY_POINTS: Final = "orchestrator.scheduler_plugins"
NOT_HERE: Final = frozenset(
    (
        "DefaultBinder",
        "GangScheduling",
        "PodGroupPodsCount",
        "TopologyPlacementGenerator",
    )
)
"""Plugins of Kubernetes that are no plugins here: a configuration may do without them."""

A = TypeVar("A")
Maker = Callable[[Mapping[str, Any], str], Plugin]


def makers() -> dict[str, Maker]:
    """By name, who makes a plugin of arguments that stand at a path: in-tree ones, entry points.

    Raises InvalidConfiguration: two have one name.
    """
    known: dict[str, Maker] = {p.name: _without_arguments(p) for p in DEFAULT_PLUGINS} | _MAKERS
    for entry in entry_points(group=ENTRY_POINTS):
        if entry.name in known:
            raise InvalidConfiguration(
                "plugins",
                f'there is a plugin "{entry.name}" already: name the entry point of {entry.value} otherwise',
            )
        known[entry.name] = _of_entry_point(entry)
    return known


def maker_of(class_: Any, path: str) -> tuple[str, Maker]:
    """The name of a class of plugins, and who makes one. Raises InvalidConfiguration."""
    if not (isinstance(class_, type) and issubclass(class_, Plugin)):
        raise InvalidConfiguration(path, f"{class_!r} is no class derived from scheduler.Plugin")
    if not class_.name:
        raise InvalidConfiguration(path, f"{class_.__name__} has no name")
    return class_.name, _of_class(class_, class_.name)


def _of_entry_point(entry: EntryPoint) -> Maker:
    """Of an installed package, which is not imported unless a profile names its plugin."""

    def make(arguments: Mapping[str, Any], path: str) -> Plugin:
        try:
            class_ = entry.load()
        except (Exception, SystemExit) as error:  # a module may end the program when it is imported
            words = f"{type(error).__name__}: {error}"
            raise InvalidConfiguration(
                path, f"{entry.name} ({entry.value}) cannot be imported: {words}"
            ) from error
        name, maker = maker_of(class_, path)
        if name != entry.name:
            raise InvalidConfiguration(
                path, f'{entry.name} ({entry.value}) calls itself "{name}": both must be one name'
            )
        return maker(arguments, path)

    return make


def _of_class(class_: Callable[..., Plugin], name: str) -> Maker:
    def make(arguments: Mapping[str, Any], path: str) -> Plugin:
        try:
            return class_(**arguments)
        except Exception as error:
            raise InvalidConfiguration(path, f"{name} cannot be made: {error}") from error

    return make


def _without_arguments(plugin: Plugin) -> Maker:
    def make(arguments: Mapping[str, Any], path: str) -> Plugin:
        if set(arguments) - {"apiVersion", "kind"}:
            raise InvalidConfiguration(path, f"{plugin.name} takes no arguments")
        return plugin

    return make


def decoded(kind: type[A], value: Any, path: str) -> A:
    """A part of a configuration as what it should be. Raises InvalidConfiguration with the path."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        problem, _, where = str(error).partition(" - at `$")
        where = where.rstrip("`")
        problem = with_words(problem, kind, where)
        raise InvalidConfiguration(f"{path}{where}".lstrip("."), problem) from None


def _taking(kind: type[A], make: Callable[[A, str], Plugin]) -> Maker:
    """A plugin of Kubernetes, whose arguments have a type."""

    def of(arguments: Mapping[str, Any], path: str) -> Plugin:
        args = decoded(kind, dict(arguments), path)
        given = getattr(args, "kind", "")
        if given and given != kind.__name__:
            raise InvalidConfiguration(f"{path}.kind", f"expected {kind.__name__}, not {given}")
        try:
            return make(args, path)
        except InvalidConfiguration:
            raise
        except InvalidProfile as error:
            raise InvalidConfiguration(path, str(error)) from None

    return of


def _fit(args: document.NodeResourcesFitArgs, path: str) -> Plugin:
    strategy = args.scoring_strategy
    where = f"{path}.scoringStrategy"
    ratio = strategy.requested_to_capacity_ratio
    return NodeResourcesFit(
        strategy.type,
        _weights(strategy.resources, f"{where}.resources"),
        _shape(ratio.shape, f"{where}.requestedToCapacityRatio.shape") if ratio is not None else (),
        ignored=frozenset(args.ignored_resources),
        ignored_groups=frozenset(args.ignored_resource_groups),
    )


def _weights(resources: tuple[document.ResourceSpec, ...], path: str) -> dict[str, int]:
    for number, each in enumerate(resources):
        if not 0 <= each.weight <= 100:
            raise InvalidConfiguration(f"{path}[{number}].weight", "1 to 100 is right")
    return {each.name: each.weight or 1 for each in resources} or {"cpu": 1, "memory": 1}


def _shape(
    points: tuple[document.UtilizationShapePoint, ...], path: str
) -> tuple[tuple[int, int], ...]:
    before = -1
    for number, point in enumerate(points):
        if not before < point.utilization <= 100:
            raise InvalidConfiguration(
                f"{path}[{number}].utilization", "0 to 100, each more than the one before, is right"
            )
        if not 0 <= point.score <= 10:
            raise InvalidConfiguration(f"{path}[{number}].score", "0 to 10 is right")
        before = point.utilization
    return tuple((point.utilization, point.score) for point in points)


def _balanced(args: document.NodeResourcesBalancedAllocationArgs, path: str) -> Plugin:
    return NodeResourcesBalancedAllocation(
        tuple(each.name for each in args.resources) or ("cpu", "memory")
    )


def _affinity(args: document.InterPodAffinityArgs, path: str) -> Plugin:
    return InterPodAffinity(
        args.hard_pod_affinity_weight,
        ignore_preferred_of_others=args.ignore_preferred_terms_of_existing_pods,
    )


def _preemption(args: document.DefaultPreemptionArgs, path: str) -> Plugin:
    return DefaultPreemption(args.min_candidate_nodes_percentage, args.min_candidate_nodes_absolute)


def _volumes(args: document.VolumeBindingArgs, path: str) -> Plugin:
    if args.shape:
        raise InvalidConfiguration(f"{path}.shape", "capacity is not scored")
    return VolumeBinding(float(args.bind_timeout_seconds))


def _spread(args: document.PodTopologySpreadArgs, path: str) -> Plugin:
    where = f"{path}.defaultConstraints"
    if args.defaulting_type == "System":
        if args.default_constraints:
            raise InvalidConfiguration(where, "with defaultingType System there can be none")
        return PodTopologySpread()
    constraints = tuple(
        _typed(TopologySpreadConstraint, each, f"{where}[{number}]")
        for number, each in enumerate(args.default_constraints)
    )
    for number, each in enumerate(constraints):
        if each.label_selector is not None:
            raise InvalidConfiguration(
                f"{where}[{number}].labelSelector", "constraint must not define a selector"
            )
    return PodTopologySpread(constraints)


def _added(args: document.NodeAffinityArgs, path: str) -> Plugin:
    if args.added_affinity is None:
        return NodeAffinity()
    where = f"{path}.addedAffinity"
    affinity = _typed(Affinity, args.added_affinity, where)
    required = affinity.required_during_scheduling_ignored_during_execution
    if required is not None:
        for error in node_affinity.selector_errors(required):
            raise InvalidConfiguration(where, str(error))
    return NodeAffinity(affinity)


def _typed(kind: type[A], value: Any, path: str) -> A:
    try:
        return codec.from_dict(value, kind)
    except DecodeError as error:
        raise InvalidConfiguration(path, str(error)) from None


_MAKERS: Final[dict[str, Maker]] = {
    "NodeResourcesFit": _taking(document.NodeResourcesFitArgs, _fit),
    "NodeResourcesBalancedAllocation": _taking(
        document.NodeResourcesBalancedAllocationArgs, _balanced
    ),
    "InterPodAffinity": _taking(document.InterPodAffinityArgs, _affinity),
    "DefaultPreemption": _taking(document.DefaultPreemptionArgs, _preemption),
    "PodTopologySpread": _taking(document.PodTopologySpreadArgs, _spread),
    "NodeAffinity": _taking(document.NodeAffinityArgs, _added),
    "VolumeBinding": _taking(document.VolumeBindingArgs, _volumes),
}
