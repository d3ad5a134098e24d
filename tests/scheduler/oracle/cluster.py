"""The scheduler in a world of the oracle: the same manifests in its snapshot."""

from functools import partial
from typing import Any

from orchestrator.api import codec
from orchestrator.api.core.v1 import Namespace, Node, Pod
from orchestrator.api.scheme import DEFAULT, resource_of
from orchestrator.client import Cache, Change
from orchestrator.scheduler import DEFAULT_PROFILE, Profile
from orchestrator.scheduler.changes import follow_devices, labels_of_namespace
from orchestrator.scheduler.cycle import Cycle
from orchestrator.scheduler.nominations import Nominations
from orchestrator.scheduler.snapshot import Snapshot
from tests.scheduler.oracle.world import Manifest, World


class Scheduler:
    """A profile at work in a world."""

    def __init__(self, world: World, profile: Profile = DEFAULT_PROFILE) -> None:
        self.nodes, self.nominations = Snapshot(), Nominations()
        self._put_objects(world, profile)
        for node in world.nodes.values():
            self.nodes.put_node(typed(node, Node))
        for pod, node_name in world.placed:
            self.place(pod, node_name)
        for pod, node_name in world.promised:
            self.nominations.put(typed(pod, Pod), node_name)
        self.cycle = Cycle(profile, self.nodes, self.nominations)

    def place(self, pod: Manifest, node: str) -> None:
        """A pod has its node."""
        placed = typed({**pod, "spec": {**pod["spec"], "nodeName": node}}, Pod)
        self.nodes.add_pod(placed.metadata.uid, placed, node)

    def _put_objects(self, world: World, profile: Profile) -> None:
        """The objects that plugins watch, in caches as reflectors keep them."""
        caches: dict[type, Cache[Any]] = {
            kind: Cache(resource_of(kind)) for kind in profile.watches()
        }
        spaces = [
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}
            for name, labels in world.namespaces.items()
        ]
        self.nodes.objects.update(caches)
        for document in (*spaces, *(each for some in world.objects.values() for each in some)):
            obj = codec.decode_any(dict(document), DEFAULT)[1]
            if type(obj) in caches:
                caches[type(obj)].put(obj)
                follow_devices(type(obj), Change(None, obj), self.nodes)
        self.nodes.populations.labels_of = partial(labels_of_namespace, caches[Namespace])


def typed(document: Manifest, kind: type[Any]) -> Any:
    """A manifest as an object; what begins with an underscore is no field."""
    own = {key: value for key, value in document.items() if not key.startswith("_")}
    return codec.from_dict(own, kind)
