"""A cluster as manifests: what the oracle's rules look at."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

Manifest = Mapping[str, Any]


class Refused(NamedTuple):
    """A node cannot take a pod. `hopeless`: whatever pods are evicted there."""

    reasons: tuple[str, ...]
    hopeless: bool = False


class Placed(NamedTuple):
    """A pod that is on a node."""

    pod: Manifest
    node: str


@dataclass
class World:
    """Nodes by name, the pods that have one, those that were promised one, and other objects by kind.

    `real` is what a supposed world was made of.
    """

    nodes: dict[str, Manifest]
    placed: list[Placed] = field(default_factory=list)
    promised: list[Placed] = field(default_factory=list)
    objects: dict[str, list[Manifest]] = field(default_factory=dict)
    namespaces: dict[str, Mapping[str, str]] = field(default_factory=dict)
    real: "World | None" = None

    def pods_on(self, node: str) -> Iterator[Manifest]:
        """The pods of a node, in the order in which they came."""
        return (each.pod for each in self.placed if each.node == node)

    def labels(self, node: str) -> Mapping[str, str]:
        """Those of a node."""
        return labels_of(self.nodes[node])

    def all_of(self, kind: str) -> list[Manifest]:
        """The objects of a kind."""
        return self.objects.get(kind, [])

    def find(self, kind: str, name: str, namespace: str = "") -> Manifest | None:
        """An object by its name; None: there is none."""
        for each in self.all_of(kind):
            if each["metadata"]["name"] == name and namespace_of(each) == namespace:
                return each
        return None

    def without(self, *pods: Manifest) -> "World":
        """As it would be without some of its pods."""
        gone = {name_of(pod) for pod in pods}
        return self._supposed(each for each in self.placed if name_of(each.pod) not in gone)

    def with_pods(self, node: str, *pods: Manifest) -> "World":
        """As it would be with more pods on a node."""
        return self._supposed((*self.placed, *(Placed(pod, node) for pod in pods)))

    def _supposed(self, placed: Iterable[Placed]) -> "World":
        return replace(self, placed=list(placed), real=self.real or self)


def name_of(obj: Manifest) -> tuple[str, str]:
    """Namespace and name."""
    return namespace_of(obj), obj["metadata"]["name"]


def namespace_of(obj: Manifest) -> str:
    """The namespace, empty for what has none."""
    namespace: str = obj["metadata"].get("namespace", "")
    return namespace


def labels_of(obj: Manifest) -> Mapping[str, str]:
    """The labels of an object."""
    return obj["metadata"].get("labels") or {}


def priority_of(pod: Manifest) -> int:
    """A pod's priority."""
    return pod["spec"].get("priority") or 0


def containers_of(pod: Manifest) -> list[Manifest]:
    """Init containers and containers."""
    return [*(pod["spec"].get("initContainers") or ()), *pod["spec"]["containers"]]
