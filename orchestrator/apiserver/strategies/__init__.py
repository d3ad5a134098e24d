"""What the server does because of an object's kind, when it creates, updates and deletes.

What belongs: fields that only the system may set, what a status update may touch, generations,
grace periods, numbers that are counted out. What does not: defaults, validation and admission,
which are rooms of their own, and anything that reads or writes the store.

A kind without rules of its own is served by `Strategy` with a row of `TRAITS`; one with rules has
a class in its family's file and a line in `STRATEGIES`.
"""

from collections.abc import Callable, Mapping
from typing import Final

from orchestrator.api.scheme import Resource
from orchestrator.api.unstructured import Unstructured
from orchestrator.apiserver.strategies.custom import CustomStrategy
from orchestrator.apiserver.strategies.namespaces import NamespaceStrategy
from orchestrator.apiserver.strategies.nodes import NodeStrategy
from orchestrator.apiserver.strategies.pods import PodStrategy
from orchestrator.apiserver.strategies.services import ServiceStrategy
from orchestrator.apiserver.strategies.storage import ClaimStrategy, VolumeStrategy
from orchestrator.apiserver.strategies.strategy import Strategy, Traits
from orchestrator.apiserver.strategies.traits import COMMON, CUSTOM, TRAITS
from orchestrator.apiserver.strategies.workloads import DaemonSetStrategy, DeploymentStrategy

__all__ = ["STRATEGIES", "TRAITS", "Strategy", "Traits", "strategy_for"]

STRATEGIES: Final[Mapping[str, Callable[[Resource, Traits], Strategy]]] = {
    "daemonsets.apps": DaemonSetStrategy,
    "deployments.apps": DeploymentStrategy,
    "namespaces": NamespaceStrategy,
    "nodes": NodeStrategy,
    "persistentvolumeclaims": ClaimStrategy,
    "persistentvolumes": VolumeStrategy,
    "pods": PodStrategy,
    "services": ServiceStrategy,
}


def strategy_for(resource: Resource) -> Strategy:
    """The strategy of a resource; a new one each time."""
    if resource.type is Unstructured:
        return CustomStrategy(resource, CUSTOM)
    make = STRATEGIES.get(resource.key, Strategy)
    return make(resource, TRAITS.get(resource.key, COMMON))
