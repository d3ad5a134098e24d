"""Which nodes a step means."""

import math
from collections.abc import Iterable, Mapping
from random import Random

from orchestrator.api.core.v1 import Node
from orchestrator.scenario.language import NodeChoice
from orchestrator.scenario.loading.nodes import ZONE


def choose(
    choice: str | NodeChoice, nodes: Iterable[Node], groups: Mapping[str, str], dice: Random
) -> list[str]:
    """The names of the chosen nodes, in the order of their names. `groups` maps nodes to groups.

    A node that is named need not be among `nodes`: whoever acts on it says so.
    """
    if isinstance(choice, str):
        return [choice]
    if choice.names:
        return list(choice.names)
    fitting = [node.metadata.name for node in nodes if _fits(node, choice, groups)]
    wanted = len(fitting)
    if choice.count is not None:
        wanted = min(choice.count, wanted)
    elif choice.percent is not None:
        wanted = math.ceil(len(fitting) * choice.percent / 100)
    if wanted == len(fitting):
        return fitting
    return sorted(dice.sample(fitting, wanted))


def _fits(node: Node, choice: NodeChoice, groups: Mapping[str, str]) -> bool:
    labels = node.metadata.labels
    return (
        (not choice.group or groups.get(node.metadata.name) == choice.group)
        and (not choice.zone or labels.get(ZONE) == choice.zone)
        and all(labels.get(key) == value for key, value in choice.labels.items())
    )
